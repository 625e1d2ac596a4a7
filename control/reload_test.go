package control

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/notify"
	"github.com/xvrrp/xvrrp/control/track"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// reload has the daemon go over to a configuration while the test plays the loop.
func (b *bench) reload(c *config.Config, problems ...config.Problem) api.Plan {
	b.t.Helper()
	return b.ask(c, false, problems...)
}

func (b *bench) ask(c *config.Config, dry bool, problems ...config.Problem) api.Plan {
	b.t.Helper()
	b.o.Load = func([]config.Override) (*config.Config, []config.Problem) { return c, problems }
	type answer struct {
		api.Plan
		error
	}
	done := make(chan answer)
	go func() {
		p, err := b.Reload(context.Background(), dry)
		done <- answer{p, err}
	}()
	for {
		select {
		case question := <-b.queries:
			question()
			b.turn()
		case a := <-done:
			if a.error != nil {
				b.t.Fatal(a.error)
			}
			b.awaitLinks()
			b.turn()
			return a.Plan
		}
	}
}

// described is a plan in short.
func described(p api.Plan) (out []string) {
	for _, c := range p.Changes {
		out = append(out, c.Action+" "+c.Router)
	}
	return out
}

func wantPlan(t *testing.T, p api.Plan, same int, changes ...string) {
	t.Helper()
	if got := described(p); !slices.Equal(got, changes) || p.Same != same {
		t.Errorf("plan %q and %d unchanged, want %q and %d", got, p.Same, changes, same)
	}
}

func many(n int) *config.Config {
	c := new(config.Config)
	for i := range n {
		c.Routers = append(c.Routers, instance(uint8(i+1), "eth0"))
	}
	return c
}

// One change touches one router: the others do nothing at all.
func TestReloadTouchesOneRouter(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, many(200))
	b.advance(5 * time.Second)
	next := many(200)
	next.Routers[41].Priority = 150
	b.host.did = nil
	p := b.reload(next)
	wantPlan(t, p, 199, "changed VI_42")
	if why := p.Changes[0].Why; len(why) != 1 || !strings.Contains(why[0], "priority 100 -> 150") {
		t.Errorf("why %q", why)
	}
	for _, did := range b.host.did {
		if did != "flush" && !strings.Contains(did, " 42/") {
			t.Errorf("did %q", b.host.did)
			break
		}
	}
	b.advance(2 * time.Second)
	if !slices.Contains(b.host.did, "advertise 42/150") {
		t.Errorf("the new priority is not advertised: %q", b.host.did)
	}
}

// Removing a master resigns, adding a router starts one; identity, not the name, tells them apart.
func TestReloadAddsAndRemoves(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, many(2))
	b.advance(5 * time.Second)
	next := many(3)
	next.Routers = next.Routers[1:]
	next.Routers[0].Name = "RENAMED"
	b.host.did = nil
	p := b.reload(next)
	wantPlan(t, p, 0, "changed RENAMED", "added VI_3", "removed VI_1")
	if leave := p.Changes[2].Leave; !slices.Equal(leave, []netip.Prefix{vip}) {
		t.Errorf("leaves %v, want %v", leave, vip)
	}
	for _, want := range []string{"advertise 1/0", "release 1", "unbind 1"} {
		if !slices.Contains(b.host.did, want) {
			t.Errorf("did %q, want %q among it", b.host.did, want)
		}
	}
	b.wantRoles("master", "backup")
	if got := b.deadlines.len(); got != 2 {
		t.Errorf("%d deadlines, want 2", got)
	}
}

// A new VRID is another router: the old one leaves, the new one starts over.
func TestReloadRestartsAnotherIdentity(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, many(1))
	b.advance(5 * time.Second)
	next := many(1)
	next.Routers[0].VRID = 99
	wantPlan(t, b.reload(next), 0, "restarted VI_1")
	b.wantRoles("backup")
	if len(b.host.bound) != 1 {
		t.Errorf("bound %v", b.host.bound)
	}
}

// A router that the host refuses is none to the filter, either: it would take adverts that nobody hears.
func TestRefusedBindingLeavesTheFilterAsItWas(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, many(1))
	b.host.binding = errors.New("no buffer space available")
	next := many(2)
	next.Routers[0].Interval = 2 * time.Second
	b.reload(next)
	b.wantRoles("fault", "fault")
	if n := len(b.filter.rules); n != 1 {
		t.Errorf("the filter knows %d routers, want 1", n)
	}
	for id, rules := range b.filter.rules {
		if rules.Interval != time.Second {
			t.Errorf("%v: the filter expects an interval of %v, the host sends the old one", id, rules.Interval)
		}
	}
	b.host.binding = nil
	b.review()
	b.wantRoles("backup", "backup")
	if n := len(b.filter.rules); n != 2 {
		t.Errorf("the filter knows %d routers, want 2", n)
	}
}

// A file with an error, or nothing that can run, changes nothing.
func TestReloadRefusesErrors(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, many(1))
	b.advance(5 * time.Second)
	bad := many(1)
	bad.Routers[0].Priority = 200
	for name, p := range map[string]api.Plan{
		"error":     b.reload(bad, config.Problem{Severity: config.Error, Message: "virtual_router_id is missing"}),
		"no router": b.reload(&config.Config{}),
	} {
		if !p.Rejected || p.Applied {
			t.Errorf("%s: plan %+v, want it rejected", name, p)
		}
	}
	if got := b.routers[0].conf.Priority; got != 100 {
		t.Errorf("priority %d, want 100", got)
	}
}

// A dry run tells what a reload would do and does nothing.
func TestReloadDryRun(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, many(2))
	b.advance(5 * time.Second)
	b.host.did = nil
	p := b.ask(many(1), true)
	wantPlan(t, p, 1, "removed VI_2")
	if p.Applied || len(b.host.did) > 0 || len(b.routers) != 2 {
		t.Errorf("plan %+v, did %q", p, b.host.did)
	}
}

// A tracker that nobody tracks any more is not watched any more, and a new one is.
func TestReloadTrackers(t *testing.T) {
	with := func(name string) *config.Config {
		return &config.Config{Routers: []config.Router{tracking(10, config.Track{Kind: config.TrackScript, Name: name, Weight: -30})}}
	}
	b := openBench(t, []host.Link{eth0(7)}, with("old"))
	b.report("script old", false, "exited with status 1")
	if got := b.routers[0].core.State().Priority; got != 70 {
		t.Fatalf("priority %d, want 70", got)
	}
	b.reload(with("new"))
	if _, still := b.tracked["script old"]; still || b.tracked["script new"] == nil {
		t.Errorf("tracks %v", b.tracked)
	}
	if got := b.routers[0].core.State().Priority; got != 100 {
		t.Errorf("priority %d after the failing tracker went, want 100", got)
	}
}

// A router that comes by a reload or an edit goes by what is known already of what it tracks, not by news alone.
func TestNewRoutersGoByWhatIsKnown(t *testing.T) {
	file := "vrrp_script chk {\n script /bin/true\n}\nvrrp_script bonus {\n script /bin/true\n}\n" +
		block(1, "track_script {\n chk weight 0\n bonus weight 20\n}")
	for name, comes := range map[string]api.Edit{
		"added":            {Verb: api.AddRouters, Text: block(2, "track_script {\n chk weight 0\n bonus weight 20\n}")},
		"another identity": {Verb: api.SetRouter, Names: []string{"VI_1"}, Text: "virtual_router_id 12"},
	} {
		t.Run(name, func(t *testing.T) {
			b := editBench(t, file)
			b.report("script chk", false, "exited with status 1")
			b.report("script bonus", true, "")
			b.edit(comes)
			b.turn()
			r := b.routers[len(b.routers)-1]
			st := r.core.State()
			if st.Role.String() != "fault" || st.Priority <= 100 {
				t.Errorf("%v with priority %d, causes %q", st.Role, st.Priority, st.Causes)
			}
			b.report("script chk", true, "")
			if got := r.core.Role().String(); got != "backup" {
				t.Errorf("%v after the script has recovered", got)
			}
		})
	}
}

// What a changed router tracked before, and still does, goes on: its priority is not lifted for a moment.
func TestReloadKeepsTrackers(t *testing.T) {
	line := config.Track{Kind: config.TrackScript, Name: "chk", Weight: -30}
	b := newBench(t, []host.Link{eth0(7)}, tracking(10, line))
	b.report("script chk", false, "exited with status 1")
	b.advance(4 * time.Second)
	next := tracking(10, line)
	next.Priority = 150
	b.host.did = nil
	b.reload(&config.Config{Routers: []config.Router{next}})
	b.advance(2 * time.Second)
	for _, did := range b.host.did {
		if strings.HasPrefix(did, "advertise") && did != "advertise 10/120" {
			t.Fatalf("did %q, want no priority but 120 = 150 - 30", b.host.did)
		}
	}
}

// A sync group that stays as it is keeps its roles through a reload.
func TestReloadKeepsGroups(t *testing.T) {
	b := openBench(t, twoLinks(), twins())
	b.advance(5 * time.Second)
	core := b.groups[0].core
	next := twins()
	next.Routers[0].Priority = 120
	wantPlan(t, b.reload(next), 1, "changed VI_10")
	b.wantRoles("master", "master")
	if b.groups[0].core != core {
		t.Error("the group was made anew")
	}
}

// Members of a sync group that tracks something else are weighed anew, though they themselves stay as they are.
func TestReloadOfWhatAGroupTracks(t *testing.T) {
	tracking := func(names ...string) *config.Config {
		c := twins()
		for _, name := range names {
			c.SyncGroups[0].Tracks = append(c.SyncGroups[0].Tracks, config.Track{Kind: config.TrackScript, Name: name})
		}
		return c
	}
	b := openBench(t, twoLinks(), tracking("old"))
	b.report("script old", false, "exited with status 1")
	b.wantRoles("fault", "fault")
	wantPlan(t, b.reload(tracking("new")), 2)
	b.wantRoles("backup", "backup")
	b.report("script new", false, "exited with status 1")
	b.wantRoles("fault", "fault")
	b.reload(tracking())
	b.wantRoles("backup", "backup")
	if len(b.tracked) > 0 {
		t.Errorf("tracks %v", b.tracked)
	}
}

// A mistake in the configuration of one router comes and goes with the file.
func TestReloadOfAFault(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, many(2))
	b.advance(5 * time.Second)
	wrong := many(2)
	wrong.Routers[0].Fault = "virtual_ipaddress is missing"
	b.reload(wrong)
	b.wantRoles("fault", "master")
	if len(b.host.bound) != 1 {
		t.Errorf("bound %v, want the other router alone", b.host.bound)
	}
	b.reload(many(2))
	b.wantRoles("backup", "master")
	b.advance(5 * time.Second)
	b.wantRoles("master", "master")
}

// A daemon that has said goodbye starts nothing any more.
func TestReloadOfADaemonThatStops(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, many(1))
	if err := b.leave(context.Canceled); err != nil {
		t.Fatal(err)
	}
	if p := b.reload(many(2)); !p.Rejected || p.Applied || len(b.routers) != 1 {
		t.Errorf("plan %+v, want it rejected", p)
	}
}

// The filter may come to a link that a reload has left out meanwhile.
func TestReloadWhileTheFilterComes(t *testing.T) {
	b := openBench(t, twoLinks(), many(1))
	b.filter.slow = make(chan struct{})
	both := many(1)
	both.Routers = append(both.Routers, instance(11, "eth1"))
	b.o.Load = func([]config.Override) (*config.Config, []config.Problem) { return both, nil }
	for _, c := range []*config.Config{both, many(1)} {
		draft := &draft{conf: c, restarted: make(map[*router]bool)}
		running := draft.survey(b.daemon)
		var err error
		if draft.cast, err = newCast(b.o, c, running); err != nil {
			t.Fatal(err)
		}
		draft.compare(running)
		b.apply(draft)
	}
	close(b.filter.slow)
	b.attached(<-b.attachments)
	if _, there := b.links["eth1"]; there {
		t.Error("eth1 is still one of our links")
	}
}

// no_accept holds for the addresses that a master has now.
func TestReloadOfNoAccept(t *testing.T) {
	other := netip.MustParsePrefix("192.0.2.253/24")
	with := func(accept bool, vips ...netip.Prefix) *config.Config {
		c := many(1)
		c.Routers[0].Accept, c.Routers[0].Addresses = accept, nil
		for _, p := range vips {
			c.Routers[0].Addresses = append(c.Routers[0].Addresses, config.Address{Prefix: p, Scope: -1})
		}
		return c
	}
	b := openBench(t, []host.Link{eth0(7)}, with(false, vip))
	b.advance(5 * time.Second)
	for _, step := range []struct {
		conf       *config.Config
		vip, other bool // guarded
	}{
		{with(false, vip), true, false},
		{with(false, other), false, true},
		{with(true, other), false, false},
		{with(false, vip, other), true, true},
	} {
		b.reload(step.conf)
		b.wantRoles("master")
		if b.filter.guarded[vip.Addr()] != step.vip || b.filter.guarded[other.Addr()] != step.other {
			t.Errorf("%v: guards %v", step.conf.Routers[0].Addresses, b.filter.guarded)
		}
	}
	if p := openBench(t, []host.Link{eth0(7)}, many(1)).reload(with(false, vip)); len(p.Problems) != 1 {
		t.Errorf("problems %q, want one: the filter knows no no_accept", p.Problems)
	}
}

// A global interval of announcements reaches the routers that did not change.
func TestReloadOfGlobalIntervals(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, many(1))
	next := many(1)
	next.Global.GARPInterval = time.Millisecond
	b.reload(next)
	for _, bound := range b.host.bound {
		if bound.GARPGap != time.Millisecond {
			t.Errorf("gap %v, want 1ms", bound.GARPGap)
		}
	}
}

// A status is told even when a router could not go over to its new addresses.
func TestSnapshotOfARouterThatStaysBound(t *testing.T) {
	two := many(1)
	two.Routers[0].Excluded = []config.Address{{Prefix: netip.MustParsePrefix("192.0.2.253/24"), Scope: -1}}
	b := openBench(t, []host.Link{eth0(7)}, two)
	b.host.links[0].Addrs = nil // no source
	b.reload(many(1))
	if got := b.snapshot().Routers[0].VIPs; len(got) != 1 || got[0].Held {
		t.Errorf("addresses %v", got)
	}
}

// vrrp_pass_adverts reaches the filter by a reload, which costs no router its role.
func TestReloadPassesAdverts(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, many(2))
	b.advance(5 * time.Second)
	b.wantRoles("master", "master")
	for _, on := range []bool{true, false} {
		next := many(2)
		next.Routers[1].PassAdverts = on
		b.reload(next)
		b.wantRoles("master", "master")
		for id, rules := range b.filter.rules {
			if want := on && id.VRID == 2; rules.PassOn != want {
				t.Errorf("VRID %d: adverts go on %t, want %t", id.VRID, rules.PassOn, want)
			}
		}
	}
}

// A reload does not forget why the filter is not on a link.
func TestReloadKeepsTheErrorOfALink(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, many(1))
	b.links["eth0"].err = errors.New("attach: no such device")
	b.review()
	next := many(2)
	next.Global.UnknownRate = 5
	b.reload(next)
	b.wantRoles("fault", "fault")
}

// A tracker that has given up, and a script that is to be run as somebody else, start anew; others go on.
func TestReloadStartsTrackersAnew(t *testing.T) {
	conf := func(user string) *config.Config {
		return &config.Config{Global: config.Global{ScriptUser: user}, Routers: []config.Router{tracking(10,
			config.Track{Kind: config.TrackScript, Name: "chk", Weight: 1}, config.Track{Kind: config.TrackFile, Name: "f", Weight: 1})}}
	}
	b := openBench(t, []host.Link{eth0(7)}, conf("root"))
	started := make(chan string, 4)
	b.trackers = func(def definition) track.Tracker {
		started <- def.key
		return never{errNotRun}
	}
	for _, step := range []struct{ user, want string }{{"nobody", "script chk"}, {"nobody", "script chk"}} {
		b.reload(conf(step.user))
		if got := <-started; got != step.want {
			t.Errorf("%s starts anew, want %s", got, step.want)
		}
		b.resulted(<-b.results)
		<-b.tracked["script chk"].ended
	}
	if len(started) > 0 {
		t.Errorf("%s starts anew, too", <-started)
	}
}

// witness takes note of the interval that adverts tell.
type witness struct {
	*recorder
	told map[vrrp.ID][]time.Duration
}

func (h *witness) Advertise(s *host.Sender, _ uint8) {
	id := s.ID()
	h.told[id] = append(h.told[id], h.bound[id].Adverts[0].Advert.Interval)
}

// The others have been told a longer interval before a master keeps it, whoever else changes with it.
func TestReloadTellsNewInterval(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, many(3))
	b.advance(5 * time.Second)
	w := &witness{b.host, make(map[vrrp.ID][]time.Duration)}
	b.daemon.hands = w
	next := many(3)
	for i := range next.Routers {
		next.Routers[i].Interval = 10 * time.Second
	}
	b.reload(next)
	for _, r := range b.routers {
		if got := w.told[r.bound.id()]; !slices.Equal(got, []time.Duration{10 * time.Second}) {
			t.Errorf("%s told %v, want 10s once", r.conf.Name, got)
		}
	}
}

// What a reload ends is told as keepalived does: as a fault, or with notify_deleted as deleted; never as a stop.
func TestReloadTellsTheEnd(t *testing.T) {
	for state, notified := range map[string]config.Notify{
		notify.Fault:   {},
		notify.Deleted: {DeletedWithoutCommand: true},
	} {
		before := many(3)
		before.Routers[0].Notify, before.Routers[1].Notify = &notified, &notified
		b := openBench(t, []host.Link{eth0(7)}, before)
		b.advance(5 * time.Second)
		after := many(3)
		after.Routers = after.Routers[1:]
		after.Routers[0].VRID = 99 // starts anew
		b.host.told = nil
		b.reload(after)
		var got []string
		for _, e := range b.host.told {
			got = append(got, fmt.Sprintf("%s %s %d", e.Name, e.State, e.Priority))
		}
		want := []string{"VI_1 " + state + " 100", "VI_2 " + state + " 100", "VI_2 BACKUP 100"}
		if !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	}
}

// New rules reach the filter just before a deadline at which it would have said that the master lives. They make the
// filter forget that, but not the loop.
func TestReloadBeforeDeadline(t *testing.T) {
	first := instance(10, "eth0")
	b := newBench(t, []host.Link{eth0(7)}, first)
	b.heard(b.advert(b.clock, 200))
	heard := b.clock
	b.advance(3500 * time.Millisecond)
	b.filter.seen[idOnE0] = heard + 3*time.Second

	second := first
	second.Addresses = append(slices.Clone(first.Addresses), config.Address{Prefix: netip.MustParsePrefix("192.0.2.253/24"), Scope: -1})
	b.reload(&config.Config{Routers: []config.Router{second}})
	b.advance(time.Second)
	b.want("backup")
	b.advance(3 * time.Second)
	b.want("master")
}

// Where plain HTTP is served is read at the start. Reloads are counted by what came of them.
func TestReloadIsCounted(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, many(1))
	elsewhere := many(1)
	elsewhere.Global.Listen = netip.MustParseAddrPort("127.0.0.1:9112")
	p := b.reload(elsewhere)
	if len(p.Problems) != 1 || !strings.Contains(p.Problems[0], "restart") || !slices.Contains(p.Other, "global_defs vrrp_listen nowhere -> 127.0.0.1:9112") {
		t.Errorf("problems %q, other %q", p.Problems, p.Other)
	}
	b.reload(many(1), config.Problem{Severity: config.Error})
	if r := b.snapshot().Reloads; r.Applied != 1 || r.Rejected != 1 || r.Last.IsZero() {
		t.Errorf("counted %+v, want one of each", r)
	}
}

// A priority that was configured anew is not told as what trackers did.
func TestReloadTellsOfPriorities(t *testing.T) {
	r := instance(10, "eth0")
	b := newBench(t, []host.Link{eth0(7)}, r)
	r.Priority = 90
	b.reload(&config.Config{Routers: []config.Router{r}})
	b.sayAll()
	wantLast(t, b.happened("priority"), "VI_10 configuration 100 -> 90")
}
