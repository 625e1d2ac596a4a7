package host_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

var (
	be     = binary.BigEndian
	native = binary.NativeEndian
)

// v6Binding is a version 3 IPv6 router of VRID 56 on ens160 with these addresses.
func (n *network) v6Binding(addrs ...string) host.Binding {
	b := n.binding(addrs...)
	b.ID.V6 = true
	b.Source = n.linkLocal()
	b.Adverts[0].Advert.Addrs = nil
	for _, a := range b.Addrs {
		b.Adverts[0].Advert.Addrs = append(b.Adverts[0].Advert.Addrs, a.Prefix.Addr())
	}
	return b
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	must(t, err)
	return b
}

// isAdvert tells whether a frame is one, whatever its tags.
func isAdvert(frame []byte) bool {
	_, v := vrrp.Dissect(frame)
	return v == verdict.Delivered
}

// dissect opens an advert's frame and its message.
func dissect(t *testing.T, frame []byte) (vrrp.Frame, vrrp.Advert) {
	t.Helper()
	f, v := vrrp.Dissect(frame)
	if v != verdict.Delivered {
		t.Fatalf("frame is %v: %x", v, frame)
	}
	a, v := vrrp.Parse(f.Message, f.Src, f.Dst)
	if v != verdict.Delivered {
		t.Fatalf("message is %v: %x", v, f.Message)
	}
	return f, a
}

// FMT-02, FMT-03, FMT-04, FMT-05, FMT-17, FMT-18, CK-01, CK-02, CK-03, CK-04: what a multicast advert looks like.
func TestAdvertOnTheWire(t *testing.T) {
	v2 := func(b *host.Binding) {
		b.Adverts[0].Advert.Version = 2
		b.Adverts[0].Advert.Auth = vrrp.NewPass("1111")
	}
	pseudo := func(b *host.Binding) { b.Adverts[0].Checksum = vrrp.Pseudo }
	ttl := func(b *host.Binding) { b.TTL = 7 }
	group := func(b *host.Binding) { b.ID = b.ID.To(netip.MustParseAddr("239.129.2.3")) }
	vlan := func(v vrrp.VLAN) func(*host.Binding) { return func(b *host.Binding) { b.ID.VLAN = v } }
	const group4, group6 = "01005e000012", "333300000012"
	tests := map[string]struct {
		v6       bool
		change   func(*host.Binding)
		priority uint8
		dst      string
		tags     string // between the addresses and the EtherType
	}{
		"version 3":               {priority: 100, dst: group4},
		"version 3, resigning":    {priority: 0, dst: group4},
		"version 2 with password": {change: v2, priority: 160, dst: group4},
		"IPv6":                    {v6: true, priority: 255, dst: group6},
		"with pseudo header":      {change: pseudo, priority: 1, dst: group4},
		"TTL is for unicast only": {change: ttl, priority: 1, dst: group4},
		"another group":           {change: group, priority: 1, dst: "01005e010203"},
		"in a VLAN":               {change: vlan(10), priority: 1, dst: group4, tags: "8100000a"},
		"in a provider's VLAN":    {change: vlan(100<<16 | 10), priority: 1, dst: group4, tags: "88a800648100000a"},
		"IPv6 in a VLAN":          {v6: true, change: vlan(4094), priority: 1, dst: group6, tags: "81000ffe"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			h, wire := n.open(), n.listen(n.peer)
			b := n.binding("192.0.2.10/24", "10.0.0.1/32")
			if tt.v6 {
				b = n.v6Binding("fe80::10/64", "2001:db8::1/64")
			}
			if tt.change != nil {
				tt.change(&b)
			}
			must(t, h.Bind(new(b)))
			h.Advertise(h.Sender(b.ID), tt.priority)
			h.Flush()
			frame := wire.next("advert", isAdvert).frame

			router := mac(n.router)
			header := slices.Concat(unhex(t, tt.dst), router[:], unhex(t, tt.tags))
			if !bytes.HasPrefix(frame, header) {
				t.Errorf("Ethernet header is %x, want %x", frame[:len(header)], header)
			}
			ip := frame[len(header)+2:]
			if tt.v6 {
				if class := be.Uint16(ip) >> 4 & 0xff; class != 0xc0 || ip[6] != 112 || ip[7] != 255 {
					t.Errorf("traffic class %#x, next header %d, hop limit %d", class, ip[6], ip[7])
				}
			} else if ip[0] != 0x45 || ip[1] != 0xc0 || ip[8] != 255 || ip[9] != 112 || be.Uint16(ip[6:])&0x3fff != 0 {
				t.Errorf("IPv4 header is %x", ip[:20])
			}
			f, a := dissect(t, frame)
			if f.Src != b.Source || f.Dst != b.ID.ListensOn() {
				t.Errorf("from %v to %v, want %v to %v", f.Src, f.Dst, b.Source, b.ID.ListensOn())
			}
			want := b.Adverts[0].Advert
			want.Priority, want.Checksum = tt.priority, max(b.Adverts[0].Checksum, vrrp.Plain)
			if tt.v6 {
				want.Checksum = vrrp.Plain
			}
			if fmt.Sprint(a) != fmt.Sprint(want) {
				t.Errorf("advert is %v, want %v", a, want)
			}
			n.noFailure(h)
		})
	}
}

// Two adverts of one router in one turn both leave, in order, and each datagram has an identification of its own.
func TestAdvertsOfOneTurn(t *testing.T) {
	n := newNetwork(t)
	h, wire := n.open(), n.listen(n.peer)
	b := n.binding("192.0.2.10/24")
	v2 := b.Adverts[0]
	v2.Advert.Version = 2
	b.Adverts = append(b.Adverts, v2) // IO-02
	must(t, h.Bind(new(b)))
	h.Advertise(h.Sender(b.ID), 100)
	h.Advertise(h.Sender(b.ID), 0)
	h.Flush()
	h.Flush() // nothing is left
	var got []string
	serials := make(map[uint16]bool)
	for range 4 {
		frame := wire.next("advert", isAdvert).frame
		_, a := dissect(t, frame)
		got = append(got, fmt.Sprintf("v%d priority %d", a.Version, a.Priority))
		serials[be.Uint16(frame[18:])<<1|uint16(a.Version&1)] = true
	}
	want := []string{"v3 priority 100", "v2 priority 100", "v3 priority 0", "v2 priority 0"}
	if !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	if len(serials) != 4 {
		t.Error("an identification was used twice")
	}
	if more := wire.drain(isAdvert); len(more) != 0 {
		t.Errorf("%d adverts too many", len(more))
	}
}

func TestAdvertsFollowTheLink(t *testing.T) {
	n := newNetwork(t)
	h, wire := n.running(), n.listen(n.peer)
	b := n.binding("192.0.2.10/24")
	must(t, h.Bind(new(b)))
	changed := net.HardwareAddr{2, 0, 0, 0, 0, 9}
	must(t, n.nl.LinkSetHardwareAddr(n.router, changed))
	n.await("the new MAC among the links", func() bool { return n.seen(h).MAC == [6]byte(changed) })
	h.Advertise(h.Sender(b.ID), 100)
	h.Flush()
	if got := wire.next("advert", isAdvert).frame[6:12]; !bytes.Equal(got, changed) {
		t.Errorf("sent from %x, want %x", got, changed)
	}

	must(t, n.nl.LinkSetDown(n.router))
	h.Advertise(h.Sender(b.ID), 100)
	h.Flush()
	if f := n.failure(h); f.ID != b.ID || f.Op != "advertise" {
		t.Errorf("failure is %+v", f)
	}
}

func TestThousandAdverts(t *testing.T) {
	const count = 1000
	n := newNetwork(t)
	h, wire := n.open(), n.listen(n.peer)
	ids := n.bindMany(h, count)
	for _, id := range ids {
		h.Advertise(h.Sender(id), 100)
	}
	h.Flush()
	seen := make(map[string]bool)
	for range count {
		frame := wire.next("advert", isAdvert).frame
		seen[fmt.Sprint(be.Uint16(frame[14:]), frame[18+20+1])] = true // VLAN and VRID
	}
	if len(seen) != count {
		t.Errorf("%d of %d routers were heard", len(seen), count)
	}
	n.noFailure(h)
}

// bindMany binds routers in many VLANs of ens160.
func (n *network) bindMany(h *host.Host, count int) []vrrp.ID {
	n.Helper()
	ids := make([]vrrp.ID, count)
	for i := range ids {
		b := n.binding("192.0.2.10/24", "192.0.2.11/24")
		b.ID.VLAN, b.ID.VRID = vrrp.VLAN(1+i/255), uint8(1+i%255)
		b.Adverts[0].Advert.VRID = b.ID.VRID
		must(n, h.Bind(new(b)))
		ids[i] = b.ID
	}
	return ids
}

// Unicast adverts are routed, with the binding's TTL and source, one for each peer.
func TestUnicast(t *testing.T) {
	tests := map[string]struct {
		v6    bool
		peers []string
		ttl   uint8
		want  uint8
	}{
		"IPv4":               {peers: []string{"192.0.2.2", "192.0.2.3"}, want: 255},
		"IPv4 with a TTL":    {peers: []string{"192.0.2.2"}, ttl: 64, want: 64},
		"IPv6":               {v6: true, peers: []string{"2001:db8::2", "2001:db8::3"}, ttl: 9, want: 9},
		"IPv6 between links": {v6: true, peers: []string{"fe80::2"}, want: 255},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			n.addAddr(n.router, "2001:db8::1/64")
			h, wire := n.running(), n.listen(n.peer)
			b := n.binding("192.0.2.10/24")
			if tt.v6 {
				b = n.v6Binding("fe80::10/64")
			}
			b.TTL, b.Adverts[0].Checksum = tt.ttl, vrrp.Pseudo // CK-06: the pseudo header names the peer
			neighbor := net.HardwareAddr{2, 0, 0, 0, 0, 0x77}
			for _, s := range tt.peers {
				peer := netip.MustParseAddr(s)
				b.Peers = append(b.Peers, peer)
				must(t, n.nl.NeighAdd(&netlink.Neigh{
					LinkIndex: b.ID.Link, IP: peer.AsSlice(), HardwareAddr: neighbor, State: netlink.NUD_PERMANENT,
				}))
			}
			if tt.v6 && !b.Peers[0].IsLinkLocalUnicast() {
				b.Source = netip.MustParseAddr("2001:db8::1")
			}
			must(t, h.Bind(new(b)))
			h.Advertise(h.Sender(b.ID), 100)
			h.Flush()
			for _, peer := range b.Peers {
				frame := wire.next("advert", isAdvert).frame
				f, a := dissect(t, frame)
				if f.Src != b.Source || f.Dst != peer || f.TTL != tt.want || a.Priority != 100 {
					t.Errorf("advert from %v to %v with TTL %d and priority %d", f.Src, f.Dst, f.TTL, a.Priority)
				}
				if !bytes.Equal(frame[:6], neighbor) {
					t.Errorf("sent to %x, want the neighbour %x", frame[:6], neighbor)
				}
				if class := be.Uint16(frame[14:]) >> 4 & 0xff; tt.v6 && class != 0xc0 || !tt.v6 && frame[15] != 0xc0 {
					t.Errorf("type of service is not CS6: %x", frame[14:18])
				}
			}
			n.noFailure(h)

			must(t, n.nl.LinkSetDown(n.router))
			h.Advertise(h.Sender(b.ID), 100)
			h.Flush()
			if f := n.failure(h); f.Op != "advertise" || f.ID != b.ID {
				t.Errorf("failure is %+v", f)
			}
		})
	}
}

// MC-01, MC-02: reports for the group on Bind, a departure on Unbind of the last router.
func TestMemberships(t *testing.T) {
	tests := map[string]struct {
		bind  func(n *network) host.Binding
		dst   string // of reports (RFC 3376 4.2.14, RFC 3810 5.2.14)
		group string
	}{
		"IGMP": {func(n *network) host.Binding { return n.binding("192.0.2.10/24") }, "01005e000016", "224.0.0.18"},
		"MLD":  {func(n *network) host.Binding { return n.v6Binding("fe80::10/64") }, "333300000016", "ff02::12"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			h, wire := n.open(), n.listen(n.peer)
			// A group record is its type, auxiliary length, number of sources and the group (RFC 3376 4.2.4).
			record := func(kind byte) func([]byte) bool {
				want := append([]byte{kind, 0, 0, 0}, netip.MustParseAddr(tt.group).AsSlice()...)
				return func(f []byte) bool { return bytes.HasPrefix(f, unhex(t, tt.dst)) && bytes.Contains(f, want) }
			}
			const toExclude, toInclude = 4, 3
			first, second := tt.bind(n), tt.bind(n)
			second.ID.VRID = 57
			must(t, h.Bind(new(first)))
			must(t, h.Bind(new(second)))
			report := wire.next("report", record(toExclude)).frame
			if src := report[26:30]; name == "IGMP" && !bytes.Equal(src, []byte{192, 0, 2, 1}) { // MC-04
				t.Errorf("report comes from %v", net.IP(src))
			}
			must(t, h.Unbind(first.ID))
			for _, f := range wire.drain(record(toInclude)) {
				t.Errorf("left while a router was still there: %x", f.frame)
			}
			must(t, h.Unbind(second.ID))
			wire.next("departure", record(toInclude))
		})
	}
}

// Linux allows twenty memberships on a socket.
func TestMembershipsOnManyLinks(t *testing.T) {
	const links = 23
	n := newNetwork(t)
	ports := make([]int, links)
	for i := range ports {
		ports[i] = n.addLink(fmt.Sprintf("port%d", i)).Attrs().Index
	}
	h := n.open()
	for _, port := range ports {
		b := n.binding("192.0.2.10/24")
		b.ID.Link = port
		must(t, h.Bind(new(b)))
	}
	if got := groupMembers(t); got != links {
		t.Errorf("%d links are in 224.0.0.18, want %d", got, links)
	}
}

// groupMembers counts the links that are in 224.0.0.18, which the kernel prints as a number in host order.
func groupMembers(t *testing.T) int {
	t.Helper()
	table, err := os.ReadFile("/proc/thread-self/net/igmp")
	must(t, err)
	return strings.Count(string(table), fmt.Sprintf("%08X", native.Uint32([]byte{224, 0, 0, 18})))
}

// ND-01, ND-02: one broadcast request for each IPv4 address and round, rounds over all addresses.
func TestGratuitousARP(t *testing.T) {
	n := newNetwork(t)
	h, wire := n.running(), n.listen(n.peer)
	b := n.binding("192.0.2.10/24", "2001:db8::1/128", "192.0.2.11/24")
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	h.Announce(b.ID, 3)
	router := mac(n.router)
	for i := range 6 {
		vip := []byte{192, 0, 2, byte(10 + i%2)}
		want := slices.Concat(
			[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, router[:], []byte{8, 6},
			[]byte{0, 1, 8, 0, 6, 4, 0, 1}, router[:], vip, router[:], vip)
		if got := wire.next("gratuitous ARP", isARP).frame; !bytes.Equal(got[:len(want)], want) {
			t.Errorf("announcement %d is\n%x, want\n%x", i, got, want)
		}
	}
	if more := wire.drain(isARP); len(more) != 0 {
		t.Errorf("%d announcements too many", len(more))
	}
}

func isARP(f []byte) bool { return be.Uint16(f[12:]) == 0x0806 }

// ND-03: an unsolicited neighbour advertisement for each IPv6 address.
func TestNeighborAdvertisement(t *testing.T) {
	n := newNetwork(t)
	h, wire := n.running(), n.listen(n.peer)
	b := n.v6Binding("fe80::10/64", "2001:db8::1/64")
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	h.Announce(b.ID, 1)
	router := mac(n.router)
	for _, a := range b.Addrs {
		frame := wire.next("neighbour advertisement", isNA).frame
		vip := a.Prefix.Addr().AsSlice()
		allNodes := netip.MustParseAddr("ff02::1").AsSlice()
		want := slices.Concat(
			[]byte{0x33, 0x33, 0, 0, 0, 1}, router[:], []byte{0x86, 0xdd},
			[]byte{0x60, 0, 0, 0, 0, 32, 58, 255}, vip, allNodes,
			[]byte{136, 0}, frame[56:58], []byte{0xa0, 0, 0, 0}, vip, []byte{2, 1}, router[:])
		if !bytes.Equal(frame, want) {
			t.Errorf("announcement is\n%x, want\n%x", frame, want)
		}
		pseudo := slices.Concat(vip, allNodes, []byte{0, 0, 0, 32, 0, 0, 0, 58}, frame[54:])
		if sum := onesSum(pseudo); sum != 0xffff {
			t.Errorf("checksum sums to %#x", sum)
		}
	}
}

// isNA looks for advertisements that name their target's router; the kernel's own do not.
func isNA(f []byte) bool {
	return be.Uint16(f[12:]) == 0x86dd && f[20] == 58 && f[54] == 136 && f[58]&0x80 != 0
}

func onesSum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(be.Uint16(b))
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

// ND-21: the gap holds between any two announcements of one kind on a link, and a release cancels what is left.
func TestAnnouncementsArePaced(t *testing.T) {
	const gap = 30 * time.Millisecond
	n := newNetwork(t)
	h, wire := n.open(), n.listen(n.peer)
	first, second := n.binding("192.0.2.10/24", "2001:db8::10/128"), n.binding("192.0.2.11/24")
	second.ID.VRID = 57
	for _, b := range []*host.Binding{&first, &second} {
		b.GARPGap = gap
		must(t, h.Bind(new(*b)))
		h.Acquire(b.ID)
		h.Announce(b.ID, 3)
	}
	n.run(h) // only now, so that both start together
	var order []byte
	var last time.Time
	nas := 0
	for len(order) < 5 {
		r := wire.next("announcement", func(f []byte) bool { return isARP(f) || isNA(f) })
		if isNA(r.frame) {
			nas++ // no gap between these
			continue
		}
		if since := r.at.Sub(last); since < gap-gap/100 { // the realtime clock may be slewed
			t.Errorf("announcement %d came %v after the one before", len(order), since)
		}
		last = r.at
		order = append(order, r.frame[31])
	}
	if want := []byte{10, 11, 10, 11, 10}; !bytes.Equal(order, want) {
		t.Errorf("order of the routers is %v, want %v", order, want)
	}
	if nas != 3 {
		t.Errorf("%d neighbour advertisements, want 3", nas)
	}
	h.Release(second.ID)
	n.await("the address gone", func() bool { return !n.has(n.router, "192.0.2.11/24") })
	time.Sleep(2 * gap) // the time in which the cancelled one would have come
	if more := wire.drain(isARP); len(more) != 0 {
		t.Errorf("%d announcements after the release", len(more))
	}
}

// A link without ARP has nobody to tell.
func TestNoAnnouncementsWithoutARP(t *testing.T) {
	n := newNetwork(t)
	must(t, n.nl.LinkSetARPOff(n.router))
	h, wire := n.running(), n.listen(n.peer)
	b := n.binding("192.0.2.10/24", "2001:db8::1/128")
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	h.Announce(b.ID, 5)
	n.await("the addresses", func() bool { return len(h.Held(b.ID)) == 2 })
	h.Release(b.ID)
	n.await("the release", func() bool { return len(h.Held(b.ID)) == 0 })
	for _, r := range wire.drain(func(f []byte) bool { return isARP(f) || isNA(f) }) {
		t.Errorf("announced %x", r.frame)
	}
	n.noFailure(h)
}

// Adverts of the loop do not wait for a long burst.
func TestAdvertOvertakesBurst(t *testing.T) {
	n := newNetwork(t)
	h, wire := n.running(), n.listen(n.peer)
	b := n.binding("192.0.2.10/24")
	b.GARPGap = time.Second
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	h.Announce(b.ID, 100)
	wire.next("announcement", isARP)
	started := time.Now()
	h.Advertise(h.Sender(b.ID), 100)
	h.Flush()
	if waited := wire.next("advert", isAdvert).at.Sub(started); waited > b.GARPGap/2 {
		t.Errorf("advert took %v", waited)
	}
	started = time.Now()
	h.Release(b.ID)
	n.await("the release", func() bool { return !n.has(n.router, "192.0.2.10/24") })
	if waited := time.Since(started); waited > b.GARPGap/2 {
		t.Errorf("release took %v", waited)
	}
}

func TestBindRefuses(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	must(t, n.nl.LinkSetMTU(n.router, 1000))
	n.await("the MTU", func() bool { return n.seen(h).MTU == 1000 })
	other := netip.MustParseAddr("::1")
	many := slices.Repeat([]netip.Addr{netip.MustParseAddr("10.0.0.1")}, 255)
	tests := map[string]struct {
		change func(*host.Binding)
		want   string
	}{
		"no such link":           {func(b *host.Binding) { b.ID.Link = 9999 }, "link 9999 is gone"},
		"no source":              {func(b *host.Binding) { b.Source = netip.Addr{} }, "source invalid IP is no ipv4 address"},
		"source of other family": {func(b *host.Binding) { b.Source = other }, "source ::1 is no ipv4 address"},
		"no group":               {func(b *host.Binding) { b.ID = b.ID.To(b.Source) }, "192.0.2.1 is no ipv4 multicast group"},
		"peer of other family":   {func(b *host.Binding) { b.Peers = []netip.Addr{other} }, "peer ::1 is no ipv4 address"},
		"address of other family": {func(b *host.Binding) { b.Adverts[0].Advert.Addrs[0] = other },
			"advertised address ::1 is no ipv4 address"},
		"no multicast": {func(b *host.Binding) { b.ID.Link = 1 },
			"lo cannot send multicast; name the other routers with unicast_peer"},
		"too long for the link (FMT-20)": {func(b *host.Binding) { b.Adverts[0].Advert.Addrs = many },
			"an advert with 255 addresses takes 1048 bytes and ens160 carries 1000; " +
				"move addresses to virtual_ipaddress_excluded"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := n.binding("192.0.2.10/24")
			tt.change(&b)
			if err := h.Bind(new(b)); err == nil || err.Error() != "router V1: "+tt.want {
				t.Errorf("Bind said %v, want %s", err, tt.want)
			}
		})
	}
}

// What is not bound is ignored.
func TestUnbound(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	id := vrrp.ID{Link: 1, VRID: 1}
	if h.Sender(id) != nil {
		t.Error("it has a sender")
	}
	h.Acquire(id)
	h.Announce(id, 1)
	h.Release(id)
	must(t, h.Unbind(id))
	if held := h.Held(id); held != nil {
		t.Errorf("holds %v", held)
	}
	n.noFailure(h)
}

func BenchmarkFlush(b *testing.B) {
	const count = 10_000
	n := newNetwork(b)
	h := n.open()
	ids := n.bindMany(h, count)
	for b.Loop() {
		for _, id := range ids {
			h.Advertise(h.Sender(id), 100)
		}
		h.Flush()
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/count, "ns/advert")
	n.noFailure(h)
}

func BenchmarkAcquire(b *testing.B) {
	const count = 1000
	for _, family := range []string{"IPv4", "IPv6"} {
		b.Run(family, func(b *testing.B) {
			n := newNetwork(b)
			h := n.running()
			addrs := make([]string, count)
			for i := range addrs {
				addrs[i] = fmt.Sprintf("10.1.%d.%d/32", i/250, i%250+1)
				if family == "IPv6" {
					addrs[i] = fmt.Sprintf("2001:db8::%x/128", i+1)
				}
			}
			bound := n.binding()
			bound.Addrs = n.binding(addrs...).Addrs
			must(b, h.Bind(new(bound)))
			for b.Loop() {
				h.Acquire(bound.ID)
				n.await("all", func() bool { return len(h.Held(bound.ID)) == count })
				h.Release(bound.ID)
				n.await("none", func() bool { return len(h.Held(bound.ID)) == 0 })
			}
		})
	}
}
