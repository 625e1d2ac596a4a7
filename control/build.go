package control

import (
	"fmt"
	"net/netip"
	"reflect"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// This file is the only translation from the configuration to what election, filter and host want.

// binding is a router on its link: what the filter must check and what the host must do.
type binding struct {
	id    vrrp.ID
	rules vrrp.Rules
	host  host.Binding
	mac   [6]byte // of the link: adverts are rebuilt when it changes
}

func (b *binding) equal(c *binding) bool { return reflect.DeepEqual(b, c) }

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
	}
}

// virtualAddresses is the set of all virtual addresses, which are never a router's own source.
func (d *daemon) virtualAddresses() map[addressOn]bool {
	set := make(map[addressOn]bool)
	for _, r := range d.routers {
		for _, list := range [][]config.Address{r.conf.Addresses, r.conf.Excluded} {
			for _, a := range list {
				set[addressOn{device(r.conf, a), a.Prefix.Addr()}] = true
			}
		}
	}
	return set
}

// device is the interface a virtual address sits on.
func device(c *config.Router, a config.Address) string {
	if a.Dev != "" {
		return a.Dev
	}
	return c.Interface
}

// build translates a router for the links as they are. What is missing comes back by topic, and no binding.
func build(c *config.Router, links map[string]*host.Link, vips map[addressOn]bool) (*binding, map[string]string) {
	faults := make(map[string]string)
	l := links[c.Interface]
	switch {
	case l == nil:
		faults[causeLink] = fmt.Sprintf("interface %s does not exist", c.Interface)
		return nil, faults
	case l.Loopback:
		faults[causeLink] = fmt.Sprintf("interface %s is a loopback", c.Interface)
		return nil, faults
	case !l.Up && c.TrackPrimary:
		faults[causeLink] = fmt.Sprintf("interface %s is down", c.Interface)
	case !l.Multicast && len(c.Peers) == 0:
		faults[causeLink] = fmt.Sprintf("interface %s has no multicast; use unicast_peer", c.Interface)
	}
	own := source(c, l, vips)
	if !own.IsValid() {
		faults[causeSource] = fmt.Sprintf("interface %s has no %s to send adverts from", c.Interface, sourceKind(c))
		return nil, faults
	}
	addrs, missing := addresses(c, links)
	if missing != "" {
		faults[causeAddress] = missing
		return nil, faults
	}
	id := vrrp.ID{Link: l.Index, VLAN: c.VLAN, V6: c.V6, VRID: c.VRID}
	return &binding{
		id: id, mac: l.MAC,
		rules: Rules(c, id, own),
		host: host.Binding{
			ID: id, Name: c.Name, Source: own, Group: c.Group, Peers: peerAddrs(c.Peers), TTL: ttl(c),
			Adverts: forms(c), Addrs: addrs,
		},
	}, faults
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

// Rules is what a router demands of an advert while own is the source of its own ones.
func Rules(c *config.Router, id vrrp.ID, own netip.Addr) vrrp.Rules {
	r := vrrp.Rules{
		ID: id, Owner: c.Priority == 255, Interval: c.Interval, Checksum: c.TakeChecksum, Auth: c.Auth,
		Mismatch: c.Mismatch, AnyFirst: c.AnyFirst, Own: own, Group: c.Group, Peers: c.Peers, SkipAddrs: c.SkipCheckAddr,
		Addrs: listed(c.Addresses),
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

// addresses resolves the devices of a router's virtual addresses; missing words the first that is not there.
func addresses(c *config.Router, links map[string]*host.Link) (out []host.Address, missing string) {
	for _, list := range [][]config.Address{c.Addresses, c.Excluded} {
		for _, a := range list {
			dev := links[device(c, a)]
			if dev == nil {
				return nil, fmt.Sprintf("interface %s of virtual address %v does not exist", device(c, a), a.Prefix.Addr())
			}
			out = append(out, host.Address{
				Prefix: a.Prefix, Link: dev.Index, Broadcast: a.Broadcast, Scope: a.Scope, Label: a.Label, Peer: a.Peer,
				Flags: flags(a), PreferredLifetime: a.PreferredLifetime,
			})
		}
	}
	return out, ""
}

func flags(a config.Address) int {
	f := 0
	for flag, on := range map[int]bool{
		unix.IFA_F_HOMEADDRESS: a.Home, unix.IFA_F_NODAD: a.NoDAD, unix.IFA_F_MANAGETEMPADDR: a.ManageTemp,
		unix.IFA_F_NOPREFIXROUTE: a.NoPrefixRoute, unix.IFA_F_MCAUTOJOIN: a.AutoJoin,
	} {
		if on {
			f |= flag
		}
	}
	return f
}
