package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/xvrrp/xvrrp/test/bed"
)

// asKeepalived is the program under keepalived's name, with a machine's files.
type asKeepalived struct {
	*bed.Machine
	program, conf, pid string
}

// newKeepalived writes a configuration whose dump files are the machine's own.
func newKeepalived(m *bed.Machine, instances ...bed.Instance) *asKeepalived {
	m.Site.T.Helper()
	k := &asKeepalived{Machine: m, program: filepath.Join(m.Site.Dir, "keepalived"), pid: m.Path("keepalived.pid")}
	if err := os.Symlink(bed.Program, k.program); err != nil && !errors.Is(err, fs.ErrExist) {
		m.Site.T.Fatal(err)
	}
	k.configure(instances...)
	return k
}

func (k *asKeepalived) configure(instances ...bed.Instance) {
	k.Site.T.Helper()
	text := fmt.Sprintf("global_defs {\n    state_dump_file %s\n    stats_dump_file %s\n    json_dump_file %s\n}\n",
		k.Path("data"), k.Path("stats"), k.Path("json"))
	for _, i := range instances {
		text += i.Text()
	}
	k.conf = k.File("keepalived.conf", text)
}

// line is a command line for the machine.
func (k *asKeepalived) line(args ...string) []string {
	return append([]string{"env", "XVRRP_RUNTIME_DIR=" + k.Path("run"), k.program, "-l", "-G", "-f", k.conf, "-p", k.pid, "-r", k.Path("vrrp.pid")}, args...)
}

// inBackground runs a command line that leaves a daemon behind, and returns its exit code and what it said. The
// daemon is killed at the end of the test.
func (k *asKeepalived) inBackground(cmd *exec.Cmd) (code int, said string) {
	t := k.Site.T
	t.Helper()
	t.Cleanup(func() {
		if pid, err := k.daemon(); err == nil {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// daemon is the process of the pid file.
func (k *asKeepalived) daemon() (pid int, err error) {
	b, err := os.ReadFile(k.pid)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

// signal sends the signal that --signum names.
func (k *asKeepalived) signal(name string) {
	t := k.Site.T
	t.Helper()
	out, err := exec.Command(k.program, "--signum="+name).Output()
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := k.daemon()
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.Signal(number)); err != nil {
		t.Fatal(err)
	}
}

// awaitFile waits until a dump file holds a text.
func (k *asKeepalived) awaitFile(name, text string) {
	k.Site.T.Helper()
	bed.UntilNone(k.Site.T, name+" with "+text, func() string {
		b, err := os.ReadFile(k.Path(name))
		switch {
		case err != nil:
			return err.Error()
		case !strings.Contains(string(b), text):
			return string(b)
		}
		return ""
	})
}

// TestKeepalivedInTheForeground is what a unit does: start, ask by signals, reload, stop.
func TestKeepalivedInTheForeground(t *testing.T) {
	t.Parallel()
	s := newSite(t, "kafg")
	i := bed.Instance{Priority: 100}
	k := newKeepalived(s.Add("a"), i)
	k.Start("keepalived", k.line("-n")...)
	k.AwaitRole(bed.Only, "master")
	if pid, err := k.daemon(); err != nil || pid != k.Running.PID() {
		t.Errorf("the pid file says %d, %v; the process is %d", pid, err, k.Running.PID())
	}

	k.signal("DATA")
	k.awaitFile("data", " VRRP Instance = "+bed.Only+"\n   VRRP Version = 3\n   State = MASTER\n")
	k.signal("STATS")
	k.awaitFile("stats", "VRRP Instance: "+bed.Only+"\n  Advertisements:\n    Received: 0\n")
	k.signal("JSON")
	k.awaitFile("json", `"state":2`)
	var list []struct{ Data map[string]any }
	b, err := os.ReadFile(k.Path("json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &list); err != nil || len(list) != 1 || list[0].Data["ifp_ifname"] != bed.NIC {
		t.Errorf("the JSON is %s (%v)", b, err)
	}
	k.signal("STATS_CLEAR")
	bed.Until(t, "counters that begin anew", bed.Patience, func() bool {
		k.signal("STATS")
		b, err := os.ReadFile(k.Path("stats"))
		return err == nil && strings.Contains(string(b), "  Became master: 0\n")
	})

	i.Priority = 150
	k.configure(i)
	k.signal("RELOAD")
	bed.Until(t, "the priority of the changed file", bed.Patience, func() bool { return k.Router().Priority == 150 })
	if r := k.Router(); r.Role != "master" {
		t.Errorf("the reload made it %s", r.Role)
	}

	k.signal("STOP")
	if code := k.Running.Await(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	k.AwaitVIPs(false, bed.VIP)
	if _, err := os.Stat(k.pid); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the pid file is left behind: %v", err)
	}
}

// TestKeepalivedInTheBackground starts the daemon as an init script does: the command returns once it runs.
func TestKeepalivedInTheBackground(t *testing.T) {
	t.Parallel()
	s := newSite(t, "kabg")
	k := newKeepalived(s.Add("a"), bed.Instance{Priority: 100})
	line := k.line()
	if code, said := k.inBackground(k.Command(context.Background(), line[0], line[1:]...)); code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	pid, err := k.daemon()
	if err != nil {
		t.Fatal(err)
	}
	proc := fmt.Sprintf("/proc/%d/", pid)
	for link, want := range map[string]string{"cwd": "/", "fd/0": os.DevNull, "fd/1": os.DevNull, "fd/2": os.DevNull} {
		if got, err := os.Readlink(proc + link); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", link, got, err, want)
		}
	}
	if name, err := os.ReadFile(proc + "comm"); err != nil || string(name) != "keepalived\n" {
		t.Errorf("the process is called %q, %v", name, err)
	}
	k.AwaitRole(bed.Only, "master")

	if code, said := k.inBackground(k.Command(context.Background(), line[0], line[1:]...)); code != 1 || !strings.Contains(said, "already running") {
		t.Errorf("a second one: exit code %d: %s", code, said)
	}
	k.signal("STOP")
	bed.Until(t, "the end of the daemon", bed.Patience, func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) })

	bad := newKeepalived(s.Add("b"))
	bad.conf = bad.File("keepalived.conf", "vrrp_instance X {\n    interface ens160\n}\n")
	line = bad.line()
	if code, said := bad.inBackground(bad.Command(context.Background(), line[0], line[1:]...)); code != 2 || !strings.Contains(said, "virtual_router_id") {
		t.Errorf("a bad file: exit code %d: %s", code, said)
	}
}

// TestKeepalivedInANamespace starts the daemon outside and finds it inside.
func TestKeepalivedInANamespace(t *testing.T) {
	t.Parallel()
	s := newSite(t, "kans")
	k := newKeepalived(s.Add("a"), bed.Instance{Priority: 100})
	namespace := "xv-e2e-kans-a"
	line := k.line("-s", namespace)
	if code, said := k.inBackground(exec.Command(line[0], line[1:]...)); code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	k.AwaitRole(bed.Only, "master")
	k.AwaitVIPs(true, bed.VIP)
	k.signal("STOP")
	k.AwaitVIPs(false, bed.VIP)

	line = k.line("-s", "xv-none")
	if code, said := k.inBackground(exec.Command(line[0], line[1:]...)); code != 1 || !strings.Contains(said, "ip netns add xv-none") {
		t.Errorf("a namespace that is not there: exit code %d: %s", code, said)
	}
}
