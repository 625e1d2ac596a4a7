package doctor

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/xvrrp/xvrrp/control/config"
)

const inAddresses = "addresses"

// addresses judges where adverts come from and what the virtual addresses meet.
func (e *exam) addresses() {
	n := 0
	for _, r := range e.routers() {
		l := e.link(r.Interface)
		if l == nil {
			continue
		}
		if l.Up && !r.Source.IsValid() && !slices.ContainsFunc(l.Addrs, func(p netip.Prefix) bool { return sends(r, p.Addr()) }) {
			e.find(Finding{ID: "no-source", Severity: Error, Section: inAddresses, Subject: r.Name,
				Seen: fmt.Sprintf("%s has no %s address of its own", l.Name, family(r.V6)),
				Why:  "Adverts have nowhere to come from, so the router stays in FAULT.", Remedy: sourceRemedy(r)})
		}
		for _, list := range [][]config.Address{r.Addresses, r.Excluded} {
			for i := range list {
				e.address(r, l, &list[i])
				n++
			}
		}
	}
	if n > 0 {
		e.look(inAddresses, fmt.Sprintf("virtual ones: %d", n))
	}
}

// sends tells whether adverts of a router may come from an address of its interface.
func sends(r *config.Router, a netip.Addr) bool {
	return a.Is6() == r.V6 && (!r.V6 || a.IsLinkLocalUnicast()) && !isVirtual(r, a)
}

func isVirtual(r *config.Router, a netip.Addr) bool {
	same := func(v config.Address) bool { return v.Prefix.Addr() == a }
	return r.Priority != owner && (slices.ContainsFunc(r.Addresses, same) || slices.ContainsFunc(r.Excluded, same))
}

// owner is the priority of the router whose own the addresses are (RFC 9568 5.2.4).
const owner = 255

func family(v6 bool) string {
	if v6 {
		return "link-local IPv6"
	}
	return "IPv4"
}

func sourceRemedy(r *config.Router) string {
	if r.V6 {
		return fmt.Sprintf("ip link set %s addrgenmode eui64, or name one with mcast_src_ip", r.Interface)
	}
	return fmt.Sprintf("ip addr add ADDRESS/LENGTH dev %s, or name one with mcast_src_ip", r.Interface)
}

// address judges one virtual address.
func (e *exam) address(r *config.Router, l *Link, v *config.Address) {
	dev := or(v.Dev, l.Name)
	if on := e.link(dev); on != nil {
		e.prefix(r, on, v)
	}
	if r.Priority == owner {
		return
	}
	for i := range e.Links {
		if holder := &e.Links[i]; holdsAddr(holder, v.Prefix.Addr()) {
			e.held(r, dev, holder, v)
		}
	}
}

func holdsAddr(l *Link, a netip.Addr) bool {
	return slices.ContainsFunc(l.Addrs, func(p netip.Prefix) bool { return p.Addr() == a })
}

// prefix compares a virtual address's length with the subnets of its interface. A host address within one of them is
// the usual form; one outside is not reached unless routes lead there.
func (e *exam) prefix(r *config.Router, on *Link, v *config.Address) {
	a := v.Prefix.Addr()
	if a.IsLinkLocalUnicast() {
		return
	}
	near := slices.IndexFunc(on.Addrs, func(p netip.Prefix) bool {
		return p.Addr().Is6() == a.Is6() && !isVirtual(r, p.Addr()) && p.Contains(a)
	})
	f := Finding{Severity: Warning, Section: inAddresses, Subject: r.Name}
	switch {
	case near < 0 && v.Prefix.IsSingleIP() && slices.ContainsFunc(on.Addrs, func(p netip.Prefix) bool { return sends(r, p.Addr()) }):
		f.ID = "vip-off-link"
		f.Seen = fmt.Sprintf("%s: %s is in no subnet of %s", v.Pos, v.Prefix, on.Name)
		f.Why = "Hosts on the segment do not ask for it by ARP, and this host has no route to them from it."
		f.Remedy = fmt.Sprintf("write it with the length of its subnet, such as %s/24, or give %s an address there", a, on.Name)
	case near >= 0 && !v.Prefix.IsSingleIP() && v.Prefix.Bits() != on.Addrs[near].Bits():
		f.ID = "vip-prefix"
		f.Seen = fmt.Sprintf("%s: %s, but the subnet of %s is %s", v.Pos, v.Prefix, on.Name, on.Addrs[near].Masked())
		f.Why = fmt.Sprintf("The master gets a route to %s on %s that its backups lack: hosts there become unreachable, or are looked for on the wrong link.", v.Prefix.Masked(), on.Name)
		f.Remedy = fmt.Sprintf("write %s/%d", a, on.Addrs[near].Bits())
	default:
		return
	}
	e.find(f)
}

// held judges a virtual address that the host has now.
func (e *exam) held(r *config.Router, dev string, on *Link, v *config.Address) {
	a := v.Prefix.Addr()
	there := on.Addrs[slices.IndexFunc(on.Addrs, func(p netip.Prefix) bool { return p.Addr() == a })]
	f := Finding{ID: "vip-present", Severity: Error, Section: inAddresses, Subject: r.Name,
		Remedy: fmt.Sprintf("ip addr del %s dev %s, and take it out of the network configuration of this host", there, on.Name)}
	switch {
	case e.masters(r, on, dev) || e.rivalRuns():
		return // where it belongs, or the business of who put it there
	case on.Name == dev || r.VMAC != nil && e.Daemon == nil && isVMAC(r, on.Name):
		f.ID, f.Severity = "vip-left", Warning
		f.Seen = fmt.Sprintf("%s is on %s, though no router here is its master", a, on.Name)
		f.Why = "A killed daemon left it behind, or it is configured as an ordinary address: two hosts then answer for it."
	case on.Name == "lo":
		f.Severity = Warning
		f.Seen = fmt.Sprintf("%s is on lo as well", a)
		f.Why = "This host answers for it on every link even as backup, unless arp_ignore forbids it (as it should with LVS direct routing)."
		f.Remedy += "; or keep it and: sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2"
	default:
		f.Seen = fmt.Sprintf("%s is on %s, too", a, on.Name)
		f.Why = fmt.Sprintf("This host answers for it on %s even as backup, and as master sends by two ways.", on.Name)
	}
	e.find(f)
}

// masters tells whether the running daemon is master of a router, and so holds its addresses on dev.
func (e *exam) masters(r *config.Router, on *Link, dev string) bool {
	if e.Daemon == nil {
		return false
	}
	for _, s := range e.Daemon.Routers {
		if s.Name == r.Name && s.Role == "master" && (on.Name == dev || on.Name == s.VMAC) {
			return true
		}
	}
	return false
}

// isVMAC tells whether an interface is the macvlan of a router.
func isVMAC(r *config.Router, name string) bool {
	return name == r.VMAC.Name || r.VMAC.Name == "" && name == fmt.Sprintf("vrrp.%d", r.VRID)
}
