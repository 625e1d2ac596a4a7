package main

import (
	"encoding/binary"
	"fmt"
)

// Ethernet types, and where the protocol is in an IP header.
const (
	typeIPv4     = 0x0800
	typeARP      = 0x0806
	typeVLAN     = 0x8100
	typeIPv6     = 0x86dd
	typeSVLAN    = 0x88a8
	protocolAt   = 9 // IPv4
	nextHeaderAt = 6 // IPv6
)

// protocols are the names of those that turn up beside VRRP.
var protocols = map[byte]string{1: "ICMP", 2: "IGMP", 6: "TCP", 17: "UDP", 51: "AH", 58: "ICMPv6"}

// otherProtocol names what a frame carries that is no VRRP.
func otherProtocol(frame []byte) string {
	rest := frame[min(12, len(frame)):]
	for len(rest) >= 4 && (ethernetType(rest) == typeVLAN || ethernetType(rest) == typeSVLAN) {
		rest = rest[4:]
	}
	if len(rest) < 2 {
		return "cut short"
	}
	switch kind, packet := ethernetType(rest), rest[2:]; {
	case kind == typeARP:
		return "ARP"
	case kind == typeIPv4 && len(packet) > protocolAt:
		return "IPv4 " + protocolName(packet[protocolAt])
	case kind == typeIPv6 && len(packet) > nextHeaderAt:
		return "IPv6 " + protocolName(packet[nextHeaderAt])
	default:
		return fmt.Sprintf("Ethernet type %#04x", kind)
	}
}

func ethernetType(b []byte) uint16 { return binary.BigEndian.Uint16(b) }

func protocolName(p byte) string {
	if name, ok := protocols[p]; ok {
		return name
	}
	return fmt.Sprintf("protocol %d", p)
}
