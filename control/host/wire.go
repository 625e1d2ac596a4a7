package host

import (
	"encoding/binary"
	"net/netip"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

const (
	protocolVRRP = 112  // RFC 9568 5.1.1.4, 5.1.2.4
	classCS6     = 0xc0 // TOS and traffic class of network control; no RFC asks for it, every router sends it
	hopLimit     = 255  // of multicast adverts (RFC 9568 5.1.1.3, 5.1.2.3) and of NA (RFC 4861 7.1.2)

	etherLen = 14
	ipv4Len  = 20
	ipv6Len  = 40

	etherIPv4 = 0x0800
	etherARP  = 0x0806
	etherVLAN = 0x8100
	etherIPv6 = 0x86dd
	etherQinQ = 0x88a8
)

// appendEther appends an Ethernet header with the tags of vlan.
func appendEther(b []byte, dst, src mac, vlan vrrp.VLAN, etherType uint16) []byte {
	b = append(b, dst[:]...)
	b = append(b, src[:]...)
	if outer := uint16(vlan >> 16); outer != 0 {
		b = binary.BigEndian.AppendUint16(b, etherQinQ)
		b = binary.BigEndian.AppendUint16(b, outer)
	}
	if inner := uint16(vlan); inner != 0 {
		b = binary.BigEndian.AppendUint16(b, etherVLAN)
		b = binary.BigEndian.AppendUint16(b, inner)
	}
	return binary.BigEndian.AppendUint16(b, etherType)
}

// appendIPv4 appends an IPv4 header without options for a payload of n bytes. DF is clear and the identification
// counts, so that an advert is never lost to a path that must fragment; sumIPv4 completes the header.
func appendIPv4(b []byte, src, dst netip.Addr, ttl uint8, n int) []byte {
	b = append(b, 0x45, classCS6)
	b = binary.BigEndian.AppendUint16(b, uint16(ipv4Len+n))
	b = append(b, 0, 0, 0, 0, ttl, protocolVRRP, 0, 0)
	from, to := src.As4(), dst.As4()
	b = append(b, from[:]...)
	return append(b, to[:]...)
}

// sumIPv4 sets the identification and the checksum of an IPv4 header without options.
func sumIPv4(header []byte, id uint16) {
	binary.BigEndian.PutUint16(header[4:], id)
	binary.BigEndian.PutUint16(header[10:], 0)
	binary.BigEndian.PutUint16(header[10:], vrrp.InternetChecksum(header[:ipv4Len]))
}

// appendIPv6 appends an IPv6 header for a payload of n bytes.
func appendIPv6(b []byte, src, dst netip.Addr, class, next, hops uint8, n int) []byte {
	b = append(b, 0x60|class>>4, class<<4, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(n))
	b = append(b, next, hops)
	from, to := src.As16(), dst.As16()
	b = append(b, from[:]...)
	return append(b, to[:]...)
}
