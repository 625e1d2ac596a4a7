package bed

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
)

// What frames are made of, for those who forge them, too.
const (
	EtherLen = 14
	IPv4Len  = 20
	IPv6Len  = 40
	HeadLen  = 8 // of a VRRP message
	Protocol = 112

	EtherIPv4 = 0x0800
	EtherIPv6 = 0x86dd
	EtherARP  = 0x0806

	Centisecond = 10 * time.Millisecond
)

// Advert is an advert as a segment saw it. It is read here without package vrrp, so that a mistake there cannot hide
// itself.
type Advert struct {
	At             time.Duration // the kernel's stamp
	MAC            [6]byte       // Ethernet source
	Src, Dst       netip.Addr
	TTL, Version   uint8 // TTL or hop limit
	VRID, Priority uint8
	Interval       time.Duration
	Addrs          []netip.Addr
}

func (a Advert) String() string {
	return fmt.Sprintf("%s %s VRID %d priority %d", a.At, a.Src, a.VRID, a.Priority)
}

// ReadAdvert reads an untagged frame; ok is false if it holds no whole VRRP message.
func ReadAdvert(f lab.Frame) (a Advert, ok bool) {
	b := f.Data
	if len(b) < EtherLen {
		return a, false
	}
	a.At, a.MAC = f.At, [6]byte(b[6:])
	packet, message := b[EtherLen:], []byte(nil)
	switch kind := binary.BigEndian.Uint16(b[12:]); {
	case kind == EtherIPv4 && len(packet) >= IPv4Len && packet[9] == Protocol:
		a.Src, a.Dst = netip.AddrFrom4([4]byte(packet[12:])), netip.AddrFrom4([4]byte(packet[16:]))
		a.TTL, message = packet[8], packet[IPv4Len:]
	case kind == EtherIPv6 && len(packet) >= IPv6Len && packet[6] == Protocol:
		a.Src, a.Dst = netip.AddrFrom16([16]byte(packet[8:])), netip.AddrFrom16([16]byte(packet[24:]))
		a.TTL, message = packet[7], packet[IPv6Len:]
	}
	if len(message) < HeadLen {
		return a, false
	}
	a.readMessage(message)
	return a, true
}

func (a *Advert) readMessage(m []byte) {
	a.Version, a.VRID, a.Priority = m[0]>>4, m[1], m[2]
	if a.Version == 2 {
		a.Interval = time.Duration(m[5]) * time.Second
	} else {
		a.Interval = time.Duration(binary.BigEndian.Uint16(m[4:])&0xfff) * Centisecond
	}
	size := a.Src.BitLen() / 8
	for list := m[HeadLen:]; len(a.Addrs) < int(m[3]) && len(list) >= size; list = list[size:] {
		addr, _ := netip.AddrFromSlice(list[:size])
		a.Addrs = append(a.Addrs, addr)
	}
}

// Skew is Skew_Time (RFC 3768 6.1, RFC 9568 6.1) of a router that follows a master with this interval.
func Skew(version, priority uint8, interval time.Duration) time.Duration {
	unit := interval
	if version == 2 {
		unit = time.Second
	}
	return time.Duration(256-int(priority)) * unit / 256
}

// Down is its Active_Down_Interval.
func Down(version, priority uint8, interval time.Duration) time.Duration {
	return 3*interval + Skew(version, priority, interval)
}
