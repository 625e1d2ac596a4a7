package control

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/host"
)

// reload has the daemon go over to a configuration while the test plays the loop.
func (b *bench) reload(c *config.Config, problems ...config.Problem) api.Plan {
	b.t.Helper()
	return b.ask(c, false, problems...)
}

func (b *bench) ask(c *config.Config, dry bool, problems ...config.Problem) api.Plan {
	b.t.Helper()
	b.o.Load = func() (*config.Config, []config.Problem) { return c, problems }
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
			b.settle()
		case a := <-done:
			if a.error != nil {
				b.t.Fatal(a.error)
			}
			b.awaitLinks()
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
	if got := b.deadlines.Len(); got != 2 {
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
