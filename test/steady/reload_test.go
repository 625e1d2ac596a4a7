package steady

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/test/bed"
)

// change is a reload in which one router of the fleet changes, comes or goes.
type change struct {
	name string
	edit func(f *fleet)
	want api.Change
	same int
	then func(t *testing.T, f *fleet) // what others than the rest notice
}

// one is the router that is changed, and extra the one that comes and goes.
const (
	one   = "R2_7"
	extra = "R3_251"
)

// moved is the address that one gets.
var moved = netip.MustParsePrefix("10.2.1.100/32")

var changes = []change{
	{
		name: "priority",
		edit: func(f *fleet) { f.router(one).Priority = 150 },
		want: api.Change{Router: one, Action: api.Changed, Why: []string{"priority 100 -> 150"}, Role: "master"},
		same: 999,
		then: func(t *testing.T, f *fleet) { f.advertises(t, one, 150, fleetVIP(2, 7)) },
	},
	{
		name: "virtual address",
		edit: func(f *fleet) { f.router(one).VIPs = []netip.Prefix{moved} },
		want: api.Change{Router: one, Action: api.Changed, Role: "master",
			Why:   []string{"virtual_ipaddress 10.2.0.7/32 removed", "virtual_ipaddress 10.2.1.100/32 added"},
			Leave: []netip.Prefix{fleetVIP(2, 7)}, Gain: []netip.Prefix{moved}},
		same: 999,
		then: func(t *testing.T, f *fleet) {
			f.advertises(t, one, 150, moved)
			f.awaitAddr(2, moved, true)
			f.awaitAddr(2, fleetVIP(2, 7), false)
		},
	},
	{
		name: "one more",
		edit: func(f *fleet) { f.routers = append(f.routers, fleetRouter(3, 251)) },
		want: api.Change{Router: extra, Action: api.Added},
		same: 1000,
		then: func(t *testing.T, f *fleet) {
			f.m.AwaitRole(extra, "master")
			f.awaitAddr(3, fleetVIP(3, 251), true)
		},
	},
	{
		name: "one less",
		edit: func(f *fleet) { f.drop(extra) },
		want: api.Change{Router: extra, Action: api.Removed, Role: "master", Leave: []netip.Prefix{fleetVIP(3, 251)}},
		same: 1000,
		then: func(t *testing.T, f *fleet) {
			f.awaitAddr(3, fleetVIP(3, 251), false)
			if last := f.last(voice{"lan3", 251}); last.Priority != 0 {
				t.Errorf("the last advert of the router that went is %s, want priority 0", last)
			}
		},
	},
	{
		name: "another identity",
		edit: func(f *fleet) { f.router(one).VRID = 252 },
		want: api.Change{Router: one, Action: api.Restarted, Why: []string{"virtual_router_id 7 -> 252"}, Role: "master",
			Leave: []netip.Prefix{moved}},
		same: 999,
		then: func(t *testing.T, f *fleet) {
			if last := f.last(voice{"lan2", 7}); last.Priority != 0 {
				t.Errorf("the last advert of VRID 7 is %s, want priority 0", last)
			}
			f.m.AwaitRole(one, "master")
			f.advertises(t, one, 150, moved)
			f.awaitAddr(2, moved, true)
		},
	},
}

// TestReload changes one of a thousand masters at a time, each time going on from where the last one ended: the others
// send every advert on time and change no role, as does the one itself if it can stay what it is; and the reload takes
// less than a second. A file that is unusable changes nothing.
func TestReload(t *testing.T) {
	f := newFleet(t)
	f.baseline(t, f.voices())
	limit := f.limit()
	var late []time.Duration
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			c.edit(f)
			f.configure()
			mark, steady := f.lastEvent(), f.voices(one, extra)
			if c.want.Action == api.Changed {
				steady = f.voices()
			}
			var plan api.Plan
			p := f.phase("reload", steady, func() { plan = f.reload(t, limit) })
			late = append(late, f.keepTime(t, p, steady))
			if !plan.Applied || plan.Same != c.same || len(plan.Changes) != 1 || !reflect.DeepEqual(plan.Changes[0], c.want) {
				t.Errorf("plan %+v, want %+v and %d unchanged", plan, c.want, c.same)
			}
			c.then(t, f)
			f.steady(t, mark, c.want.Router)
		})
	}
	slices.Sort(late)
	if typical := late[len(late)/2]; typical > f.usual+hurry/4 {
		t.Errorf("reloads make adverts late by %s, want little more than the %s before", typical, f.usual)
	}
	t.Run("at run time", f.atRunTime)
	t.Run("by a signal", f.hangup)
	t.Run("dry run", f.dryRun)
	t.Run("nothing new", f.nothingNew)
	t.Run("unusable", f.unusable)
	f.m.Running.Stop()
}

// limit is how long a reload may take: a second, or where the machine is so busy that it takes longer to say what
// there is, ten times that.
func (f *fleet) limit() time.Duration {
	f.T.Helper()
	began := time.Now()
	f.m.Snapshot()
	status := time.Since(began)
	f.T.Logf("status takes %s", status)
	return max(time.Second, 10*status)
}

// reload has the daemon reload within a limit.
func (f *fleet) reload(t *testing.T, limit time.Duration) (plan api.Plan) {
	t.Helper()
	began := time.Now()
	out, err := f.m.Ask("reload", "-o", "json")
	took := time.Since(began)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &plan); err != nil {
		t.Fatal(err)
	}
	if t.Logf("reload takes %s", took); took > limit {
		t.Errorf("the reload took %s, want less than %s", took, limit)
	}
	return plan
}

// hangup reloads by SIGHUP, first a file that is unusable.
func (f *fleet) hangup(t *testing.T) {
	mark := f.lastEvent()
	f.m.File("xvrrp.conf", "vrrp_instance BAD {\n")
	p := f.phase("SIGHUP", f.voices(one), func() {
		f.m.Running.Signal(syscall.SIGHUP)
		f.awaitReload(mark, "rejected")
		f.router(one).Priority = 160
		f.configure()
		f.m.Running.Signal(syscall.SIGHUP)
		f.awaitReload(mark, "999 routers unchanged, 1 changes")
	})
	f.keepTime(t, p, f.voices(one))
	f.advertises(t, one, 160, moved)
	f.m.Running.AwaitLog("xvrrp.conf:1")
	f.steady(t, mark, "")
}

// dryRun plans a change that is not made.
func (f *fleet) dryRun(t *testing.T) {
	mark := f.lastEvent()
	was := f.router(one).Priority
	f.router(one).Priority = 170
	f.configure()
	f.router(one).Priority = was
	out, err := f.m.Ask("reload", "--dry-run")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"priority 160 -> 170", "1 changed, 999 unchanged"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the plan does not say %q:\n%s", want, out)
		}
	}
	f.untouched(t, mark)
}

// nothingNew reloads the file that is in force.
func (f *fleet) nothingNew(t *testing.T) {
	mark := f.lastEvent()
	f.configure()
	out, err := f.m.Ask("reload")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"nothing changes", "1000 unchanged"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the plan does not say %q:\n%s", want, out)
		}
	}
	f.untouched(t, mark)
}

// unusable reloads files that change nothing, whatever else is in them, and says where they are wrong.
func (f *fleet) unusable(t *testing.T) {
	tests := []struct{ name, text, place string }{
		{"open block", "vrrp_instance OPEN {\n", ":1:1: error:"},
		{"stray brace", "global_defs {\n}\n}\n", ":3:1: error:"},
		{"missing file", "\nincludem nowhere.conf\n", ":2:10: error:"},
		{"empty", "# nothing\n", "no vrrp_instance in"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			mark := f.lastEvent()
			path := f.m.File("xvrrp.conf", test.text)
			out, err := f.m.Ask("reload")
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 3 {
				t.Errorf("%v, want exit code 3", err)
			}
			said := fmt.Sprintf("%s%v", out, err)
			if !strings.Contains(said, test.place) || !strings.Contains(said, path) {
				t.Errorf("the reload does not say where %s is wrong (%s):\n%s", path, test.place, said)
			}
			f.untouched(t, mark)
		})
	}
}

// advertises demands that a router's adverts have a priority and an address since it was reloaded.
func (f *fleet) advertises(t *testing.T, name string, priority uint8, vip netip.Prefix) {
	t.Helper()
	v := f.voice(*f.router(name))
	f.rollCall([]voice{v})
	a := f.last(v)
	if a.Priority != priority || !slices.Equal(a.Addrs, []netip.Addr{vip.Addr()}) {
		t.Errorf("%s advertises %v with priority %d, want %s with %d", name, a.Addrs, a.Priority, vip.Addr(), priority)
	}
}

// awaitAddr waits until the nth card has an address, or no longer has it.
func (f *fleet) awaitAddr(n int, vip netip.Prefix, held bool) {
	f.T.Helper()
	bed.Until(f.T, fmt.Sprintf("%s on %s: %t", vip, bed.Card(n), held), bed.Patience,
		func() bool { return f.m.HasAddr(bed.Card(n), vip.Addr()) == held })
}

// untouched demands that since an event nobody changed, neither in the rhythm nor in anything else.
func (f *fleet) untouched(t *testing.T, mark uint64) {
	t.Helper()
	f.advertises(t, one, f.router(one).Priority, moved)
	f.steady(t, mark, "")
}

// steady demands that since an event no router but one changed its role.
func (f *fleet) steady(t *testing.T, mark uint64, but string) {
	t.Helper()
	for _, e := range f.m.Events(mark) {
		if e.Kind == "transition" && e.Router != but {
			t.Errorf("%s went from %s to %s: %s", e.Router, e.From, e.To, e.Why)
		}
	}
	routers := f.m.Snapshot().Routers
	if len(routers) != len(f.routers) {
		t.Errorf("%d routers, want %d", len(routers), len(f.routers))
	}
	loyal(t, routers)
}

// lastEvent is the number of the latest event.
func (f *fleet) lastEvent() uint64 {
	f.T.Helper()
	events := f.m.Events(0)
	return events[len(events)-1].Seq
}

// awaitReload waits until a reload since an event has ended in some way.
func (f *fleet) awaitReload(mark uint64, detail string) {
	f.T.Helper()
	bed.Until(f.T, "a reload: "+detail, bed.Patience, func() bool {
		return slices.ContainsFunc(f.m.Events(mark), func(e api.Event) bool {
			return e.Why == "reload" && strings.Contains(e.Detail, detail)
		})
	})
}
