package interop

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/xvrrp/xvrrp/test/bed"
)

// frr is the distribution's vrrpd with its zebra, unpacked. It speaks from macvlan devices that the operator makes.
type frr struct{}

func (frr) String() string       { return "FRR" }
func (frr) addsVIP() bool        { return false } // it lies on the macvlan, whose carrier is taken away
func (frr) grain() time.Duration { return 10 * time.Millisecond }

func (frr) source(m *bed.Machine, v6 bool) netip.Addr {
	if v6 {
		return netip.MustParseAddr(fmt.Sprintf("fe80::200:5eff:fe00:2%02x", bed.VRID)) // of the macvlan
	}
	return m.V4
}

// prepare makes the macvlan devices and starts zebra.
func (f frr) prepare(t testing.TB, m *bed.Machine) {
	t.Helper()
	bed.NeedPeer(t, "frr")
	m.Do(func() error {
		if err := addMacvlan("vrrp4", net.HardwareAddr{0, 0, 0x5e, 0, 1, bed.VRID}, bed.VIP); err != nil {
			return err
		}
		return addMacvlan("vrrp6", net.HardwareAddr{0, 0, 0x5e, 0, 2, bed.VRID}, vip6)
	})
	zebra := f.run(t, m, "zebra", "")
	bed.Until(t, "the socket of zebra", bed.Patience, func() bool {
		_, err := os.Stat(f.path(m, "zserv"))
		return err == nil && !zebra.Ended()
	})
}

func addMacvlan(name string, mac net.HardwareAddr, vip netip.Prefix) error {
	parent, err := netlink.LinkByName(bed.NIC)
	if err != nil {
		return fmt.Errorf("find %s: %w", bed.NIC, err)
	}
	link := &netlink.Macvlan{
		LinkAttrs: netlink.LinkAttrs{Name: name, ParentIndex: parent.Attrs().Index, HardwareAddr: mac},
		Mode:      netlink.MACVLAN_MODE_BRIDGE,
	}
	if err := netlink.LinkAdd(link); err != nil {
		return fmt.Errorf("add macvlan %s: %w", name, err)
	}
	addr, err := netlink.ParseAddr(vip.String())
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(link, addr); err != nil {
		return fmt.Errorf("add %s to %s: %w", vip, name, err)
	}
	return netlink.LinkSetUp(link)
}

func (f frr) start(t testing.TB, m *bed.Machine, i instance) *bed.Process {
	t.Helper()
	lines := []string{
		"debug vrrp protocol",
		"interface " + bed.NIC,
		fmt.Sprintf(" vrrp %d version %d", bed.VRID, i.version),
		fmt.Sprintf(" vrrp %d priority %d", bed.VRID, i.priority),
		fmt.Sprintf(" vrrp %d advertisement-interval %d", bed.VRID, i.interval.Milliseconds()),
	}
	if i.nopreempt {
		lines = append(lines, fmt.Sprintf(" no vrrp %d preempt", bed.VRID))
	}
	vip := "ip " + bed.VIP.Addr().String()
	if i.v6 {
		vip = "ipv6 " + vip6.Addr().String() // alone: no link-local address before it
	}
	lines = append(lines, fmt.Sprintf(" vrrp %d %s", bed.VRID, vip), "")
	p := f.run(t, m, "vrrpd", strings.Join(lines, "\n"))
	p.AwaitLog("Backup")
	return p
}

func (frr) path(m *bed.Machine, name string) string {
	return filepath.Join(m.Path("frr"), name)
}

// enterFRR is run in a mount namespace of its own: FRR insists on a group that its package would have made, and
// writes crash logs to /var/tmp.
const enterFRR = `set -e
mount --bind "$1/group" /etc/group
mount -t tmpfs tmpfs /var/tmp
shift
exec "$@"`

// run starts one of FRR's daemons as root, with all its state below the test's directory.
func (f frr) run(t testing.TB, m *bed.Machine, name, conf string) *bed.Process {
	t.Helper()
	dir := f.path(m, "")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	groups, err := os.ReadFile("/etc/group")
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		f.path(m, "group"):        string(groups) + "frrvty:x:64999:root\n",
		f.path(m, name+".config"): conf,
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return m.Start(name, "unshare", "--mount", "sh", "-c", enterFRR, "sh", dir, bed.PeersScript, "frr", name,
		"--user", "root", "--group", "root", "--socket", f.path(m, "zserv"), "--vty_socket", dir, "--vty_port", "0",
		"--pid_file", f.path(m, name+".pid"), "--config_file", f.path(m, name+".config"), "--log", "stdout")
}
