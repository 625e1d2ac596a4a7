package vrrp_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

func TestExplain(t *testing.T) {
	v2 := func(change func(a *vrrp.Advert)) func(*packet) { return advertise(v2Advert, vrrp.Plain, change) }
	for _, c := range []struct {
		name  string
		send  func(p *packet)
		rules func(r *vrrp.Rules)
		want  string
	}{
		{"ttl", func(p *packet) { p.ttl = 254 }, nil, "TTL 254, expected 255"},
		{"ttl of a peer", func(p *packet) { p.dst, p.ttl = own4, 3 },
			func(r *vrrp.Rules) { r.Peers = []vrrp.Peer{{Addr: peer4, MinTTL: 250, MaxTTL: 255}} },
			"TTL 3, expected 250 to 255"},
		{"peer", func(p *packet) { p.dst = own4 }, func(r *vrrp.Rules) { r.Peers = []vrrp.Peer{{Addr: other}} },
			"source 192.0.2.11 is none of our unicast peers"},
		{"dst", func(p *packet) { p.dst = own4 }, nil, "destination 192.0.2.1, expected 224.0.0.18"},
		{"self_source", func(p *packet) { p.src = own4 }, nil, "source 192.0.2.1 is our own address"},
		{"src", func(p *packet) { p.src = netip.MustParseAddr("127.0.0.1") }, nil,
			"no host can have the source address 127.0.0.1"},
		{"vlan", func(p *packet) { p.tags = []uint16{0x8100, 7} }, nil, "no router of ours is on VLAN 7"},
		{"vlan, odd stack", func(p *packet) { p.tags = []uint16{0x8100, 7, 0x8100, 8} }, nil,
			verdict.OtherVLAN.Meaning()},
		{"foreign", v2(func(a *vrrp.Advert) { a.VRID = 99 }), nil, "VRID 99 over ipv4 is not configured here"},
		{"length, header", func(p *packet) { p.message = p.message[:7] }, nil,
			"7 bytes, expected a header of 8"},
		{"length", func(p *packet) { p.message[3] = 2 }, nil,
			"20 bytes, expected 24 for version 2 with 2 addresses"},
		{"version", func(p *packet) { p.message[0] = 0x41 }, nil, "version 4, expected 2"},
		{"type", func(p *packet) { p.message[0] = 0x27 }, nil, "type 7, expected 1"},
		{"count_zero", func(p *packet) { p.message[3] = 0 }, nil, "address count 0, expected at least 1"},
		{"checksum", func(p *packet) { p.message[7] ^= 0xff }, nil, "checksum 0x850b, expected 0x85f4"},
		{"checksum, other form", advertise(v3Advert, vrrp.Pseudo, func(*vrrp.Advert) {}),
			func(r *vrrp.Rules) { r.Versions = vrrp.V3 },
			"checksum 0xd2f6 covers a pseudo header, expected the message alone (RFC 9568)"},
		{"checksum, other form the other way", advertise(v3Advert, vrrp.Plain, func(*vrrp.Advert) {}),
			func(r *vrrp.Rules) { r.Versions, r.Checksum = vrrp.V3, vrrp.Pseudo },
			"checksum 0x7591 covers the message alone, expected a pseudo header as well"},
		{"owner", nil, func(r *vrrp.Rules) { r.Owner = true },
			"priority 150 from 192.0.2.11 while this router owns the addresses"},
		{"auth_type", nil, func(r *vrrp.Rules) { r.Auth = vrrp.NewPass("x") },
			"auth type 0 (none), expected 1 (PASS)"},
		{"auth_data", v2(func(a *vrrp.Advert) { a.Auth = vrrp.NewPass("wrong") }),
			func(r *vrrp.Rules) { r.Auth = vrrp.NewPass("right") }, "password differs from ours"},
		{"addr_list", v2(func(a *vrrp.Advert) { a.Addrs = many(8) }),
			func(r *vrrp.Rules) { r.Mismatch = vrrp.DropMismatch },
			"addresses 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5, 10.0.0.6 and 2 more, expected 192.0.2.254"},
		{"conflict", v2(func(a *vrrp.Advert) { a.Addrs = []netip.Addr{other} }), nil,
			"addresses 192.0.2.9 share none with ours 192.0.2.254"},
		{"interval", v2(func(a *vrrp.Advert) { a.Interval = 2 * time.Second }), nil, "interval 2s, ours 1s"},
		{"delivered", nil, nil, verdict.Delivered.Meaning()},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, r := sent(v2Advert(), vrrp.Plain), rules(false, vrrp.V2)
			if c.send != nil {
				c.send(&p)
			}
			if c.rules != nil {
				c.rules(&r)
			}
			f, _, v := vrrp.Judge(p.frame(), testLink, table(r))
			if got := vrrp.Explain(f, v, &r); got != c.want {
				t.Errorf("%v: %q, want %q", v, got, c.want)
			}
			if !strings.HasPrefix(c.name, v.String()) && v != verdict.OtherVLAN {
				t.Errorf("the case is about %s, the frame got %v", c.name, v)
			}
		})
	}
}

// What is wrong with a trailer, by what the Verifier says of it.
func TestExplainTrailer(t *testing.T) {
	m := ours(shared(), noon)
	for _, c := range []struct {
		message []byte
		v       verdict.Verdict
		want    string
	}{
		{sent(v3Advert(), vrrp.Plain).message, verdict.HMACMissing, "no HMAC trailer, expected one"},
		{set(15, 1)(bytes.Clone(m)), verdict.HMACMalformed,
			"HMAC trailer begins with 0x01010001, expected type 1 and zero in byte 2 and 3"},
		{set(13, 9)(bytes.Clone(m)), verdict.HMACKey, "signed with key 9, which is none of ours"},
		{m, verdict.HMACStale,
			"signed at 2026-11-22T12:00:00Z by its sender's clock: replayed, or a clock is wrong"},
		{m, verdict.HMACReplay, verdict.HMACReplay.Meaning()},
		{set(12+27, 0)(bytes.Clone(m)), verdict.BadChecksum, "checksum 0x7591, expected 0x7591"},
	} {
		f := vrrp.Frame{Src: peer4, Dst: vrrp.DefaultGroup(false), Message: c.message}
		if got := vrrp.Explain(f, c.v, &vrrp.Rules{Checksum: vrrp.Plain}); got != c.want {
			t.Errorf("%v: %q, want %q", c.v, got, c.want)
		}
	}
}

func TestExplainFirstAddress(t *testing.T) {
	a := v6Advert()
	a.Addrs = a.Addrs[1:]
	r := rules(true, vrrp.V3)
	f, _, v := vrrp.Judge(sent(a, vrrp.Plain).frame(), testLink, table(r))
	if got, want := vrrp.Explain(f, v, &r), "addresses 2001:db8::254 do not begin with a link-local one"; got != want {
		t.Errorf("%v: %q, want %q", v, got, want)
	}
}

// TestExplainAnything gives every verdict frames and rules it does not fit, as happens after a reload.
func TestExplainAnything(t *testing.T) {
	p, r := sent(v2Advert(), vrrp.Plain), rules(false, vrrp.V2)
	f, _ := vrrp.Dissect(p.frame())
	for v := range verdict.Verdict(verdict.Count) {
		for n := range len(f.Message) + 1 {
			short := f
			short.Message = f.Message[:n]
			for _, r := range []*vrrp.Rules{nil, {}, &r} {
				if vrrp.Explain(short, v, r) == "" {
					t.Errorf("%v with %d bytes: nothing to say", v, n)
				}
			}
		}
	}
}

func TestExplainCutMessage(t *testing.T) {
	a, r := v3Advert(), rules(false, vrrp.V3)
	a.Addrs = many(30)
	f, _ := vrrp.Dissect(sent(a, vrrp.Plain).frame())
	f.Message = f.Message[:64]
	if got, want := vrrp.Explain(f, verdict.BadChecksum, &r), "checksum 0x0aa1 is wrong"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func many(n int) []netip.Addr {
	list := []netip.Addr{netip.MustParseAddr("10.0.0.1")}
	for len(list) < n {
		list = append(list, list[len(list)-1].Next())
	}
	return list
}
