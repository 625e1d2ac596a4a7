// Package packages installs the distribution's packages of xvrrp in a clean system with a systemd of its own, and takes
// them off again.
package packages

import (
	"context"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/xvrrp/xvrrp/test/bed"
)

// mostExposed is the exposure by systemd-analyze, times ten, above which the unit is not hardened as it was.
const mostExposed = "32"

// vip is the tutorial's.
var vip = netip.MustParsePrefix("172.160.180.168/24")

const configuration = `vrrp_instance VI_1 {
    interface ens160
    virtual_router_id 56
    version 3
    advert_int 0.1
    virtual_ipaddress {
        172.160.180.168/24
    }
}
`

// system is a clean system whose process 1 is systemd. It has a machine's network.
type system struct {
	t    *testing.T
	root string
	m    *bed.Machine
	init int // its process 1, as seen from outside
}

// start boots a fresh copy of the clean system on a machine.
func start(t *testing.T, m *bed.Machine) *system {
	out, err := exec.Command("./system.sh").Output()
	if err != nil {
		t.Fatalf("make a clean system: %v", explained(err))
	}
	s := &system{t: t, root: filepath.Join(t.TempDir(), "root"), m: m}
	s.outside("cp", "-a", "--reflink=auto", strings.TrimSpace(string(out)), s.root)
	p := m.Start("systemd", "unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child",
		"./system.sh", "boot", s.root)
	bed.Until(t, "systemd as process 1", bed.Patience, func() bool {
		if children := p.Children(); len(children) == 1 {
			s.init = children[0]
		}
		return s.init != 0 && s.try("systemctl", "is-system-running", "--wait") != "offline"
	})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the journal:\n%s", s.try("journalctl", "--no-pager", "--lines=100", "--output=cat", "_TRANSPORT=stdout", "+", "_TRANSPORT=syslog",
				"+", "_PID=1"))
			t.Log(s.try("systemctl", "status", "--no-pager", "--full", "xvrrp", "keepalived"))
		}
	})
	return s
}

// outside runs a command of the machine the tests run on.
func (s *system) outside(command ...string) string {
	s.t.Helper()
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return string(out)
}

// command prepares a command inside the system.
func (s *system) command(command ...string) *exec.Cmd {
	enter := []string{"--target", strconv.Itoa(s.init), "--mount", "--pid", "--uts", "--ipc", "--net", "--root", "--wd", "--",
		"env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive"}
	return exec.CommandContext(context.Background(), "nsenter", append(enter, command...)...)
}

// run runs a command inside the system, which has to succeed.
func (s *system) run(command ...string) string {
	s.t.Helper()
	out, err := s.command(command...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// try is what a command inside the system writes, whether it succeeds or not.
func (s *system) try(command ...string) string {
	out, _ := s.command(command...).Output()
	return strings.TrimSpace(string(out))
}

// write puts a file into the system.
func (s *system) write(path, text string) {
	s.t.Helper()
	path = filepath.Join(s.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// bring copies the packages of a name into the system and returns their paths there.
func (s *system) bring(name string) string {
	s.t.Helper()
	found, err := filepath.Glob("../../bin/" + name + "_*.deb")
	if err != nil || len(found) != 1 {
		s.t.Fatalf("one package %s was to be built: %v %v", name, found, err)
	}
	s.outside("cp", found[0], filepath.Join(s.root, "root"))
	return "/root/" + filepath.Base(found[0])
}

// expect compares what a command inside the system writes.
func (s *system) expect(want string, command ...string) {
	s.t.Helper()
	if got := s.try(command...); got != want {
		s.t.Errorf("%s writes %q, want %q", strings.Join(command, " "), got, want)
	}
}

// TestPackages builds the packages and goes their whole way in a clean system: nothing starts unasked, the unit is fine,
// reload and restart work, and after the removal nothing runs, no address and no filter is left.
func TestPackages(t *testing.T) {
	site := bed.New(t, "packages")
	m := site.Add("clean", "lan")
	s := start(t, m)
	s.outside("make", "-C", "../..", "packages")

	s.run("dpkg", "--install", s.bring("xvrrp"))
	s.expect("disabled", "systemctl", "is-enabled", "xvrrp")
	s.run("systemd-analyze", "verify", "--man=no", "xvrrp.service")
	s.run("systemd-analyze", "security", "--offline=true", "--threshold="+mostExposed, "xvrrp.service")
	t.Log(s.try("sh", "-c", "systemd-analyze security --offline=true --no-pager xvrrp.service | tail -n 1"))

	s.write("/etc/xvrrp/xvrrp.conf", configuration)
	mark := site.Ear.Mark()
	s.run("systemctl", "enable", "--now", "xvrrp")
	s.run("xvrrp", "status", "VI_1", "--wait", "master")
	m.AwaitVIPs(true, vip)
	s.run("systemctl", "reload", "xvrrp")
	s.write("/etc/xvrrp/xvrrp.conf", "vrrp_instance {")
	if out, err := s.command("systemctl", "reload", "xvrrp").CombinedOutput(); err == nil {
		t.Errorf("the unit reloads a broken file: %s", out)
	}
	s.expect("active", "systemctl", "is-active", "xvrrp")
	s.expect("0", "systemctl", "show", "xvrrp", "--property=NRestarts", "--value")

	s.write("/etc/xvrrp/xvrrp.conf", configuration)
	s.followsGuides()

	s.removed("xvrrp", mark)
	s.run("dpkg", "--purge", "xvrrp")
	s.expect("", "find", "/etc/default/xvrrp", "/var/lib/xvrrp", "/run/xvrrp", "/usr/sbin/xvrrp")

	s.underKeepalivedsName(site)
}

// guides are those with commands for a system with systemd and our package.
var guides = []string{"../../README.md", "../../docs/operations.md", "../../docs/migration.md"}

// followsGuides types what the guides tell readers to do on a host of theirs. In the end the daemon runs.
func (s *system) followsGuides() {
	s.t.Helper()
	s.write("/etc/keepalived/keepalived.conf", configuration)
	s.write("/root/new-router.conf", strings.NewReplacer("VI_1", "VI_9", "56", "9", "172.160.180.168", "172.160.180.169").Replace(configuration))
	for _, guide := range guides {
		for _, b := range bed.Guide(s.t, guide) {
			if b.Scene != "system" {
				continue
			}
			out, err := s.command("sh", "-euc", "cd /root\n"+b.Text).CombinedOutput()
			if err != nil {
				s.t.Errorf("%s:%d: %v\n%s\n%s", b.Guide, b.Line, err, b.Text, out)
			}
			if missing := b.Missing(string(out)); missing != "" {
				s.t.Errorf("%s:%d: %q is not written by\n%s\nbut\n%s", b.Guide, b.Line, missing, b.Text, out)
			}
		}
	}
}

// removed removes a package whose daemon is master, and looks for what is left of it.
func (s *system) removed(name string, mark int) {
	s.t.Helper()
	s.run("apt-get", "remove", "--yes", name)
	s.m.AwaitVIPs(false, vip)
	adverts := s.m.Site.Ear.From(mark, s.m)
	if len(adverts) == 0 || adverts[len(adverts)-1].Priority != 0 {
		s.t.Errorf("the last of %d adverts says no goodbye", len(adverts))
	}
	s.expect("", "tc", "filter", "show", "dev", bed.NIC, "ingress")
	if link := s.run("ip", "-details", "link", "show", bed.NIC); strings.Contains(link, "xdp") {
		s.t.Errorf("XDP is left on the link: %s", link)
	}
	for _, process := range s.processes() {
		if strings.Contains(process, "xvrrp") {
			s.t.Errorf("%s still runs", process)
		}
	}
}

// processes is the programs that run in the system.
func (s *system) processes() []string {
	return strings.Fields(s.try("sh", "-c", "readlink /proc/[0-9]*/exe"))
}

// underKeepalivedsName installs both packages and runs keepalived.service; a daemon started by hand ends with its package,
// too.
func (s *system) underKeepalivedsName(site *bed.Site) {
	s.t.Helper()
	s.run("dpkg", "--install", "/root/"+filepath.Base(s.bring("xvrrp")), s.bring("xvrrp-keepalived"))
	s.run("systemd-analyze", "verify", "--man=no", "keepalived.service")
	s.write("/etc/keepalived/keepalived.conf", configuration)
	mark := site.Ear.Mark()
	s.run("systemctl", "start", "keepalived")
	s.m.AwaitVIPs(true, vip)
	s.run("systemctl", "reload", "keepalived")
	s.removed("xvrrp-keepalived", mark)

	mark = site.Ear.Mark()
	s.run("sh", "-c", "setsid xvrrp run --config /etc/keepalived/keepalived.conf >/dev/null 2>&1 &")
	s.m.AwaitVIPs(true, vip)
	s.removed("xvrrp", mark)
}

// explained adds what a command wrote to standard error.
func explained(err error) string {
	if exit, ok := err.(*exec.ExitError); ok {
		return err.Error() + ": " + string(exit.Stderr)
	}
	return err.Error()
}
