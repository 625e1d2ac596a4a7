package host_test

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"golang.org/x/sys/unix"
)

// patience is how long anything may take that the tests wait for.
const patience = 5 * time.Second

// network is a network namespace of its own with one cable: ens160, the router's end, and the peer, where the
// tests listen. It ends with the thread of the test.
type network struct {
	testing.TB
	nl           *netlink.Handle
	router, peer netlink.Link
}

func newNetwork(t testing.TB) *network {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: creates a network namespace")
	}
	runtime.LockOSThread() // never unlocked: thread and namespace end with the test
	must(t, unix.Unshare(unix.CLONE_NEWNET))
	for _, knob := range []string{"all/accept_dad", "default/accept_dad"} {
		must(t, os.WriteFile("/proc/sys/net/ipv6/conf/"+knob, []byte("0"), 0))
	}
	nl, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	must(t, err)
	t.Cleanup(nl.Close)
	n := &network{TB: t, nl: nl}
	must(t, nl.LinkSetUp(n.link("lo")))
	n.router = n.addLink("ens160")
	n.peer = n.link("peer-ens160")
	n.addAddr(n.router, "192.0.2.1/24")
	n.await("an IPv6 link-local address on ens160", func() bool { return n.linkLocal().IsValid() && n.settled(n.router) })
	return n
}

// addLink adds a cable and returns the end with this name.
func (n *network) addLink(name string) netlink.Link {
	n.Helper()
	must(n, n.nl.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: "peer-" + name}))
	l := n.link(name)
	must(n, n.nl.LinkSetUp(l))
	must(n, n.nl.LinkSetUp(n.link("peer-"+name)))
	return l
}

// seen is ens160 as the Host sees it.
func (n *network) seen(h *host.Host) host.Link {
	n.Helper()
	for _, l := range h.Links() {
		if l.Index == n.router.Attrs().Index {
			return l
		}
	}
	n.Fatal("ens160 is not among the links")
	return host.Link{}
}

func (n *network) link(name string) netlink.Link {
	n.Helper()
	l, err := n.nl.LinkByName(name)
	must(n, err)
	return l
}

func (n *network) addAddr(l netlink.Link, addr string) {
	n.Helper()
	must(n, n.nl.AddrAdd(l, parseAddr(n, addr)))
	n.await(addr+" to be usable", func() bool { return n.settled(l) })
}

// addrList lists the addresses of a link; a list that a change interrupted is asked for again.
func (n *network) addrList(l netlink.Link, family int) []netlink.Addr {
	n.Helper()
	for {
		list, err := n.nl.AddrList(l, family)
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			must(n, err)
			return list
		}
	}
}

// needMarks skips a test on kernels that do not keep our mark on addresses.
func needMarks(t testing.TB) {
	t.Helper()
	if !host.KernelMarks() {
		t.Skip("needs a kernel that keeps marks on addresses, 5.18 or newer")
	}
}

// settled tells whether all addresses of a link can be used. IPv6 ones are tentative at first.
func (n *network) settled(l netlink.Link) bool {
	n.Helper()
	list := n.addrList(l, netlink.FAMILY_V6)
	return !slices.ContainsFunc(list, func(a netlink.Addr) bool { return a.Flags&unix.IFA_F_TENTATIVE != 0 })
}

func (n *network) delAddr(l netlink.Link, addr string) {
	n.Helper()
	must(n, n.nl.AddrDel(l, parseAddr(n, addr)))
}

// addrs are the addresses of a link in the kernel's order, without the link-local one.
func (n *network) addrs(l netlink.Link) []string {
	n.Helper()
	list := n.addrList(l, netlink.FAMILY_ALL)
	addrs := []string{}
	for _, a := range list {
		if !a.IP.IsLinkLocalUnicast() {
			addrs = append(addrs, a.IPNet.String())
		}
	}
	return addrs
}

func (n *network) has(l netlink.Link, addr string) bool {
	for _, a := range n.addrs(l) {
		if a == addr {
			return true
		}
	}
	return false
}

func (n *network) linkLocal() netip.Addr {
	n.Helper()
	list := n.addrList(n.router, netlink.FAMILY_V6)
	for _, a := range list {
		if a.IP.IsLinkLocalUnicast() {
			addr, _ := netip.AddrFromSlice(a.IP)
			return addr
		}
	}
	return netip.Addr{}
}

func (n *network) await(what string, ok func() bool) {
	n.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			n.Fatalf("waited in vain for %s", what)
		}
	}
}

// mac is a link's address.
func mac(l netlink.Link) [6]byte { return [6]byte(l.Attrs().HardwareAddr) }

// listener receives the frames that arrive on a link, not those it sends.
type listener struct {
	network *network
	fd      int
}

func (n *network) listen(l netlink.Link) *listener {
	n.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	must(n, err)
	n.Cleanup(func() { unix.Close(fd) })
	must(n, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20))
	must(n, unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1))
	must(n, unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1))
	must(n, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1))
	must(n, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 20_000}))
	must(n, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: 0x0300, Ifindex: l.Attrs().Index}))
	return &listener{n, fd}
}

// received is a frame and when the kernel received it.
type received struct {
	at    time.Time
	frame []byte
}

// next returns the next frame that fits, or fails the test.
func (l *listener) next(what string, fits func([]byte) bool) received {
	l.network.Helper()
	for end := host.Now() + patience; host.Now() < end; {
		if r, ok := l.read(); ok && fits(r.frame) {
			return r
		}
	}
	l.network.Fatalf("no %s arrived", what)
	return received{}
}

// drain returns the fitting frames that have arrived, and those of the next quiet moment.
func (l *listener) drain(fits func([]byte) bool) []received {
	var all []received
	for {
		r, ok := l.read()
		if !ok {
			return all
		}
		if fits(r.frame) {
			all = append(all, r)
		}
	}
}

func (l *listener) read() (received, bool) {
	l.network.Helper()
	buf, oob := make([]byte, 2048), make([]byte, 128)
	n, oobn, _, _, err := unix.Recvmsg(l.fd, buf, oob, 0)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
		return received{}, false
	}
	must(l.network, err)
	msgs, err := unix.ParseSocketControlMessage(oob[:oobn])
	must(l.network, err)
	r := received{frame: buf[:n]}
	for _, m := range msgs {
		switch {
		case m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS:
			r.at = time.Unix(int64(native.Uint64(m.Data)), int64(native.Uint64(m.Data[8:])))
		case m.Header.Level == unix.SOL_PACKET && m.Header.Type == unix.PACKET_AUXDATA:
			r.frame = withTag(r.frame, m.Data)
		}
	}
	return r, true
}

// withTag puts the outer VLAN tag back that the kernel takes out of a received frame and keeps in struct
// tpacket_auxdata: status at 0, tag at 16, its EtherType at 18, in host order.
func withTag(frame, auxdata []byte) []byte {
	if native.Uint32(auxdata)&unix.TP_STATUS_VLAN_VALID == 0 {
		return frame
	}
	tagged := append([]byte(nil), frame[:12]...)
	tagged = be.AppendUint16(tagged, native.Uint16(auxdata[18:]))
	tagged = be.AppendUint16(tagged, native.Uint16(auxdata[16:]))
	return append(tagged, frame[12:]...)
}

// open opens a Host without running it.
func (n *network) open() *host.Host {
	n.Helper()
	h, err := host.Open(slog.New(slog.NewTextHandler(n.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})))
	must(n, err)
	n.Cleanup(func() { must(n, h.Close()) })
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func parseAddr(t testing.TB, s string) *netlink.Addr {
	t.Helper()
	a, err := netlink.ParseAddr(s)
	must(t, err)
	a.Broadcast = net.IPv4zero
	return a
}

// binding is a version 3 IPv4 router of VRID 56 on ens160 with these addresses.
func (n *network) binding(addrs ...string) host.Binding {
	n.Helper()
	b := host.Binding{
		ID:     vrrp.ID{Link: n.router.Attrs().Index, VRID: 56},
		Name:   "V1",
		Source: netip.MustParseAddr("192.0.2.1"),
	}
	a := vrrp.Advert{Version: 3, VRID: 56, Priority: 100, Interval: time.Second}
	for _, s := range addrs {
		p := netip.MustParsePrefix(s)
		b.Addrs = append(b.Addrs, host.Address{Prefix: p, Link: b.ID.Link, Scope: -1, PreferredLifetime: -1})
		if p.Addr().Is4() {
			a.Addrs = append(a.Addrs, p.Addr())
		}
	}
	b.Adverts = []host.Form{{Advert: a, Checksum: vrrp.Plain}}
	return b
}

func ipNet(s string) *net.IPNet {
	p := netip.MustParsePrefix(s)
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
