package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/xvrrp/xvrrp/control"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// subject is a router that frames of a capture are judged for.
type subject struct {
	name    string
	rules   vrrp.Rules
	learned string // how its rules were guessed; empty if they are configured
}

// subjects are all of them, with the VLANs that are looked at.
type subjects struct {
	routers     []*subject
	vlans       map[vrrp.VLAN]bool
	unknownDrop bool
}

// find is the router with that ID; if none listens at its destination, one of its VRID; or nil.
func (s *subjects) find(id vrrp.ID) *subject {
	i := slices.IndexFunc(s.routers, func(r *subject) bool { return r.rules.ID == id })
	if i < 0 {
		i = slices.IndexFunc(s.routers, func(r *subject) bool { return sameVRID(r.rules.ID, id) })
	}
	if i < 0 {
		return nil
	}
	return s.routers[i]
}

// sameVRID reports whether two routers differ at most in where their adverts are sent.
func sameVRID(a, b vrrp.ID) bool { return a.To(b.ListensOn()) == b }

func (s *subjects) add(r *subject) {
	s.routers = append(s.routers, r)
	s.vlans[r.rules.ID.VLAN] = true
}

// nobody is a source address that no host sends from, for a router whose own address is not known: the IPv4 dummy
// address (RFC 7600) and one of the discard prefix (RFC 6666).
func nobody(v6 bool) netip.Addr {
	if v6 {
		return netip.MustParseAddr("100::1")
	}
	return netip.MustParseAddr("192.0.0.8")
}

// configured is the routers of a file on the captured link.
func configured(a *app, o explainOptions, own []netip.Addr) (*subjects, error) {
	c, problems := a.load(o.config)
	if err := rejected(a, c, problems); err != nil {
		return nil, err
	}
	iface, err := chooseIface(c, o)
	if err != nil {
		return nil, err
	}
	s := &subjects{vlans: make(map[vrrp.VLAN]bool), unknownDrop: c.Global.UnknownDrop}
	for i := range c.Routers {
		r := &c.Routers[i]
		if r.Interface != iface || r.Fault != "" {
			continue
		}
		id := vrrp.ID{Link: capturedLink, VLAN: r.VLAN, V6: r.V6, VRID: r.VRID}
		self := ownAddress(r, own)
		if !self.IsValid() && len(r.Peers) > 0 {
			self = unicastTarget(o.capture, id, r.Peers)
		}
		if !self.IsValid() {
			self = nobody(r.V6)
		}
		s.add(&subject{name: r.Name, rules: control.Rules(r, capturedLink, self)})
	}
	return s, nil
}

// chooseIface is the interface the capture is read on.
func chooseIface(c *config.Config, o explainOptions) (string, error) {
	var names []string
	for _, r := range c.Routers {
		if !slices.Contains(names, r.Interface) {
			names = append(names, r.Interface)
		}
	}
	switch {
	case o.iface == "" && len(names) == 1:
		return names[0], nil
	case o.iface == "":
		return "", usagef("%s has routers on several interfaces (%s): choose the captured one with --iface", o.config, strings.Join(names, ", "))
	case !slices.Contains(names, o.iface):
		return "", exitWith(exitRejected, fmt.Errorf("%s has no router on %s: there are some on %s", o.config, o.iface, strings.Join(names, ", ")))
	}
	return o.iface, nil
}

// ownAddress is the address a router sends from, as far as file or command line tell.
func ownAddress(r *config.Router, own []netip.Addr) netip.Addr {
	if r.Source.IsValid() {
		return r.Source
	}
	i := slices.IndexFunc(own, func(addr netip.Addr) bool { return addr.Is6() == r.V6 })
	if i < 0 {
		return netip.Addr{}
	}
	return own[i]
}

// unicastTarget is where a router's unicast peers send to in a capture: its own address.
func unicastTarget(capture string, id vrrp.ID, peers []vrrp.Peer) (to netip.Addr) {
	eachPacket(capture, func(_ int, p packet) error { // a capture that cannot be read is reported when it is judged
		f, v := vrrp.Dissect(p.data)
		if got, ok := f.ID(capturedLink); v == verdict.Delivered && ok && sameVRID(got, id) && !to.IsValid() &&
			slices.ContainsFunc(peers, func(peer vrrp.Peer) bool { return peer.Addr == f.Src }) {
			to = f.Dst
		}
		return nil
	})
	return to
}
