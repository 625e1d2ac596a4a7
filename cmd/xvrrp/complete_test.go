package main

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/xvrrp/xvrrp/control/api"
)

// What the shell is offered: names of the running daemon, each once, and nothing that is no answer.
func TestCompletion(t *testing.T) {
	d := &fakeDaemon{snapshots: []api.Snapshot{pair()}, overrides: api.Overrides{Routers: []api.Override{{Router: "VI_9", Action: api.Removed}}}}
	dir := d.start(t)
	for _, c := range []struct{ args, want string }{
		{"status ", "ERIC_VI_1 lan6 db"},
		{"status db ", ""},
		{"failover ", "ERIC_VI_1 lan6 db"},
		{"maintenance on db ", "ERIC_VI_1 lan6"},
		{"maintenance off ERIC_VI_1 db ", "lan6"},
		{"garp db ", "ERIC_VI_1 lan6"},
		{"priority ", "ERIC_VI_1 lan6 db"},
		{"priority db ", "reset"},
		{"router remove lan6 ", "ERIC_VI_1 db"},
		{"router reset ", "VI_9"},
		{"router set ", "ERIC_VI_1 lan6 db"},
		{"run --iface ", "ens160 ens192"},
		{"run --attach ", "auto xdp xdp-generic tc"},
	} {
		t.Run(c.args, func(t *testing.T) {
			if got := completed(t, dir, c.args, nil); got != c.want {
				t.Errorf("offered %q, want %q", got, c.want)
			}
		})
	}
	if got := completed(t, dir, "router set db ", nil); !strings.Contains(got, "priority") || strings.Contains(got, "db") {
		t.Errorf("offered %q, want keywords", got)
	}
	links := fstest.MapFS{"sys/class/net/eth7/address": {}, "sys/class/net/lo/address": {}}
	if got := completed(t, t.TempDir(), "run --iface ", links); got != "eth7 lo" {
		t.Errorf("without a daemon offered %q, want the links of the host", got)
	}
	if got := completed(t, t.TempDir(), "failover ", nil); got != "" {
		t.Errorf("without a daemon offered %q", got)
	}
}

// completed is what is offered behind a command line; its last word is begun and not typed yet.
func completed(t *testing.T, dir, line string, files fstest.MapFS) string {
	t.Helper()
	words := append([]string{"__complete", "--runtime-dir", dir}, strings.Split(line, " ")...)
	r := newCommand(words...).files(files).run(t)
	r.expect(t, exitOK, "ShellCompDirectiveNoFileComp")
	offers := strings.Fields(r.stdout)
	return strings.Join(offers[:len(offers)-1], " ") // the directive is last
}
