package vrrp

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// protocol is VRRP's number in the IPv4 protocol and IPv6 next header fields (RFC 9568 5.1.1.4, 5.1.2.4).
const protocol = 112

// sum adds the big-endian 16-bit words of b to a running ones' complement sum (RFC 1071). The length of b is even.
func sum(acc uint32, b []byte) uint32 {
	for ; len(b) >= 2; b = b[2:] {
		acc += uint32(binary.BigEndian.Uint16(b))
	}
	return acc
}

// fold brings the carries of a running sum back into 16 bits.
func fold(acc uint32) uint16 {
	for acc>>16 != 0 {
		acc = acc&0xffff + acc>>16
	}
	return uint16(acc)
}

// InternetChecksum is the checksum (RFC 1071) of b, whose checksum field is zero and whose length is even: of an IPv4
// header, say.
func InternetChecksum(b []byte) uint16 { return ^fold(sum(0, b)) }

// sound reports whether a sum that includes the checksum field is all ones; 0x0000 and 0xffff in the field are
// the same number then.
func sound(acc uint32) bool { return fold(acc) == 0xffff }

// pseudoHeader is the running sum of the pseudo header of RFC 8200 8.1 for a message of n bytes, or of its
// IPv4 counterpart (source, destination, zero, protocol, length).
func pseudoHeader(src, dst netip.Addr, n int) uint32 {
	acc := uint32(protocol) + uint32(n)
	if src.Is4() {
		s, d := src.As4(), dst.As4()
		return sum(sum(acc, s[:]), d[:])
	}
	s, d := src.As16(), dst.As16()
	return sum(sum(acc, s[:]), d[:])
}

// covered is the running sum of what the checksum of a message in that form covers. The form matters to version 3
// over IPv4 alone: version 2 never has a pseudo header, IPv6 always has (RFC 3768 5.3.8, RFC 9568 5.2.8). A trailer is
// payload to IPv6 and nothing to IPv4.
func covered(pdu, trailer []byte, src, dst netip.Addr, form Checksum) uint32 {
	acc := sum(0, pdu)
	switch {
	case src.Is6():
		return sum(acc, trailer) + pseudoHeader(src, dst, len(pdu)+len(trailer))
	case pdu[0]>>4 == 2:
		return acc
	case form == Pseudo:
		return acc + pseudoHeader(src, dst, len(pdu))
	case form == OldUnicast:
		return acc + pseudoHeader(src, DefaultGroup(false), len(pdu))
	}
	return acc
}

// checksumFits reports whether the checksum of a message is right in the form wanted.
func checksumFits(pdu, trailer []byte, src, dst netip.Addr, want Checksum) bool {
	forms := []Checksum{want}
	if want == Either {
		forms = either[:]
		if dst.IsMulticast() {
			forms = either[:2]
		}
	}
	return slices.ContainsFunc(forms, func(form Checksum) bool { return sound(covered(pdu, trailer, src, dst, form)) })
}

// either is what Either stands for; the last of them in unicast mode alone.
var either = [...]Checksum{Plain, Pseudo, OldUnicast}

// setChecksum fills in the checksum of a message, whose field is zero.
func setChecksum(pdu, trailer []byte, src, dst netip.Addr, form Checksum) {
	binary.BigEndian.PutUint16(pdu[6:], ^fold(covered(pdu, trailer, src, dst, form)))
}
