package main

import (
	"strings"
	"testing"

	"github.com/xvrrp/xvrrp/control/api"
)

// Command lines that mean nothing are refused before anything is done, and those that ask for what is not there fail.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"maintenance maybe", exitUsage, `unknown command "maybe" for "xvrrp maintenance"`},
		{"config nothing", exitUsage, `unknown command "nothing" for "xvrrp config"`},
		{"router away", exitUsage, `unknown command "away" for "xvrrp router"`},
		{"why ERIC_VI_1 --last 2 --event 1", exitUsage, "give --last or --event, not both"},
		{"why ERIC_VI_1 --last 0", exitUsage, "--last 0: at least 1"},
		{"status --vrid 300", exitUsage, "from 1 to 255"},
		{"status --wait master --timeout -1s", exitUsage, "--timeout -1s"},
		{"drops --router VI_9", exitFailed, "no router is named VI_9: there are ERIC_VI_1, lan6, db"},
		{"drops --iface e9", exitFailed, "the daemon does not listen on e9, but on ens160, ens192"},
		{"stats VI_9", exitFailed, "no router is named VI_9"},
	} {
		t.Run(c.args, func(t *testing.T) {
			d := &fakeDaemon{snapshots: []api.Snapshot{pair()}}
			r := newCommand(append(strings.Fields(c.args), "--runtime-dir", d.start(t))...).run(t)
			r.expect(t, c.code, c.says)
			if r.stdout != "" {
				t.Errorf("stdout: %s", r.stdout)
			}
		})
	}
	r := newCommand("maintenance").run(t)
	r.expect(t, exitOK, "")
	if !strings.Contains(r.stdout, "xvrrp maintenance [command]") {
		t.Errorf("help: %s", r.stdout)
	}
}
