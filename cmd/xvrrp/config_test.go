package main

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xvrrp/xvrrp/control/api"
)

const unlaid = "vrrp_instance A\n{\ninterface   e0\n virtual_router_id 1\nvirtual_ipaddress { 10.0.0.1/24 } # one\n}\n"
const laid = "vrrp_instance A {\n    interface e0\n    virtual_router_id 1\n    virtual_ipaddress {\n        10.0.0.1/24\n    } # one\n}\n"

func TestConfigFmt(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "x.conf"), filepath.Join(dir, "link.conf")
	if err := errors.Join(os.WriteFile(path, []byte(unlaid), 0o640), os.Symlink("x.conf", link)); err != nil {
		t.Fatal(err)
	}
	r := newCommand("config", "fmt", path).run(t)
	r.expect(t, exitOK, "")
	if r.stdout != laid {
		t.Errorf("printed\n%s", r.stdout)
	}
	newCommand("config", "fmt", "--check", path).run(t).expect(t, exitNotReached, "not laid out by fmt: "+path)
	newCommand("config", "fmt", "-w", link).run(t).expect(t, exitOK, "")
	text, err := os.ReadFile(path)
	info, statErr := os.Stat(path)
	if errors.Join(err, statErr) != nil || string(text) != laid || info.Mode().Perm() != 0o640 {
		t.Errorf("wrote\n%s, %v, %v", text, info.Mode(), err)
	}
	if target, err := os.Readlink(link); err != nil || target != "x.conf" {
		t.Errorf("the link names %q, %v", target, err)
	}
	newCommand("config", "fmt", "--check", path).run(t).expect(t, exitOK, "")
	newCommand("config", "fmt", filepath.Join(dir, "none")).run(t).expect(t, exitFailed, "read the configuration")
	newCommand("config", "fmt", "-w").run(t).expect(t, exitUsage, "name the files")
	c := newCommand("config", "fmt")
	c.stdin = strings.NewReader(unlaid)
	if r := c.run(t); r.stdout != laid {
		t.Errorf("of standard input\n%s", r.stdout)
	}
}

func TestConfigShowAndDiff(t *testing.T) {
	vip := []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}
	plan := api.Plan{Config: "/etc/xvrrp/xvrrp.conf", DryRun: true, Same: 2, Other: []string{"vrrp_script chk changed"}, Overrides: 1, Changes: []api.Change{
		{Router: "A", Action: api.Changed, Role: "master", Why: []string{"priority 100 -> 150", "virtual_ipaddress 10.0.0.1/24 removed"}, Leave: vip},
		{Router: "B", Action: api.Restarted, Role: "backup", Why: []string{"virtual_router_id 2 -> 9"}},
		{Router: "C", Action: api.Added}, {Router: "D", Action: api.Removed, Role: "master", Leave: vip}}}
	file := filepath.Join(t.TempDir(), "new.conf")
	if err := os.WriteFile(file, []byte("$PRIO=150\n"+strings.Replace(unlaid, "{\n", "{\npriority $PRIO\n", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, args string
		plan       api.Plan
		code       int
		says       string
	}{
		{"config-show", "show", plan, exitOK, ""},
		{"config-diff", "diff", plan, exitOK, ""},
		{"config-diff-json", "diff -o json", plan, exitOK, ""},
		{"config-diff-nothing", "diff", api.Plan{Config: "/etc/xvrrp/xvrrp.conf", Same: 3}, exitOK, ""},
		{"config-diff-file", "diff " + file, plan, exitOK, ""},
		{"config-diff-rejected", "diff", api.Plan{Rejected: true, Problems: []string{"xvrrp.conf:3:1: error: it is wrong"}}, exitRejected, "would be rejected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &fakeDaemon{plans: []api.Plan{c.plan}}
			r := newCommand(append([]string{"config", "--runtime-dir", d.start(t)}, strings.Fields(c.args)...)...).run(t)
			r.expect(t, c.code, c.says)
			golden(t, c.name+".golden", r.stdout)
			switch {
			case strings.Contains(c.args, file):
				if want := strings.Replace(laid, "    interface", "    priority 150\n    interface", 1); d.compared != strings.Replace(want, " # one", "", 1) {
					t.Errorf("compared\n%s", d.compared)
				}
			case len(d.reloads) > 0 && !d.reloads[0]:
				t.Error("it reloaded")
			}
		})
	}
	broken := filepath.Join(t.TempDir(), "broken.conf")
	if err := os.WriteFile(broken, []byte("vrrp_instance A {\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	newCommand("config", "diff", broken, "--runtime-dir", t.TempDir()).run(t).expect(t, exitRejected, "the block of vrrp_instance A is not closed")
}

// What is printed is the file alone; what was done to it is told beside it.
func TestConfigMigrate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keepalived.conf")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(strings.Replace(laid, "{\n", "{\n    use_ipvlan\n", 1))
	r := newCommand("config", "migrate", path).run(t)
	r.expect(t, exitOK, path+":2: use_ipvlan is a comment now")
	if !strings.HasPrefix(r.stdout, "vrrp_instance A {\n    # xvrrp: ") || !strings.HasSuffix(r.stderr, "1 change, 0 problems left\n") {
		t.Errorf("printed\n%s\nand said\n%s", r.stdout, r.stderr)
	}
	write(laid + "}\n")
	newCommand("config", "migrate", path).run(t).expect(t, exitRejected, "of the result:\n"+path+":8:1: error: unexpected }")
	newCommand("config", "migrate", path+".none").run(t).expect(t, exitFailed, "read "+path+".none")
}
