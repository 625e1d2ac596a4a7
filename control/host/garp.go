package host

import (
	"encoding/binary"
	"net/netip"
)

const (
	arpEthernet = 1
	arpRequest  = 1
)

// appendGARP appends a gratuitous ARP frame for addr. It is a broadcast request with the address as sender and
// target, as every router sends it. The target hardware address is the sender's own (RFC 9568 6.4.1), where
// others put all ones; hosts do not look at it.
func appendGARP(b []byte, own mac, addr netip.Addr) []byte {
	b = appendEther(b, broadcastMAC, own, 0, etherARP)
	b = binary.BigEndian.AppendUint16(b, arpEthernet)
	b = binary.BigEndian.AppendUint16(b, etherIPv4)
	b = append(b, 6, 4) // lengths of the addresses
	b = binary.BigEndian.AppendUint16(b, arpRequest)
	ip := addr.As4()
	for range 2 { // sender, then target
		b = append(b, own[:]...)
		b = append(b, ip[:]...)
	}
	return b
}
