package vrrp

import (
	"net/netip"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Table is what is configured on a host: the VLANs that are looked at and the routers on them. Its zero value
// is empty.
type Table struct {
	segments map[segment]bool // whether adverts of unknown VRIDs are dropped
	routers  map[ID]*Rules
	vrids    map[ID]*Rules // the router last set of a VRID, by an ID without destination
}

type segment struct {
	link int
	vlan VLAN
}

// SetSegment makes a VLAN of a link one that is looked at.
func (t *Table) SetSegment(link int, vlan VLAN, unknownDrop bool) {
	if t.segments == nil {
		t.segments = make(map[segment]bool)
	}
	t.segments[segment{link, vlan}] = unknownDrop
}

// SetRouter adds a router or replaces its rules. Its segment is set apart.
func (t *Table) SetRouter(r Rules) {
	if t.routers == nil {
		t.routers, t.vrids = make(map[ID]*Rules), make(map[ID]*Rules)
	}
	r.ID = r.ID.To(r.ListensOn())
	t.routers[r.ID], t.vrids[r.ID.To(netip.Addr{})] = &r, &r
}

// Router is the rules of a router; if none listens at the ID's destination, of one with its VRID; or nil.
func (t *Table) Router(id ID) *Rules {
	if r := t.routers[id]; r != nil {
		return r
	}
	return t.vrids[id.To(netip.Addr{})]
}

// Judge passes the sentence of the filter on a frame that came in on link: every receive check, in the order of
// the filter. What depends on the past is not judged here: the rate limit on foreign adverts and whether a
// valid advert is a repetition. Frame and Advert are filled as far as they could be read.
func Judge(frame []byte, link int, t *Table) (Frame, Advert, verdict.Verdict) {
	f, packet, v := openLink(frame)
	if v != verdict.Delivered {
		return f, Advert{}, v
	}
	v = f.openPacket(packet)
	a, _ := Parse(f.Message, f.Src, f.Dst)
	if id, ok := f.ID(link); ok && t.routers[id] != nil {
		return f, a, t.routers[id].judge(&f, &a)
	}
	return f, a, t.stranger(&f, link, v)
}

// stranger judges a frame that none of our routers listens for; v is what became of the search for its message.
func (t *Table) stranger(f *Frame, link int, v verdict.Verdict) verdict.Verdict {
	unknownDrop, ok := t.segments[segment{link, f.VLAN}]
	id, named := f.ID(link)
	switch {
	case !ok:
		return verdict.OtherVLAN
	case v != verdict.Delivered:
		return v
	case !named:
		return nameless(f)
	case t.Router(id) != nil:
		return verdict.Elsewhere
	case unknownDrop && f.Dst == DefaultGroup(f.V6):
		return verdict.UnknownVRID
	}
	return verdict.Foreign
}

// nameless judges a message too short to hold a VRID.
func nameless(f *Frame) verdict.Verdict {
	if f.Dst == DefaultGroup(f.V6) {
		return verdict.BadLength
	}
	return verdict.Elsewhere
}

// judge applies one router's rules.
func (r *Rules) judge(f *Frame, a *Advert) verdict.Verdict {
	if v := r.checkPath(f); v != verdict.Delivered {
		return v
	}
	want := form{versions: r.Versions, checksum: r.Checksum, trailer: r.Trailer, empty: len(r.Addrs) == 0}
	if v := want.check(f.Message, f.Src, f.Dst); v != verdict.Delivered {
		return v
	}
	return r.checkContent(f.Src, a)
}

// checkPath judges where a frame came from and how (RFC 9568 7.1, 5.1).
func (r *Rules) checkPath(f *Frame) verdict.Verdict {
	unicast := len(r.Peers) != 0
	switch {
	case !unicast && f.TTL != 255:
		return verdict.BadTTL
	case f.Src == r.Own:
		return verdict.SelfSource
	case impossible(f.Src):
		return verdict.BadSource
	case unicast:
		return r.checkPeer(f)
	}
	return verdict.Delivered
}

// checkPeer judges a unicast frame by the list of neighbours.
func (r *Rules) checkPeer(f *Frame) verdict.Verdict {
	p, ok := r.peer(f.Src)
	switch {
	case !ok:
		return verdict.NotAPeer
	case f.TTL < p.MinTTL || f.TTL > p.MaxTTL:
		return verdict.BadTTL
	}
	return verdict.Delivered
}

func (r *Rules) peer(addr netip.Addr) (Peer, bool) {
	i := slices.IndexFunc(r.Peers, func(p Peer) bool { return p.Addr == addr })
	if i < 0 {
		return Peer{}, false
	}
	return r.Peers[i], true
}

// impossible reports whether no host can have an address as its own. An IPv4-mapped address is judged as the IPv6
// address it is on the wire.
func impossible(addr netip.Addr) bool {
	if addr.Is4() {
		first := addr.As4()[0]
		return first == 0 || first == 127 || first >= 224
	}
	return addr == netip.IPv6Unspecified() || addr == netip.IPv6Loopback() || addr.As16()[0] == 0xff
}

// linkLocal reports whether an IPv6 address is in fe80::/10.
func linkLocal(addr netip.Addr) bool {
	b := addr.As16()
	return b[0] == 0xfe && b[1]&0xc0 == 0x80
}

// checkContent judges the fields of a message that is whole (RFC 9568 7.1, RFC 3768 7.1).
func (r *Rules) checkContent(src netip.Addr, a *Advert) verdict.Verdict {
	if a.Version == 2 {
		if r.Owner {
			return verdict.Owner
		}
		if v := r.Auth.check(a.Auth); v != verdict.Delivered {
			return v
		}
	}
	if r.ID.V6 && !r.AnyFirst && !linkLocal(a.Addrs[0]) {
		return verdict.NotLinkLocal
	}
	if v := r.checkAddrs(src, a); v != verdict.Delivered {
		return v
	}
	if !r.intervalFits(a) {
		return verdict.BadInterval
	}
	return verdict.Delivered
}

// checkAddrs judges the address list by the router's policy.
func (r *Rules) checkAddrs(src netip.Addr, a *Advert) verdict.Verdict {
	if r.SkipAddrs && src == r.Followed {
		return verdict.Delivered
	}
	switch r.Mismatch {
	case DropMismatch:
		if !r.sameAddrs(a) && !(a.Version == 2 && a.Priority == 255) {
			return verdict.AddrList
		}
	case DropDisjoint:
		if len(r.Addrs) != 0 && !r.sharesAddr(a) {
			return verdict.Conflict
		}
	}
	return verdict.Delivered
}

// sameAddrs reports whether the advert lists our addresses, in any order.
func (r *Rules) sameAddrs(a *Advert) bool {
	missing := func(own netip.Addr) bool { return !slices.Contains(a.Addrs, own) }
	return len(a.Addrs) == len(r.Addrs) && !slices.ContainsFunc(r.Addrs, missing)
}

// sharesAddr reports whether the advert lists one of our addresses.
func (r *Rules) sharesAddr(a *Advert) bool {
	return slices.ContainsFunc(r.Addrs, func(own netip.Addr) bool { return slices.Contains(a.Addrs, own) })
}

// intervalFits reports whether an interval can be lived with. Version 3 learns any but zero; version 2 has no way
// to, save in interoperation mode (RFC 9568 8.4).
func (r *Rules) intervalFits(a *Advert) bool {
	if a.Interval == 0 || a.Version == 3 || r.Versions == V2|V3 {
		return a.Interval != 0
	}
	return a.Interval == r.Interval.Truncate(time.Second)
}
