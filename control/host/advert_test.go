package host_test

import (
	"bytes"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

func sharedHMAC() *vrrp.HMAC {
	return &vrrp.HMAC{Keys: map[uint8][]byte{3: bytes.Repeat([]byte{3}, 32)}, Active: 3, Window: time.Minute}
}

// addPeers makes unicast neighbours of ens160 known, so that adverts to them leave at once.
func (n *network) addPeers(b *host.Binding, peers ...string) {
	n.Helper()
	for _, s := range peers {
		peer := netip.MustParseAddr(s)
		b.Peers = append(b.Peers, peer)
		must(n, n.nl.NeighAdd(&netlink.Neigh{
			LinkIndex: b.ID.Link, IP: peer.AsSlice(), HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 0x77}, State: netlink.NUD_PERMANENT,
		}))
	}
}

// Each signed advert verifies and none replays another: not one of the same turn, nor of another form, nor one after
// the router was bound anew.
func TestSignedAdverts(t *testing.T) {
	tests := map[string]struct {
		v6     bool
		change func(n *network, b *host.Binding)
		each   int // adverts of a turn
	}{
		"version 3": {each: 1},
		"version 2 with password": {each: 1, change: func(_ *network, b *host.Binding) {
			b.Adverts[0].Advert.Version, b.Adverts[0].Advert.Auth = 2, vrrp.NewPass("1111")
		}},
		"both versions": {each: 2, change: func(_ *network, b *host.Binding) {
			second := b.Adverts[0]
			second.Advert.Version = 2
			b.Adverts = append(b.Adverts, second)
		}},
		"pseudo header": {each: 1, change: func(_ *network, b *host.Binding) { b.Adverts[0].Checksum = vrrp.Pseudo }},
		"IPv6":          {v6: true, each: 1},
		"unicast": {each: 1, change: func(n *network, b *host.Binding) {
			b.Adverts[0].Checksum = vrrp.OldUnicast
			n.addPeers(b, "192.0.2.2")
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			h, wire := n.open(), n.listen(n.peer)
			b := n.binding("192.0.2.10/24", "10.0.0.1/32")
			if tt.v6 {
				b = n.v6Binding("fe80::10/64", "2001:db8::1/64")
			}
			b.HMAC = sharedHMAC()
			if tt.change != nil {
				tt.change(n, &b)
			}
			by := vrrp.NewVerifier(sharedHMAC(), 0)
			must(t, h.Bind(new(b)))
			for turn, priorities := range [][]uint8{{100, 0}, {100}, {100}} {
				if turn == 2 {
					must(t, h.Bind(new(b)))
				}
				for _, p := range priorities {
					h.Advertise(h.Sender(b.ID), p)
				}
				h.Flush()
				for _, p := range priorities {
					for range tt.each {
						f, a := dissect(t, wire.next("advert", isAdvert).frame)
						if v := by.Check(f.Message, f.Src, time.Now()); v != verdict.Delivered || a.Priority != p {
							t.Errorf("turn %d: %v, priority %d, want %d", turn, v, a.Priority, p)
						}
					}
				}
			}
			n.noFailure(h)
		})
	}
}

// One signature serves all peers.
func TestPeersShareSignatures(t *testing.T) {
	n := newNetwork(t)
	h, wire := n.open(), n.listen(n.peer)
	b := n.binding("192.0.2.10/24")
	b.HMAC, b.Adverts[0].Checksum = sharedHMAC(), vrrp.Pseudo
	n.addPeers(&b, "192.0.2.2", "192.0.2.3", "192.0.2.4")
	must(t, h.Bind(new(b)))
	h.Advertise(h.Sender(b.ID), 100)
	h.Flush()
	var first []byte
	for _, peer := range b.Peers {
		f, a := dissect(t, wire.next("advert", isAdvert).frame)
		if first == nil {
			first = a.Trailer
		}
		if f.Dst != peer || !bytes.Equal(a.Trailer, first) {
			t.Errorf("to %v: trailer %x, want %x to %v", f.Dst, a.Trailer, first, peer)
		}
	}
}

// receive-only: others may sign, we do not.
func TestUnsignedMode(t *testing.T) {
	n := newNetwork(t)
	h, wire := n.open(), n.listen(n.peer)
	b := n.binding("192.0.2.10/24")
	b.HMAC = sharedHMAC()
	b.HMAC.Mode = vrrp.HMACReceiveOnly
	must(t, h.Bind(new(b)))
	h.Advertise(h.Sender(b.ID), 100)
	h.Flush()
	if _, a := dissect(t, wire.next("advert", isAdvert).frame); a.Trailer != nil {
		t.Errorf("trailer %x", a.Trailer)
	}
}

// FMT-06: a router with a virtual MAC sends from it, whatever the link's own is.
func TestAdvertsFromVirtualMAC(t *testing.T) {
	n := newNetwork(t)
	h, wire := n.open(), n.listen(n.peer)
	b := n.binding("192.0.2.10/24")
	b.MAC = [6]byte{0, 0, 0x5e, 0, 1, 56}
	must(t, h.Bind(new(b)))
	h.Advertise(h.Sender(b.ID), 100)
	h.Flush()
	if f, _ := dissect(t, wire.next("advert", isAdvert).frame); f.SrcMAC != b.MAC {
		t.Errorf("sent from %x, want %x", f.SrcMAC, b.MAC)
	}
}

// A peer that cannot be reached costs the others nothing and is reported once; so is each change.
func TestUnreachablePeers(t *testing.T) {
	n := newNetwork(t)
	h, wire := n.running(), n.listen(n.peer)
	b := n.binding("192.0.2.10/24")
	n.addPeers(&b, "192.0.2.2", "192.0.2.3")
	b.Peers = []netip.Addr{netip.MustParseAddr("203.0.113.1"), b.Peers[0], netip.MustParseAddr("203.0.113.2"), b.Peers[1]}
	must(t, h.Bind(new(b)))
	send := func() {
		t.Helper()
		h.Advertise(h.Sender(b.ID), 100)
		h.Flush()
		for _, peer := range []netip.Addr{b.Peers[1], b.Peers[3]} {
			if f, _ := dissect(t, wire.next("advert", isAdvert).frame); f.Dst != peer {
				t.Errorf("advert to %v, want %v", f.Dst, peer)
			}
		}
	}
	send()
	both := n.failure(h)
	if text := both.Err.Error(); both.Op != "advertise" || !strings.Contains(text, "203.0.113.1: ") || !strings.Contains(text, "203.0.113.2: ") {
		t.Errorf("failure is %+v", both)
	}
	send()
	must(t, n.nl.RouteAdd(&netlink.Route{LinkIndex: b.ID.Link,
		Dst: &net.IPNet{IP: net.IPv4(203, 0, 113, 1), Mask: net.CIDRMask(32, 32)}}))
	send()
	if one := n.failure(h); strings.Contains(one.Err.Error(), "203.0.113.1: ") || !strings.Contains(one.Err.Error(), "203.0.113.2: ") {
		t.Errorf("failure is %+v", one)
	}
	must(t, n.nl.RouteAdd(&netlink.Route{LinkIndex: b.ID.Link,
		Dst: &net.IPNet{IP: net.IPv4(203, 0, 113, 2), Mask: net.CIDRMask(32, 32)}}))
	send()
	n.noFailure(h)
}

// An advert leaves where the routing table leads, which need not be the router's link.
func TestUnicastOverAnotherLink(t *testing.T) {
	n := newNetwork(t)
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "uplink"}, PeerName: "gateway"}
	must(t, n.nl.LinkAdd(pair))
	for _, name := range []string{"uplink", "gateway"} {
		must(t, n.nl.LinkSetUp(n.link(name)))
	}
	uplink := n.link("uplink")
	h, wire := n.open(), n.listen(n.link("gateway"))
	peer := netip.MustParseAddr("203.0.113.1")
	must(t, n.nl.RouteAdd(&netlink.Route{LinkIndex: uplink.Attrs().Index,
		Dst: &net.IPNet{IP: peer.AsSlice(), Mask: net.CIDRMask(32, 32)}}))
	must(t, n.nl.NeighAdd(&netlink.Neigh{LinkIndex: uplink.Attrs().Index, IP: peer.AsSlice(),
		HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 0x77}, State: netlink.NUD_PERMANENT}))
	b := n.binding("192.0.2.10/24")
	b.Peers = []netip.Addr{peer}
	must(t, h.Bind(new(b)))
	h.Advertise(h.Sender(b.ID), 100)
	h.Flush()
	if f, _ := dissect(t, wire.next("advert", isAdvert).frame); f.Src != b.Source || f.Dst != peer || f.SrcMAC != mac(uplink) {
		t.Errorf("advert from %v (%x) to %v", f.Src, f.SrcMAC, f.Dst)
	}
	n.noFailure(h)
}
