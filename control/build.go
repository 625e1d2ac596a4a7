package control

import (
	"fmt"
	"net/netip"
	"reflect"
	"time"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// This file is the only translation from the configuration to what election, filter and host want.

// binding is a router on its link: what the filter must check and what the host must do.
type binding struct {
	conf *config.Router // by which the filter checks: see rules
	host *host.Binding
	mac  [6]byte // of the link: adverts are rebuilt when it changes
}

func (b *binding) id() vrrp.ID { return b.host.ID }

// rules are made when they are asked for: there may be thousands of routers.
func (b *binding) rules() vrrp.Rules { return Rules(b.conf, b.host.ID.Link, b.host.Source) }

// addrs is the address list of our adverts.
func (b *binding) addrs() []netip.Addr { return b.host.Adverts[0].Advert.Addrs }

func (b *binding) equal(c *binding) bool {
	return b.mac == c.mac && reflect.DeepEqual(b.host, c.host) && (b.conf == c.conf || reflect.DeepEqual(b.rules(), c.rules()))
}

// addressOn is an address on a link.
type addressOn struct {
	link string
	addr netip.Addr
}

func electionConfig(c *config.Router) election.Config {
	return election.Config{
		Version:               c.Version,
		Interop:               c.Interop,
		Priority:              c.Priority,
		Interval:              c.Interval,
		Preempt:               c.Preempt,
		PreemptDelay:          c.PreemptDelay,
		StartMaster:           c.StartMaster,
		DownAdverts:           c.DownAdverts,
		AnnounceRepeat:        c.GARP.Repeat,
		AnnounceDelay:         c.GARP.Delay,
		AnnounceRefresh:       c.GARP.Refresh,
		AnnounceRefreshRepeat: c.GARP.RefreshRepeat,
		LowerRepeat:           c.GARP.LowerRepeat,
		LowerDelay:            c.GARP.LowerDelay,
		LowerNoAdvert:         c.LowerNoAdvert,
		HigherSendAdvert:      c.HigherSendAdvert,
		OwnerIgnore:           c.OwnerIgnore,
		TimerExpired:          c.TimerExpired,
	}
}

// virtualAddresses is the set of the routers' virtual addresses on some links, which are never a router's own source.
// afloat tells where routers are that name no link; nil if that may be read of them, which only the loop may.
func virtualAddresses(links map[string]bool, routers []*router, afloat map[*router]string) map[addressOn]bool {
	set := make(map[addressOn]bool)
	if len(links) == 0 {
		return set
	}
	for _, r := range routers {
		iface := r.conf.Interface
		switch {
		case iface != "":
		case afloat != nil:
			iface = afloat[r]
		default:
			iface = r.iface
		}
		for _, list := range [][]config.Address{r.conf.Addresses, r.conf.Excluded} {
			for _, a := range list {
				if on := r.deviceFrom(iface, a); links[on] {
					set[addressOn{on, a.Prefix.Addr()}] = true
				}
			}
		}
	}
	return set
}

// linksOf are the links that routers are on.
func linksOf(routers []*router) map[string]bool {
	links := make(map[string]bool)
	for _, r := range routers {
		links[r.iface] = true
	}
	return links
}

// device is the interface a virtual address sits on.
func (r *router) device(a config.Address) string { return r.deviceFrom(r.iface, a) }

// deviceFrom is device if the router is on this link.
func (r *router) deviceFrom(iface string, a config.Address) string {
	switch {
	case a.Dev != "":
		return a.Dev
	case r.vmac != "" && a.Prefix.Addr().Is6() == r.conf.V6:
		return r.vmac
	}
	return iface
}

// build translates a router for the links as they are. What is missing comes back by topic, and no binding.
func build(r *router, links map[string]*host.Link, vips map[addressOn]bool) (b *binding, faults map[string]string) {
	c := r.conf
	l := links[r.iface]
	switch {
	case r.iface == "":
		put(&faults, causeSource, fmt.Sprintf("no interface has unicast_src_ip %v", c.Source))
		return nil, faults
	case l == nil:
		put(&faults, causeLink, fmt.Sprintf("interface %s does not exist", r.iface))
		return nil, faults
	case l.Loopback:
		put(&faults, causeLink, fmt.Sprintf("interface %s is a loopback", r.iface))
		return nil, faults
	case !l.Up && c.TrackPrimary:
		put(&faults, causeLink, fmt.Sprintf("interface %s is down", r.iface))
	case !l.Multicast && len(c.Peers) == 0:
		put(&faults, causeLink, fmt.Sprintf("interface %s has no multicast; use unicast_peer", r.iface))
	}
	own := source(c, l, vips)
	if !own.IsValid() {
		put(&faults, causeSource, fmt.Sprintf("interface %s has no %s to send adverts from", r.iface, sourceKind(c)))
		return nil, faults
	}
	h := &host.Binding{
		Name: c.Name, Source: own, Peers: peerAddrs(c.Peers), TTL: ttl(c),
		HMAC: c.HMAC, Promote: c.PromoteSecondaries, MAC: advertMAC(c),
		GARPGap: c.GARP.Gap, GNAGap: c.GARP.NAGap, ExtraEvery: c.GARP.Extra.Every, ExtraAll: c.GARP.Extra.All,
	}
	if err := r.place(h, links); err != nil {
		put(&faults, causeAddress, err.Error())
		return nil, faults
	}
	h.ID, h.Adverts = routerID(c, l.Index, own), forms(c)
	return &binding{conf: c, mac: l.MAC, host: h}, faults
}

// source is the address our adverts come from: the configured one, else the interface's primary address (IPv4)
// or link-local address (IPv6), never a virtual one unless this router owns it (RFC 9568 7.2).
func source(c *config.Router, l *host.Link, vips map[addressOn]bool) netip.Addr {
	var owned netip.Addr
	for _, a := range l.Addrs {
		addr := a.Prefix.Addr()
		switch {
		case addr.Is6() != c.V6 || a.Tentative || a.DADFailed:
		case c.Source.IsValid():
			if addr == c.Source {
				return addr
			}
		case c.V6 && !addr.IsLinkLocalUnicast():
		case !vips[addressOn{l.Name, addr}]:
			return addr
		case c.Priority == 255 && !owned.IsValid():
			owned = addr
		}
	}
	return owned
}

// listensOn is where a router's adverts arrive.
func listensOn(c *config.Router, own netip.Addr) netip.Addr {
	if len(c.Peers) > 0 {
		return own
	}
	return c.Group
}

func sourceKind(c *config.Router) string {
	switch {
	case c.Source.IsValid():
		return "address " + c.Source.String()
	case c.V6:
		return "IPv6 link-local address"
	default:
		return "IPv4 address"
	}
}

// routerID is what a router is known by on a link, by index, while own is the source of its adverts.
func routerID(c *config.Router, link int, own netip.Addr) vrrp.ID {
	return vrrp.ID{Link: link, VLAN: c.VLAN, V6: c.V6, VRID: c.VRID}.To(listensOn(c, own))
}

// Rules is what a router demands of an advert on a link, by index, while own is the source of its own ones.
func Rules(c *config.Router, link int, own netip.Addr) vrrp.Rules {
	r := vrrp.Rules{
		ID: routerID(c, link, own), Owner: c.Priority == 255, Interval: c.Interval, Checksum: c.TakeChecksum, Auth: c.Auth,
		Mismatch: c.Mismatch, AnyFirst: c.AnyFirst, Own: own, Group: c.Group, Peers: c.Peers, SkipAddrs: c.SkipCheckAddr,
		PassOn: c.PassAdverts, Addrs: listed(c.Addresses), Trailer: c.HMAC.Rule(),
	}
	switch {
	case c.Interop:
		r.Versions = vrrp.V2 | vrrp.V3
	case c.Version == 2:
		r.Versions = vrrp.V2
	default:
		r.Versions = vrrp.V3
	}
	return r
}

// listed is the address list of our adverts, in the order of the configuration (RFC 9568 5.2.9).
func listed(addrs []config.Address) []netip.Addr {
	out := make([]netip.Addr, 0, len(addrs))
	for _, a := range addrs {
		out = append(out, a.Prefix.Addr())
	}
	return out
}

func peerAddrs(peers []vrrp.Peer) []netip.Addr {
	var out []netip.Addr
	for _, p := range peers {
		out = append(out, p.Addr)
	}
	return out
}

func ttl(c *config.Router) uint8 {
	if len(c.Peers) > 0 {
		return c.UnicastTTL
	}
	return 255
}

// forms are the shapes our adverts take; in interoperation mode version 3 and version 2 (RFC 9568 8.4.2).
func forms(c *config.Router) []host.Form {
	a := vrrp.Advert{Version: c.Version, VRID: c.VRID, Interval: c.Interval, Addrs: listed(c.Addresses), Auth: c.Auth}
	out := []host.Form{{Advert: a, Checksum: c.SendChecksum}}
	if c.Interop {
		a.Version = 2
		a.Interval = max(time.Second, c.Interval.Truncate(time.Second))
		out = append(out, host.Form{Advert: a, Checksum: vrrp.Plain})
	}
	return out
}
