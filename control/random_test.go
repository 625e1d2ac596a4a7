package control

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
)

// Whatever happens to a daemon, and in whatever order, what it keeps of its routers in several places agrees afterwards.
func TestRandomOrderOfThings(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			for range 60 {
				w.happens()
				w.wantSound()
				if t.Failed() {
					t.Fatalf("after:\n%s", strings.Join(w.log, "\n"))
				}
			}
		})
	}
}

// world is a daemon to which things happen at random.
type world struct {
	*bench
	rand *rand.Rand
	file string
	log  []string
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{rand: rand.New(rand.NewPCG(seed, 0))}
	w.file = w.draw()
	w.bench = openBench(t, []host.Link{eth0(7)}, loadFile(t, w.file))
	w.o.Load = func(overrides []config.Override) (*config.Config, []config.Problem) {
		return loadFile(t, w.file, overrides...), nil
	}
	return w
}

// draw makes a configuration of up to five routers, some in a sync group.
func (w *world) draw() string {
	var b strings.Builder
	b.WriteString("vrrp_script chk {\n script /bin/true\n}\n")
	var members []string
	for vrid := 1; vrid <= 5; vrid++ {
		if w.rand.IntN(4) == 0 && vrid > 1 {
			continue
		}
		if w.rand.IntN(3) == 0 {
			members = append(members, fmt.Sprintf("VI_%d", vrid))
		}
		b.WriteString(w.block(vrid))
	}
	if len(members) > 0 {
		fmt.Fprintf(&b, "vrrp_sync_group G {\n group {\n %s\n }\n}\n", strings.Join(members, "\n "))
	}
	return b.String()
}

// block is a router on one of two links.
func (w *world) block(vrid int) string {
	return strings.Replace(block(vrid, w.settings()...), "eth0", fmt.Sprintf("eth%d", w.rand.IntN(4)/3), 1)
}

func (w *world) settings() (lines []string) {
	for _, line := range []string{"priority 255", "state MASTER", "unicast_peer {\n 192.0.2.2\n 192.0.2.3\n 192.0.2.4\n}", "use_vmac", "track_interface {\n eth1\n}", "version 2", "nopreempt", "no_accept", "preempt_delay 2", fmt.Sprintf("priority %d", 50+w.rand.IntN(200)),
		fmt.Sprintf("advert_int %d", 1+w.rand.IntN(2)), fmt.Sprintf("track_script {\n chk weight %d\n}", w.rand.IntN(3)*20), "garp_master_delay 1"} {
		if w.rand.IntN(3) == 0 {
			lines = append(lines, line)
		}
	}
	if slices.Contains(lines, "nopreempt") {
		lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "preempt_delay") })
	}
	return lines
}

func (w *world) some() *router { return w.routers[w.rand.IntN(len(w.routers))] }

// picked is the name of a router, or none for all.
func (w *world) picked() []string {
	if w.rand.IntN(3) == 0 {
		return nil
	}
	return []string{w.some().conf.Name}
}

func (w *world) lasts() time.Duration { return time.Duration(w.rand.IntN(3)) * 4 * time.Second }

// happens has one thing happen.
func (w *world) happens() {
	var err error
	say := func(format string, args ...any) {
		w.log = append(w.log, fmt.Sprintf("%v ", w.clock)+fmt.Sprintf(format, args...))
	}
	switch w.rand.IntN(16) {
	case 0, 1:
		by := time.Duration(w.rand.Int64N(int64(3 * time.Second)))
		say("advance %v", by)
		w.advance(by)
	case 2:
		by := time.Duration(w.rand.Int64N(int64(9 * time.Second)))
		say("jump %v", by)
		w.jump(by)
	case 3, 4, 5:
		w.hears(say)
	case 6:
		for id := range w.filter.followed {
			say("repeat for %v", id)
			w.filter.seen[id] = w.clock
		}
	case 7:
		w.linkChanges(say)
	case 8:
		up := w.rand.IntN(2) == 0
		say("script up %t", up)
		w.report("script chk", up, "")
	case 9:
		w.file = w.draw()
		say("reload\n%s", w.file)
		err = w.attempt(func() error { _, err := w.Reload(w.t.Context(), false); return err })
	case 10:
		e := api.Edit{Verb: api.SetRouter, Names: []string{w.some().conf.Name}, Text: strings.Join(w.settings(), "\n"), Label: "argument"}
		say("edit %+v", e)
		err = w.attempt(func() error { _, err := w.Edit(w.t.Context(), e); return err })
	case 11:
		e := api.Edit{Verb: api.RemoveRouters, Names: []string{w.some().conf.Name}}
		if w.rand.IntN(2) == 0 {
			e = api.Edit{Verb: api.AddRouters, Text: w.block(1 + w.rand.IntN(9)), Label: "argument"}
		}
		say("edit %+v", e)
		err = w.attempt(func() error { _, err := w.Edit(w.t.Context(), e); return err })
	case 12:
		f := api.Failover{Router: w.some().conf.Name, For: w.lasts(), Cancel: w.rand.IntN(3) == 0}
		say("failover %+v", f)
		_, err = w.failover(f)
	case 13:
		m := api.Maintenance{On: w.rand.IntN(2) == 0, Routers: w.picked(), For: w.lasts()}
		say("maintain %+v", m)
		_, err = w.maintain(m)
	case 14:
		r := w.some()
		if r.bound != nil && r.isMaster() {
			say("acquire failed %s", r.conf.Name)
			w.failed(host.Failure{ID: r.bound.id(), Op: "acquire", Err: errors.New("no")})
			w.turn()
		}
	case 15:
		w.host.binding = nil
		if w.rand.IntN(3) == 0 {
			w.host.binding = errors.New("no memory")
		}
		say("binding %v", w.host.binding)
	}
	if err != nil {
		say("  %v", err)
	}
}

// hears has a router hear an advert.
func (w *world) hears(say func(string, ...any)) {
	r := w.some()
	if r.bound == nil {
		return
	}
	src := netip.AddrFrom4([4]byte{192, 0, 2, byte(2 + w.rand.IntN(3))})
	priority := []uint8{0, 1, 60, 100, 150, 254}[w.rand.IntN(6)]
	a := vrrp.Advert{Version: r.conf.Version, VRID: r.conf.VRID, Priority: priority, Interval: r.conf.Interval, Addrs: r.bound.addrs()}
	say("%s hears %v priority %d", r.conf.Name, src, priority)
	w.heard(loader.Advert{At: w.clock, ID: r.bound.id(), TTL: 255, Src: src, Dst: group4, Message: a.AppendTo(nil, src, group4, vrrp.Pseudo)})
}

func (w *world) linkChanges(say func(string, ...any)) {
	switch w.rand.IntN(6) {
	case 0:
		w.host.links = nil
	case 1:
		w.host.links = []host.Link{eth0(7 + w.rand.IntN(2))}
		w.host.links[0].Up = false
	case 2:
		w.host.links = []host.Link{eth0(7)}
		w.host.links[0].Addrs[0].Prefix = netip.MustParsePrefix("192.0.2.9/24")
	default:
		w.host.links = []host.Link{eth0(7 + w.rand.IntN(2))}
	}
	if w.rand.IntN(3) != 0 {
		second := eth0(9 + w.rand.IntN(2))
		second.Name, second.Up = "eth1", w.rand.IntN(3) != 0
		w.host.links = append(w.host.links, second)
	}
	say("links %+v", w.host.links)
	w.review()
}

func (w *world) wantSound() {
	w.t.Helper()
	waiting, bound := 0, 0
	for _, r := range w.routers {
		w.wantWeighed(r)
		st := r.core.State()
		name := r.conf.Name
		if at, _ := r.core.Deadline(); w.deadlines.of(r) != min(at, r.retryAt) {
			w.t.Errorf("%s (%v) waits for %v, its election for %v, retry %v", name, st.Role, w.deadlines.of(r), at, r.retryAt)
		}
		if r.ticket != 0 {
			waiting++
		}
		if (r.bound == nil) != (r.sender == nil) || (r.bound == nil) != (r.stamp == nil) || r.silent || r.retired {
			w.t.Errorf("%s: bound %v, sender %v, stamp %v, silent %v, retired %v", name, r.bound, r.sender, r.stamp, r.silent, r.retired)
		}
		if r.weighed != st.Priority {
			w.t.Errorf("%s: priority %d, told %d", name, st.Priority, r.weighed)
		}
		if r.bound == nil {
			if st.Role == election.Master || st.Role == election.Backup {
				w.t.Errorf("%s is %v without a link", name, st.Role)
			}
			continue
		}
		bound++
		id := r.bound.id()
		if w.byID[id] != r || w.host.bound[id] != r.bound.host {
			w.t.Errorf("%s is not who is bound", name)
		}
		if w.filter.rules[id].Interval != r.bound.rules().Interval {
			w.t.Errorf("%s: other rules in the filter", name)
		}
		if at, _ := r.core.Patience(); st.Role == election.Master && at != r.conf.Interval {
			w.t.Errorf("%s: interval %v", name, at)
		}
		if who := w.filter.followed[id]; who.IsValid() && (st.Role != election.Backup || who != st.Master) {
			w.t.Errorf("%s is %v of %v and follows %v", name, st.Role, st.Master, who)
		}
		if _, out := w.maintenanceOf(r); out && st.Role != election.Fault && st.Role != election.Init {
			w.t.Errorf("%s is %v in maintenance", name, st.Role)
		}
		if _, aside := w.failovers[name]; aside && r.started && r.conf.Priority != 255 && st.Priority != 1 {
			w.t.Errorf("%s has priority %d during its failover", name, st.Priority)
		}
		if r.causes[causeMaintenance] != "" {
			if _, out := w.maintenanceOf(r); !out {
				w.t.Errorf("%s is out of service for no reason", name)
			}
		}
		guards := 0
		if r.guarded() && r.isMaster() {
			guards = len(r.bound.host.Addrs)
		}
		if len(r.guards) != guards {
			w.t.Errorf("%s (%v) guards %v", name, st.Role, r.guards)
		}
	}
	if waiting != w.deadlines.len() || len(w.deadlines.waiters) != waiting+len(w.deadlines.free)+1 {
		w.t.Errorf("%d wait, %d deadlines, %d waiters, %d free", waiting, w.deadlines.len(), len(w.deadlines.waiters), len(w.deadlines.free))
	}
	if bound != len(w.byID) || bound != len(w.filter.rules) || bound != len(w.host.bound) {
		w.t.Errorf("%d are bound, %d known by ID, %d to the filter, %d to the host", bound, len(w.byID), len(w.filter.rules), len(w.host.bound))
	}
	for _, g := range w.groups {
		masters := 0
		for _, r := range g.members {
			if r.isMaster() {
				masters++
			}
		}
		if masters != 0 && masters != len(g.members) {
			w.t.Errorf("group %s: %d of %d are master", g.conf.Name, masters, len(g.members))
		}
	}
	w.wantHeld()
}

// wantWeighed checks a router's priority and role by what it tracks and was asked for.
func (w *world) wantWeighed(r *router) {
	var all []election.Tracked
	for _, t := range r.tracks() {
		x := w.tracked[trackKey(t.Kind, t.Name)]
		if x == nil {
			w.t.Errorf("%s tracks %s, and nobody watches it", r.conf.Name, t.Name)
			return
		}
		if !slices.Contains(x.users, r) {
			w.t.Errorf("%s tracks %s and is not told", r.conf.Name, t.Name)
		}
		if x.known {
			all = append(all, x.tracked(t))
		}
	}
	priority, faults := election.Weigh(r.conf.Priority, all)
	if _, aside := w.failovers[r.conf.Name]; aside && r.started && r.conf.Priority != 255 {
		priority = 1
	}
	st := r.core.State()
	if st.Priority != priority {
		w.t.Errorf("%s has priority %d, want %d", r.conf.Name, st.Priority, priority)
	}
	_, out := w.maintenanceOf(r)
	running := st.Role == election.Backup || st.Role == election.Master
	if (len(faults) > 0 || out) && running {
		w.t.Errorf("%s is %v despite %v", r.conf.Name, st.Role, faults)
	}
	if (st.Role == election.Fault) != (r.started && len(st.Causes) > 0) {
		w.t.Errorf("%s is %v, causes %q", r.conf.Name, st.Role, st.Causes)
	}
	if running {
		b, _ := build(r, w.linksByName(), virtualAddresses(linksOf([]*router{r}), w.routers, nil))
		if w.host.making == nil && r.vmac == "" && (b == nil || !b.equal(r.bound)) {
			w.t.Errorf("%s is bound as %+v, want %+v", r.conf.Name, r.bound, b)
		}
	}
	if !r.started && !w.awaits(r) {
		w.t.Errorf("%s was not started", r.conf.Name)
	}
	n := 0
	for _, g := range w.groups {
		for i, m := range g.members {
			if m == r {
				n++
			}
			if m.group != g || g.conf.Members[i] != m.conf.Name {
				w.t.Errorf("%s: %s is no member", g.conf.Name, m.conf.Name)
			}
		}
	}
	if (n == 1) != (r.group != nil) || n > 1 {
		w.t.Errorf("%s is in %d groups", r.conf.Name, n)
	}
}

// wantHeld checks that who is master has its addresses, and that nobody acquires or releases twice.
func (w *world) wantHeld() {
	held := make(map[string]bool)
	for _, did := range w.host.did {
		verb, vrid, _ := strings.Cut(did, " ")
		switch verb {
		case "acquire":
			held[vrid] = true
		case "release", "unbind":
			delete(held, vrid)
		}
	}
	for _, r := range w.routers {
		vrid := fmt.Sprint(r.conf.VRID)
		if r.isMaster() != held[vrid] && r.bound != nil {
			w.t.Errorf("%s is %v, holds its addresses: %t", r.conf.Name, r.core.Role(), held[vrid])
		}
	}
}
