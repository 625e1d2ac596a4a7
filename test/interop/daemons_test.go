package interop

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

// The IPv6 addresses; the IPv4 one is the tutorial's.
var (
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
	return []netip.Prefix{bed.VIP}
}

func (i instance) skew() time.Duration { return bed.Skew(i.version, i.priority, i.interval) }
func (i instance) down() time.Duration { return bed.Down(i.version, i.priority, i.interval) }

// conf is the instance as both keepalived and xvrrp read it. Lines marked @xvrrp are not there for keepalived.
func (i instance) conf() string {
	if i.file != "" {
		return i.file
	}
	var lines []string
	if i.version == 2 {
		lines = append(lines, "authentication {", "    auth_type PASS", "    auth_pass 1111", "}")
	}
	if i.nopreempt {
		lines = append(lines, "nopreempt")
	}
	if i.v6 {
		lines = append(lines, "@xvrrp accept_any_first_address") // FRR lists no link-local address
	}
	return bed.Instance{Version: i.version, Interval: i.interval, Priority: i.priority, VIPs: i.vips(), Lines: lines}.Text()
}

// daemon is a VRRP implementation.
type daemon interface {
	fmt.Stringer
	// prepare makes a machine ready for the daemon.
	prepare(t testing.TB, m *bed.Machine)
	// start runs an instance and returns once it takes part in the election.
	start(t testing.TB, m *bed.Machine, i instance) *bed.Process
	// source is what its adverts come from.
	source(m *bed.Machine, v6 bool) netip.Addr
	// addsVIP tells whether it adds the virtual address to the card as master and removes it as backup.
	addsVIP() bool
	// grain is how coarsely it reckons skew and master-down.
	grain() time.Duration
}

// ownSource is the source of a daemon that needs no device of its own.
func ownSource(m *bed.Machine, v6 bool) netip.Addr {
	if v6 {
		return m.V6
	}
	return m.V4
}

// xvrrp is bin/xvrrp with its filter attached one way.
type xvrrp struct{ attach string }

func (x xvrrp) String() string                            { return "xvrrp on " + x.attach }
func (x xvrrp) prepare(testing.TB, *bed.Machine)          {}
func (x xvrrp) source(m *bed.Machine, v6 bool) netip.Addr { return ownSource(m, v6) }
func (x xvrrp) addsVIP() bool                             { return true }
func (x xvrrp) grain() time.Duration                      { return time.Millisecond }

func (x xvrrp) start(_ testing.TB, m *bed.Machine, i instance) *bed.Process {
	m.Site.T.Helper()
	p := m.Spawn("--iface", bed.NIC, "--config", m.File("xvrrp.conf", i.conf()), "--attach", x.attach)
	m.AwaitStart()
	return p
}

// keepalived is the distribution's, unpacked.
type keepalived struct{}

func (keepalived) String() string                            { return "keepalived" }
func (keepalived) prepare(t testing.TB, _ *bed.Machine)      { bed.NeedPeer(t, "keepalived") }
func (keepalived) source(m *bed.Machine, v6 bool) netip.Addr { return ownSource(m, v6) }
func (keepalived) addsVIP() bool                             { return true }
func (keepalived) grain() time.Duration                      { return time.Millisecond }

func (keepalived) start(_ testing.TB, m *bed.Machine, i instance) *bed.Process {
	m.Site.T.Helper()
	return m.Keepalived(m.File("keepalived.conf", i.conf()))
}
