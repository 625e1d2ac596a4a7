package host

import (
	"encoding/binary"
	"net/netip"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

const (
	protocolICMPv6        = 58
	neighborAdvertisement = 136
	naRouter, naOverride  = 0x80, 0x20 // the first byte of the flags
	optionTargetLinkLayer = 2
	naLen                 = 32
)

var allNodes = netip.MustParseAddr("ff02::1")

// appendNA appends an unsolicited neighbour advertisement for addr (RFC 4861 4.4): router and override set,
// whatever the forwarding sysctl says, since the virtual router is one (RFC 9568 6.4.1). The source is the
// address itself, which the link holds by now.
func appendNA(b []byte, own mac, addr netip.Addr) []byte {
	b = appendEther(b, allNodesMAC, own, 0, etherIPv6)
	b = appendIPv6(b, addr, allNodes, 0, protocolICMPv6, hopLimit, naLen)
	start := len(b)
	b = append(b, neighborAdvertisement, 0, 0, 0, naRouter|naOverride, 0, 0, 0)
	target := addr.As16()
	b = append(b, target[:]...)
	b = append(b, optionTargetLinkLayer, 1) // length in units of eight bytes
	b = append(b, own[:]...)
	binary.BigEndian.PutUint16(b[start+2:], icmpv6Checksum(addr, allNodes, b[start:]))
	return b
}

// icmpv6Checksum covers the message and the pseudo header (RFC 8200 8.1).
func icmpv6Checksum(src, dst netip.Addr, message []byte) uint16 {
	var room [ipv6Len + naLen]byte
	from, to := src.As16(), dst.As16()
	b := append(append(room[:0], from[:]...), to[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(message)))
	b = binary.BigEndian.AppendUint32(b, protocolICMPv6)
	return vrrp.InternetChecksum(append(b, message...))
}
