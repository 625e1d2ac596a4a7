package main

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

func TestReview(t *testing.T) {
	var (
		old, heir = netip.MustParseAddr("172.160.180.46"), netip.MustParseAddr("172.160.180.47")
		vip       = netip.MustParseAddr("172.160.180.168")
		oldMAC    = [6]byte{2, 0, 0, 0, 0, 0x2e}
		heirMAC   = [6]byte{2, 0, 0, 0, 0, 0x2f}
		client    = [6]byte{2, 0, 0, 0, 0, 9}
	)
	at := func(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }
	adv := func(ms int, from netip.Addr, mac [6]byte) heardFrame {
		return heardFrame{at: at(ms), what: advert, mac: mac, addr: from}
	}
	arp := func(ms int, mac [6]byte, addr netip.Addr) heardFrame {
		return heardFrame{at: at(ms), what: claim, mac: mac, addr: addr}
	}
	req := func(ms int, seq uint16) heardFrame {
		return heardFrame{at: at(ms), what: ping, mac: client, seq: seq}
	}
	rep := func(ms int, seq uint16, mac [6]byte) heardFrame {
		return heardFrame{at: at(ms), what: pong, mac: mac, addr: vip, seq: seq}
	}
	for _, c := range []struct {
		name string
		told []heardFrame
		want passage
	}{
		{"silence", nil, passage{}},
		{"the last advert of one, the first of the other", []heardFrame{
			adv(0, old, oldMAC), adv(1000, old, oldMAC), adv(4400, heir, heirMAC), adv(5400, heir, heirMAC),
		}, passage{lastAdvert: at(1000), firstAdvert: at(4400)}},
		{"claims of others and of other addresses do not count", []heardFrame{
			adv(0, heir, heirMAC), arp(1, oldMAC, vip), arp(2, heirMAC, heir), arp(3, heirMAC, vip), arp(4, heirMAC, vip),
		}, passage{firstAdvert: at(0), claimed: at(3)}},
		{"an outage", []heardFrame{
			req(0, 1), rep(1, 1, oldMAC), req(10, 2), req(20, 3), adv(25, heir, heirMAC), req(30, 4), rep(31, 4, heirMAC),
			req(40, 5), rep(41, 5, heirMAC), adv(300, heir, heirMAC),
		}, passage{firstAdvert: at(25), answered: at(31), pings: 5, lost: 2, wait: 21 * time.Millisecond}},
		{"a reply that came twice is one", []heardFrame{
			req(0, 1), rep(1, 1, oldMAC), rep(50, 1, heirMAC), req(60, 2), rep(61, 2, oldMAC), adv(300, old, oldMAC),
		}, passage{lastAdvert: at(300), pings: 2, wait: time.Millisecond}},
		{"pings under way at the end say nothing", []heardFrame{
			req(0, 1), rep(1, 1, oldMAC), req(950, 2), adv(1000, old, oldMAC),
		}, passage{lastAdvert: at(1000), pings: 1, wait: time.Millisecond}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := review(c.told, old, heir, vip); got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// ethernet is a frame from a fixed sender.
func ethernet(kind uint16, packet []byte) []byte {
	b := append(make([]byte, 6), 2, 0, 0, 0, 0, 0x2e)
	return append(binary.BigEndian.AppendUint16(b, kind), packet...)
}

// ipv4 is a packet with a sound header.
func ipv4(protocol byte, src, dst netip.Addr, payload []byte) []byte {
	b := []byte{0x45, 0, 0, byte(ipv4Len + len(payload)), 0, 0, 0, 0, 255, protocol, 0, 0}
	b = append(append(append(b, src.AsSlice()...), dst.AsSlice()...), payload...)
	sum := uint32(0)
	for i := 0; i < ipv4Len; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum>>16+sum))
	return b
}

func TestDissect(t *testing.T) {
	var (
		host  = netip.MustParseAddr("172.160.180.46")
		vip   = netip.MustParseAddr("172.160.180.168")
		group = vrrp.DefaultGroup(false)
	)
	message := vrrp.Advert{Version: 2, VRID: 56, Priority: 160, Interval: time.Second, Addrs: []netip.Addr{vip}}.AppendTo(nil, host, group, vrrp.Plain)
	arp := func(sender, target netip.Addr) []byte {
		b := make([]byte, 8+6, arpLen)
		b = append(append(b, sender.AsSlice()...), make([]byte, 6)...)
		return append(b, target.AsSlice()...)
	}
	reply := echo(7)
	reply[0] = echoReply
	for _, c := range []struct {
		name  string
		frame []byte
		what  sound
		addr  netip.Addr
		seq   uint16
	}{
		{"advert", ethernet(typeIPv4, ipv4(112, host, group, message)), advert, host, 0},
		{"request", ethernet(typeIPv4, ipv4(1, host, vip, echo(7))), ping, host, 7},
		{"reply", ethernet(typeIPv4, ipv4(1, vip, host, reply)), pong, vip, 7},
		{"gratuitous ARP", ethernet(typeARP, arp(vip, vip)), claim, vip, 0},
		{"ARP request", ethernet(typeARP, arp(host, vip)), nothing, netip.Addr{}, 0},
		{"UDP", ethernet(typeIPv4, ipv4(17, host, vip, make([]byte, 8))), nothing, host, 0},
		{"ICMP cut short", ethernet(typeIPv4, ipv4(1, vip, host, reply[:4])), nothing, vip, 0},
		{"runt", []byte{1, 2, 3}, nothing, netip.Addr{}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := dissect(noon, c.frame)
			if got.what != c.what || got.addr != c.addr || got.seq != c.seq {
				t.Errorf("got %d %v %d, want %d %v %d", got.what, got.addr, got.seq, c.what, c.addr, c.seq)
			}
		})
	}
}

func TestEchoChecksum(t *testing.T) {
	for _, seq := range []uint16{0, 1, 0x1234, 0xffff} {
		sum := uint32(0)
		for b := echo(seq); len(b) > 0; b = b[2:] {
			sum += uint32(binary.BigEndian.Uint16(b))
		}
		if sum = sum>>16 + sum&0xffff; sum != 0xffff {
			t.Errorf("echo(%d) sums to %#x", seq, sum)
		}
	}
}
