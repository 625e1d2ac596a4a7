package compat

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// linger is how long a step goes on after it came to its end, in case more happens.
const linger = 3 * beat

// stage is a scenario being played by one cast.
type stage struct {
	*bed.Site
	t       *testing.T
	cast    cast
	routers map[string]*bed.Machine
	conf    func(st *stage, router string) string
	steps   []step
	watch   *watch
}

// step is one thing that is done, and all that follows from it.
type step struct {
	name  string
	begin time.Duration // what happens from here on belongs to it
	zero  time.Duration // from where its events are timed
}

// record plays the scenario and returns what happened.
func (s scenario) record(t *testing.T, id string, c cast) *record {
	t.Helper()
	st := &stage{Site: bed.New(t, "compat-"+strings.ReplaceAll(s.name, " ", "")+id), t: t, cast: c, conf: s.conf, routers: make(map[string]*bed.Machine)}
	for _, name := range []string{"a", "b"} {
		st.routers[name] = st.Add(name, s.segments...)
	}
	st.flood(s.segments)
	st.watch = newWatch(st)
	s.play(st)
	return st.written()
}

// flood makes the bridges hand up every frame, so that unicast adverts are heard, too.
func (st *stage) flood(segments []string) {
	st.t.Helper()
	err := st.Lab.Wire.Do(func() error {
		for _, segment := range segments {
			bridge, err := netlink.LinkByName(segment)
			if err != nil {
				return err
			}
			if err := netlink.SetPromiscOn(bridge); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		st.t.Fatal(err)
	}
}

// step does something, which returns the instant from which its consequences are timed, and waits until nothing is
// missing.
func (st *stage) step(name string, act func() time.Duration, wants ...want) {
	st.t.Helper()
	st.steps = append(st.steps, step{name: name, begin: lab.Now()})
	now := &st.steps[len(st.steps)-1]
	now.zero = act()
	for _, w := range wants {
		bed.UntilNone(st.t, fmt.Sprintf("%s after %q", w.what, name), w.missing)
	}
	time.Sleep(linger)
}

// want is what a step leads to.
type want struct {
	what    string
	missing func() string
}

// master wants a router to speak alone on a segment, and to hold the addresses there alone.
func (st *stage) master(segment, router string) want {
	return want{router + " being the only master on " + segment, func() string {
		heard := st.EarOn(segment).All()
		since := lab.Now() - 5*beat/2
		heard = slices.DeleteFunc(slices.Clone(heard), func(a bed.Advert) bool { return a.At < since })
		if len(heard) == 0 {
			return "nobody speaks"
		}
		for _, a := range heard {
			if st.watch.name(a.MAC) != router || a.Priority == 0 {
				return "the last word is " + a.String()
			}
		}
		for name, m := range st.routers {
			if m.Running == nil || m.Running.Ended() {
				continue // what a crash leaves behind is nobody's to remove
			}
			if missing := st.holds(segment, name, name == router); missing != "" {
				return missing
			}
		}
		return ""
	}}
}

// vip is the virtual address on the nth segment.
func vip(n int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 160, 180 + byte(n), 168}), 24)
}

// holds tells what is wrong with a router that should hold its address on a segment, or should not.
func (st *stage) holds(segment, router string, should bool) string {
	n := 0
	if segment == wan {
		n = 1
	}
	switch has := st.routers[router].HasAddr(bed.Card(n), vip(n).Addr()); {
	case has && !should:
		return router + " still holds " + vip(n).String()
	case !has && should:
		return router + " does not hold " + vip(n).String()
	}
	return ""
}

// starts starts a router's daemon.
func (st *stage) starts(router string) func() time.Duration {
	return func() time.Duration {
		m := st.routers[router]
		file := m.File("keepalived.conf", st.conf(st, router))
		if st.cast[router] == keepalived {
			m.Keepalived(file)
			return lab.Now()
		}
		hook := map[string]string{"a": "xdp", "b": "tc"}[router]
		m.Spawn("--config", file, "--attach", hook)
		m.AwaitStart()
		return lab.Now()
	}
}

// after waits for the next advert of a router on lan, does something and returns the advert's instant. By then the
// other adverts of that moment are out, too.
func (st *stage) after(router string, act func() error) time.Duration {
	st.t.Helper()
	heard := st.Ear.Await(st.Ear.Mark(), 1, st.routers[router])
	time.Sleep(beat / 8)
	if err := act(); err != nil {
		st.t.Fatal(err)
	}
	return heard[0].At
}

// then is after as an act of step.
func (st *stage) then(router string, act func() error) func() time.Duration {
	return func() time.Duration { return st.after(router, act) }
}

// crashes kills a router right after an advert.
func (st *stage) crashes(router string) func() time.Duration {
	return st.then(router, func() error { st.routers[router].Running.Kill(); return nil })
}

// leaves stops a router right after an advert.
func (st *stage) leaves(router string) func() time.Duration {
	return st.then(router, func() error { st.routers[router].Running.Stop(); return nil })
}

// block is a block of a configuration.
func block(head string, lines ...string) string {
	return head + " {\n    " + strings.ReplaceAll(strings.Join(lines, "\n"), "\n", "\n    ") + "\n}"
}

// instance is a vrrp_instance on the nth card of a router, of version 3 and with a beat as interval unless the lines say
// otherwise. It announces its address twice, and twice more a second later.
func instance(n int, priority int, lines ...string) string {
	usual := []string{
		"state BACKUP",
		"interface " + bed.Card(n),
		"version 3",
		fmt.Sprintf("virtual_router_id %d", bed.VRID),
		fmt.Sprintf("priority %d", priority),
		fmt.Sprintf("advert_int %g", beat.Seconds()),
		"garp_master_repeat 2",
		"garp_master_delay 1",
		block("virtual_ipaddress", vip(n).String()),
	}
	usual = slices.DeleteFunc(usual, func(line string) bool {
		keyword, _, _ := strings.Cut(line, " ")
		return slices.ContainsFunc(lines, func(own string) bool { return strings.HasPrefix(own, keyword+" ") })
	})
	return block(fmt.Sprintf("vrrp_instance VI_%d", n+1), append(usual, lines...)...)
}

// file joins the blocks of a configuration. Scripts run as root.
func file(blocks ...string) string {
	return strings.Join(append([]string{block("global_defs", "router_id compat", "script_user root")}, blocks...), "\n") + "\n"
}

// priorityOf is what router a and b have unless a scenario says otherwise.
func priorityOf(router string) int {
	if router == "a" {
		return 150
	}
	return 100
}
