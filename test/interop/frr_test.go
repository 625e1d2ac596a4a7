package interop

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// frr is the distribution's vrrpd with its zebra, unpacked. It speaks from macvlan devices that the operator makes.
type frr struct{}

func (frr) String() string       { return "FRR" }
func (frr) addsVIP() bool        { return false } // it lies on the macvlan, whose carrier is taken away
func (frr) grain() time.Duration { return 10 * time.Millisecond }

func (frr) source(m *machine, v6 bool) netip.Addr {
	if v6 {
		return netip.MustParseAddr(fmt.Sprintf("fe80::200:5eff:fe00:2%02x", vrid)) // of the macvlan
	}
	return m.v4
}

// prepare makes the macvlan devices and starts zebra.
func (f frr) prepare(t testing.TB, m *machine) {
	t.Helper()
	unpacked(t, "frr")
	err := m.Do(func() error {
		if err := addMacvlan("vrrp4", net.HardwareAddr{0, 0, 0x5e, 0, 1, vrid}, vip4); err != nil {
			return err
		}
		return addMacvlan("vrrp6", net.HardwareAddr{0, 0, 0x5e, 0, 2, vrid}, vip6)
	})
	if err != nil {
		t.Fatal(err)
	}
	zebra := f.run(t, m, "zebra", "")
	until(t, "the socket of zebra", patience, func() bool {
		_, err := os.Stat(f.path(m, "zserv"))
		return err == nil && !zebra.ended()
	})
}

func addMacvlan(name string, mac net.HardwareAddr, vip netip.Prefix) error {
	parent, err := netlink.LinkByName(nic)
	if err != nil {
		return fmt.Errorf("find %s: %w", nic, err)
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

func (f frr) start(t testing.TB, m *machine, i instance) *process {
	t.Helper()
	lines := []string{
		"debug vrrp protocol",
		"interface " + nic,
		fmt.Sprintf(" vrrp %d version %d", vrid, i.version),
		fmt.Sprintf(" vrrp %d priority %d", vrid, i.priority),
		fmt.Sprintf(" vrrp %d advertisement-interval %d", vrid, i.interval.Milliseconds()),
	}
	if i.nopreempt {
		lines = append(lines, fmt.Sprintf(" no vrrp %d preempt", vrid))
	}
	vip := "ip " + vip4.Addr().String()
	if i.v6 {
		vip = "ipv6 " + vip6.Addr().String() // alone: no link-local address before it
	}
	lines = append(lines, fmt.Sprintf(" vrrp %d %s", vrid, vip), "")
	p := f.run(t, m, "vrrpd", strings.Join(lines, "\n"))
	p.await(t, "Backup")
	return p
}

func (frr) path(m *machine, name string) string {
	return filepath.Join(m.segment.dir, m.Name+"-frr", name)
}

// enterFRR is run in a mount namespace of its own: FRR insists on a group that its package would have made, and
// writes crash logs to /var/tmp.
const enterFRR = `set -e
mount --bind "$1/group" /etc/group
mount -t tmpfs tmpfs /var/tmp
shift
exec "$@"`

// run starts one of FRR's daemons as root, with all its state below the test's directory.
func (f frr) run(t testing.TB, m *machine, name, conf string) *process {
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
	return start(t, m.segment.dir, m.Name+"-"+name, m.Command(context.Background(), "unshare", "--mount", "sh", "-c", enterFRR, "sh", dir,
		peersScript, "frr", name, "--user", "root", "--group", "root", "--socket", f.path(m, "zserv"), "--vty_socket", dir,
		"--vty_port", "0", "--pid_file", f.path(m, name+".pid"), "--config_file", f.path(m, name+".config"), "--log", "stdout"))
}
