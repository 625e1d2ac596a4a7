package e2e

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// several is how many adverts a segment is watched for before it counts as settled.
const several = 10

// TestLeave ends a backup and a master in order (T-03, SM-04, SM-09, SM-27): the one says nothing, the other exactly
// one priority 0 with everything an advert has, upon which the next backup takes over after its skew.
func TestLeave(t *testing.T) {
	t.Parallel()
	s := newSite(t, "leave")
	master, backup, third := s.Add("master"), s.Add("backup"), s.Add("third")
	// At this interval no busy machine mistakes skew for master-down.
	i := bed.Instance{Interval: 400 * time.Millisecond, VIPs: []netip.Prefix{bed.VIP, netip.PrefixFrom(other, 24)}}
	low, lowest := i, i
	i.Priority, low.Priority, lowest.Priority = 200, 100, 50
	master.Run("xdp", nil, i)
	backup.Run("tc", nil, low)
	third.Run("xdp", nil, lowest)
	master.AwaitRole(bed.Only, "master")
	backup.AwaitFollowing(master)
	third.AwaitFollowing(master)

	mark := s.Ear.Mark()
	third.Running.Stop()
	s.Ear.Await(mark, 2, master)
	silent(t, s.Ear, 0, third)

	mark = s.Ear.Mark()
	master.Running.Stop()
	last, first := s.Ear.Takeover(mark, master, backup)
	within(t, last, first, low.Skew(), low.Down())
	var goodbyes []bed.Advert
	for _, a := range s.Ear.From(mark, master) {
		if a.Priority == 0 {
			goodbyes = append(goodbyes, a)
		}
	}
	if len(goodbyes) != 1 {
		t.Fatalf("%d adverts of priority 0, want 1", len(goodbyes))
	}
	g, want := goodbyes[0], []netip.Addr{bed.VIP.Addr(), other}
	if !slices.Equal(g.Addrs, want) || g.TTL != 255 || g.Version != 3 || g.Src != master.V4 || g.Dst != group {
		t.Errorf("goodbye %s: TTL %d, version %d to %s, addresses %s; want 255, 3, %s, %s",
			g, g.TTL, g.Version, g.Dst, g.Addrs, group, want)
	}
	if last.Priority != 0 {
		t.Errorf("the master spoke after its goodbye: %s", last)
	}
	master.AwaitVIPs(false, bed.VIP)
}

// TestPreemption lets a better router join (T-05, SM-08, SM-12): it outlives the master, which falls silent, and the
// virtual address hardly notices.
func TestPreemption(t *testing.T) {
	t.Parallel()
	s := newSite(t, "preempt")
	low, high, client := s.Add("low"), s.Add("high"), s.Add("client")
	i := bed.Instance{Priority: 100}
	low.Run("xdp", nil, i)
	low.AwaitRole(bed.Only, "master")
	ping, err := client.Ping(t.Context(), bed.VIP.Addr(), 10*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	bed.Until(t, "an answer to a ping", bed.Patience, func() bool { return answered(ping.Echos()) > 0 })

	mark := s.Ear.Mark()
	i.Priority = 200
	high.Run("tc", nil, i)
	first := s.Ear.Await(mark, several, high)[0]
	crossed := 0
	for _, a := range s.Ear.From(mark, low) {
		if a.At > first.At {
			crossed++
		}
	}
	if crossed > 1 { // one may have been on its way
		t.Errorf("the preempted master spoke %d times after the better one", crossed)
	}
	low.AwaitFollowing(high)
	low.AwaitVIPs(false, bed.VIP)
	high.AwaitVIPs(true, bed.VIP)
	if why := high.Router().Why; why != "preempt" {
		t.Errorf("the better one took over because of %s, want preempt", why)
	}
	echos := ping.Stop()
	for _, o := range lab.Outages(echos[:max(0, len(echos)-2)]) { // the last ones had no time
		if o.To-o.From > i.Down() {
			t.Errorf("%d pings were lost in %s", o.Lost, o.To-o.From)
		}
	}
}

// TestNoPreemption lets a better router join that was told not to preempt (T-06, SM-23): nothing changes until the
// master leaves.
func TestNoPreemption(t *testing.T) {
	t.Parallel()
	s := newSite(t, "nopreempt")
	low, high := s.Add("low"), s.Add("high")
	i := bed.Instance{Priority: 100, Interval: 200 * time.Millisecond}
	low.Run("tc", nil, i)
	low.AwaitRole(bed.Only, "master")
	i.Priority, i.Lines = 200, []string{"nopreempt"}
	high.Run("xdp", nil, i)
	high.AwaitFollowing(low)
	s.Ear.Await(s.Ear.Mark(), several, low)
	loyal(t, s.Ear, 0, high, low, i.Down())

	mark := s.Ear.Mark()
	low.Running.Stop()
	last, first := s.Ear.Takeover(mark, low, high)
	within(t, last, first, i.Skew(), i.Down())
}

// TestTie joins a second router of equal priority and higher address (T-07, SM-20): it stays backup. Once both are
// masters, apart, and meet again, the higher address wins (SM-13, SM-29).
func TestTie(t *testing.T) {
	t.Parallel()
	s := newSite(t, "tie")
	lower, higher := s.Add("lower"), s.Add("higher")
	i := bed.Instance{Priority: 100}
	lower.Run("xdp", nil, i)
	lower.AwaitRole(bed.Only, "master")
	higher.Run("xdp", nil, i)
	higher.AwaitFollowing(lower)
	s.Ear.Await(s.Ear.Mark(), several, lower)
	loyal(t, s.Ear, 0, higher, lower, i.Down())

	if err := s.Lab.Cut(higher.Host); err != nil {
		t.Fatal(err)
	}
	higher.AwaitRole(bed.Only, "master")
	if err := s.Lab.Heal(higher.Host); err != nil {
		t.Fatal(err)
	}
	lower.AwaitFollowing(higher)
	lower.AwaitVIPs(false, bed.VIP)
	mark := s.Ear.Mark()
	s.Ear.Await(mark, several, higher)
	silent(t, s.Ear, mark, lower)
	if why := lower.Router().Why; why != "tie" {
		t.Errorf("the lower one left because of %s, want tie", why)
	}
}

// TestIntervalIsLearned pairs a fast backup with a slow master (T-08, TM-04, TM-05): the backup waits as long as the
// master's interval asks for, and so does its skew.
func TestIntervalIsLearned(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		const slow = 500 * time.Millisecond
		s := newSite(t, "learn-"+hook)
		master, backup := s.Add("master"), s.Add("backup")
		master.Run(hook, nil, bed.Instance{Priority: 200, Interval: slow})
		master.AwaitRole(bed.Only, "master")
		backup.Run(hook, nil, bed.Instance{Priority: 100})
		if slow <= (bed.Instance{Priority: 100}).Down() {
			t.Fatal("the master is not slow enough to show anything")
		}
		s.Ear.Await(s.Ear.Mark(), 1, master)
		backup.AwaitFollowing(master)
		mark := s.Ear.Mark()
		s.Ear.Await(mark, 4, master)
		loyal(t, s.Ear, mark, backup, master, 3*slow+bed.Skew(3, 100, slow))
		if r := backup.Router(); r.MasterInterval != slow.Seconds() || r.Interval != interval.Seconds() {
			t.Errorf("status says intervals %g and %g, want the master's %s and our %s", r.MasterInterval, r.Interval, slow, interval)
		}

		mark = s.Ear.Mark()
		master.Running.Stop()
		last, first := s.Ear.Takeover(mark, master, backup)
		within(t, last, first, bed.Skew(3, 100, slow), 3*slow)
	})
}

// TestLosingAdvert sends a master one worse advert (T-09, SM-14, HC-3): in version 3 it answers at once and keeps its
// rhythm, in version 2 it says nothing.
func TestLosingAdvert(t *testing.T) {
	const every = time.Second
	for _, c := range []struct {
		name    string
		version uint8
		answers int
	}{
		{"v3", 3, 1},
		{"v2", 2, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "losing-"+c.name)
			m, forger := s.Add("m"), s.Add("forger")
			m.Run("xdp", nil, bed.Instance{Version: c.version, Interval: every, Priority: 100})
			m.AwaitRole(bed.Only, "master")
			worse := forge(forger, 50)
			worse.Version, worse.Interval = c.version, every

			mark := s.Ear.Mark()
			before := s.Ear.Await(mark, 1, m)[0]
			mark = s.Ear.Mark()
			inject(forger, worse.frame())
			heard := s.Ear.Await(mark, 1+c.answers, m)
			injected := s.Ear.From(mark, forger)
			if len(injected) != 1 {
				t.Fatalf("%d adverts injected, want 1", len(injected))
			}
			answers := 0
			for _, a := range heard {
				// The next one in the rhythm cannot come before half an interval is over.
				if a.At >= injected[0].At && a.At < before.At+every/2 {
					answers++
				}
			}
			if answers != c.answers {
				t.Errorf("%d answers to a losing advert, want %d: %v after %v and %v", answers, c.answers, heard, before, injected)
			}
			next := heard[c.answers]
			if gap := next.At - before.At; gap < every-every/4 || gap > every+every/4 {
				t.Errorf("the rhythm broke: %s between two adverts, want %s", gap, every)
			}
			if r := m.Router(); r.Role != "master" || r.Stats.LeftMaster != 0 {
				t.Errorf("%s, left %d times, want master throughout", r.Role, r.Stats.LeftMaster)
			}
		})
	}
}

// TestBothVersions runs a master that speaks version 2 and 3 (T-24, RFC 9568 8.4): both are on the wire, and a
// version 2 backup follows it.
func TestBothVersions(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		s := newSite(t, "both-"+hook)
		master, old := s.Add("master"), s.Add("old")
		i := bed.Instance{Priority: 200, Interval: 500 * time.Millisecond, Lines: []string{"@xvrrp v2_v3_interop"}}
		master.Run(hook, nil, i)
		master.AwaitRole(bed.Only, "master")
		old.Run(hook, nil, bed.Instance{Version: 2, Interval: time.Second, Priority: 100})
		old.AwaitFollowing(master)

		mark := s.Ear.Mark()
		heard := s.Ear.Await(mark, 8, master)
		for n, a := range heard[:8] {
			if n > 0 && a.Version+heard[n-1].Version != 5 {
				t.Errorf("version %d after version %d, want them by turns", a.Version, heard[n-1].Version)
			}
			want := i.Interval
			if a.Version == 2 {
				want = time.Second // whole seconds
			}
			if a.Interval != want || a.Priority != 200 || !slices.Equal(a.Addrs, []netip.Addr{bed.VIP.Addr()}) {
				t.Errorf("version %d advert %s with interval %s and addresses %s", a.Version, a, a.Interval, a.Addrs)
			}
		}
		silent(t, s.Ear, 0, old)
	})
}
