package loader

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/cilium/ebpf"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// Who is who in the tests.
var (
	own     = netip.MustParseAddr("192.0.2.1")
	master  = netip.MustParseAddr("192.0.2.2")
	rival   = netip.MustParseAddr("192.0.2.3")
	vip     = netip.MustParseAddr("192.0.2.254")
	own6    = netip.MustParseAddr("fe80::1")
	master6 = netip.MustParseAddr("fe80::2")
	vip6    = netip.MustParseAddr("fe80::254")
)

const (
	loopback = 1  // the link of frames that are run by Try
	vrid     = 10 // of the routers in the tests
)

// packet is an advert on the wire, to be varied by the cases of a test.
type packet struct {
	tags     []uint32 // Ethernet type << 16 | VID, outermost first
	src, dst netip.Addr
	mac      [6]byte
	ttl      uint8
	options  int // bytes of IPv4 options
	advert   vrrp.Advert
	checksum vrrp.Checksum
	message  func([]byte) []byte // last change to the message, after its checksum was set
	frame    func([]byte) []byte // last change to the frame
}

// v3 is an advert that the router of ordinary() takes; list are its addresses.
func v3(list ...netip.Addr) packet {
	if len(list) == 0 {
		list = []netip.Addr{vip}
	}
	return packet{
		src: master, dst: vrrp.DefaultGroup(false), mac: [6]byte{2, 0, 0, 0, 0, 2}, ttl: 255, checksum: vrrp.Plain,
		advert: vrrp.Advert{Version: 3, VRID: vrid, Priority: 150, Interval: time.Second, Addrs: list},
	}
}

func v3IPv6(list ...netip.Addr) packet {
	p := v3(append([]netip.Addr{vip6}, list...)...)
	p.src, p.dst = master6, vrrp.DefaultGroup(true)
	return p
}

func v2(password string) packet {
	p := v3()
	p.advert.Version = 2
	if password != "" {
		p.advert.Auth = vrrp.NewPass(password)
	}
	return p
}

// with returns a changed copy.
func (p packet) with(change func(*packet)) packet {
	p.tags = append([]uint32(nil), p.tags...)
	change(&p)
	return p
}

func (p packet) from(src netip.Addr) packet { return p.with(func(p *packet) { p.src = src }) }

func (p packet) tagged(tags ...uint32) packet {
	return p.with(func(p *packet) { p.tags = tags })
}

func (p packet) bytes() []byte {
	message := p.advert.AppendTo(nil, p.src, p.dst, p.checksum)
	if p.message != nil {
		message = p.message(message)
	}
	frame := []byte{0x01, 0x00, 0x5e, 0x00, 0x00, 0x12}
	if p.src.Is6() {
		frame = []byte{0x33, 0x33, 0, 0, 0, 0x12}
	}
	frame = append(frame, p.mac[:]...)
	for _, tag := range p.tags {
		frame = binary.BigEndian.AppendUint32(frame, tag)
	}
	if p.src.Is6() {
		frame = append(append(frame, 0x86, 0xdd), p.ipv6(len(message))...)
	} else {
		frame = append(append(frame, 0x08, 0x00), p.ipv4(len(message))...)
	}
	frame = append(frame, message...)
	if p.frame != nil {
		frame = p.frame(frame)
	}
	return frame
}

func (p packet) ipv4(payload int) []byte {
	header := 20 + p.options
	b := []byte{byte(0x40 | header/4), 0xc0, 0, 0, 0, 0, 0x40, 0, p.ttl, 112, 0, 0}
	binary.BigEndian.PutUint16(b[2:], uint16(header+payload))
	b = append(append(b, p.src.AsSlice()...), p.dst.AsSlice()...)
	for len(b) < header {
		b = append(b, 1) // no operation
	}
	binary.BigEndian.PutUint16(b[10:], onesComplement(b))
	return b
}

func (p packet) ipv6(payload int) []byte {
	b := []byte{0x6c, 0, 0, 0, byte(payload >> 8), byte(payload), 112, p.ttl}
	return append(append(b, p.src.AsSlice()...), p.dst.AsSlice()...)
}

func onesComplement(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

// tcp is a frame that has nothing to do with VRRP.
func tcp(dst netip.Addr) []byte {
	return v3().with(func(p *packet) {
		p.dst = dst
		p.frame = func(b []byte) []byte {
			b[14+9] = 6
			binary.BigEndian.PutUint16(b[14+10:], 0)
			binary.BigEndian.PutUint16(b[14+10:], onesComplement(b[14:34]))
			return append(b, make([]byte, 26)...)
		}
	}).bytes()
}

// icmpv6 is a frame with an ICMPv6 message of that type.
func icmpv6(dst netip.Addr, kind byte) []byte {
	return v3IPv6().with(func(p *packet) {
		p.dst = dst
		p.frame = func(b []byte) []byte {
			b[14+6], b[14+40] = 58, kind
			return b
		}
	}).bytes()
}

// ordinary are the rules of a router on the loopback device, in both families.
func ordinary() vrrp.Rules {
	return vrrp.Rules{
		ID: vrrp.ID{Link: loopback, VRID: vrid}, Versions: vrrp.V3, Interval: time.Second, Checksum: vrrp.Either,
		Addrs: []netip.Addr{vip}, Own: own, Group: vrrp.DefaultGroup(false),
	}
}

func ordinaryIPv6() vrrp.Rules {
	r := ordinary()
	r.ID.V6, r.Addrs, r.Own, r.Group = true, []netip.Addr{vip6}, own6, vrrp.DefaultGroup(true)
	return r
}

// addresses are n addresses of a family, the first link-local if it is IPv6.
func addresses(n int, v6 bool) []netip.Addr {
	next := netip.MustParseAddr("198.51.100.0")
	if v6 {
		next = netip.MustParseAddr("fe80::1000")
	}
	var list []netip.Addr
	for range n {
		list = append(list, next)
		next = next.Next()
	}
	return list
}

// open loads a filter that watches the untagged frames of the loopback device.
func open(t testing.TB, o Options) *Loader {
	t.Helper()
	needRoot(t)
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	set(t, l, Segment{Link: loopback})
	return l
}

// programAt is the filter for a hook, XDP or TC.
func programAt(t testing.TB, l *Loader, hook Mode) *ebpf.Program {
	t.Helper()
	p, err := l.program(map[Mode]string{XDP: xvProgXvXdp, TC: xvProgXvTcIn}[hook])
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func set(t testing.TB, l *Loader, s Segment) {
	t.Helper()
	if err := l.SetSegment(s); err != nil {
		t.Fatal(err)
	}
}

// add configures a router where its rules say that it listens.
func add(t testing.TB, l *Loader, r vrrp.Rules) vrrp.ID {
	t.Helper()
	r.ID = r.ID.To(r.ListensOn())
	if err := l.SetRouter(r); err != nil {
		t.Fatal(err)
	}
	return r.ID
}
