package host_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"golang.org/x/sys/unix"
)

// vmac is a macvlan of VRID 56 on ens160.
func (n *network) vmac() host.VMAC {
	return host.VMAC{Name: "vrrp.56", Parent: n.router.Attrs().Index, MAC: [6]byte{0, 0, 0x5e, 0, 1, 56}}
}

// needMacvlan skips a test on kernels that were built without macvlans.
func (n *network) needMacvlan() {
	n.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.ParentIndex = "probe", n.router.Attrs().Index
	if err := n.nl.LinkAdd(&netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_PRIVATE}); err != nil {
		n.Skipf("this kernel has no macvlans: %v", err)
	}
	must(n, n.nl.LinkDel(n.link("probe")))
}

func sysctl(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("/proc/sys/net/" + name)
	must(t, err)
	return strings.TrimSpace(string(b))
}

func TestVMAC(t *testing.T) {
	n := newNetwork(t)
	n.needMacvlan()
	h := n.open()
	stop := n.run(h)
	want := n.vmac()
	want.Group = 5
	index, err := n.ensure(h, want)
	must(t, err)
	l, ok := n.link("vrrp.56").(*netlink.Macvlan)
	if !ok || l.Index != index || l.Mode != netlink.MACVLAN_MODE_PRIVATE || l.HardwareAddr.String() != "00:00:5e:00:01:38" ||
		l.ParentIndex != want.Parent || l.Flags&net.FlagUp == 0 || l.Group != 5 {
		t.Errorf("the link is %+v", l)
	}
	for name, value := range map[string]string{
		"ipv4/conf/vrrp.56/arp_ignore": "1", "ipv4/conf/vrrp.56/arp_filter": "0", "ipv4/conf/vrrp.56/accept_local": "1",
		"ipv4/conf/vrrp.56/rp_filter": "0", "ipv4/conf/vrrp.56/promote_secondaries": "1",
		"ipv6/conf/vrrp.56/addr_gen_mode": "1", "ipv6/conf/vrrp.56/disable_ipv6": "1",
		"ipv4/conf/ens160/arp_ignore": "1", "ipv4/conf/ens160/arp_announce": "2",
	} {
		if got := sysctl(t, name); got != value {
			t.Errorf("%s is %s, want %s", name, got, value)
		}
	}
	if again, err := n.ensure(h, want); err != nil || again != index {
		t.Errorf("asked again it has index %d, not %d: %v", again, index, err)
	}
	n.await("the link in the table", func() bool {
		for _, l := range h.Links() {
			if l.Index == index {
				return l.Kind == "macvlan" && l.Parent == want.Parent && l.MAC == want.MAC && l.Up
			}
		}
		return false
	})

	// Another MAC makes another link of it.
	want.MAC[5]++
	index, err = n.ensure(h, want)
	must(t, err)
	if l := n.link("vrrp.56"); l.Attrs().Index != index || mac(l) != want.MAC {
		t.Errorf("with another MAC it is %+v", l)
	}
	stop()
	if _, err := n.nl.LinkByName("vrrp.56"); !errors.As(err, new(netlink.LinkNotFoundError)) {
		t.Errorf("at the end the link is there: %v", err)
	}
	for _, name := range []string{"arp_ignore", "arp_announce"} {
		if got := sysctl(t, "ipv4/conf/ens160/"+name); got != "0" {
			t.Errorf("%s of ens160 stays %s", name, got)
		}
	}
}

// Where reverse paths are checked on all links, those of a macvlan are checked leniently.
func TestVMACBesideStrictReversePath(t *testing.T) {
	n := newNetwork(t)
	n.needMacvlan()
	must(t, os.WriteFile("/proc/sys/net/ipv4/conf/all/rp_filter", []byte("1"), 0))
	h := n.running()
	_, err := n.ensure(h, n.vmac())
	must(t, err)
	if got := sysctl(t, "ipv4/conf/vrrp.56/rp_filter"); got != "2" {
		t.Errorf("rp_filter is %s", got)
	}
	h.RemoveVMAC("vrrp.56")
	n.await("its end", func() bool { return !n.exists("vrrp.56") })
	h.RemoveVMAC("vrrp.56")
}

// Whatever is asked for while the kernel works, the latest counts.
func TestVMACLatestCounts(t *testing.T) {
	n := newNetwork(t)
	n.needMacvlan()
	h := n.running()
	other := n.vmac()
	other.MAC[5]++
	for range 20 {
		_, _ = h.EnsureVMAC(n.vmac())
		h.RemoveVMAC("vrrp.56")
		_, _ = h.EnsureVMAC(other)
	}
	index, err := n.ensure(h, other)
	must(t, err)
	if l := n.link("vrrp.56"); l.Attrs().Index != index || mac(l) != other.MAC {
		t.Errorf("the link is %v with MAC %x, want %d with %x", l.Attrs().Index, mac(l), index, other.MAC)
	}
}

func (n *network) exists(name string) bool {
	_, err := n.nl.LinkByName(name)
	return err == nil
}

// The macvlan of a killed daemon is taken over, but no link that is somebody else's.
func TestVMACTakenOver(t *testing.T) {
	n := newNetwork(t)
	n.needMacvlan()
	killed, err := host.Open(slog.New(slog.DiscardHandler))
	must(t, err)
	_, err = killed.EnsureVMAC(n.vmac())
	if !errors.Is(err, host.ErrVMACPending) {
		t.Fatal(err)
	}
	killed.MakeVMACs()
	left, err := killed.EnsureVMAC(n.vmac())
	must(t, err)
	must(t, killed.Close())

	h := n.open()
	stop := n.run(h)
	index, err := n.ensure(h, n.vmac())
	if err != nil || index != left {
		t.Errorf("index is %d, was %d: %v", index, left, err)
	}
	must(t, n.nl.LinkDel(n.link("vrrp.56")))
	n.await("a new one", func() bool {
		index, err := n.ensure(h, n.vmac())
		must(t, err)
		return index != left
	})
	foreign := n.vmac()
	foreign.Name = "peer-ens160"
	if _, err := n.ensure(h, foreign); err == nil || !strings.Contains(err.Error(), "peer-ens160") {
		t.Errorf("a veth was taken over: %v", err)
	}
	stop()
	if _, err := n.nl.LinkByName("vrrp.56"); err == nil {
		t.Error("the link is still there")
	}
	n.link("peer-ens160")
}

// A macvlan that somebody removes is made anew, and one whose parent goes is forgotten.
func TestVMACRemovedByOthers(t *testing.T) {
	n := newNetwork(t)
	n.needMacvlan()
	h := n.running()
	was, err := n.ensure(h, n.vmac())
	must(t, err)
	seen := func(index int) func() bool {
		return func() bool {
			for _, l := range h.Links() {
				if l.Index == index {
					return true
				}
			}
			return false
		}
	}
	n.await("the link", seen(was))
	must(t, n.nl.LinkDel(n.link("vrrp.56")))
	n.await("the link gone", func() bool { return !seen(was)() })
	is, err := n.ensure(h, n.vmac())
	must(t, err)
	b := n.binding("192.0.2.10/24")
	b.Addrs[0].Link = is
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	n.await("the address on the new link", func() bool { return len(h.Held(b.ID)) == 1 })
	n.noFailure(h)
}

func TestPromoteSecondaries(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	b := n.binding("10.0.0.1/24")
	b.Promote = true
	must(t, h.Bind(new(b)))
	const knob = "ipv4/conf/ens160/promote_secondaries"
	if got := sysctl(t, knob); got != "0" {
		t.Skipf("%s is %s to begin with", knob, got)
	}
	h.Acquire(b.ID)
	n.await("the sysctl set", func() bool { return sysctl(t, knob) == "1" && len(h.Held(b.ID)) == 1 })
	h.Release(b.ID)
	n.await("the sysctl restored", func() bool { return sysctl(t, knob) == "0" })
}

// site is a lab with a master and a backup that share a virtual MAC, and a client.
type site struct {
	*testing.T
	master, backup, client *lab.Host
}

func newSite(t *testing.T) *site {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: creates network namespaces")
	}
	l, err := lab.New(fmt.Sprintf("host-vmac-%d", os.Getpid()))
	must(t, err)
	t.Cleanup(func() { must(t, l.Close()) })
	hosts := make([]*lab.Host, 3)
	for i, name := range []string{"master", "backup", "client"} {
		hosts[i], err = l.AddHost(name, lab.NIC{Name: "ens160", Addrs: []netip.Prefix{
			netip.MustParsePrefix(fmt.Sprintf("192.0.2.%d/24", i+1)),
			netip.MustParsePrefix(fmt.Sprintf("2001:db8::%d/64", i+1)),
		}})
		must(t, err)
	}
	return &site{t, hosts[0], hosts[1], hosts[2]}
}

// member runs a Host on one of the routers and binds a router whose address is on a macvlan.
func (s *site) member(on *lab.Host, v host.VMAC, source, vip string) (*host.Host, vrrp.ID) {
	s.Helper()
	var h *host.Host
	must(s, on.Do(func() (err error) {
		h, err = host.Open(slog.New(slog.DiscardHandler))
		return err
	}))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	s.Cleanup(func() {
		cancel()
		must(s, <-done)
		must(s, h.Close())
	})
	for _, l := range h.Links() {
		if l.Name == "ens160" {
			v.Parent = l.Index
		}
	}
	index, err := ensure(s, h, v)
	must(s, err)
	b := host.Binding{
		ID: vrrp.ID{Link: v.Parent, VRID: 56, V6: strings.Contains(vip, ":")}, Name: "V1", MAC: v.MAC,
		Source: netip.MustParseAddr(source),
		Addrs:  []host.Address{{Prefix: netip.MustParsePrefix(vip), Link: index, Scope: -1, PreferredLifetime: -1}},
	}
	must(s, h.Bind(new(b)))
	return h, b.ID
}

// neighbor is the MAC the client has for an address.
func (s *site) neighbor(addr netip.Addr) (found string) {
	s.Helper()
	must(s, s.client.Do(func() error {
		list, err := netlink.NeighList(0, 0)
		for _, n := range list {
			if n.IP.Equal(addr.AsSlice()) {
				found = n.HardwareAddr.String()
			}
		}
		return err
	}))
	return found
}

// forget empties the neighbour tables of master and client.
func (s *site) forget() {
	s.Helper()
	for _, on := range []*lab.Host{s.master, s.client} {
		must(s, on.Do(func() error {
			list, err := netlink.NeighList(0, 0)
			for _, n := range list {
				if n.State&unix.NUD_NOARP == 0 {
					_ = netlink.NeighDel(&n) // it may have gone by itself
				}
			}
			return err
		}))
	}
}

// claims are the MACs that a frame ties to an address: as sender of ARP, as target or source of neighbour
// discovery with a link-layer address option.
func claims(f []byte, addr netip.Addr) (found [6]byte, ok bool) {
	ip := addr.AsSlice()
	switch {
	case isARP(f) && addr.Is4() && bytes.Equal(f[28:32], ip):
		return [6]byte(f[22:28]), true
	case be.Uint16(f[12:]) != 0x86dd || f[20] != 58 || len(f) < 86:
		return found, false
	case f[54] == 136 && bytes.Equal(f[62:78], ip), f[54] == 135 && bytes.Equal(f[22:38], ip):
		return [6]byte(f[80:86]), true
	}
	return found, false
}

// Clients learn the virtual MAC and no other, and the backup is not heard with it.
func TestVirtualMACAlone(t *testing.T) {
	newNetwork(t).needMacvlan()
	for name, tt := range map[string]struct {
		vip, source string
		kind        byte
	}{
		"IPv4":       {"192.0.2.10/24", "192.0.2.", 1},
		"IPv4 alone": {"192.0.2.10/32", "192.0.2.", 1},
		"IPv6":       {"2001:db8::10/64", "2001:db8::", 2},
		"IPv6 alone": {"2001:db8::10/128", "2001:db8::", 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			for _, on := range []*lab.Host{s.master, s.backup} {
				must(t, on.Sysctl("net.ipv4.ip_forward", "1"))
				must(t, on.Sysctl("net.ipv6.conf.all.forwarding", "1")) // routers report the group ff02::2
			}
			v := host.VMAC{Name: "vrrp.56", MAC: [6]byte{0, 0, 0x5e, 0, tt.kind, 56}}
			virtual := net.HardwareAddr(v.MAC[:]).String()
			backups, err := s.backup.Capture("ens160")
			must(t, err)
			frames, err := s.client.Capture("ens160")
			must(t, err)
			master, id := s.member(s.master, v, tt.source+"1", tt.vip)
			_, _ = s.member(s.backup, v, tt.source+"2", tt.vip)
			master.Acquire(id)
			master.Announce(id, 1)
			addr := netip.MustParsePrefix(tt.vip).Addr()
			for range 2 { // the second time both sides have to ask
				p, err := s.client.Ping(t.Context(), addr, 10*time.Millisecond)
				must(t, err)
				await(t, "an answer", func() bool {
					e := p.Echos()
					return len(e) > 5 && e[len(e)-2].Back != 0
				})
				p.Stop()
				if got := s.neighbor(addr); got != virtual {
					t.Errorf("the client has %s for %v", got, addr)
				}
				s.forget()
			}
			said := 0
			for _, f := range frames.Frames() {
				if got, ok := claims(f.Data, addr); ok {
					said++
					if got != v.MAC {
						t.Errorf("%v was said to be at %x: %x", addr, got, f.Data)
					}
				}
			}
			if said < 2 {
				t.Errorf("the virtual address was named %d times", said)
			}
			master.Release(id)
			await(t, "the address gone", func() bool { return len(master.Held(id)) == 0 })
			for _, f := range backups.Frames() {
				if f.Outgoing && [6]byte(f.Data[6:12]) == v.MAC {
					t.Errorf("the backup has sent %x", f.Data)
				}
			}
		})
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// A macvlan can be made while its parent is down.
func TestVMACOfLinkThatIsDown(t *testing.T) {
	n := newNetwork(t)
	n.needMacvlan()
	h := n.running()
	must(t, n.nl.LinkSetDown(n.router))
	index, err := n.ensure(h, n.vmac())
	must(t, err)
	must(t, n.nl.LinkSetUp(n.router))
	n.await("the macvlan up", func() bool {
		return slices.ContainsFunc(h.Links(), func(l host.Link) bool { return l.Index == index && l.Up })
	})
}

func (n *network) ensure(h *host.Host, v host.VMAC) (index int, err error) { return ensure(n, h, v) }

// ensure asks for a macvlan and waits for what comes of it.
func ensure(t testing.TB, h *host.Host, v host.VMAC) (index int, err error) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		index, err = h.EnsureVMAC(v)
		if !errors.Is(err, host.ErrVMACPending) {
			return index, err
		}
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", v.Name)
		}
	}
}
