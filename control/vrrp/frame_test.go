package vrrp_test

import (
	"bytes"
	"testing"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

func TestDissect(t *testing.T) {
	v4, v6 := sent(v3Advert(), vrrp.Plain), sent(v6Advert(), vrrp.Plain)
	ip := func(change func(h []byte)) func(*packet) {
		return func(p *packet) {
			p.edit = func(h []byte) []byte {
				change(h)
				if h[0]>>4 == 4 {
					sumIPv4(h)
				}
				return h
			}
		}
	}
	cut := func(n int) func(*packet) {
		return func(p *packet) { p.edit = func(h []byte) []byte { return h[:n] } }
	}
	for _, c := range []struct {
		name string
		base packet
		edit func(p *packet)
		want verdict.Verdict
	}{
		{"RX-23 router alert", v4, func(p *packet) { p.options = []byte{0x94, 4, 0, 0} }, verdict.Delivered},
		{"RX-23 40 bytes of options", v4, func(p *packet) { p.options = bytes.Repeat([]byte{1}, 40) },
			verdict.Delivered},
		{"RX-27 trailer", v4, func(p *packet) { p.trailer = bytes.Repeat([]byte{0xa5}, 40) }, verdict.Delivered},
		{"RX-27 trailer over IPv6", v6, func(p *packet) { p.trailer = []byte{1} }, verdict.Delivered},
		{"RX-24 don't fragment", v4, ip(func(h []byte) { h[6] = 0x40 }), verdict.Delivered},
		{"RX-24 reserved bit", v4, ip(func(h []byte) { h[6] = 0x80 }), verdict.Delivered},
		{"RX-24 more fragments", v4, ip(func(h []byte) { h[6] = 0x20 }), verdict.Fragment},
		{"RX-24 offset", v4, ip(func(h []byte) { h[7] = 2 }), verdict.Fragment},
		{"RX-24 fragment header", v6, func(p *packet) { p.next = 44 }, verdict.Fragment},
		{"RX-25 routing header", v6, func(p *packet) { p.next = 43 }, verdict.ExtHeader},
		{"RX-25 destination options", v6, func(p *packet) { p.next = 60 }, verdict.ExtHeader},
		{"RX-25 another header", v6, func(p *packet) { p.next = 51 }, verdict.NotVRRP},
		{"RX-25 hop-by-hop before something else", v6, ip(func(h []byte) { h[6], h[40] = 0, 6 }),
			verdict.NotVRRP},
		{"RX-25 hop-by-hop before VRRP", v6, ip(func(h []byte) { h[6], h[40] = 0, 112 }), verdict.ExtHeader},
		{"RX-25 hop-by-hop cut off", v6, func(p *packet) {
			p.edit = func(h []byte) []byte { h[6] = 0; return h[:40] }
		}, verdict.NotVRRP},
		{"CK-09 IPv4 header checksum", v4, func(p *packet) {
			p.edit = func(h []byte) []byte { h[10] ^= 1; return h }
		}, verdict.Malformed},
		{"IP version 6 in an IPv4 frame", v4, ip(func(h []byte) { h[0] = 0x65 }), verdict.Malformed},
		{"header of 16 bytes", v4, ip(func(h []byte) { h[0] = 0x44 }), verdict.Malformed},
		{"header longer than the datagram", v4, ip(func(h []byte) { h[0] = 0x4f }), verdict.Malformed},
		{"RX-04 total length beyond the frame", v4, ip(func(h []byte) { h[3]++ }), verdict.Malformed},
		{"RX-04 total length below the header", v4, ip(func(h []byte) { h[3] = 19 }), verdict.Malformed},
		{"malformed before fragment", v4, ip(func(h []byte) { h[3]++; h[6] = 0x20 }), verdict.Malformed},
		{"IP version 4 in an IPv6 frame", v6, func(p *packet) {
			p.edit = func(h []byte) []byte { h[0] = 0x40; return h }
		}, verdict.Malformed},
		{"RX-04 payload length beyond the frame", v6, ip(func(h []byte) { h[5]++ }), verdict.Malformed},
		{"malformed before extension header", v6, ip(func(h []byte) { h[5]++; h[6], h[40] = 60, 112 }),
			verdict.Malformed},
		{"RX-29 UDP", v4, ip(func(h []byte) { h[9] = 17 }), verdict.NotVRRP},
		{"RX-29 AH", v4, ip(func(h []byte) { h[9] = 51 }), verdict.NotVRRP},
		{"RX-29 no next header", v6, ip(func(h []byte) { h[6] = 59 }), verdict.NotVRRP},
		{"IPv4 header cut", v4, cut(19), verdict.NotVRRP},
		{"IPv6 header cut", v6, cut(39), verdict.NotVRRP},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.edit(&c.base)
			f, v := vrrp.Dissect(c.base.frame())
			if v != c.want {
				t.Fatalf("Dissect = %v, want %v", v, c.want)
			}
			if v == verdict.Delivered && !bytes.Equal(f.Message, c.base.message) {
				t.Errorf("message %x, want %x", f.Message, c.base.message)
			}
		})
	}
}

func TestDissectFields(t *testing.T) {
	p := sent(v6Advert(), vrrp.Plain)
	p.tags = []uint16{0x8100, 0xe000 | 100} // priority bits are not part of the VID
	f, v := vrrp.Dissect(p.frame())
	want := vrrp.Frame{SrcMAC: [6]byte{0x02, 0xaa, 0, 0, 0, 1}, DstMAC: [6]byte{0x01, 0, 0x5e, 0, 0, 0x12},
		VLAN: 100, V6: true, Src: peer6, Dst: vrrp.DefaultGroup(true), TTL: 255}
	if v != verdict.Delivered || f.SrcMAC != want.SrcMAC || f.DstMAC != want.DstMAC || f.VLAN != want.VLAN ||
		f.V6 != want.V6 || f.Src != want.Src || f.Dst != want.Dst || f.TTL != want.TTL {
		t.Errorf("Dissect = %+v, %v; want %+v", f, v, want)
	}
	if id, ok := f.ID(testLink); !ok || id != (vrrp.ID{Link: testLink, VLAN: 100, V6: true, VRID: testVRID}) {
		t.Errorf("ID = %+v, %v", id, ok)
	}
}

// TestVLAN puts a router on each VLAN in turn and says which of them takes the frame.
func TestVLAN(t *testing.T) {
	const nowhere = vrrp.VLAN(1 << 31)
	const qinq = vrrp.VLAN(200<<16 | 100)
	for _, c := range []struct {
		name string
		tags []uint16
		on   vrrp.VLAN
	}{
		{"RX-26 untagged", nil, 0},
		{"RX-26 one tag", []uint16{0x8100, 100}, 100},
		{"RX-26 priority tag", []uint16{0x8100, 0xe000}, 0},
		{"RX-26 priority service tag", []uint16{0x88a8, 0}, 0},
		{"RX-26 service tag over customer tag", []uint16{0x88a8, 200, 0x8100, 100}, qinq},
		{"RX-26 stacked customer tags", []uint16{0x8100, 200, 0x8100, 100}, nowhere},
		{"RX-26 customer tag over service tag", []uint16{0x8100, 200, 0x88a8, 100}, nowhere},
		{"RX-26 service tag alone", []uint16{0x88a8, 100}, nowhere},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := sent(v3Advert(), vrrp.Plain)
			p.tags = c.tags
			for _, vlan := range []vrrp.VLAN{0, 100, 200, qinq} {
				r := rules(false, vrrp.V3)
				r.ID.VLAN = vlan
				want := verdict.OtherVLAN
				if vlan == c.on {
					want = verdict.Delivered
				}
				if _, _, v := vrrp.Judge(p.frame(), testLink, table(r)); v != want {
					t.Errorf("router on VLAN %v: %v, want %v", vlan, v, want)
				}
			}
		})
	}
	t.Run("three tags", func(t *testing.T) {
		p := sent(v3Advert(), vrrp.Plain)
		p.tags = []uint16{0x88a8, 1, 0x8100, 2, 0x8100, 3}
		if _, v := vrrp.Dissect(p.frame()); v != verdict.NotVRRP {
			t.Errorf("Dissect = %v, want %v", v, verdict.NotVRRP)
		}
	})
}

// TestDissectTruncated cuts a tagged frame everywhere; it may only ever be called whole when it is.
func TestDissectTruncated(t *testing.T) {
	p := sent(v3Advert(), vrrp.Plain)
	p.tags = []uint16{0x88a8, 200, 0x8100, 100}
	frame := p.frame()
	const ip = 14 + 2*4
	for n := range frame {
		want := verdict.Malformed
		if n < ip+20 {
			want = verdict.NotVRRP
		}
		if _, v := vrrp.Dissect(frame[:n]); v != want {
			t.Errorf("%d of %d bytes: %v, want %v", n, len(frame), v, want)
		}
	}
}
