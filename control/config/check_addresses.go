// The address list of a router: which addresses it advertises, which it only holds, and whether that is a list a router
// can have.

package config

import (
	"fmt"
	"net/netip"
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

// linkMTU asks once per link: to ask may take a system call, and there may be thousands of routers.
func (c *checker) linkMTU(dr *draft) int {
	mtu, known := c.mtus[dr.iface.v]
	if !known {
		if c.mtu != nil {
			mtu = c.mtu(dr.iface.v)
		}
		if mtu <= 0 {
			mtu = ethernetMTU
		}
		c.mtus[dr.iface.v] = mtu
	}
	return mtu
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
		c.report(Warning, first, hint,
			"%s: the first IPv6 address is not link-local, and accept_any_first_address is off: adverts like its own are dropped", dr.Name)
		return
	}
	if !dr.AnyFirst || dr.Strict {
		c.report(Warning, first, hint, "%s: the first IPv6 address is not link-local; adverts of that kind are taken, too", dr.Name)
	}
	dr.AnyFirst = true
}
