// Lines of addresses and peers, which have a grammar of their own.

package config

import (
	"math"
	"net/netip"
	"strings"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// labelBytes is the longest label of an address the kernel takes.
const labelBytes = 15

// advertised and excluded are the two lists of a router's addresses.
func advertised(dr *draft) *[]given[Address] { return &dr.addresses }
func excluded(dr *draft) *[]given[Address]   { return &dr.excluded }

// virtualAddresses reads a block of address lines.
func virtualAddresses(to func(*draft) *[]given[Address]) setter {
	return func(d *decoder, n *node, in scope) {
		addrs := to(in.router)
		d.eachAddress(n, false, func(a StaticAddress, at mark) {
			if addrs == &in.router.addresses {
				in.router.decide(a.Prefix.Addr(), at)
			}
			*addrs = append(*addrs, given[Address]{a.Address, true, at})
		})
	}
}

// staticAddresses reads a block of addresses that stay.
func staticAddresses(d *decoder, n *node, _ scope) {
	d.eachAddress(n, true, func(a StaticAddress, at mark) {
		d.static.addresses = append(d.static.addresses, given[StaticAddress]{a, true, at})
	})
}

// eachAddress reads the lines of a block.
func (d *decoder) eachAddress(n *node, static bool, f func(StaticAddress, mark)) {
	for _, line := range n.body {
		if line.block || len(line.words) == 0 {
			d.report(Warning, line.mark(0), "", "an address takes no block; skipped")
			continue
		}
		if a, ok := d.addressLine(line, static); ok {
			f(a, line.mark(0))
		}
	}
}

// addressLine reads "address[/length] option ...". A mistake in an option costs the option or, like in
// keepalived, the address.
func (d *decoder) addressLine(n *node, static bool) (StaticAddress, bool) {
	a := StaticAddress{Address: Address{Pos: n.mark(0).pos(), Scope: -1, PreferredLifetime: -1}}
	if !d.prefix(n, 0, &a.Prefix) {
		return a, false
	}
	if a.Prefix.Addr().Is6() && a.Prefix.Bits() == 128 {
		a.PreferredLifetime = 0
	}
	for i := 1; i < len(n.words); {
		o := addressOptions[n.words[i].s]
		switch {
		case o.set == nil:
			i += 1 + d.unknownOption(n, i)
			continue
		case o.use == ofRouters && static || o.use == ofStatic && !static:
			d.report(Warning, n.mark(i), "remove it", "%s is for %s addresses only; ignored", n.words[i].s, o.use)
			i += 1 + o.args
			continue
		case i+o.args >= len(n.words):
			d.report(Warning, n.mark(i), "", "option %s of an address has no value; ignored", n.words[i].s)
			i = len(n.words)
			continue
		case !o.set(d, n, i, &a):
			return a, false
		}
		i += 1 + o.args
	}
	d.pointToPoint(n, &a.Address)
	return a, true
}

// pointToPoint: an address with a peer has neither a prefix length of its own nor a broadcast address.
func (d *decoder) pointToPoint(n *node, a *Address) {
	if !a.Peer.IsValid() {
		return
	}
	if addr := a.Prefix.Addr(); a.Prefix.Bits() != addr.BitLen() {
		d.report(Warning, n.mark(0), "write the length behind the peer", "%s: an address with a peer has no prefix length; ignored", a.Prefix)
		a.Prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	if a.Broadcast.IsValid() {
		d.report(Warning, n.mark(0), "remove the broadcast address", "%s: an address with a peer has no broadcast address; ignored", a.Prefix.Addr())
		a.Broadcast = netip.Addr{}
	}
}

// unknownOption reports a word that is no option of an address, and answers how many words behind it belong to the
// option it seems to be.
func (d *decoder) unknownOption(n *node, i int) int {
	word, near := n.words[i].s, ""
	for name := range addressOptions {
		if len(word) > 2 && len(name) > 2 && distance(word, name) == 1 && (near == "" || name < near) {
			near = name
		}
	}
	hint := "see ip-address(8) for the options"
	if near != "" {
		hint = "did you mean " + near + "?"
	}
	d.report(Warning, n.mark(i), hint, "unknown option %q of an address; ignored", word)
	return min(addressOptions[near].args, len(n.words)-1-i)
}

// prefix reads the address at word i, with its length or the family's longest.
func (d *decoder) prefix(n *node, i int, to *netip.Prefix) bool {
	word := n.words[i].s
	host, length, has := strings.Cut(word, "/")
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" || addr.Is4In6() {
		hint := d.misplaced(word)
		if hint == "" {
			hint = "write an IPv4 or IPv6 address, with its prefix length behind a slash"
		}
		d.report(Warning, n.mark(i), hint, "%q is no address; entry skipped", word)
		return false
	}
	bits := addr.BitLen()
	if has {
		v, fault := integer(length, 0, int64(bits))
		if fault != "" {
			d.report(Warning, n.mark(i), "", "%s: prefix length %s; %d is used", host, fault, bits)
		} else {
			bits = int(v)
		}
	}
	*to = netip.PrefixFrom(addr, bits)
	return true
}

// addressOption is an option of an address: how many words follow it, and what it does. It answers false if the
// address is to be dropped.
type addressOption struct {
	args  int
	value string // the form of the word behind it, for people
	help  string
	set   func(d *decoder, n *node, i int, a *StaticAddress) bool
	use   addressUse
}

// addressUse says which addresses an option is for.
type addressUse uint8

const (
	ofAll addressUse = iota
	ofRouters
	ofStatic
)

func (u addressUse) String() string { return [...]string{"all", "virtual", "static"}[u] }

var addressOptions = map[string]addressOption{
	"dev": {args: 1, value: "INTERFACE", help: "link the address is put on instead of the router's",
		set: func(d *decoder, n *node, i int, a *StaticAddress) bool {
			a.Dev = n.words[i+1].s
			return d.linkName(n, i+1, "entry skipped")
		}},
	"brd":       {args: 1, value: "ADDRESS|+|-", help: "IPv4 broadcast address; + and -: all host bits set or clear", set: (*decoder).broadcast},
	"broadcast": {args: 1, value: "ADDRESS|+|-", help: "the same", set: (*decoder).broadcast},
	"scope":     {args: 1, value: "NAME|N", help: "IPv4: global, site, link, host, nowhere or a number to 255", set: (*decoder).scope},
	"label":     {args: 1, value: "NAME", help: "IPv4: name of at most 15 bytes", set: (*decoder).label},
	"peer": {args: 1, value: "ADDRESS[/LENGTH]", help: "other end of a point-to-point link",
		set: func(d *decoder, n *node, i int, a *StaticAddress) bool { return d.prefix(n, i+1, &a.Peer) }},
	"preferred_lft": {args: 1, value: "SECONDS|forever", set: (*decoder).preferred,
		help: "preferred lifetime; forever, but 0 for IPv6 with length 128, so that it is not picked as source"},
	"home":          {help: "IPv6: Mobile IPv6 home address", set: for6(func(a *StaticAddress) { a.Home = true })},
	"-nodad":        {help: "IPv6: look for duplicates first, which takes a second; the name notwithstanding", set: for6(func(a *StaticAddress) { a.DAD = true })},
	"mngtmpaddr":    {help: "IPv6: template for temporary addresses", set: for6(func(a *StaticAddress) { a.ManageTemp = true })},
	"noprefixroute": {help: "no route for the prefix", set: always(func(a *StaticAddress) { a.NoPrefixRoute = true })},
	"autojoin":      {help: "join the address as a multicast group", set: always(func(a *StaticAddress) { a.AutoJoin = true })},
	"no_track":      {help: "nobody minds if the address is deleted", set: always(func(a *StaticAddress) { a.NoTrack = true })},
	"use_vmac":      {help: "virtual MAC for this address on another link; " + notCarriedOut, use: ofRouters, set: addressVMAC},
	"track_group": {args: 1, value: "NAME", help: "the track_group whose routers fault with the address", use: ofStatic,
		set: func(_ *decoder, n *node, i int, a *StaticAddress) bool {
			a.Group = n.words[i+1].s
			return true
		}},
}

// notCarriedOut stands in the help of an option that is reported and ignored.
const notCarriedOut = "not carried out: it has the MAC of its link"

func addressVMAC(d *decoder, n *node, i int, _ *StaticAddress) bool {
	d.report(Warning, n.mark(i), "give that link a router of its own", "use_vmac of an address is not carried out: it has the MAC of its link")
	return true
}

func always(set func(*StaticAddress)) func(*decoder, *node, int, *StaticAddress) bool {
	return func(_ *decoder, _ *node, _ int, a *StaticAddress) bool {
		set(a)
		return true
	}
}

// for6 is an option for IPv6 alone.
func for6(set func(*StaticAddress)) func(*decoder, *node, int, *StaticAddress) bool {
	return func(d *decoder, n *node, i int, a *StaticAddress) bool {
		if a.Prefix.Addr().Is4() {
			d.report(Warning, n.mark(i), "remove it", "option %s is for IPv6 addresses only; ignored", n.words[i].s)
			return true
		}
		set(a)
		return true
	}
}

// broadcast is an address, or + or - for the prefix with all host bits set or clear.
func (d *decoder) broadcast(n *node, i int, a *StaticAddress) bool {
	word := n.words[i+1].s
	if a.Prefix.Addr().Is6() {
		d.report(Warning, n.mark(i), "remove the broadcast address", "IPv6 has no broadcast: address %s skipped", a.Prefix)
		return false
	}
	if word == "+" || word == "-" {
		if a.Prefix.Bits() > 30 {
			d.report(Warning, n.mark(i), "give the address a prefix length up to 30", "brd %s needs host bits, %s has none; ignored", word, a.Prefix)
			return true
		}
		a.Broadcast = hostBits(a.Prefix, word == "+")
		return true
	}
	b, err := netip.ParseAddr(word)
	if err != nil || !b.Is4() {
		d.report(Warning, n.mark(i+1), "write an IPv4 address, + or -", "%q is no broadcast address; ignored", word)
		return true
	}
	a.Broadcast = b
	return true
}

// hostBits is the IPv4 prefix with the bits behind its length all set or all clear.
func hostBits(p netip.Prefix, set bool) netip.Addr {
	b := p.Masked().Addr().As4()
	for i := p.Bits(); set && i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b)
}

func (d *decoder) scope(n *node, i int, a *StaticAddress) bool {
	word := n.words[i+1].s
	v, known := d.lookup(routeScopes, word)
	if !known {
		d.report(Warning, n.mark(i+1), "write global, site, link, host, nowhere or a number to 255", "%q is no scope; ignored", word)
		return true
	}
	if a.Prefix.Addr().Is6() {
		d.report(Warning, n.mark(i), "remove it", "the kernel gives IPv6 addresses their scope itself; ignored")
		return true
	}
	a.Scope = int16(v)
	return true
}

func (d *decoder) label(n *node, i int, a *StaticAddress) bool {
	switch word := n.words[i+1].s; {
	case a.Prefix.Addr().Is6():
		d.report(Warning, n.mark(i), "remove it", "IPv6 addresses have no label; ignored")
	case len(word) > labelBytes:
		d.report(Warning, n.mark(i+1), "shorten it", "label %s is longer than %d bytes: address %s skipped", word, labelBytes, a.Prefix)
		return false
	default:
		a.Label = word
	}
	return true
}

func (d *decoder) preferred(n *node, i int, a *StaticAddress) bool {
	word := n.words[i+1].s
	if word == "forever" {
		a.PreferredLifetime = -1
		return true
	}
	v, fault := integer(word, 0, math.MaxUint32-1)
	if fault != "" {
		d.report(Warning, n.mark(i+1), "write seconds or forever", "preferred_lft %s; ignored", fault)
		return true
	}
	a.PreferredLifetime = v
	return true
}

// unicastPeers reads lines of "address [min_ttl N] [max_ttl N]".
func unicastPeers(d *decoder, n *node, in scope) {
	in.router.peersAt = given[bool]{true, true, n.mark(0)}
	for _, line := range n.body {
		if len(line.words) == 0 {
			continue
		}
		p := vrrp.Peer{MaxTTL: math.MaxUint8}
		a, err := netip.ParseAddr(line.words[0].s)
		if err != nil || a.Zone() != "" || a.Is4In6() {
			d.report(Warning, line.mark(0), "write one address a line", "%q is no address; peer skipped", line.words[0].s)
			continue
		}
		p.Addr = a
		d.peerOptions(line, &p)
		if p.MinTTL > p.MaxTTL {
			d.report(Warning, line.mark(0), "", "min_ttl %d is above max_ttl %d; both ignored", p.MinTTL, p.MaxTTL)
			p.MinTTL, p.MaxTTL = 0, math.MaxUint8
		}
		in.router.decide(a, line.mark(0))
		in.router.peers = append(in.router.peers, given[vrrp.Peer]{p, true, line.mark(0)})
	}
}

func (d *decoder) peerOptions(n *node, p *vrrp.Peer) {
	for i := 1; i < len(n.words); i += 2 {
		var to *uint8
		switch n.words[i].s {
		case "min_ttl":
			to = &p.MinTTL
		case "max_ttl":
			to = &p.MaxTTL
		default:
			d.report(Warning, n.mark(i), "write one peer a line, with min_ttl N or max_ttl N behind it",
				"unknown option %q of a peer; rest of the line ignored", n.words[i].s)
			return
		}
		if i+1 >= len(n.words) {
			d.report(Warning, n.mark(i), "", "%s has no value; ignored", n.words[i].s)
			return
		}
		v, fault := integer(n.words[i+1].s, 0, math.MaxUint8)
		if fault != "" {
			d.report(Warning, n.mark(i+1), "", "%s %s; ignored", n.words[i].s, fault)
			continue
		}
		*to = uint8(v)
	}
}

// parseVLAN reads a VID, or a service and a customer VID with a point between them.
func parseVLAN(s string) (vrrp.VLAN, string) {
	outer, inner, two := strings.Cut(s, ".")
	v, fault := integer(outer, 1, 4094)
	if fault != "" || !two {
		return vrrp.VLAN(v), fault
	}
	c, fault := integer(inner, 1, 4094)
	if fault != "" {
		return 0, fault
	}
	return vrrp.VLAN(v<<16 | c), ""
}

func joinHostPort(host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + port
}
