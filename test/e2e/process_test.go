package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// The tutorial's virtual router.
const vrid = 56

var vip = netip.MustParsePrefix("172.160.180.168/24")

// instance is a virtual router to be configured. What is left out is version 3, 100 ms, the tutorial's VRID,
// address and card.
type instance struct {
	name     string
	iface    string
	vrid     uint8
	version  uint8
	interval time.Duration
	priority uint8
	vips     []netip.Prefix
	lines    []string // further lines of the block
}

const (
	interval = 100 * time.Millisecond
	only     = "VI_1" // name of the only router of a daemon
)

func (i instance) filled() instance {
	if i.name == "" {
		i.name = only
	}
	if i.iface == "" {
		i.iface = nic
	}
	if i.vrid == 0 {
		i.vrid = vrid
	}
	if i.version == 0 {
		i.version = 3
	}
	if i.interval == 0 {
		i.interval = interval
	}
	if i.vips == nil {
		i.vips = []netip.Prefix{vip}
	}
	return i
}

func (i instance) text() string {
	i = i.filled()
	var b strings.Builder
	fmt.Fprintf(&b, "vrrp_instance %s {\n    interface %s\n    virtual_router_id %d\n    version %d\n    priority %d\n"+
		"    advert_int %g\n    garp_master_repeat 1\n    garp_master_delay 0\n",
		i.name, i.iface, i.vrid, i.version, i.priority, i.interval.Seconds())
	for _, line := range i.lines {
		fmt.Fprintf(&b, "    %s\n", line)
	}
	b.WriteString("    virtual_ipaddress {\n")
	for _, vip := range i.vips {
		fmt.Fprintf(&b, "        %s\n", vip)
	}
	b.WriteString("    }\n}\n")
	return b.String()
}

// skew is Skew_Time and down Active_Down_Interval while the master's interval is our own (RFC 9568 6.1, in version
// 2 RFC 3768 6.1).
func (i instance) skew() time.Duration {
	i = i.filled()
	return skew(i.priority, i.interval)
}

func (i instance) down() time.Duration { return 3*i.filled().interval + i.skew() }

func skew(priority uint8, interval time.Duration) time.Duration {
	return time.Duration(256-int(priority)) * interval / 256
}

// process is an xvrrp daemon.
type process struct {
	t    *testing.T
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed once it has been waited for
}

// run starts xvrrp on the machine's card and returns at once; globals go into global_defs.
func (m *machine) run(hook string, globals []string, instances ...instance) *process {
	m.segment.t.Helper()
	text := "global_defs {\n    " + strings.Join(globals, "\n    ") + "\n}\n"
	for _, i := range instances {
		text += i.text()
	}
	conf := m.path("xvrrp.conf")
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		m.segment.t.Fatal(err)
	}
	return m.spawn("--config", conf, "--attach", hook)
}

// spawn starts xvrrp run with these arguments.
func (m *machine) spawn(args ...string) *process {
	m.segment.t.Helper()
	return m.start(append([]string{program, "run", "--runtime-dir", m.path("run")}, args...)...)
}

// start starts a command that is or becomes a daemon. Like a service it has a session of its own, which where
// sessions share the processor (sched(7), autogroup) keeps the rest of the machine from starving it, and it goes
// first elsewhere. It is killed at the end of the test; its log is shown if the test failed.
func (m *machine) start(command ...string) *process {
	t := m.segment.t
	t.Helper()
	cmd := m.Command(context.Background(), "nice", append([]string{"-n", "-15"}, command...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out, err := os.CreateTemp(m.segment.dir, m.Name+"-*.log")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p := &process{t: t, name: m.Name, cmd: cmd, log: out.Name(), done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatalf("start xvrrp on %s: %v", m.Name, err)
	}
	go func() {
		cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("xvrrp on %s wrote:\n%s", m.Name, p.written())
		}
	})
	m.running = p
	return p
}

func (p *process) written() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// kill ends the daemon as a power cut would.
func (p *process) kill() {
	p.cmd.Process.Kill() // it may have ended by itself
	<-p.done
}

// stop asks the daemon to end, and demands that it ends well.
func (p *process) stop() {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	if code := p.await(); code != 0 {
		p.t.Errorf("xvrrp on %s ended with exit code %d after SIGTERM, want 0", p.name, code)
	}
}

// await waits for the daemon's own end and returns its exit code.
func (p *process) await() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("xvrrp on %s has not ended after %s", p.name, patience)
	}
	return p.cmd.ProcessState.ExitCode()
}

// awaitLog waits until the daemon has logged a text.
func (p *process) awaitLog(text string) {
	p.t.Helper()
	until(p.t, fmt.Sprintf("%q in the log of %s", text, p.name), func() bool { return strings.Contains(p.written(), text) })
}

// ask runs a command of the program against the machine's daemon, as an operator would, and returns its output.
func (m *machine) ask(args ...string) ([]byte, error) {
	out, err := exec.Command(program, append(args, "--runtime-dir", m.path("run"))...).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("xvrrp %s on %s: %w: %s", args[0], m.Name, err, exit.Stderr)
	}
	return out, err
}

// tell is ask for output that is one JSON value.
func tell[T any](m *machine, args ...string) (v T) {
	m.segment.t.Helper()
	out, err := m.ask(append(args, "-o", "json")...)
	if err == nil {
		err = json.Unmarshal(out, &v)
	}
	if err != nil {
		m.segment.t.Fatal(err)
	}
	return v
}

func (m *machine) snapshot() api.Snapshot {
	m.segment.t.Helper()
	return tell[api.Snapshot](m, "status")
}

// router is the state of the machine's only router.
func (m *machine) router() api.Router {
	m.segment.t.Helper()
	s := m.snapshot()
	if len(s.Routers) != 1 {
		m.segment.t.Fatalf("%d routers on %s, want 1", len(s.Routers), m.Name)
	}
	return s.Routers[0]
}

// awaitRole waits with the program's own means until a router has a role; it is given time to start, too.
func (m *machine) awaitRole(router, role string) {
	m.segment.t.Helper()
	if _, err := m.ask("status", router, "--wait", role, "--timeout", patience.String()); err != nil {
		m.segment.t.Fatal(err)
	}
}

// awaitFollowing waits until the machine is backup and knows its master.
func (m *machine) awaitFollowing(master *machine) {
	m.segment.t.Helper()
	m.awaitRole(only, "backup")
	until(m.segment.t, fmt.Sprintf("%s following %s", m.Name, master.Name), func() bool {
		r := m.router()
		return r.Role == "backup" && r.Master == master.v4.String()
	})
}

// drops are the frames that were not taken, by verdict.
func (m *machine) drops() map[string]uint64 {
	m.segment.t.Helper()
	report := tell[struct{ Drops []api.Drop }](m, "drops")
	frames := make(map[string]uint64)
	for _, d := range report.Drops {
		frames[d.Verdict] += d.Frames
	}
	return frames
}

// awaitDrops waits until at least n frames have ended in a verdict.
func (m *machine) awaitDrops(verdict string, n uint64) {
	m.segment.t.Helper()
	until(m.segment.t, fmt.Sprintf("%d frames in %s under %s", n, m.Name, verdict), func() bool { return m.drops()[verdict] >= n })
}

// awaitEvent waits for an event of a kind and a reason.
func (m *machine) awaitEvent(kind, why string) {
	m.segment.t.Helper()
	until(m.segment.t, fmt.Sprintf("an event %s, %s on %s", kind, why, m.Name), func() bool {
		out, err := m.ask("events", "-o", "json")
		if err != nil {
			m.segment.t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			var e api.Event
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				m.segment.t.Fatal(err)
			}
			if e.Kind == kind && e.Why == why {
				return true
			}
		}
		return false
	})
}

// routerNamed is the state of one of several routers.
func (m *machine) routerNamed(name string) api.Router {
	m.segment.t.Helper()
	s := m.snapshot()
	for _, r := range s.Routers {
		if r.Name == name {
			return r
		}
	}
	m.segment.t.Fatalf("no router %s on %s", name, m.Name)
	return api.Router{}
}
