package election

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// ledger follows a router's effects from outside and says when they contradict each other.
type ledger struct {
	router *Router
	role   Role
	held   bool
	follow netip.Addr
}

func newLedger(c Config) ledger { return ledger{router: New(c)} }

// fork is room for a copy of a ledger and its router, so that trying millions of futures allocates nothing.
type fork struct {
	router Router
	backup backup
	master master
}

// of copies a ledger, to try one of its futures.
func (f *fork) of(l ledger) ledger {
	causes, effects := f.router.causes, f.router.effects
	f.router = *l.router
	f.router.causes, f.router.effects = append(causes[:0], l.router.causes...), effects
	switch role := l.router.role.(type) {
	case *backup:
		f.backup = *role
		f.router.role = &f.backup
	case *master:
		f.master = *role
		f.router.role = &f.master
	}
	l.router = &f.router
	return l
}

// step is Router.Step with every invariant checked.
func (l *ledger) step(now time.Duration, in Input) error {
	due, _ := l.router.Deadline()
	effects := l.router.Step(now, in)
	before := l.role
	changes := 0
	for i, e := range effects {
		switch e := e.(type) {
		case Acquire:
			if l.held {
				return fmt.Errorf("acquire, but the addresses are held")
			}
			if _, first := effects[0].(Advertise); !first {
				return fmt.Errorf("acquire before the advert: %v", describe(effects))
			}
			l.held = true
		case Release:
			if !l.held {
				return fmt.Errorf("release, but the addresses are not held")
			}
			l.held = false
		case Follow:
			if !e.Master.IsValid() && !l.follow.IsValid() {
				return fmt.Errorf("unfollow, but nobody is followed")
			}
			if _, heard := in.(Heard); e.Master.IsValid() && !heard {
				return fmt.Errorf("follow %v without an advert to compare with", e.Master)
			}
			l.follow = e.Master
		case Announce:
			if !l.held || e.Repeat < 1 {
				return fmt.Errorf("announce %d, addresses held: %v", e.Repeat, l.held)
			}
		case Changed:
			if changes++; e.From != before || e.From == e.To || changes > 1 {
				return fmt.Errorf("change %d is %v→%v, the role was %v", changes, e.From, e.To, before)
			}
			l.role = e.To
		case Advertise:
			if err := l.mayAdvertise(e, before, effects[i:]); err != nil {
				return err
			}
		}
	}
	return l.standing(now, in, due, effects)
}

// mayAdvertise: priority 0 only when leaving master for good, any other only of a master, be it the first or
// the last word of one.
func (l *ledger) mayAdvertise(a Advertise, before Role, rest []Effect) error {
	to, handed := before, false
	for _, e := range rest {
		if c, ok := e.(Changed); ok {
			to, handed = c.To, c.Why == HandedOver
		}
	}
	resigns := before == Master && (to == Init || to == Fault || handed)
	if (a.Priority == 0) != resigns {
		return fmt.Errorf("advertise %d, going %v→%v", a.Priority, before, to)
	}
	if before != Master && to != Master {
		return fmt.Errorf("advertise %d of a router that is no master", a.Priority)
	}
	if a.Priority != 0 && a.Priority != l.router.priority {
		return fmt.Errorf("advertise %d, in force is %d", a.Priority, l.router.priority)
	}
	return nil
}

// deadlinesOf are the deadlines that belong to a role: none may outlive it.
var deadlinesOf = [...][]string{
	Init:   {""},
	Backup: {"master-down", "skew", "preempt"},
	Master: {"advert", "announce", "announce-refresh", "announce-lower"},
	Fault:  {""},
}

func (l *ledger) standing(now time.Duration, in Input, due time.Duration, effects []Effect) error {
	role, causes := l.router.role.name(), len(l.router.causes)
	at, why := l.router.Deadline()
	_, tick := in.(Tick)
	switch {
	case role != l.role:
		return fmt.Errorf("role is %v, reported was %v", role, l.role)
	case l.held != (role == Master):
		return fmt.Errorf("addresses held: %v, role %v", l.held, role)
	case l.follow.IsValid() && role != Backup:
		return fmt.Errorf("%v follows %v", role, l.follow)
	case (at == Never) != (role == Init || role == Fault):
		return fmt.Errorf("deadline %v in %v", at, role)
	case !slices.Contains(deadlinesOf[role], why):
		return fmt.Errorf("deadline %q in %v", why, role)
	case tick && at <= now:
		return fmt.Errorf("after a tick at %v the deadline is %v", now, at)
	case tick && now < due && len(effects) > 0:
		return fmt.Errorf("a tick %v early does %v", due-now, describe(effects))
	case role == Fault && causes == 0, role != Fault && role != Init && causes > 0:
		return fmt.Errorf("%d causes of fault in %v", causes, role)
	}
	return nil
}

// advertFrom is an advert as others send it.
func advertFrom(src string, priority uint8) Heard {
	return Heard{Src: netip.MustParseAddr(src), Advert: vrrp.Advert{Version: 3, Priority: priority, Interval: 700 * time.Millisecond}}
}

// reloaded is the configuration of every Reconfigured: it differs from that of any router here.
var reloaded = Config{Version: 3, Priority: 120, Interval: 800 * time.Millisecond, Preempt: true,
	PreemptDelay: 500 * time.Millisecond, AnnounceRefresh: time.Second, LowerRepeat: 1}

// alphabet is every kind of input, each in the variants that a role may answer differently. The instants are
// relative to the last one.
var alphabet = []struct {
	name  string
	after time.Duration
	in    Input
}{
	{"start", 10 * time.Millisecond, Start{}},
	{"stop", 10 * time.Millisecond, Stop{}},
	{"handed over", 10 * time.Millisecond, HandOver{}},
	{"higher", 300 * time.Millisecond, advertFrom("192.0.2.9", 150)},
	{"equal, higher address", 300 * time.Millisecond, advertFrom("192.0.2.9", 100)},
	{"equal, lower address", 300 * time.Millisecond, advertFrom("192.0.2.2", 100)},
	{"lower", 300 * time.Millisecond, advertFrom("192.0.2.2", 50)},
	{"owner", 300 * time.Millisecond, advertFrom("192.0.2.9", 255)},
	{"goodbye", 300 * time.Millisecond, advertFrom("192.0.2.9", 0)},
	{"higher, late", -200 * time.Millisecond, advertFrom("192.0.2.9", 150)},
	{"our own source", 10 * time.Millisecond, advertFrom("192.0.2.5", 200)},
	{"refreshed", 600 * time.Millisecond, Refreshed{}},
	{"tick on time", onTime, Tick{}},
	{"tick", 400 * time.Millisecond, Tick{}},
	{"late tick", 20 * time.Second, Tick{}},
	{"weighed up", 10 * time.Millisecond, Weighed{Priority: 200}},
	{"weighed down", 10 * time.Millisecond, Weighed{Priority: 30}},
	{"link fails", 10 * time.Millisecond, Failed{Cause: "link"}},
	{"address fails", 10 * time.Millisecond, Failed{Cause: "address"}},
	{"link is back", 10 * time.Millisecond, Cleared{Cause: "link"}},
	{"renumbered", 10 * time.Millisecond, Renumbered{Self: netip.MustParseAddr("192.0.2.9")}},
	{"reloaded", 10 * time.Millisecond, Reconfigured{Config: reloaded}},
}

// onTime stands for the instant of the deadline.
const onTime = time.Duration(-1)

// TestEveryRoleAnswersEveryInput tries every sequence of inputs up to a length, from every role, and checks the
// invariants after each.
func TestEveryRoleAnswersEveryInput(t *testing.T) {
	base := Config{Version: 3, Priority: 100, Interval: time.Second, Preempt: true, Self: netip.MustParseAddr("192.0.2.5"),
		AnnounceDelay: 700 * time.Millisecond, AnnounceRefresh: 1500 * time.Millisecond, LowerRepeat: 2, LowerDelay: 200 * time.Millisecond}
	configs := map[string]func(*Config){
		"preempt":   func(*Config) {},
		"nopreempt": func(c *Config) { c.Preempt = false },
		"delay":     func(c *Config) { c.PreemptDelay = 900 * time.Millisecond },
		"owner":     func(c *Config) { c.Priority, c.StartMaster = 255, true },
		"version 2": func(c *Config) { c.Version = 2 },
		"interop":   func(c *Config) { c.Interop, c.HigherSendAdvert = true, true },
		"expired":   func(c *Config) { c.Preempt, c.TimerExpired = false, 254 },
		"deaf":      func(c *Config) { c.Priority, c.OwnerIgnore = 255, true },
	}
	depth := 4
	if testing.Short() {
		depth = 3
	}
	for name, set := range configs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := base
			set(&c)
			for _, start := range prepared(t, c) {
				explore(t, start, 10*time.Second, make([]fork, depth), nil)
			}
		})
	}
}

// prepared are routers in each of the four roles.
func prepared(t *testing.T, c Config) []ledger {
	paths := [][]Input{
		{},
		{Start{}},
		{Start{}, Tick{}},
		{Start{}, Failed{Cause: "link"}},
		{Start{}, advertFrom("192.0.2.9", 150)},
		{Start{}, advertFrom("192.0.2.2", 50)},
	}
	var all []ledger
	for _, path := range paths {
		l := newLedger(c)
		for _, in := range path {
			now := 10 * time.Second
			if at, _ := l.router.Deadline(); in == (Tick{}) && at != Never {
				now = at
			}
			if err := l.step(now, in); err != nil {
				t.Fatalf("%v: %v", path, err)
			}
		}
		all = append(all, l)
	}
	return all
}

// explore tries every continuation of a router's life, one input for each of the forks. path is how it came here.
func explore(t *testing.T, l ledger, now time.Duration, forks []fork, path []string) {
	if len(forks) == 0 {
		return
	}
	for _, next := range alphabet {
		at := now + next.after
		if next.after == onTime {
			if at, _ = l.router.Deadline(); at == Never {
				at = now
			}
		}
		future := forks[0].of(l)
		if err := future.step(at, next.in); err != nil {
			t.Fatalf("%v\nat %v %T%v\nafter %v", err, at, next.in, next.in, path)
		}
		explore(t, future, max(now, at), forks[1:], append(path, next.name))
	}
}
