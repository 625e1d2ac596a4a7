package config

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// ethernetMTU is taken for links whose MTU is not known.
const ethernetMTU = 1500

// maxAddresses is what the count of an advert can say.
const maxAddresses = 255

// addresses settles which addresses are advertised and which are only held.
func (c *checker) addresses(dr *draft) {
	seen := make(map[netip.Addr]Pos, len(dr.addresses)+len(dr.excluded))
	for _, a := range dr.addresses {
		addr := a.v.Prefix.Addr()
		if addr.Is6() != dr.V6 {
			c.warn(dr, a.at, "move it to virtual_ipaddress_excluded", "address "+addr.String()+" is not of the router's family, "+dr.familyName()+"; skipped")
			continue
		}
		if c.fresh(dr, seen, a) {
			dr.Addresses = append(dr.Addresses, a.v)
		}
	}
	for _, a := range dr.excluded {
		if c.fresh(dr, seen, a) {
			dr.Excluded = append(dr.Excluded, a.v)
		}
	}
	c.fit(dr)
	c.enough(dr)
	c.firstAddress(dr)
}

// fresh says whether an address is not in the router yet.
func (c *checker) fresh(dr *draft, seen map[netip.Addr]Pos, a given[Address]) bool {
	addr := a.v.Prefix.Addr()
	if first, dup := seen[addr]; dup {
		c.warn(dr, a.at, "remove one of the two", fmt.Sprintf("address %s is there already at %s; skipped", addr, first))
		return false
	}
	seen[addr] = a.v.Pos
	return true
}

// fit moves what does not fit into one advert to the addresses that are not advertised.
func (c *checker) fit(dr *draft) {
	most := min(maxAddresses, (c.linkMTU(dr)-dr.overhead())/dr.addressBytes())
	if len(dr.Addresses) <= most {
		return
	}
	rest := dr.Addresses[most:]
	c.report(Warning, markAt(dr.addresses, rest[0].Pos), "move them to virtual_ipaddress_excluded yourself, on all routers of the group",
		"%s: an advert holds %d addresses on this link; %d more are held, but not advertised", dr.Name, most, len(rest))
	dr.Excluded = append(append([]Address{}, rest...), dr.Excluded...)
	dr.Addresses = dr.Addresses[:most:most]
}

func (c *checker) linkMTU(dr *draft) int {
	if c.mtu != nil {
		if mtu := c.mtu(dr.iface.v); mtu > 0 {
			return mtu
		}
	}
	return ethernetMTU
}

// overhead is the bytes of an advert that are not addresses: IP header, VRRP header, version 2's password.
func (dr *draft) overhead() int {
	switch {
	case dr.V6:
		return 40 + 8
	case dr.Version == 2 || dr.Interop:
		return 20 + 8 + 8
	}
	return 20 + 8
}

func (dr *draft) addressBytes() int {
	if dr.V6 {
		return 16
	}
	return 4
}

// markAt is the place of the address written at pos.
func markAt(addrs []given[Address], pos Pos) mark {
	for _, a := range addrs {
		if a.v.Pos == pos {
			return a.at
		}
	}
	return mark{}
}

// enough: version 3 cannot advertise an empty list (RFC 9568 5.2.5).
func (c *checker) enough(dr *draft) {
	switch {
	case len(dr.Addresses) > 0:
	case dr.Version == 3:
		c.fault(dr, dr.at, "add virtual_ipaddress", "version 3 needs at least one virtual address")
	case dr.Strict:
		c.fault(dr, dr.at, "add virtual_ipaddress", "strict mode needs at least one virtual address")
	case !dr.noAddress.ok:
		c.warn(dr, dr.at, "add virtual_ipaddress, or no_virtual_ipaddress if none is wanted", "it has no virtual address")
	}
}

// firstAddress: an IPv6 list begins with a link-local address (RFC 9568 5.2.9). A router whose own list does
// not can only have peers whose lists do not, either: it takes theirs.
func (c *checker) firstAddress(dr *draft) {
	dr.AnyFirst = dr.V6 && dr.anyFirst.or(false)
	if !dr.V6 || len(dr.Addresses) == 0 || dr.Addresses[0].Prefix.Addr().IsLinkLocalUnicast() {
		return
	}
	hint := "put a link-local address such as fe80::1/64 first, the same on all routers of the group"
	first := markAt(dr.addresses, dr.Addresses[0].Pos)
	if dr.anyFirst.ok && !dr.AnyFirst {
		c.report(Warning, first, hint, "%s: the first IPv6 address is not link-local, and accept_any_first_address is off: adverts like its own are dropped", dr.Name)
		return
	}
	if !dr.AnyFirst || dr.Strict {
		c.report(Warning, first, hint, "%s: the first IPv6 address is not link-local; adverts of that kind are taken, too", dr.Name)
	}
	dr.AnyFirst = true
}

// adverts is what is sent and taken.
func (c *checker) adverts(dr *draft) {
	dr.SkipCheckAddr = dr.skipAddrs.or(false)
	dr.TakeChecksum = dr.take.or(vrrp.Either)
	dr.SendChecksum = vrrp.Pseudo
	if dr.asV2.or(false) {
		dr.SendChecksum = vrrp.Plain
	}
	dr.DownAdverts = dr.downAdverts.or(defaultDownAdverts)
	dr.LowerNoAdvert = dr.lowerNoAdvert.or(dr.Strict)
	dr.HigherSendAdvert = dr.higherAdvert.or(false)
	dr.Mismatch = dr.mismatch.or(vrrp.DropDisjoint)
	if dr.Strict {
		c.strictAdverts(dr)
	}
}

// strictAdverts undoes what departs from the RFC.
func (c *checker) strictAdverts(dr *draft) {
	if dr.DownAdverts != defaultDownAdverts {
		c.warn(dr, dr.downAdverts.at, "remove it, or strict mode", "strict mode wants down_timer_adverts 3, which is used")
		dr.DownAdverts = defaultDownAdverts
	}
	if !dr.LowerNoAdvert {
		c.warn(dr, dr.lowerNoAdvert.at, "remove it, or strict mode", "strict mode wants lower_prio_no_advert, which is used")
		dr.LowerNoAdvert = true
	}
	if dr.HigherSendAdvert {
		c.warn(dr, dr.higherAdvert.at, "remove it, or strict mode", "strict mode knows no higher_prio_send_advert; it is ignored")
		dr.HigherSendAdvert = false
	}
	policy, word := vrrp.AcceptMismatch, "accept"
	if dr.Version == 2 {
		policy, word = vrrp.DropMismatch, "drop"
	}
	if dr.mismatch.ok && dr.mismatch.v != policy {
		c.warn(dr, dr.mismatch.at, "remove it, or strict mode", "strict mode wants vrrp_address_mismatch "+word+", which is used")
	}
	dr.Mismatch = policy
}

// acceptance: who may talk to the virtual addresses (RFC 9568 6.1, Accept_Mode).
func (c *checker) acceptance(dr *draft) {
	owner := dr.Priority == ownerPriority
	dr.Accept = dr.accept.or(!dr.Strict || owner)
	switch {
	case dr.Strict && dr.accept.ok && dr.accept.v && dr.Version == 2 && !owner:
		c.warn(dr, dr.accept.at, "remove accept, or strict mode", "strict mode knows no accept in version 2; it is ignored")
		dr.Accept = false
	case owner && !dr.Accept:
		c.warn(dr, dr.accept.at, "remove no_accept", "the owner of the addresses always accepts; no_accept is ignored")
		dr.Accept = true
	}
	if dr.Strict && !dr.Accept && !dr.accept.ok && dr.strict.ok {
		c.report(Warning, dr.strict.at, "take strict mode out, or add accept in version 3",
			"strict mode: virtual addresses answer no ping and take no connection on a router that is not their owner")
	}
}

// announcements is the schedule of gratuitous ARP and unsolicited NA.
func (c *checker) announcements(dr *draft) {
	delay, repeat := defaultGARPDelay, defaultGARPRepeat
	if c.globals.minGARP.or(false) {
		delay, repeat = 0, 1
	}
	g := &dr.GARP
	g.Delay = dr.garpDelay.or(delay)
	g.Repeat = dr.garpRepeat.or(repeat)
	g.Refresh = dr.garpRefresh.or(0)
	g.RefreshRepeat = dr.garpRefreshRepeat.or(1)
	g.LowerDelay = dr.garpLowerDelay.or(g.Delay)
	g.LowerRepeat = dr.garpLowerRepeat.or(g.Repeat)
	if dr.Strict {
		if dr.garpLowerRepeat.ok && g.LowerRepeat > 0 {
			c.warn(dr, dr.garpLowerRepeat.at, "remove it, or strict mode", "strict mode knows no garp_lower_prio_repeat; it is ignored")
		}
		g.LowerRepeat = 0
	}
	if g.Refresh > 0 && g.Refresh < time.Second {
		g.Refresh = time.Second
	}
}

// identity: the link and the VRID, which no two routers of a family may share.
func (c *checker) identity(dr *draft) {
	dr.VRID, dr.VLAN, dr.Interface = dr.vrid.v, dr.vlan.v, dr.iface.v
	switch {
	case dr.iface.ok && dr.Interface == "lo":
		c.fault(dr, dr.iface.at, "name a link to other routers", "the loopback interface has no peers")
	case dr.iface.ok:
	case len(dr.Peers) > 0 && c.globals.iface.ok:
		dr.Interface = c.globals.iface.v
	default:
		c.fault(dr, dr.at, "add interface", "it names no interface")
	}
	if !dr.vrid.ok {
		c.fault(dr, dr.at, "add virtual_router_id", "it has no virtual_router_id")
	}
	if dr.Interface == "" || dr.VRID == 0 {
		return
	}
	key := segment{dr.Interface, dr.VLAN, dr.V6, dr.VRID}
	first := c.owners[key]
	if first == nil {
		c.owners[key] = dr
		return
	}
	c.fault(dr, dr.vrid.at, "give each router of a link and family its own VRID",
		fmt.Sprintf("virtual_router_id %d with %s on %s belongs to %s already (%s)", dr.VRID, dr.familyName(), dr.Interface, first.Name, first.vrid.at.pos()))
}

// inheritAll takes what global_defs gives where the router itself gives nothing.
func (s *defaults) inheritAll(all *defaults) {
	s.version = s.version.inherit(all.version)
	s.strict = s.strict.inherit(all.strict)
	s.skipAddrs = s.skipAddrs.inherit(all.skipAddrs)
	s.anyFirst = s.anyFirst.inherit(all.anyFirst)
	s.interop = s.interop.inherit(all.interop)
	s.asV2 = s.asV2.inherit(all.asV2)
	s.lowerNoAdvert = s.lowerNoAdvert.inherit(all.lowerNoAdvert)
	s.higherAdvert = s.higherAdvert.inherit(all.higherAdvert)
	s.mismatch = s.mismatch.inherit(all.mismatch)
	s.take = s.take.inherit(all.take)
	s.downAdverts = s.downAdverts.inherit(all.downAdverts)
	s.garpDelay = s.garpDelay.inherit(all.garpDelay)
	s.garpRefresh = s.garpRefresh.inherit(all.garpRefresh)
	s.garpLowerDelay = s.garpLowerDelay.inherit(all.garpLowerDelay)
	s.garpRepeat = s.garpRepeat.inherit(all.garpRepeat)
	s.garpLowerRepeat = s.garpLowerRepeat.inherit(all.garpLowerRepeat)
	s.garpRefreshRepeat = s.garpRefreshRepeat.inherit(all.garpRefreshRepeat)
}
