// Package vrrp reads and writes VRRP on the wire: version 2 (RFC 3768, with the passwords of RFC 2338) and
// version 3 (RFC 9568) over IPv4 and IPv6. It is pure: bytes in, values and verdicts out.
//
// The kernel filter (bpf/vrrp.h) makes the same checks in the same order; Judge is their reference in Go, and
// tests hold the two against each other.
package vrrp

import (
	"fmt"
	"net/netip"
	"strings"
)

// VLAN is the 802.1Q position of a router on its link: 0 untagged, the VID for one tag, and
// S-VID<<16 | C-VID for an 802.1ad service tag over a customer tag.
type VLAN uint32

func (v VLAN) String() string {
	if v>>16 != 0 {
		return fmt.Sprintf("%d.%d", v>>16, v&0xfff)
	}
	return fmt.Sprint(uint32(v))
}

// ID is the key of a virtual router on both sides of the ABI: one election per link, VLAN, family and VRID
// (RFC 9568 7.3), and per destination of its adverts, which is a VRID space of its own.
type ID struct {
	Link int // interface index
	VLAN VLAN
	V6   bool
	VRID uint8

	// Dst is where adverts for the router are sent: a multicast group, or its own address in unicast mode. It is
	// zero for the family's default group. Use To to set it.
	Dst netip.Addr
}

// To is the ID of the router of the same place and VRID whose adverts are sent to dst.
func (id ID) To(dst netip.Addr) ID {
	id.Dst = dst
	if dst == DefaultGroup(id.V6) {
		id.Dst = netip.Addr{}
	}
	return id
}

// ListensOn is the destination of adverts for the router.
func (id ID) ListensOn() netip.Addr {
	if !id.Dst.IsValid() {
		return DefaultGroup(id.V6)
	}
	return id.Dst
}

// String names a router among those of its link, for messages: "ipv4 VRID 51 on link 3".
func (id ID) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s VRID %d on link %d", id.Family(), id.VRID, id.Link)
	if id.VLAN != 0 {
		fmt.Fprintf(&b, ", VLAN %v", id.VLAN)
	}
	if id.Dst.IsValid() {
		fmt.Fprintf(&b, ", at %v", id.Dst)
	}
	return b.String()
}

// Family is the address family as operators write it.
func (id ID) Family() string {
	if id.V6 {
		return "ipv6"
	}
	return "ipv4"
}

// DefaultGroup is the multicast group of a family: 224.0.0.18 (RFC 9568 5.1.1.2) or ff02::12 (5.1.2.2).
func DefaultGroup(v6 bool) netip.Addr {
	if v6 {
		return netip.AddrFrom16([16]byte{0: 0xff, 1: 0x02, 15: 0x12})
	}
	return netip.AddrFrom4([4]byte{224, 0, 0, 18})
}
