package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// vrid is the tutorial's.
const vrid = 56

// The virtual addresses, the IPv4 one being the tutorial's.
var (
	vip4     = netip.MustParsePrefix("172.160.180.168/24")
	vip6     = netip.MustParsePrefix("2001:db8::168/64")
	vipLocal = netip.MustParsePrefix("fe80::56/64") // an IPv6 list begins with a link-local address (RFC 9568 5.2.9)
)

// instance is one router's side of a virtual router.
type instance struct {
	version   uint8
	v6        bool
	interval  time.Duration
	priority  uint8
	nopreempt bool
	file      string // keepalived.conf to be used as it is; the fields above say what it means
}

// vips are the addresses in the order they are listed.
func (i instance) vips() []netip.Prefix {
	if i.v6 {
		return []netip.Prefix{vipLocal, vip6}
	}
	return []netip.Prefix{vip4}
}

func (i instance) skew() time.Duration { return skew(i.version, i.priority, i.interval) }
func (i instance) down() time.Duration { return down(i.version, i.priority, i.interval) }

// conf is the instance as both keepalived and xvrrp read it. Lines marked @xvrrp are not there for keepalived.
func (i instance) conf() string {
	if i.file != "" {
		return i.file
	}
	lines := []string{
		"global_defs {",
		"    vrrp_garp_master_repeat 1", // keepalived sends these before its next advert
		"    vrrp_garp_master_delay 0",
		"}",
		"vrrp_instance INTEROP {",
		"    state BACKUP",
		"    interface " + nic,
		fmt.Sprintf("    version %d", i.version),
		fmt.Sprintf("    virtual_router_id %d", vrid),
		fmt.Sprintf("    priority %d", i.priority),
		fmt.Sprintf("    advert_int %g", i.interval.Seconds()),
	}
	if i.version == 2 {
		lines = append(lines, "    authentication {", "        auth_type PASS", "        auth_pass 1111", "    }")
	}
	if i.nopreempt {
		lines = append(lines, "    nopreempt")
	}
	if i.v6 {
		lines = append(lines, "    @xvrrp accept_any_first_address") // FRR lists no link-local address
	}
	lines = append(lines, "    virtual_ipaddress {")
	for _, vip := range i.vips() {
		lines = append(lines, "        "+vip.String())
	}
	return strings.Join(append(lines, "    }", "}", ""), "\n")
}

// daemon is a VRRP implementation.
type daemon interface {
	fmt.Stringer
	// prepare makes a machine ready for the daemon.
	prepare(t testing.TB, m *machine)
	// start runs an instance and returns once it takes part in the election.
	start(t testing.TB, m *machine, i instance) *process
	// source is what its adverts come from.
	source(m *machine, v6 bool) netip.Addr
	// addsVIP tells whether it adds the virtual address to the card as master and removes it as backup.
	addsVIP() bool
	// grain is how coarsely it reckons skew and master-down.
	grain() time.Duration
}

// ownSource is the source of a daemon that needs no device of its own.
func ownSource(m *machine, v6 bool) netip.Addr {
	if v6 {
		return m.v6
	}
	return m.v4
}

// xvrrp is bin/xvrrp with its filter attached one way.
type xvrrp struct{ attach string }

func (x xvrrp) String() string                        { return "xvrrp on " + x.attach }
func (x xvrrp) prepare(testing.TB, *machine)          {}
func (x xvrrp) source(m *machine, v6 bool) netip.Addr { return ownSource(m, v6) }
func (x xvrrp) addsVIP() bool                         { return true }
func (x xvrrp) grain() time.Duration                  { return time.Millisecond }

func (x xvrrp) start(t testing.TB, m *machine, i instance) *process {
	t.Helper()
	p := start(t, m.segment.dir, m.Name+"-xvrrp", m.Command(context.Background(), program, "run",
		"--iface", nic, "--config", m.file("xvrrp.conf", i.conf()), "--runtime-dir", m.runtimeDir(), "--attach", x.attach))
	until(t, "a standing of "+p.name, patience, func() bool {
		if p.ended() {
			t.Fatalf("%s ended", p.name)
		}
		r, err := m.standing()
		return err == nil && r.Role != "init"
	})
	if s, _ := m.snapshot(); s.PID != p.cmd.Process.Pid {
		t.Fatalf("%s: process %d answers, want %d", p.name, s.PID, p.cmd.Process.Pid)
	}
	return p
}

func (m *machine) runtimeDir() string { return filepath.Join(m.segment.dir, m.Name+"-run") }

// snapshot asks the machine's xvrrp as an operator would.
func (m *machine) snapshot() (s api.Snapshot, err error) {
	out, err := exec.Command(program, "status", "-o", "json", "--runtime-dir", m.runtimeDir()).Output()
	if err != nil {
		return s, fmt.Errorf("xvrrp status: %w", err)
	}
	return s, json.Unmarshal(out, &s)
}

// standing is the machine's only router.
func (m *machine) standing() (api.Router, error) {
	s, err := m.snapshot()
	if err != nil {
		return api.Router{}, err
	}
	if len(s.Routers) != 1 {
		return api.Router{}, fmt.Errorf("%d routers in status, want 1", len(s.Routers))
	}
	return s.Routers[0], nil
}

// keepalived is the distribution's, unpacked.
type keepalived struct{}

func (keepalived) String() string                        { return "keepalived" }
func (keepalived) prepare(t testing.TB, _ *machine)      { unpacked(t, "keepalived") }
func (keepalived) source(m *machine, v6 bool) netip.Addr { return ownSource(m, v6) }
func (keepalived) addsVIP() bool                         { return true }
func (keepalived) grain() time.Duration                  { return time.Millisecond }

func (keepalived) start(t testing.TB, m *machine, i instance) *process {
	t.Helper()
	run := filepath.Join(t.TempDir(), "run") // as empty as after a boot
	p := start(t, m.segment.dir, m.Name+"-keepalived", m.Command(context.Background(), peersScript, "keepalived",
		"keepalived", "--vrrp", "--dont-fork", "--log-console", "--log-detail", "--no-syslog",
		"--use-file", m.file("keepalived.conf", i.conf()), "--pid", run+".pid", "--vrrp_pid", run+"-vrrp.pid"))
	p.await(t, "Startup complete")
	return p
}

// await waits until this run of the process has written a text.
func (p *process) await(t testing.TB, text string) {
	t.Helper()
	until(t, fmt.Sprintf("%q from %s", text, p.name), patience, func() bool {
		if p.ended() {
			t.Fatalf("%s ended", p.name)
		}
		return strings.Contains(p.written(), text)
	})
}
