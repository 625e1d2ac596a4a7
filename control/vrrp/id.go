// Package vrrp reads and writes VRRP on the wire: version 2 (RFC 3768, with the passwords of RFC 2338) and
// version 3 (RFC 9568) over IPv4 and IPv6. It is pure: bytes in, values and verdicts out.
//
// The kernel filter (bpf/vrrp.h) makes the same checks in the same order; Judge is their reference in Go, and
// tests hold the two against each other.
package vrrp

import (
	"fmt"
	"net/netip"
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
// (RFC 9568 7.3).
type ID struct {
	Link int // interface index
	VLAN VLAN
	V6   bool
	VRID uint8
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
