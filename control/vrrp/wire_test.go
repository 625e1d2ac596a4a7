package vrrp_test

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// The segment of the tests: a peer advertises to us.
var (
	peer4 = netip.MustParseAddr("192.0.2.11")
	own4  = netip.MustParseAddr("192.0.2.1")
	vip4  = netip.MustParseAddr("192.0.2.254")
	other = netip.MustParseAddr("192.0.2.9")
	peer6 = netip.MustParseAddr("fe80::b")
	own6  = netip.MustParseAddr("fe80::a")
	vips6 = []netip.Addr{netip.MustParseAddr("fe80::1"), netip.MustParseAddr("2001:db8::254")}
)

const (
	testLink = 3
	testVRID = 10
)

// packet is a frame in the making. What the fields do not say is as a sound advert has it.
type packet struct {
	tags     []uint16 // Ethernet type and tag, outer tag first
	src, dst netip.Addr
	ttl      uint8
	message  []byte
	options  []byte // IPv4 options
	next     uint8  // IPv6 extension header in front of the message
	edit     func(ip []byte) []byte
	trailer  []byte
}

// v2Advert, v3Advert and v6Advert are what the peer sends.
func v2Advert() vrrp.Advert {
	return vrrp.Advert{Version: 2, VRID: testVRID, Priority: 150, Interval: time.Second, Addrs: []netip.Addr{vip4},
		Checksum: vrrp.Plain}
}

func v3Advert() vrrp.Advert {
	a := v2Advert()
	a.Version = 3
	return a
}

func v6Advert() vrrp.Advert {
	a := v3Advert()
	a.Addrs = slices.Clone(vips6)
	return a
}

// sent is the packet that carries an advert over its family.
func sent(a vrrp.Advert, form vrrp.Checksum) packet {
	p := packet{src: peer4, dst: vrrp.DefaultGroup(false), ttl: 255}
	if len(a.Addrs) > 0 && a.Addrs[0].Is6() {
		p.src, p.dst = peer6, vrrp.DefaultGroup(true)
	}
	p.message = a.AppendTo(nil, p.src, p.dst, form)
	return p
}

func (p packet) frame() []byte {
	kind, ip := uint16(0x0800), p.ipv4
	if p.src.Is6() {
		kind, ip = 0x86dd, p.ipv6
	}
	frame := []byte{0x01, 0x00, 0x5e, 0x00, 0x00, 0x12, 0x02, 0xaa, 0x00, 0x00, 0x00, 0x01}
	for _, half := range append(p.tags, kind) {
		frame = binary.BigEndian.AppendUint16(frame, half)
	}
	body := ip()
	if p.edit != nil {
		body = p.edit(body)
	}
	return append(append(frame, body...), p.trailer...)
}

func (p packet) ipv4() []byte {
	src, dst := p.src.As4(), p.dst.As4()
	h := []byte{byte(0x45 + len(p.options)/4), 0xc0, 0, 0, 0, 1, 0, 0, p.ttl, 112, 0, 0}
	h = append(append(append(h, src[:]...), dst[:]...), p.options...)
	binary.BigEndian.PutUint16(h[2:], uint16(len(h)+len(p.message)))
	sumIPv4(h)
	return append(h, p.message...)
}

func (p packet) ipv6() []byte {
	src, dst := p.src.As16(), p.dst.As16()
	payload, next := p.message, byte(112)
	if p.next != 0 {
		next, payload = p.next, append([]byte{112, 0, 0, 0, 0, 0, 0, 0}, payload...)
	}
	h := []byte{0x60, 0, 0, 0, 0, 0, next, p.ttl}
	binary.BigEndian.PutUint16(h[4:], uint16(len(payload)))
	return append(append(append(h, src[:]...), dst[:]...), payload...)
}

// sumIPv4 sets the checksum of an IPv4 header.
func sumIPv4(h []byte) {
	h[10], h[11] = 0, 0
	acc := uint32(0)
	for i := 0; i < min(int(h[0]&0xf)*4, len(h)); i += 2 {
		acc += uint32(binary.BigEndian.Uint16(h[i:]))
	}
	binary.BigEndian.PutUint16(h[10:], ^uint16(acc+acc>>16))
}

// resum sets the checksum of an edited message, over the message and a pseudo header.
func resum(m []byte, pseudo ...byte) []byte {
	m[6], m[7] = 0, 0
	acc := uint32(0)
	for covered := append(pseudo, m...); len(covered) >= 2; covered = covered[2:] {
		acc += uint32(binary.BigEndian.Uint16(covered))
	}
	acc = acc&0xffff + acc>>16
	binary.BigEndian.PutUint16(m[6:], ^uint16(acc+acc>>16))
	return m
}

// rules are those of a router that takes the adverts above; change them as a case needs.
func rules(v6 bool, versions vrrp.Versions) vrrp.Rules {
	r := vrrp.Rules{
		ID:       vrrp.ID{Link: testLink, V6: v6, VRID: testVRID},
		Versions: versions,
		Interval: time.Second,
		Checksum: vrrp.Plain,
		Addrs:    []netip.Addr{vip4},
		Own:      own4,
		Group:    vrrp.DefaultGroup(v6),
	}
	if v6 {
		r.Addrs, r.Own = vips6, own6
	}
	return r
}

// table holds one router and its segment.
func table(r vrrp.Rules) *vrrp.Table {
	var t vrrp.Table
	t.SetSegment(r.ID.Link, r.ID.VLAN, false)
	t.SetRouter(r)
	return &t
}
