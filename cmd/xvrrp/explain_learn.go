package main

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// learn makes a router of ours of every VRID that a capture speaks of.
func learn(capture string) (*subjects, error) {
	s := &subjects{vlans: map[vrrp.VLAN]bool{}}
	var broken []*subject // by their first advert, while no whole one is found
	err := eachPacket(capture, func(n int, p packet) error {
		f, v := vrrp.Dissect(p.data)
		s.vlans[f.VLAN] = true
		id, ok := f.ID(capturedLink)
		if v != verdict.Delivered || !ok {
			return nil
		}
		if r := s.find(id); r != nil {
			r.meet(f)
			return nil
		}
		if a, v := vrrp.Parse(f.Message, f.Src, f.Dst); v == verdict.Delivered {
			s.add(learned(n, id, f, a))
		} else {
			broken = append(broken, unlearned(id, f))
		}
		return nil
	})
	for _, r := range broken {
		if s.find(r.rules.ID) == nil {
			s.add(r)
		}
	}
	return s, err
}

// learned is a router that demands of others what the first whole advert of its VRID is like: version,
// authentication, interval and some common address. It takes either form of checksum and any order of addresses.
func learned(n int, id vrrp.ID, f vrrp.Frame, a vrrp.Advert) *subject {
	s := anyReceiver(id, f)
	s.rules.Versions, s.rules.Interval, s.rules.Auth = 1<<a.Version, a.Interval, a.Auth
	s.rules.Addrs, s.rules.Mismatch = a.Addrs, vrrp.DropDisjoint
	s.learned = fmt.Sprintf("%s is judged by frame %d: version %d", s.name, n, a.Version)
	if a.Version == 2 {
		s.learned += fmt.Sprintf(", authentication %v", a.Auth.Type)
	}
	s.learned += fmt.Sprintf(", every %v, from %v", a.Interval, f.Src)
	if a.Trailer != nil {
		s.rules.Trailer = vrrp.TrailerAllowed
		s.learned += ", with HMAC trailers, which are not verified"
	}
	return s
}

// unlearned is a router for a VRID without a whole advert: what refuses its adverts is what any receiver minds.
func unlearned(id vrrp.ID, f vrrp.Frame) *subject {
	s := anyReceiver(id, f)
	s.learned = s.name + " has no whole advert and is judged by what any receiver demands"
	return s
}

// anyReceiver is a router that demands no more than the protocol does.
func anyReceiver(id vrrp.ID, f vrrp.Frame) *subject {
	name := fmt.Sprintf("VRID %d over %s", id.VRID, id.Family())
	if id.VLAN != 0 {
		name += fmt.Sprintf(" on VLAN %v", id.VLAN)
	}
	r := vrrp.Rules{
		ID: id, Versions: vrrp.V2 | vrrp.V3, Mismatch: vrrp.AcceptMismatch, AnyFirst: true,
		Own: nobody(id.V6), Group: vrrp.DefaultGroup(id.V6),
	}
	if id.V6 {
		r.Versions = vrrp.V3 // there is no other over IPv6
	}
	if f.Dst.IsMulticast() {
		r.Group = f.Dst
	} else {
		r.Own = f.Dst
		r.Peers = []vrrp.Peer{anyTTL(f.Src)}
	}
	return &subject{name: name, rules: r}
}

// meet adds the sender of a unicast advert to the router's peers.
func (s *subject) meet(f vrrp.Frame) {
	r := &s.rules
	known := slices.ContainsFunc(r.Peers, func(p vrrp.Peer) bool { return p.Addr == f.Src })
	if len(r.Peers) > 0 && !f.Dst.IsMulticast() && !known {
		r.Peers = append(r.Peers, anyTTL(f.Src))
	}
}

func anyTTL(addr netip.Addr) vrrp.Peer { return vrrp.Peer{Addr: addr, MaxTTL: 255} }
