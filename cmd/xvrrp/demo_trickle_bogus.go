package main

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// ordeal is a kind of bogus advert that a router has to endure.
type ordeal struct {
	name     string
	vrid     uint8
	interval time.Duration // of the router
	length   time.Duration
	change   func(*vrrp.Advert)    // what is wrong with the advert
	spoil    func(datagram []byte) // what is wrong with the datagram
}

var trickles = []ordeal{
	{name: "wrong checksum", vrid: quickVRID, interval: 100 * time.Millisecond, length: 3 * time.Second,
		spoil: func(d []byte) { d[ipv4Len+6]++ }},
	{name: "wrong TTL", vrid: quickVRID, interval: 100 * time.Millisecond, length: 3 * time.Second,
		spoil: func(d []byte) {
			d[ttlAt] = 64
			sumIPv4(d)
		}},
	{name: "another cluster's list", vrid: quickVRID, interval: 100 * time.Millisecond, length: 3 * time.Second,
		change: func(a *vrrp.Advert) { a.Addrs = []netip.Addr{netip.MustParseAddr("192.0.2.1")} }},
	{name: "wrong password", vrid: guardedVRID, interval: time.Second, length: 9 * time.Second,
		change: func(a *vrrp.Advert) { a.Auth = vrrp.NewPass("2222") }},
}

// What an IPv4 header holds where.
const (
	ttlAt = 8
	sumAt = 10 // its checksum

	protocolVRRP = 112
)

// frame is the bogus advert as a card with this Ethernet address sends it: of higher priority than any real one.
func (o ordeal) frame(mac [6]byte) []byte {
	a := vrrp.Advert{Version: 3, VRID: o.vrid, Priority: 254, Interval: o.interval, Addrs: []netip.Addr{demoVIP.Addr()}}
	if o.vrid == guardedVRID {
		a.Version, a.Addrs, a.Auth = 2, []netip.Addr{guardedVIP.Addr()}, vrrp.NewPass("1111")
	}
	if o.change != nil {
		o.change(&a)
	}
	group := vrrp.DefaultGroup(false)
	d := make([]byte, ipv4Len, 64)
	d = a.AppendTo(d, strangerAddr, group, vrrp.Pseudo)
	d[0], d[1], d[ttlAt], d[protocolAt] = 0x45, 0xc0, 255, protocolVRRP
	binary.BigEndian.PutUint16(d[2:], uint16(len(d)))
	copy(d[12:], strangerAddr.AsSlice())
	copy(d[16:], group.AsSlice())
	sumIPv4(d)
	if o.spoil != nil {
		o.spoil(d)
	}
	f := append([]byte{0x01, 0, 0x5e, 0, 0, 18}, mac[:]...)
	return append(binary.BigEndian.AppendUint16(f, typeIPv4), d...)
}

// sumIPv4 sets the checksum of an IPv4 header without options.
func sumIPv4(d []byte) {
	d[sumAt], d[sumAt+1] = 0, 0
	binary.BigEndian.PutUint16(d[sumAt:], vrrp.InternetChecksum(d[:ipv4Len]))
}
