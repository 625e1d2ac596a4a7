package vrrp

import (
	"encoding/binary"
	"net/netip"

	"github.com/xvrrp/xvrrp/loader/verdict"
)

// What Dissect knows of Ethernet and IP.
const (
	etherLen  = 14
	tagLen    = 4
	maxTags   = 2
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
	etherCTag = 0x8100 // 802.1Q
	etherSTag = 0x88a8 // 802.1ad

	ipv4Len        = 20
	ipv6Len        = 40
	fragmentBits   = 0x3fff // more fragments, and the offset; not the bits reserved and "don't fragment"
	nextHopByHop   = 0
	nextRouting    = 43
	nextFragment   = 44
	nextDestOption = 60
)

// Frame is an Ethernet frame that carries VRRP, opened down to the message.
type Frame struct {
	SrcMAC, DstMAC [6]byte
	VLAN           VLAN
	V6             bool
	Src, Dst       netip.Addr
	TTL            uint8  // or hop limit
	Message        []byte // part of the frame, without padding
}

// ID is the virtual router of a link that the frame is for; false when the message is too short to name one.
func (f *Frame) ID(link int) (ID, bool) {
	if len(f.Message) < 2 {
		return ID{}, false
	}
	return ID{Link: link, VLAN: f.VLAN, V6: f.V6, VRID: f.Message[1]}.To(f.Dst), true
}

// Dissect opens a frame: Ethernet, up to two VLAN tags, IPv4 with options or IPv6. Delivered means that Message is
// there to be read; any other verdict leaves Frame filled as far as it was read.
func Dissect(frame []byte) (Frame, verdict.Verdict) {
	f, packet, v := openLink(frame)
	if v == verdict.Delivered {
		v = f.openPacket(packet)
	}
	return f, v
}

// openLink reads the frame up to the IP header and tells whether VRRP is inside at all.
func openLink(frame []byte) (f Frame, packet []byte, v verdict.Verdict) {
	if len(frame) < etherLen {
		return f, nil, verdict.NotVRRP
	}
	copy(f.DstMAC[:], frame)
	copy(f.SrcMAC[:], frame[6:])
	kind, packet := binary.BigEndian.Uint16(frame[12:]), frame[etherLen:]
	tags := make([]tag, 0, maxTags)
	for len(tags) < maxTags && (kind == etherCTag || kind == etherSTag) && len(packet) >= tagLen {
		tags = append(tags, tag{kind, VLAN(binary.BigEndian.Uint16(packet) & 0xfff)})
		kind, packet = binary.BigEndian.Uint16(packet[2:]), packet[tagLen:]
	}
	switch {
	case kind == etherIPv4 && len(packet) >= ipv4Len && packet[9] == protocol:
		f.Src, f.Dst, f.TTL = netip.AddrFrom4([4]byte(packet[12:])), netip.AddrFrom4([4]byte(packet[16:])), packet[8]
	case kind == etherIPv6 && len(packet) >= ipv6Len && leadsToVRRP(packet):
		f.V6 = true
		f.Src, f.Dst, f.TTL = netip.AddrFrom16([16]byte(packet[8:])), netip.AddrFrom16([16]byte(packet[24:])), packet[7]
	default:
		return f, nil, verdict.NotVRRP
	}
	vlan, ok := place(tags)
	if !ok {
		return f, nil, verdict.OtherVLAN
	}
	f.VLAN = vlan
	return f, packet, verdict.Delivered
}

// tag is one VLAN tag: its Ethernet type and VID.
type tag struct {
	kind uint16
	vid  VLAN
}

// place is where a stack of tags, the outer one first, puts a frame on its link; false for a stack that no router
// can be configured on. VID 0 is a priority tag and says nothing.
func place(tags []tag) (VLAN, bool) {
	switch {
	case len(tags) == 0, len(tags) == 1 && tags[0].vid == 0:
		return 0, true
	case len(tags) == 1 && tags[0].kind == etherCTag:
		return tags[0].vid, true
	case len(tags) == 2 && tags[0].kind == etherSTag && tags[1].kind == etherCTag:
		return tags[0].vid<<16 | tags[1].vid, true
	}
	return 0, false
}

// leadsToVRRP reports whether an IPv6 packet carries VRRP, at once or behind one extension header.
func leadsToVRRP(packet []byte) bool {
	switch packet[6] {
	case protocol:
		return true
	case nextHopByHop, nextRouting, nextFragment, nextDestOption:
		return len(packet) > ipv6Len && packet[ipv6Len] == protocol
	}
	return false
}

// openPacket checks the IP header as the stack would and finds the message.
func (f *Frame) openPacket(packet []byte) verdict.Verdict {
	if f.V6 {
		return f.openIPv6(packet)
	}
	return f.openIPv4(packet)
}

func (f *Frame) openIPv4(p []byte) verdict.Verdict {
	header, total := int(p[0]&0x0f)*4, int(binary.BigEndian.Uint16(p[2:]))
	switch {
	case p[0]>>4 != 4, header < ipv4Len, total < header, len(p) < total, !sound(sum(0, p[:header])):
		return verdict.Malformed
	case binary.BigEndian.Uint16(p[6:])&fragmentBits != 0:
		return verdict.Fragment
	}
	f.Message = p[header:total]
	return verdict.Delivered
}

func (f *Frame) openIPv6(p []byte) verdict.Verdict {
	end := ipv6Len + int(binary.BigEndian.Uint16(p[4:]))
	switch {
	case p[0]>>4 != 6, len(p) < end:
		return verdict.Malformed
	case p[6] == nextFragment:
		return verdict.Fragment
	case p[6] != protocol:
		return verdict.ExtHeader
	}
	f.Message = p[ipv6Len:end]
	return verdict.Delivered
}
