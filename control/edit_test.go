package control

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// block is a router of version 3 in the syntax of the file.
func block(vrid int, lines ...string) string {
	return fmt.Sprintf("vrrp_instance VI_%d {\n    interface eth0\n    virtual_router_id %d\n    version 3\n    virtual_ipaddress {\n        10.0.%d.%d/32\n    }\n%s\n}\n",
		vrid, vrid, vrid/250, vrid%250+1, strings.Join(lines, "\n"))
}

func blocks(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(block(i + 1))
	}
	return b.String()
}

func loadFile(t testing.TB, text string, overrides ...config.Override) *config.Config {
	t.Helper()
	c, problems := config.Load(fstest.MapFS{"x.conf": {Data: []byte(text)}}, "x.conf", config.Options{Name: "x.conf", Overrides: overrides})
	if config.Worst(problems) == config.Error {
		t.Fatal(problems)
	}
	return c
}

// editBench is a daemon of a file, which keeps changes at run time.
func editBench(t *testing.T, file string) *bench {
	t.Helper()
	b := openBench(t, []host.Link{eth0(7)}, loadFile(t, file))
	b.o.State = filepath.Join(t.TempDir(), "state", "routers.conf")
	b.o.Load = func(overrides []config.Override) (*config.Config, []config.Problem) {
		return loadFile(t, file, overrides...), nil
	}
	b.advance(5 * time.Second)
	b.host.did = nil
	return b
}

// play runs f, which asks the loop, while the test plays the loop.
func (b *bench) play(f func() error) {
	b.t.Helper()
	done := make(chan error)
	go func() { done <- f() }()
	for {
		select {
		case question := <-b.queries:
			question()
			b.settle()
		case err := <-done:
			if err != nil {
				b.t.Fatal(err)
			}
			b.awaitLinks()
			return
		}
	}
}

func (b *bench) edit(e api.Edit) (p api.Plan) {
	b.t.Helper()
	e.Label = "argument"
	b.play(func() (err error) { p, err = b.Edit(context.Background(), e); return err })
	return p
}

func (b *bench) names() (out []string) {
	for _, r := range b.routers {
		out = append(out, r.conf.Name)
	}
	return out
}

func (b *bench) kept() string {
	text, err := os.ReadFile(b.o.State)
	if err != nil && !os.IsNotExist(err) {
		b.t.Fatal(err)
	}
	return strings.TrimPrefix(string(text), keptHeader)
}

// Each verb touches the routers it names and nobody else.
func TestEditTouchesWhatItNames(t *testing.T) {
	for _, c := range []struct {
		name   string
		e      api.Edit
		plan   []string
		did    []string // by the host, but for flushing
		others []string // names afterwards
	}{
		{"add", api.Edit{Verb: api.AddRouters, Text: block(9)}, []string{"added VI_9"}, nil, []string{"VI_1", "VI_2", "VI_3", "VI_9"}},
		{"set", api.Edit{Verb: api.SetRouter, Names: []string{"VI_2"}, Text: "priority 150"}, []string{"changed VI_2"},
			[]string{"advertise 2/150"}, []string{"VI_1", "VI_2", "VI_3"}},
		{"another identity", api.Edit{Verb: api.SetRouter, Names: []string{"VI_2"}, Text: "virtual_router_id 12"}, []string{"restarted VI_2"},
			[]string{"advertise 2/0", "release 2", "unbind 2"}, []string{"VI_1", "VI_2", "VI_3"}},
		{"remove", api.Edit{Verb: api.RemoveRouters, Names: []string{"VI_3", "VI_1"}}, []string{"removed VI_3", "removed VI_1"},
			[]string{"advertise 3/0", "release 3", "unbind 3", "advertise 1/0", "release 1", "unbind 1"}, []string{"VI_2"}},
		{"the same again", api.Edit{Verb: api.SetRouter, Names: []string{"VI_2"}, Text: "version 3"}, nil, nil, []string{"VI_1", "VI_2", "VI_3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := editBench(t, blocks(3))
			dry := c.e
			dry.DryRun = true
			if p := b.edit(dry); !slices.Equal(described(p), c.plan) || p.Applied || len(b.host.did) > 0 {
				t.Errorf("dry: plan %q, did %q", described(p), b.host.did)
			}
			p := b.edit(c.e)
			if !slices.Equal(described(p), c.plan) || !p.Applied {
				t.Errorf("plan %q %+v, want %q", described(p), p, c.plan)
			}
			did := slices.DeleteFunc(b.host.did, func(s string) bool { return s == "flush" })
			if !slices.Equal(did, c.did) {
				t.Errorf("did %q, want %q", did, c.did)
			}
			if got := b.names(); !slices.Equal(got, c.others) {
				t.Errorf("routers %q, want %q", got, c.others)
			}
			if got := b.deadlines.len(); got != len(c.others) {
				t.Errorf("%d deadlines for %d routers", got, len(c.others))
			}
		})
	}
}

// A router that was added takes part like any other; a priority that was set is advertised.
func TestEditedRoutersTakePart(t *testing.T) {
	b := editBench(t, blocks(1))
	b.edit(api.Edit{Verb: api.AddRouters, Text: block(9)})
	b.wantRoles("master", "backup")
	b.advance(4 * time.Second)
	b.wantRoles("master", "master")
	b.edit(api.Edit{Verb: api.SetRouter, Names: []string{"VI_9"}, Text: "priority 150"})
	b.host.did = nil
	b.advance(2 * time.Second)
	if !slices.Contains(b.host.did, "advertise 9/150") {
		t.Errorf("did %q", b.host.did)
	}
}

// A mistake anywhere changes nothing, in force or kept.
func TestEditIsAllOrNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		e    api.Edit
		says string
	}{
		{"the second block is wrong", api.Edit{Verb: api.AddRouters, Text: block(9) + block(10, "priorty 9")}, "did you mean priority?"},
		{"the VRID is taken", api.Edit{Verb: api.AddRouters, Text: strings.Replace(block(9), "_id 9", "_id 1", 1)}, "argument:3:23: error: VI_9: virtual_router_id 1 with IPv4 on eth0 belongs to VI_1"},
		{"the second name is wrong", api.Edit{Verb: api.RemoveRouters, Names: []string{"VI_1", "VI_8"}}, "VI_8: error: there is no such router"},
		{"nobody is left", api.Edit{Verb: api.RemoveRouters, Names: []string{"VI_1", "VI_2"}}, "no router would be left"},
		{"a value out of range", api.Edit{Verb: api.SetRouter, Names: []string{"VI_1"}, Text: "priority 999"}, "argument:1:10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := editBench(t, blocks(2))
			c.e.Keep = true
			p := b.edit(c.e)
			if !p.Rejected || !strings.Contains(strings.Join(p.Problems, "\n"), c.says) {
				t.Errorf("plan %+v, want it rejected: %s", p, c.says)
			}
			if len(b.host.did) > 0 || len(b.routers) != 2 || b.kept() != "" {
				t.Errorf("did %q, routers %q, kept %q", b.host.did, b.names(), b.kept())
			}
		})
	}
}

// What is kept is what the daemon finds when it starts anew; what is taken back is not.
func TestEditKeeps(t *testing.T) {
	b := editBench(t, blocks(3))
	b.edit(api.Edit{Verb: api.AddRouters, Text: block(9), Keep: true})
	b.edit(api.Edit{Verb: api.AddRouters, Text: block(10)})
	b.edit(api.Edit{Verb: api.SetRouter, Names: []string{"VI_2"}, Text: "priority 150", Keep: true})
	b.edit(api.Edit{Verb: api.SetRouter, Names: []string{"VI_2"}, Text: "priority 160"})
	b.edit(api.Edit{Verb: api.RemoveRouters, Names: []string{"VI_3"}, Keep: true})
	if info, err := os.Stat(b.o.State); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info.Mode(), err)
	}
	overrides, problems := config.ReadOverrides(b.kept(), "routers.conf")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	again := loadFile(t, blocks(3), overrides...)
	var got []string
	for _, r := range again.Routers {
		got = append(got, fmt.Sprint(r.Name, " ", r.Priority))
	}
	if want := []string{"VI_1 100", "VI_2 150", "VI_9 100"}; !slices.Equal(got, want) {
		t.Errorf("after a restart %q, want %q; kept:\n%s", got, want, b.kept())
	}
	b.edit(api.Edit{Verb: api.ResetRouters, Names: []string{"VI_2", "VI_3", "VI_9"}})
	if got, want := b.names(), []string{"VI_1", "VI_2", "VI_10", "VI_3"}; !slices.Equal(got, want) || b.kept() != "" {
		t.Errorf("after reset %q, want %q; kept:\n%s", got, want, b.kept())
	}
	if got := b.routers[1].conf.Priority; got != 100 {
		t.Errorf("priority %d after reset, want 100", got)
	}
}

// Overrides tells what lies on top of the file, and what of it a restart brings back.
func TestOverridesAreListed(t *testing.T) {
	b := editBench(t, blocks(3))
	b.edit(api.Edit{Verb: api.AddRouters, Text: block(9), Keep: true})
	b.edit(api.Edit{Verb: api.RemoveRouters, Names: []string{"VI_9", "VI_3"}})
	b.edit(api.Edit{Verb: api.SetRouter, Names: []string{"VI_2"}, Text: "priority 150", Keep: true})
	var got []string
	b.play(func() error {
		o, err := b.Overrides(context.Background())
		for _, r := range o.Routers {
			got = append(got, fmt.Sprintf("%s %s kept=%t after=%t", r.Action, r.Router, r.Kept, r.AfterRestart != ""))
		}
		return err
	})
	want := []string{"changed VI_2 kept=true after=false", "removed VI_3 kept=false after=false", "removed VI_9 kept=false after=true"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if p := b.edit(api.Edit{Verb: api.ResetRouters, Names: []string{"VI_9"}}); p.Rejected || strings.Contains(b.kept(), "VI_9") {
		t.Errorf("plan %+v, kept:\n%s", p, b.kept())
	}
}

// A reload leaves changes at run time on top of the file.
func TestReloadKeepsOverrides(t *testing.T) {
	b := editBench(t, blocks(3))
	b.edit(api.Edit{Verb: api.AddRouters, Text: block(9)})
	b.edit(api.Edit{Verb: api.SetRouter, Names: []string{"VI_2"}, Text: "priority 150"})
	b.edit(api.Edit{Verb: api.RemoveRouters, Names: []string{"VI_3"}})
	var p api.Plan
	b.play(func() (err error) { p, err = b.Reload(context.Background(), false); return err })
	wantPlan(t, p, 3)
	if p.Overrides != 3 {
		t.Errorf("%d overrides told, want 3", p.Overrides)
	}
	if got, want := b.names(), []string{"VI_1", "VI_2", "VI_9"}; !slices.Equal(got, want) {
		t.Errorf("routers %q, want %q", got, want)
	}
	if c := b.configInForce(); c.Routers[1].Priority != 150 {
		t.Errorf("priority %d in force, want 150", c.Routers[1].Priority)
	}
}

// Another configuration is compared with the one in force, as a reload would read it, and nothing changes.
func TestCompare(t *testing.T) {
	b := editBench(t, blocks(3))
	b.edit(api.Edit{Verb: api.SetRouter, Names: []string{"VI_3"}, Text: "priority 50"})
	b.host.did = nil
	for _, c := range []struct {
		name, text string
		want       []string
		rejected   bool
	}{
		{"the same", blocks(3), nil, false},
		{"another", block(1, "priority 150") + block(3) + block(4), []string{"changed VI_1", "added VI_4", "removed VI_2"}, false},
		{"with an error", block(1) + "}\n", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p api.Plan
			b.play(func() (err error) { p, err = b.Compare(context.Background(), c.text); return err })
			if !slices.Equal(described(p), c.want) || p.Rejected != c.rejected || p.Applied {
				t.Errorf("plan %+v, want %q, rejected %t", p, c.want, c.rejected)
			}
			if len(b.host.did) > 0 {
				t.Errorf("did %q", b.host.did)
			}
		})
	}
	var text string
	b.play(func() (err error) { text, err = b.ConfigText(context.Background()); return err })
	if strings.Count(text, "vrrp_instance") != 3 || !strings.Contains(text, "    priority 50\n") {
		t.Errorf("in force is\n%s", text)
	}
}

// A sync group takes in a router that it lists, and goes on without one that is removed.
func TestEditOfGroupMembers(t *testing.T) {
	b := editBench(t, "vrrp_sync_group G {\n group {\n VI_1\n VI_2\n VI_3\n }\n}\n"+blocks(2))
	b.wantRoles("master", "master")
	b.edit(api.Edit{Verb: api.AddRouters, Text: block(3)})
	if got := len(b.groups[0].members); got != 3 {
		t.Fatalf("%d members, want 3", got)
	}
	b.wantRoles("backup", "backup", "backup") // the new one is not ready: all or none
	b.advance(5 * time.Second)
	b.wantRoles("master", "master", "master")
	b.edit(api.Edit{Verb: api.SetRouter, Names: []string{"VI_2"}, Text: "virtual_router_id 12"})
	b.advance(5 * time.Second)
	b.wantRoles("master", "master", "master")
	b.edit(api.Edit{Verb: api.RemoveRouters, Names: []string{"VI_1", "VI_2"}})
	b.wantRoles("master")
	if g := b.groups[0]; len(g.members) != 1 || len(g.conf.Members) != 1 {
		t.Errorf("members %v of %q", g.members, g.conf.Members)
	}
	b.edit(api.Edit{Verb: api.AddRouters, Text: block(9)})
	b.edit(api.Edit{Verb: api.RemoveRouters, Names: []string{"VI_3"}})
	if len(b.groups) != 0 {
		t.Errorf("%d groups, want none", len(b.groups))
	}
}

// What happened before an edit is told as it was then, whatever the edit makes of the router.
func TestEditTellsWhatWas(t *testing.T) {
	for name, c := range map[string]struct {
		edit api.Edit
		want []string
	}{
		"set":    {api.Edit{Verb: api.SetRouter, Names: []string{"VI_10"}, Text: "smtp_alert"}, []string{"BACKUP mail false"}},
		"remove": {api.Edit{Verb: api.RemoveRouters, Names: []string{"VI_10"}}, []string{"BACKUP mail false", "FAULT mail false"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := editBench(t, blocks(1)+block(10))
			b.host.told = nil
			b.daemon.heard(b.advert(b.clock, 200)) // which nobody has been told of yet
			b.edit(c.edit)
			b.turn()
			var got []string
			for _, e := range b.host.told {
				got = append(got, fmt.Sprintf("%s mail %t", e.State, e.Mail))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("told %q, want %q", got, c.want)
			}
		})
	}
}

// A tracker starts with the first router that wants it and ends with the last.
func TestEditOfTrackers(t *testing.T) {
	b := editBench(t, "vrrp_script chk {\n script /bin/true\n weight -30\n}\n"+blocks(1))
	b.edit(api.Edit{Verb: api.AddRouters, Text: block(9, "track_script {\n chk\n}")})
	b.report("script chk", false, "exited with status 1")
	if got := b.routers[1].core.State().Priority; got != 70 {
		t.Errorf("priority %d, want 70", got)
	}
	b.edit(api.Edit{Verb: api.SetRouter, Names: []string{"VI_9"}, Text: "track_script {\n}"})
	if got := b.routers[1].core.State().Priority; got != 100 || b.tracked["script chk"] != nil {
		t.Errorf("priority %d, tracked %v", got, b.tracked)
	}
}

// A virtual address of another router is never the source of a new one.
func TestAddedRouterFindsItsSource(t *testing.T) {
	l := eth0(7)
	l.Addrs = slices.Insert(l.Addrs, 0, host.LinkAddr{Prefix: vip})
	b := newBench(t, []host.Link{l}, instance(10, "eth0"))
	b.daemon.conf = loadFile(t, strings.Replace(block(10), "10.0.0.11/32", vip.String(), 1))
	b.edit(api.Edit{Verb: api.AddRouters, Text: block(9)})
	if got := b.filter.rules[vrrp.ID{Link: 7, VRID: 9}].Own; got != self {
		t.Errorf("source %v, want %v", got, self)
	}
}

// fleet is the file of n routers, 250 to a link, and these links.
func fleet(n int) (file string, links []host.Link) {
	var b strings.Builder
	for i := range n {
		link := fmt.Sprintf("eth%d", i/250)
		if i%250 == 0 {
			l := eth0(i/250 + 1)
			l.Name = link
			links = append(links, l)
		}
		b.WriteString(strings.NewReplacer(fmt.Sprintf("VI_%d ", i%250+1), fmt.Sprintf("R%d ", i), "eth0", link).Replace(block(i%250 + 1)))
	}
	return b.String(), links
}

// BenchmarkEditHold is how long an edit keeps the loop from everything else: the longest question it asks. A reload
// of the same file is beside it.
func BenchmarkEditHold(b *testing.B) {
	for _, n := range []int{100, 2500, 10000} {
		b.Run(fmt.Sprintf("of-%d", n), func(b *testing.B) {
			file, links := fleet(n)
			d := openBench(b, links, loadFile(b, file))
			d.o.Load = func(overrides []config.Override) (*config.Config, []config.Problem) {
				return loadFile(b, file, overrides...), nil
			}
			var holds []time.Duration
			for b.Loop() {
				for _, e := range []api.Edit{
					{Verb: api.AddRouters, Text: block(254), Label: "argument"},
					{Verb: api.RemoveRouters, Names: []string{"VI_254"}},
				} {
					holds = append(holds, d.held(func() error {
						p, err := d.Edit(context.Background(), e)
						if err == nil && !p.Applied {
							err = fmt.Errorf("not applied: %v", p.Problems)
						}
						return err
					}))
				}
			}
			reload := d.held(func() error { _, err := d.Reload(context.Background(), false); return err })
			slices.Sort(holds)
			b.ReportMetric(float64(holds[len(holds)/2].Microseconds()), "µs-median-hold")
			b.ReportMetric(float64(holds[len(holds)-1].Microseconds()), "µs-longest-hold")
			b.ReportMetric(float64(reload.Microseconds()), "µs-hold-of-a-reload")
		})
	}
}

// held runs f, which asks the loop, and is the longest that one of its questions takes.
func (b *bench) held(f func() error) (longest time.Duration) {
	done := make(chan error)
	go func() { done <- f() }()
	for {
		select {
		case question := <-b.queries:
			began := time.Now()
			question()
			b.settle()
			longest = max(longest, time.Since(began))
		case err := <-done:
			if err != nil {
				b.t.Fatal(err)
			}
			return longest
		}
	}
}

// BenchmarkLinksChanged is how long the loop looks at the links when an address came to one of them.
func BenchmarkLinksChanged(b *testing.B) {
	for _, n := range []int{100, 2500, 10000} {
		b.Run(fmt.Sprintf("of-%d", n), func(b *testing.B) {
			file, links := fleet(n)
			c := loadFile(b, file)
			for i := range c.Routers {
				l := &links[i/250]
				l.Addrs = append(l.Addrs, host.LinkAddr{Prefix: c.Routers[i].Addresses[0].Prefix})
			}
			d := openBench(b, links, c)
			d.linksChanged()
			for b.Loop() {
				links[0].Addrs = slices.Clone(links[0].Addrs)
				d.linksChanged()
			}
		})
	}
}
