package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// What the frame of an advert is made of.
const (
	etherIPv4      = 0x0800
	etherIPv6      = 0x86dd
	etherTag       = 0x8100     // 802.1Q
	etherService   = 0x88a8     // 802.1ad
	classIPv4      = 0xc0       // internetwork control, as routers send adverts
	classIPv6      = 0x6c000000 // version 6 and the same
	ipv4HeaderLen  = 20
	vlanMask       = 0xfff
	dontFragmentIP = 0x4000
)

// rebuilt makes the frame of an advert anew from what the filter kept of it: its addresses, its TTL and its message. An
// advert sent to a group goes to the group's MAC; of one sent to an address the MAC is not known and all zeros.
func rebuilt(a *api.RawAdvert) ([]byte, error) {
	mac, err := net.ParseMAC(a.MAC)
	if err != nil {
		return nil, fmt.Errorf("an advert of %v: %w", a.Source, err)
	}
	frame := append(groupMAC(a.Destination), mac...)
	if frame, err = appendTags(frame, a.VLAN); err != nil {
		return nil, fmt.Errorf("an advert of %v: %w", a.Source, err)
	}
	if a.Source.Is4() {
		return append(appendIPv4(frame, a), a.Message...), nil
	}
	return append(appendIPv6(frame, a), a.Message...), nil
}

// groupMAC is the MAC of a multicast group (RFC 1112 6.4, RFC 2464 7).
func groupMAC(dst netip.Addr) []byte {
	b := dst.AsSlice()
	switch {
	case !dst.IsMulticast():
		return make([]byte, 6)
	case dst.Is4():
		return []byte{0x01, 0x00, 0x5e, b[1] & 0x7f, b[2], b[3]}
	}
	return []byte{0x33, 0x33, b[12], b[13], b[14], b[15]}
}

// appendTags adds the tags of a VLAN: none, one, or with a dot a service tag before it.
func appendTags(frame []byte, vlan string) ([]byte, error) {
	if vlan == "" {
		return frame, nil
	}
	ids := strings.Split(vlan, ".")
	for i, id := range ids {
		n, err := strconv.ParseUint(id, 10, 12)
		if err != nil {
			return nil, fmt.Errorf("VLAN %s: %w", vlan, err)
		}
		kind := uint16(etherTag)
		if i < len(ids)-1 {
			kind = etherService
		}
		frame = binary.BigEndian.AppendUint16(frame, kind)
		frame = binary.BigEndian.AppendUint16(frame, uint16(n)&vlanMask)
	}
	return frame, nil
}

func appendIPv4(frame []byte, a *api.RawAdvert) []byte {
	frame = binary.BigEndian.AppendUint16(frame, etherIPv4)
	start := len(frame)
	frame = append(frame, 0x45, classIPv4)
	frame = binary.BigEndian.AppendUint16(frame, uint16(ipv4HeaderLen+len(a.Message)))
	frame = append(frame, 0, 0)
	frame = binary.BigEndian.AppendUint16(frame, dontFragmentIP)
	frame = append(frame, a.TTL, protocolVRRP, 0, 0)
	frame = append(frame, a.Source.AsSlice()...)
	frame = append(frame, a.Destination.AsSlice()...)
	binary.BigEndian.PutUint16(frame[start+10:], vrrp.InternetChecksum(frame[start:]))
	return frame
}

func appendIPv6(frame []byte, a *api.RawAdvert) []byte {
	frame = binary.BigEndian.AppendUint16(frame, etherIPv6)
	frame = binary.BigEndian.AppendUint32(frame, classIPv6)
	frame = binary.BigEndian.AppendUint16(frame, uint16(len(a.Message)))
	frame = append(frame, protocolVRRP, a.TTL)
	frame = append(frame, a.Source.AsSlice()...)
	return append(frame, a.Destination.AsSlice()...)
}
