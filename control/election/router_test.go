package election

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// TestTimers checks Skew_Time and Master_Down_Interval to the nanosecond (TM-01, TM-02, TM-10).
func TestTimers(t *testing.T) {
	for _, c := range []struct {
		version, priority uint8
		interval          time.Duration
		skew, down        time.Duration
	}{
		{2, 150, time.Second, 414062500, 3414062500},
		{2, 1, 255 * time.Second, 996093750, 765996093750},
		{2, 100, 2 * time.Second, 609375000, 6609375000},
		{3, 100, time.Second, 609375000, 3609375000},
		{3, 100, 200 * time.Millisecond, 121875000, 721875000},
		{3, 200, 100 * time.Millisecond, 21875000, 321875000},
		{3, 201, 100 * time.Millisecond, 21484375, 321484375},
		{3, 1, 10 * time.Millisecond, 9960937, 39960937}, // 9960937.5, rounded down
		{3, 254, 40950 * time.Millisecond, 319921875, 123169921875},
		{3, 255, time.Second, 3906250, 3003906250},
	} {
		t.Run(fmt.Sprintf("version %d priority %d interval %v", c.version, c.priority, c.interval), func(t *testing.T) {
			s := New(Config{Version: c.version, Priority: c.priority, Interval: c.interval}).State()
			if s.Skew != c.skew || s.Down != c.down {
				t.Errorf("skew %v and down %v, want %v and %v", s.Skew, s.Down, c.skew, c.down)
			}
		})
	}
}

func TestState(t *testing.T) {
	self, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	r := New(Config{Version: 3, Priority: 100, Interval: time.Second, Preempt: true, Self: self})
	advert := func(priority uint8) Heard {
		return Heard{Src: other, Advert: vrrp.Advert{Version: 3, Priority: priority, Interval: 2 * time.Second}}
	}
	for _, step := range []struct {
		name string
		at   time.Duration
		in   Input
		want State
	}{
		{"init", 0, Tick{}, State{Role: Init, MasterInterval: time.Second}},
		{"backup", 1, Start{}, State{Role: Backup, Since: 1, Why: Startup, MasterInterval: time.Second}},
		{"following", 2, advert(200), State{Role: Backup, Since: 1, Why: Startup, Master: other, MasterPriority: 200, MasterInterval: 2 * time.Second, LastHeard: 2}},
		{"refreshed", 3, Refreshed{}, State{Role: Backup, Since: 1, Why: Startup, Master: other, MasterPriority: 200, MasterInterval: 2 * time.Second, LastHeard: 3}},
		{"left alone", 4, advert(0), State{Role: Backup, Since: 1, Why: Startup, MasterInterval: 2 * time.Second, LastHeard: 3, Rival: other}},
		{"master", 1e10, Tick{}, State{Role: Master, Since: 1e10, Why: Resigned, Master: self, MasterPriority: 100, MasterInterval: time.Second}},
		{"fault", 2e10, Failed{Cause: "link"}, State{Role: Fault, Since: 2e10, Why: Faulted, MasterInterval: time.Second, Causes: []string{"link"}}},
		{"two causes", 2e10, Failed{Cause: "address"}, State{Role: Fault, Since: 2e10, Why: Faulted, MasterInterval: time.Second, Causes: []string{"address", "link"}}},
	} {
		r.Step(step.at, step.in)
		want := step.want
		want.Priority = 100
		want.Skew = want.MasterInterval * 156 / 256
		want.Down = 3*want.MasterInterval + want.Skew
		want.Due, want.Timer = r.Deadline()
		want.Announce = Never
		if got := r.State(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s:\n got %+v\nwant %+v", step.name, got, want)
		}
	}
}

// TestStepAllocatesNothing holds for what happens every interval: a master's tick, a repeat of the followed
// master told by the kernel, and one handed over.
func TestStepAllocatesNothing(t *testing.T) {
	config := Config{Version: 3, Priority: 100, Interval: time.Second, Preempt: true, Self: netip.MustParseAddr("192.0.2.1")}
	var repeat Input = Heard{Src: netip.MustParseAddr("192.0.2.2"), Advert: vrrp.Advert{Version: 3, Priority: 200, Interval: time.Second}}
	for _, c := range []struct {
		name   string
		before []Input
		in     Input
	}{
		{"tick of a master", []Input{Start{}, Tick{}}, Tick{}},
		{"refreshed", []Input{Start{}, repeat}, Refreshed{}},
		{"repeat", []Input{Start{}, repeat}, repeat},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := New(config)
			now := time.Hour
			for _, in := range c.before {
				if _, tick := in.(Tick); tick {
					now += time.Minute
				}
				r.Step(now, in)
			}
			if n := testing.AllocsPerRun(100, func() {
				now += time.Second
				r.Step(now, c.in)
			}); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// TestGroupStepAllocatesNothing holds for the same of a sync group's members.
func TestGroupStepAllocatesNothing(t *testing.T) {
	var repeat Input = Heard{Src: netip.MustParseAddr("192.0.2.2"), Advert: vrrp.Advert{Version: 3, Priority: 200, Interval: time.Second}}
	for _, c := range []struct {
		name   string
		master bool
		in     Input
	}{
		{"tick of a master", true, Tick{}},
		{"refreshed", false, Refreshed{}},
		{"repeat", false, repeat},
	} {
		t.Run(c.name, func(t *testing.T) {
			var members []Member
			for i := range 3 {
				r := New(Config{Version: 3, Priority: 100, Interval: time.Second, Preempt: true, Self: address(i + 5)})
				members = append(members, Member{fmt.Sprintf("I%d", i+1), r})
			}
			g := NewGroup("SG", members)
			now := time.Hour
			for _, m := range members {
				g.Step(now, m.Router, Start{})
			}
			for _, m := range members {
				if c.master {
					g.Step(now+time.Minute, m.Router, Tick{})
				} else {
					g.Step(now, m.Router, repeat)
				}
			}
			now += time.Minute
			if want := map[bool]Role{true: Master, false: Backup}[c.master]; g.Role() != want {
				t.Fatalf("the group is %v, want %v", g.Role(), want)
			}
			if n := testing.AllocsPerRun(100, func() {
				now += time.Second
				for _, m := range members {
					g.Step(now, m.Router, c.in)
				}
			}); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// TestRegroup moves a router from one group to another, in either order of being told.
func TestRegroup(t *testing.T) {
	for _, joinFirst := range []bool{false, true} {
		t.Run(fmt.Sprintf("join first: %v", joinFirst), func(t *testing.T) {
			member := func(name string) Member {
				return Member{name, New(Config{Version: 3, Priority: 100, Interval: time.Second, Preempt: true})}
			}
			a, b, c := member("A"), member("B"), member("C")
			from, to := NewGroup("FROM", []Member{a, b}), NewGroup("TO", []Member{c})
			from.Step(0, a.Router, Start{})
			from.Step(0, b.Router, Start{})
			to.Step(0, c.Router, Start{})
			from.Step(time.Second, a.Router, Failed{Cause: "link"})
			moves := []func(){
				func() { from.Regroup(2*time.Second, []Member{a}) },
				func() { to.Regroup(2*time.Second, []Member{b, c}) },
			}
			if joinFirst {
				moves[0], moves[1] = moves[1], moves[0]
			}
			for _, move := range moves {
				move()
			}
			to.Step(time.Minute, b.Router, Tick{})
			if to.Role() != Backup || b.Router.State().Role != Backup {
				t.Fatalf("the new group is %v, its new member %v, want both backup", to.Role(), b.Router.State().Role)
			}
			to.Step(time.Minute, c.Router, Tick{})
			if from.Role() != Fault || to.Role() != Master {
				t.Errorf("the old group is %v, the new one %v, want fault and master", from.Role(), to.Role())
			}
		})
	}
}

func BenchmarkStep(b *testing.B) {
	r := New(Config{Version: 3, Priority: 100, Interval: time.Second})
	now := time.Hour
	r.Step(now, Start{})
	r.Step(now+time.Minute, Tick{})
	b.ReportAllocs()
	for b.Loop() {
		now, _ = r.Deadline()
		r.Step(now, Tick{})
	}
}
