package loader

import (
	"net/netip"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// judged is a frame and what must become of it under changed rules.
type judged struct {
	name   string
	rules  func(*vrrp.Rules)
	packet packet
	want   verdict.Verdict
}

// check runs each case through both hooks, against a router of its own.
func check(t *testing.T, base func() vrrp.Rules, cases []judged) {
	l := open(t, Options{Trace: true})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := base()
			if c.rules != nil {
				c.rules(&r)
			}
			id := add(t, l, r)
			for _, hook := range []Mode{XDP, TC} {
				got, err := l.Try(c.packet.bytes(), hook)
				if err != nil {
					t.Fatal(err)
				}
				if got != c.want {
					t.Errorf("%s: %s, want %s", hook, got, c.want)
				}
			}
			if err := l.RemoveRouter(id); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// The address list: RX-14, RX-17 and the policies of vrrp_address_mismatch.
func TestAddressLists(t *testing.T) {
	other, another := netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("203.0.113.2")
	two := func(r *vrrp.Rules) { r.Addrs = []netip.Addr{vip, other} }
	policy := func(m vrrp.Mismatch, more ...func(*vrrp.Rules)) func(*vrrp.Rules) {
		return func(r *vrrp.Rules) {
			r.Mismatch = m
			for _, f := range more {
				f(r)
			}
		}
	}
	owners := v2("").with(func(p *packet) { p.advert.Priority, p.advert.Addrs = 255, []netip.Addr{another} })
	check(t, ordinary, []judged{
		{"disjoint: the same", nil, v3(vip), verdict.Delivered},
		{"disjoint: one more", nil, v3(another, vip), verdict.Delivered},
		{"disjoint: none of ours", nil, v3(another, other), verdict.Conflict},
		{"disjoint: alike in the last byte", nil, v3(netip.MustParseAddr("203.0.113.254"), netip.MustParseAddr("203.0.113.62")), verdict.Conflict},
		{"disjoint: we have none", func(r *vrrp.Rules) { r.Addrs = nil }, v3(another), verdict.Delivered},
		{"accept: none of ours", policy(vrrp.AcceptMismatch), v3(another), verdict.Delivered},
		{"drop: the same", policy(vrrp.DropMismatch, two), v3(vip, other), verdict.Delivered},
		{"drop: another order", policy(vrrp.DropMismatch, two), v3(other, vip), verdict.Delivered},
		{"drop: one instead of another", policy(vrrp.DropMismatch, two), v3(vip, another), verdict.AddrList},
		{"drop: one twice", policy(vrrp.DropMismatch, two), v3(vip, vip), verdict.AddrList},
		{"drop: one missing", policy(vrrp.DropMismatch, two), v3(vip), verdict.AddrList},
		{"drop: one more", policy(vrrp.DropMismatch), v3(vip, other), verdict.AddrList},
		{"drop: version 2 owner", policy(vrrp.DropMismatch, func(r *vrrp.Rules) { r.Versions = vrrp.V2 }), owners, verdict.Delivered},
		{"disjoint: version 2 owner", func(r *vrrp.Rules) { r.Versions = vrrp.V2 }, owners, verdict.Conflict},
		{"skipped for the followed master", func(r *vrrp.Rules) { r.SkipAddrs, r.Followed = true, master }, v3(another), verdict.Delivered},
		{"not skipped for others", func(r *vrrp.Rules) { r.SkipAddrs, r.Followed = true, rival }, v3(another), verdict.Conflict},
	})
}

// The longest lists of both families pass, and a difference in their last address is found.
func TestLongLists(t *testing.T) {
	full := addresses(255, false)
	changed := append(append([]netip.Addr(nil), full[:254]...), rival)
	strict := func(r *vrrp.Rules) { r.Mismatch, r.Addrs = vrrp.DropMismatch, full }
	check(t, ordinary, []judged{
		{"255 addresses", strict, v3(full...), verdict.Delivered},
		{"the last differs", strict, v3(changed...), verdict.AddrList},
		{"version 2", func(r *vrrp.Rules) { strict(r); r.Versions = vrrp.V2 },
			v2("").with(func(p *packet) { p.advert.Addrs = full }), verdict.Delivered},
		{"only the last is ours", func(r *vrrp.Rules) { r.Addrs = []netip.Addr{rival} }, v3(changed...), verdict.Delivered},
	})
	full6 := append([]netip.Addr{vip6}, addresses(89, true)...)
	check(t, ordinaryIPv6, []judged{
		{"90 IPv6 addresses", func(r *vrrp.Rules) { r.Mismatch, r.Addrs = vrrp.DropMismatch, full6 }, v3IPv6(full6[1:]...), verdict.Delivered},
		{"the last IPv6 address differs", func(r *vrrp.Rules) { r.Mismatch, r.Addrs = vrrp.DropMismatch, full6 },
			v3IPv6(append(append([]netip.Addr(nil), full6[1:89]...), master6)...), verdict.AddrList},
	})
}

// RX-22: unicast adverts come from a peer, to our own address, with a TTL of the peer's range.
func TestUnicast(t *testing.T) {
	unicast := func(r *vrrp.Rules) {
		r.Peers = []vrrp.Peer{{Addr: master, MinTTL: 250, MaxTTL: 254}, {Addr: netip.MustParseAddr("192.0.2.9"), MaxTTL: 255}}
	}
	to := func(dst netip.Addr, ttl uint8) packet {
		return v3().with(func(p *packet) { p.dst, p.ttl = dst, ttl })
	}
	check(t, ordinary, []judged{
		{"from a peer", unicast, to(own, 252), verdict.Delivered},
		{"lowest TTL", unicast, to(own, 250), verdict.Delivered},
		{"TTL too low", unicast, to(own, 249), verdict.BadTTL},
		{"TTL too high", unicast, to(own, 255), verdict.BadTTL},
		{"not a peer", unicast, to(own, 252).from(rival), verdict.NotAPeer},
		{"to the group", unicast, to(vrrp.DefaultGroup(false), 252), verdict.Elsewhere},
		{"our own address", unicast, to(own, 252).from(own), verdict.SelfSource},
		{"impossible source", unicast, to(own, 252).from(netip.MustParseAddr("127.0.0.1")), verdict.BadSource},
		{"unicast without peers", nil, to(own, 255), verdict.Elsewhere},
	})
}

// RX-01 to RX-30: one defect each, so that every verdict of the receive checks is given by both hooks.
func TestDefects(t *testing.T) {
	at := func(offset int, b byte) func([]byte) []byte {
		return func(m []byte) []byte { m[offset] = b; return m }
	}
	frame := func(f func([]byte) []byte) packet { return v3().with(func(p *packet) { p.frame = f }) }
	message := func(f func([]byte) []byte) packet { return v3().with(func(p *packet) { p.message = f }) }
	versions := func(v vrrp.Versions) func(*vrrp.Rules) { return func(r *vrrp.Rules) { r.Versions = v } }
	pass := func(r *vrrp.Rules) { r.Versions, r.Auth = vrrp.V2, vrrp.NewPass("secret") }
	check(t, ordinary, []judged{
		{"valid", nil, v3(), verdict.Delivered},
		{"CK-04 pseudo header", nil, v3().with(func(p *packet) { p.checksum = vrrp.Pseudo }), verdict.Delivered},
		{"RX-23 options", nil, v3().with(func(p *packet) { p.options = 40 }), verdict.Delivered},
		{"RX-27 padding", nil, frame(func(b []byte) []byte { return append(b, 1, 2, 3) }), verdict.Delivered},
		{"RX-29 another protocol", nil, frame(at(14+9, 6)), verdict.NotVRRP},
		{"RX-26 another VLAN", nil, v3().tagged(0x8100<<16 | 20), verdict.OtherVLAN},
		{"RX-26 priority tag", nil, v3().tagged(0x8100 << 16), verdict.Delivered},
		{"RX-26 service tag alone", nil, v3().tagged(0x88a8<<16 | 20), verdict.OtherVLAN},
		{"RX-26 three tags", nil, v3().tagged(0x88a8<<16|1, 0x8100<<16|2, 0x8100<<16|3), verdict.NotVRRP},
		{"CK-09 bad IP checksum", nil, frame(at(14+10, 0xff)), verdict.Malformed},
		{"RX-24 fragment", nil, v3().with(func(p *packet) {
			p.frame = func(b []byte) []byte {
				b[14+6], b[14+10], b[14+11] = 0x20, 0, 0
				sum := onesComplement(b[14:34])
				b[14+10], b[14+11] = byte(sum>>8), byte(sum)
				return b
			}
		}), verdict.Fragment},
		{"RX-08 unknown VRID", nil, v3().with(func(p *packet) { p.advert.VRID = 99 }), verdict.Foreign},
		{"RX-01 TTL", nil, v3().with(func(p *packet) { p.ttl = 254 }), verdict.BadTTL},
		{"RX-20 own source", nil, v3().from(own), verdict.SelfSource},
		{"RX-30 impossible source", nil, v3().from(netip.MustParseAddr("0.1.2.3")), verdict.BadSource},
		{"RX-04 truncated", nil, message(func(m []byte) []byte { return m[:11] }), verdict.BadLength},
		{"RX-06 surplus", nil, message(func(m []byte) []byte { return append(m, 0, 0, 0, 0) }), verdict.BadLength},
		{"RX-02 version", nil, v2(""), verdict.BadVersion},
		{"RX-03 type", nil, message(at(0, 0x37)), verdict.BadType},
		{"RX-05 no addresses", nil, message(at(3, 0)), verdict.NoAddresses},
		{"RX-07 checksum", nil, message(at(2, 99)), verdict.BadChecksum},
		{"CK-05 pseudo header not wanted", func(r *vrrp.Rules) { r.Checksum = vrrp.Plain },
			v3().with(func(p *packet) { p.checksum = vrrp.Pseudo }), verdict.BadChecksum},
		{"CK-05 pseudo header wanted", func(r *vrrp.Rules) { r.Checksum = vrrp.Pseudo }, v3(), verdict.BadChecksum},
		{"RX-09 owner", func(r *vrrp.Rules) { r.Versions, r.Owner = vrrp.V2, true }, v2(""), verdict.Owner},
		{"RX-10 owner, version 3", func(r *vrrp.Rules) { r.Owner = true }, v3(), verdict.Delivered},
		{"AU-01 password", pass, v2("secret"), verdict.Delivered},
		{"AU-02 type", pass, v2(""), verdict.AuthType},
		{"AU-01 another password", pass, v2("Secret"), verdict.AuthData},
		{"RX-12 interval 0", nil, v3().with(func(p *packet) { p.advert.Interval = 0 }), verdict.BadInterval},
		{"RX-15 another interval", versions(vrrp.V2), v2("").with(func(p *packet) { p.advert.Interval = 2 * time.Second }), verdict.BadInterval},
		{"IO-06 another interval", versions(vrrp.V2 | vrrp.V3), v2("").with(func(p *packet) { p.advert.Interval = 2 * time.Second }), verdict.Delivered},
	})
	global := v3IPv6().with(func(p *packet) { p.advert.Addrs = []netip.Addr{netip.MustParseAddr("2001:db8::1"), vip6} })
	check(t, ordinaryIPv6, []judged{
		{"valid IPv6", nil, v3IPv6(), verdict.Delivered},
		{"RX-11 first not link-local", nil, global, verdict.NotLinkLocal},
		{"RX-11 allowed", func(r *vrrp.Rules) { r.AnyFirst = true }, global, verdict.Delivered},
		{"RX-25 extension header", nil, v3IPv6().with(func(p *packet) {
			p.frame = func(b []byte) []byte { b[14+6], b[14+40] = 60, 112; return b }
		}), verdict.ExtHeader},
		{"RX-24 fragment header", nil, v3IPv6().with(func(p *packet) {
			p.frame = func(b []byte) []byte { b[14+6], b[14+40] = 44, 112; return b }
		}), verdict.Fragment},
		{"RX-30 impossible source", nil, v3IPv6().from(netip.MustParseAddr("ff02::1")), verdict.BadSource},
	})
}

// A frame that the kernel would not run at all is no VRRP, on both hooks.
func TestTryShort(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	for _, size := range []int{0, 13, 14, 20, 33} {
		for _, hook := range []Mode{XDP, TC} {
			got, err := l.Try(v3().bytes()[:size], hook)
			if err != nil || got != verdict.NotVRRP {
				t.Errorf("%d bytes, %s: %v, %v", size, hook, got, err)
			}
		}
	}
}
