package main

import (
	"context"
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/xvrrp/xvrrp/control"
	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
)

const newBlock = "vrrp_instance VI_9 {\n    interface eth0\n}\n"

// Every way to say what is to be done to routers is asked of the daemon, and its answer is shown.
func TestRouterVerbs(t *testing.T) {
	vip := []netip.Prefix{netip.MustParsePrefix("10.0.0.9/24")}
	added := api.Plan{Changes: []api.Change{{Router: "VI_9", Action: api.Added}}}
	changed := api.Plan{Changes: []api.Change{{Router: "VI_9", Action: api.Changed, Role: "master", Why: []string{"priority 100 -> 150"}}}}
	removed := api.Plan{Changes: []api.Change{{Router: "VI_9", Action: api.Removed, Role: "master", Leave: vip}, {Router: "VI_8", Action: api.Removed, Role: "backup"}}}
	rejected := api.Plan{Rejected: true, Problems: []string{"argument:2:5: error: unknown keyword priorty; line skipped\n    2 |     priorty 9\n      |     ^^^^^^^\n      = hint: did you mean priority?"}}
	for _, c := range []struct {
		name string
		args []string
		plan api.Plan
		want api.Edit
		code int
	}{
		{"router-add", []string{"add", newBlock}, added, api.Edit{Verb: "add", Text: newBlock, Label: "argument"}, exitOK},
		{"router-add-stdin", []string{"add", "--keep", "-"}, added, api.Edit{Verb: "add", Text: "of stdin", Label: "standard input", Keep: true}, exitOK},
		{"router-add-nothing-named", []string{"add"}, added, api.Edit{Verb: "add", Text: "of stdin", Label: "standard input"}, exitOK},
		{"router-add-file", []string{"add", "--dry-run", "/new.conf"}, added, api.Edit{Verb: "add", Text: newBlock, Label: "/new.conf", DryRun: true}, exitOK},
		{"router-add-rejected", []string{"add", newBlock}, rejected, api.Edit{Verb: "add", Text: newBlock, Label: "argument"}, exitRejected},
		{"router-set", []string{"set", "--keep", "VI_9", "priority 150", "advert_int 0.1"}, changed,
			api.Edit{Verb: "set", Names: []string{"VI_9"}, Text: "priority 150\nadvert_int 0.1", Label: "argument", Keep: true}, exitOK},
		{"router-set-nothing", []string{"set", "VI_9", "priority 150"}, api.Plan{Same: 1},
			api.Edit{Verb: "set", Names: []string{"VI_9"}, Text: "priority 150", Label: "argument"}, exitOK},
		{"router-set-priority", []string{"priority", "VI_9", "150"}, changed, api.Edit{Verb: "set", Names: []string{"VI_9"}, Text: "priority 150", Label: "argument"}, exitOK},
		{"router-reset-priority", []string{"priority", "VI_9", "reset"}, changed, api.Edit{Verb: "reset", Names: []string{"VI_9"}, Text: "priority", Label: "request"}, exitOK},
		{"router-remove", []string{"remove", "VI_9", "VI_8"}, removed, api.Edit{Verb: "remove", Names: []string{"VI_9", "VI_8"}, Label: "request"}, exitOK},
		{"router-reset-json", []string{"reset", "-o", "json", "VI_9"}, changed, api.Edit{Verb: "reset", Names: []string{"VI_9"}, Label: "request"}, exitOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &fakeDaemon{plans: []api.Plan{c.plan}}
			args := append([]string{"--runtime-dir", d.start(t)}, c.args...)
			if c.args[0] != "priority" {
				args = append([]string{"router"}, args...)
			}
			cmd := newCommand(args...).files(fstest.MapFS{"new.conf": {Data: []byte(newBlock)}})
			cmd.stdin = strings.NewReader("of stdin")
			r := cmd.run(t)
			r.expect(t, c.code, "")
			golden(t, c.name+".golden", r.stdout)
			if len(d.edits) != 1 || !reflect.DeepEqual(d.edits[0], c.want) {
				t.Errorf("asked %+v, want %+v", d.edits, c.want)
			}
			if strings.Contains(c.name, "json") && json.Unmarshal([]byte(r.stdout), new(api.Plan)) != nil {
				t.Error("not a plan")
			}
		})
	}
}

func TestRouterListAndShow(t *testing.T) {
	d := &fakeDaemon{overrides: api.Overrides{Schema: api.OverridesSchema, File: "/var/lib/xvrrp/routers.conf", Routers: []api.Override{
		{Router: "VI_2", Action: api.Changed, Kept: true, Text: "vrrp_instance VI_2 {\n    auth_pass ********\n}\n"},
		{Router: "VI_9", Action: api.Removed, AfterRestart: newBlock},
	}}}
	dir := d.start(t)
	for _, c := range []struct{ name, args string }{
		{"router-list", "list"}, {"router-list-json", "list -o json"}, {"router-show", "show VI_2"}, {"router-show-removed", "show VI_9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newCommand(append([]string{"router", "--runtime-dir", dir}, strings.Fields(c.args)...)...).run(t)
			r.expect(t, exitOK, "")
			golden(t, c.name+".golden", r.stdout)
		})
	}
	newCommand("router", "show", "VI_1", "--runtime-dir", dir).run(t).expect(t, exitFailed, "VI_1 was not changed at run time")
	empty := (&fakeDaemon{}).start(t)
	if r := newCommand("router", "list", "--runtime-dir", empty).run(t); r.stdout != "no router was changed at run time\n" {
		t.Errorf("said %q", r.stdout)
	}
}

func TestRouterVerbsFail(t *testing.T) {
	newCommand("router", "remove", "VI_1", "--runtime-dir", t.TempDir()).run(t).expect(t, exitNoDaemon, "no daemon is running")
	newCommand("router", "remove").run(t).expect(t, exitUsage, "requires at least 1 arg")
	newCommand("router", "set", "VI_1").run(t).expect(t, exitUsage, "requires at least 2 arg")
	newCommand("router", "add", "/none.conf").files(fstest.MapFS{}).run(t).expect(t, exitFailed, "read routers")
	dir := (&fakeDaemon{err: control.ErrNotKept}).start(t)
	newCommand("router", "remove", "--keep", "VI_1", "--runtime-dir", dir).run(t).expect(t, exitFailed, "xvrrp run --state-file FILE")
}

// What was kept is read on top of the file when the daemon starts, from where this daemon keeps it.
func TestRunReadsWhatWasKept(t *testing.T) {
	instance := func(name, vrid string) string {
		return "vrrp_instance " + name + " {\n    interface eth0\n    virtual_router_id " + vrid + "\n    virtual_ipaddress {\n        10.0.0." + vrid + "/24\n    }\n}\n"
	}
	root := fstest.MapFS{
		"etc/xvrrp/xvrrp.conf":           {Data: []byte(instance("VI_1", "1"))},
		"inside.conf":                    {Data: []byte("instance lan\n" + instance("VI_1", "1"))},
		"var/lib/xvrrp/routers.conf":     {Data: []byte(instance("VI_9", "9"))},
		"var/lib/xvrrp/lan/routers.conf": {Data: []byte(instance("VI_7", "7"))},
		"elsewhere.conf":                 {Data: []byte("remove VI_1\n" + instance("VI_8", "8"))},
		"broken.conf":                    {Data: []byte("nonsense\n" + instance("VI_9", "9"))},
	}
	for _, c := range []struct {
		name, args, state string
		routers           []string
	}{
		{"default", "", "/var/lib/xvrrp/routers.conf", []string{"VI_1", "VI_9"}},
		{"named", "--state-file /elsewhere.conf", "/elsewhere.conf", []string{"VI_8"}},
		{"of an instance", "--config /inside.conf", "/var/lib/xvrrp/lan/routers.conf", []string{"VI_1", "VI_7"}},
		{"not there yet", "--state-file /new.conf", "/new.conf", []string{"VI_1"}},
		{"a mistake in it", "--state-file /broken.conf", "/broken.conf", []string{"VI_1", "VI_9"}},
		{"none", "--state-file=", "", []string{"VI_1"}},
		{"another runtime directory", "--runtime-dir /run/other", "", []string{"VI_1"}},
		{"flags", "--iface eth0 --vrid 5 --vip 10.0.0.5/24", "", []string{"eth0_5"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := newCommand(append([]string{"run"}, strings.Fields(c.args)...)...).files(root)
			started := false
			cmd.daemon = func(_ context.Context, o control.Options) error {
				started = true
				if got := namesIn(o.Config); !reflect.DeepEqual(got, c.routers) || o.State != c.state {
					t.Errorf("routers %q, kept in %q; want %q, %q", got, o.State, c.routers, c.state)
				}
				if o.Load != nil {
					if again, _ := o.Load(o.Kept); !reflect.DeepEqual(namesIn(again), c.routers) {
						t.Errorf("routers %q after a reload, want %q", namesIn(again), c.routers)
					}
				}
				return nil
			}
			if r := cmd.run(t); !started || r.code != exitOK {
				t.Errorf("exit code %d: %s", r.code, r.stderr)
			} else if strings.Contains(c.args, "broken") && !strings.Contains(r.stderr, "/broken.conf:1:1") {
				t.Errorf("the mistake is not logged: %s", r.stderr)
			}
		})
	}
}

func namesIn(c *config.Config) (out []string) {
	for _, r := range c.Routers {
		out = append(out, r.Name)
	}
	return out
}

// As keepalived the daemon reads nothing beside its file, and keeps nothing.
func TestKeepalivedKeepsNothing(t *testing.T) {
	cmd, _ := inForeground(t, goodFile)
	cmd.root.(fstest.MapFS)["var/lib/xvrrp/routers.conf"] = file(newBlock)
	got := cmd.capture()
	cmd.run(t).expect(t, exitOK, "")
	if got.State != "" || len(got.Kept) > 0 || len(got.Config.Routers) != 1 {
		t.Errorf("started with state %q, kept %v, %d routers", got.State, got.Kept, len(got.Config.Routers))
	}
}
