package main

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/xvrrp/xvrrp/control/api"
)

// planned is a reload that touches routers in every way.
func planned() api.Plan {
	vip := func(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }
	return api.Plan{
		Schema: api.PlanSchema, Config: "/etc/keepalived/keepalived.conf", Same: 997, Other: []string{"vrrp_script chk", "global_defs"},
		Problems: []string{"/etc/keepalived/keepalived.conf:7:3: warning: priority 300 is out of range (1 to 255); line ignored"},
		Changes: []api.Change{
			{Router: "VI_1", Action: api.Changed, Role: "master", Why: []string{"priority 100 -> 150", "virtual_ipaddress"}, Gain: vip("10.0.0.9/24")},
			{Router: "VI_2", Action: api.Restarted, Role: "master", Why: []string{"virtual_router_id 2 -> 3"}, Leave: vip("10.0.0.2/24")},
			{Router: "VI_4", Action: api.Added},
			{Router: "VI_5", Action: api.Removed, Role: "backup"},
		},
	}
}

func TestReload(t *testing.T) {
	nothing := api.Plan{Schema: api.PlanSchema, Config: "/a.conf", Same: 2}
	rejected := api.Plan{Schema: api.PlanSchema, Config: "/a.conf", Rejected: true, Problems: []string{"/a.conf:1:1: error: the configuration cannot be read"}}
	for _, c := range []struct {
		name  string
		args  string
		plans []api.Plan // of the first reload, of the second
		dry   []bool     // what the daemon was asked
		code  int
		says  string
	}{
		{"reload", "", []api.Plan{planned()}, []bool{true, false}, exitOK, ""},
		{"reload-dry", "--dry-run", []api.Plan{planned()}, []bool{true}, exitOK, ""},
		{"reload-json", "-o json", []api.Plan{planned()}, []bool{false}, exitOK, ""},
		{"reload-nothing", "", []api.Plan{nothing}, []bool{true}, exitOK, ""},
		{"reload-rejected", "", []api.Plan{rejected}, []bool{true}, exitRejected, "nothing has changed"},
		{"reload-rejected-json", "-o json --dry-run", []api.Plan{rejected}, []bool{true}, exitRejected, "nothing has changed"},
		{"reload-changed-meanwhile", "", []api.Plan{planned(), nothing}, []bool{true, false}, exitOK, ""},
		{"reload-rejected-meanwhile", "", []api.Plan{planned(), rejected}, []bool{true, false}, exitRejected, "nothing has changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &fakeDaemon{plans: c.plans}
			args := append([]string{"reload", "--runtime-dir", d.start(t)}, strings.Fields(c.args)...)
			r := newCommand(args...).run(t)
			r.expect(t, c.code, c.says)
			golden(t, c.name+".golden", r.stdout)
			if !slices.Equal(d.reloads, c.dry) {
				t.Errorf("asked for dry reloads %v, want %v", d.reloads, c.dry)
			}
			if strings.Contains(c.args, "json") && json.Unmarshal([]byte(r.stdout), new(api.Plan)) != nil {
				t.Error("not a plan")
			}
		})
	}
}

func TestReloadFails(t *testing.T) {
	newCommand("reload", "--runtime-dir", t.TempDir()).run(t).expect(t, exitNoDaemon, "no daemon is running")
	dir := (&fakeDaemon{err: errors.New("there is no file to read")}).start(t)
	newCommand("reload", "--runtime-dir", dir).run(t).expect(t, exitFailed, "there is no file to read")
}
