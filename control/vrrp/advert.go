package vrrp

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/loader/verdict"
)

const (
	headerLen         = 8 // version 2 and 3 alike
	authLen           = 8 // closes every version 2 message, whatever its type
	typeAdvertisement = 1
	intervalMask      = 0x0fff // version 3; the upper four bits are reserved (RFC 9568 5.2.6)
	centisecond       = 10 * time.Millisecond
)

// Advert is one VRRP advertisement, decoded.
type Advert struct {
	Version, VRID, Priority uint8
	Interval                time.Duration // whole seconds in version 2, centiseconds in version 3
	Addrs                   []netip.Addr  // in the order of the wire
	Auth                    Auth          // version 2 only
	Checksum                Checksum      // version 3 over IPv4: the form that fits; otherwise Plain
	Trailer                 []byte        // of auth_hmac, TrailerLen bytes; nil: none
}

// Parse reads a VRRP message that came from src to dst, which are of the family that carried it. Delivered means
// that the message is whole: everything RFC 9568 7.1 asks that does not depend on a router's configuration. A
// trailer may follow the message; whether it is right is for a Verifier to say. A refused message is decoded as far
// as it goes, for operators.
func Parse(b []byte, src, dst netip.Addr) (Advert, verdict.Verdict) {
	v := form{versions: V2 | V3, trailer: TrailerAllowed, empty: true}.check(b, src, dst)
	a := decode(b, src)
	if v == verdict.Delivered && a.Version == 3 && src.Is4() {
		pdu, _ := Split(b, false)
		fits := func(c Checksum) bool { return checksumFits(pdu, nil, src, dst, c) }
		a.Checksum = either[slices.IndexFunc(either[:], fits)]
	}
	return a, v
}

// AppendTo appends the message and its trailer to b. The form of the checksum matters to version 3 over IPv4. src and dst are those of the datagram, dst the peer's in unicast mode. The
// caller sees to the ranges: 1 to 255 addresses of src's family, version 2 over IPv4 with 1 s to 255 s, version
// 3 with 10 ms to 40.95 s (RFC 9568 5.2, RFC 3768 5.3).
func (a Advert) AppendTo(b []byte, src, dst netip.Addr, sum Checksum) []byte {
	start := len(b)
	b = append(b, a.Version<<4|typeAdvertisement, a.VRID, a.Priority, uint8(len(a.Addrs)))
	if a.Version == 2 {
		b = append(b, uint8(a.Auth.Type), uint8(a.Interval/time.Second))
	} else {
		b = binary.BigEndian.AppendUint16(b, uint16(a.Interval/centisecond)&intervalMask)
	}
	b = append(b, 0, 0)
	for _, addr := range a.Addrs {
		if addr.Is4() {
			four := addr.As4()
			b = append(b, four[:]...)
		} else {
			sixteen := addr.As16()
			b = append(b, sixteen[:]...)
		}
	}
	if a.Version == 2 {
		b = append(b, a.Auth.Data[:]...)
	}
	setChecksum(b[start:], a.Trailer, src, dst, sum)
	return append(b, a.Trailer...)
}

// form is what a message must be like before its fields mean anything.
type form struct {
	versions Versions
	checksum Checksum
	trailer  TrailerRule
	empty    bool // version 2 may list no address
}

// check goes through RFC 9568 7.1 from the length to the checksum.
func (f form) check(b []byte, src, dst netip.Addr) verdict.Verdict {
	if len(b) < headerLen {
		return verdict.BadLength
	}
	version, count := b[0]>>4, b[3]
	pdu, trailer := Split(b, src.Is6())
	switch {
	case f.versions&(1<<version) == 0 || version == 2 && src.Is6():
		return verdict.BadVersion
	case b[0]&0x0f != typeAdvertisement:
		return verdict.BadType
	case count == 0 && !(version == 2 && f.empty):
		return verdict.NoAddresses
	case len(pdu) != messageLen(version, count, src.Is6()), trailer != nil && f.trailer == TrailerRefused:
		return verdict.BadLength
	case trailer == nil && f.trailer == TrailerRequired:
		return verdict.HMACMissing
	case !checksumFits(pdu, trailer, src, dst, f.checksum):
		return verdict.BadChecksum
	}
	return verdict.Delivered
}

// messageLen is how long a message with count addresses is (RFC 9568 5.1, RFC 3768 5.1).
func messageLen(version, count uint8, v6 bool) int {
	n := headerLen + int(count)*addrLen(v6)
	if version == 2 {
		n += authLen
	}
	return n
}

func addrLen(v6 bool) int {
	if v6 {
		return 16
	}
	return 4
}

// decode reads the fields that b has room for. Only those of a checked message are more than a guess.
func decode(b []byte, src netip.Addr) Advert {
	a := Advert{Checksum: Plain}
	if len(b) < headerLen {
		return a
	}
	b, a.Trailer = Split(b, src.Is6())
	a.Version, a.VRID, a.Priority = b[0]>>4, b[1], b[2]
	rest := b[headerLen:]
	if a.Version == 2 {
		a.Auth.Type = AuthType(b[4])
		a.Interval = time.Duration(b[5]) * time.Second
		tail := max(0, len(rest)-authLen)
		copy(a.Auth.Data[:], rest[tail:])
		rest = rest[:tail]
	} else {
		a.Interval = time.Duration(binary.BigEndian.Uint16(b[4:])&intervalMask) * centisecond
	}
	a.Addrs = addresses(rest, int(b[3]), src.Is6())
	return a
}

// addresses reads up to count addresses.
func addresses(b []byte, count int, v6 bool) []netip.Addr {
	size := addrLen(v6)
	list := make([]netip.Addr, min(count, len(b)/size))
	for i := range list {
		list[i], _ = netip.AddrFromSlice(b[i*size : (i+1)*size])
	}
	return list
}
