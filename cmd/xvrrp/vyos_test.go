package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/script"
)

// vyos is keepalived as VyOS starts it.
func vyos(t *testing.T, args ...string) *command {
	t.Helper()
	text, err := os.ReadFile("testdata/vyos.conf")
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"--use-file", "/run/keepalived/keepalived.conf", "--dont-fork", "--snmp"}, args...)
	return keepalived(args...).files(fstest.MapFS{"run/keepalived/keepalived.conf": file(string(text))})
}

// TestVyOSConfigTest expects the outcome that keepalived has for such a file, whose scripts go without
// enable_script_security, and no mistake.
func TestVyOSConfigTest(t *testing.T) {
	cmd := vyos(t, "-t")
	var asked []string
	cmd.prepare = func(s script.Spec, p script.Policy) (*script.Command, string, error) {
		if s.User == "" && p.User != "root" {
			t.Errorf("%v would run as %q", s.Argv, p.User)
		}
		asked = append(asked, s.Argv[0])
		return new(script.Command), "", nil
	}
	r := cmd.run(t)
	r.expect(t, testInsecure, "SECURITY VIOLATION")
	for _, grave := range []string{"error:", "not carried out", "range", "skipped"} {
		if strings.Contains(r.stderr, grave) {
			t.Errorf("said:\n%s", r.stderr)
		}
	}
	for _, path := range []string{"/config/scripts/vrrp-check.sh", "/usr/libexec/vyos/system/keepalived-fifo.py", "/usr/libexec/vyos/vyos-vrrp-conntracksync.sh"} {
		if !slices.Contains(asked, path) {
			t.Errorf("%s was not looked at", path)
		}
	}
}

// TestVyOSShowsVRRP reads the JSON as the op-mode commands do: show vrrp, show vrrp detail.
func TestVyOSShowsVRRP(t *testing.T) {
	a := &app{env: vyos(t).env}
	conf, _ := a.load("/run/keepalived/keepalived.conf")
	s := api.Snapshot{Now: noon}
	for _, r := range conf.Routers {
		q := api.Router{Name: r.Name, Role: "backup", Priority: r.Priority, Base: r.Priority, MasterPrio: 250, Since: noon}
		if r.VMAC != nil {
			q.VMAC = r.VMAC.Name
		}
		s.Routers = append(s.Routers, q)
	}
	s.Routers[2].Role = "master"

	var list []struct {
		Data map[string]any
	}
	if err := json.Unmarshal(newDump(conf, s, nil).json(), &list); err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, r := range list {
		d := r.Data
		rows = append(rows, fmt.Sprintf("%v %v vrid %v state %v priority %v since %.0f, %v %v %v, %v, evips %v, track %v, auth %v",
			d["iname"], d["ifp_ifname"], d["vrid"], d["state"], d["effective_priority"], d["last_transition"],
			d["dont_track_primary"], d["nopreempt"], d["preempt_delay"], d["vips"], d["evips"], d["track_ifp"], d["auth_type"]))
	}
	want := []string{
		"LAN eth0v10v4 vrid 10 state 1 priority 200 since 1795348800, 0 false 30, " +
			"[192.0.2.1/24 dev eth0v10v4@eth0 scope global 192.0.2.2/24 dev eth0.100 scope global], " +
			"evips [2001:db8::1/64 dev eth0v10v4@eth0 scope global preferred_lft forever], track [eth2], auth 1",
		"LAN6 eth0v10v6 vrid 10 state 1 priority 200 since 1795348800, 0 false 0, " +
			"[fe80::10/64 dev eth0v10v6@eth0 scope global preferred_lft forever 2001:db8::10/64 dev eth0v10v6@eth0 scope global preferred_lft forever], " +
			"evips <nil>, track <nil>, auth 0",
		"WAN eth1v20v4 vrid 20 state 2 priority 100 since 1795348800, 1 true 0, " +
			"[198.51.100.1/29 dev eth1v20v4@eth1 scope global], evips <nil>, track <nil>, auth 0",
	}
	if !slices.Equal(rows, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
}
