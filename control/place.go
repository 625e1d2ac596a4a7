package control

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/host"
)

// This file finds the links that addresses, routes and rules of the configuration name.

// locate finds the link of a unicast router that names none: the one with its source address. It stays there until
// the address is on another.
func (r *router) locate(links map[string]*host.Link) {
	if r.conf.Interface != "" || r.iface != "" && links[r.iface] != nil && has(links[r.iface], r.conf.Source) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(links)) {
		if l := links[name]; !l.Loopback && has(l, r.conf.Source) {
			r.iface = name
			return
		}
	}
}

func has(l *host.Link, addr netip.Addr) bool {
	return slices.ContainsFunc(l.Addrs, func(a host.LinkAddr) bool { return a.Prefix.Addr() == addr })
}

// place fills in a router's addresses, routes and rules. The error names the first whose link cannot carry it.
func (r *router) place(b *host.Binding, links map[string]*host.Link) error {
	for _, list := range [][]config.Address{r.conf.Addresses, r.conf.Excluded} {
		for _, a := range list {
			on := links[r.device(a)]
			switch {
			case on == nil:
				return fmt.Errorf("interface %s of virtual address %v does not exist", r.device(a), a.Prefix.Addr())
			case !on.Up && !a.NoTrack && on.Name != r.iface && r.conf.TrackPrimary:
				return fmt.Errorf("interface %s of virtual address %v is down", on.Name, a.Prefix.Addr())
			}
			b.Addrs = append(b.Addrs, hostAddress(a, on.Index))
		}
	}
	for i := range r.conf.Routes {
		route, err := hostRoute(&r.conf.Routes[i], links)
		if err != nil {
			return fmt.Errorf("virtual route %s: %w", r.conf.Routes[i].Text, err)
		}
		b.Routes = append(b.Routes, route)
	}
	for i := range r.conf.Rules {
		b.Rules = append(b.Rules, hostRule(&r.conf.Rules[i]))
	}
	return nil
}

func hostAddress(a config.Address, link int) host.Address {
	return host.Address{Prefix: a.Prefix, Link: link, Broadcast: a.Broadcast, Scope: a.Scope, Label: a.Label, Peer: a.Peer,
		Flags: flags(a), DAD: a.DAD, PreferredLifetime: a.PreferredLifetime}
}

func flags(a config.Address) int32 {
	f := int32(0)
	for flag, on := range map[int32]bool{
		unix.IFA_F_HOMEADDRESS: a.Home, unix.IFA_F_MANAGETEMPADDR: a.ManageTemp,
		unix.IFA_F_NOPREFIXROUTE: a.NoPrefixRoute, unix.IFA_F_MCAUTOJOIN: a.AutoJoin,
	} {
		if on {
			f |= flag
		}
	}
	return f
}

// index finds a link by name; 0 for no name.
func index(name string, links map[string]*host.Link) (int, error) {
	if name == "" {
		return 0, nil
	}
	l := links[name]
	if l == nil {
		return 0, fmt.Errorf("interface %s does not exist", name)
	}
	return l.Index, nil
}

func hostRoute(r *config.Route, links map[string]*host.Link) (out host.Route, err error) {
	out = host.Route{Text: r.Text, Type: r.Type, V6: r.V6, Dst: r.Dst, Via: r.Via, OnLink: r.OnLink, Source: r.Source,
		From: r.From, Table: r.Table, Metric: r.Metric, Scope: r.Scope, Protocol: r.Protocol, TOS: r.TOS, Pref: r.Pref,
		Realm: r.Realm, Insert: host.Insert(r.Insert), NoTrack: r.NoTrack}
	if out.Link, err = index(r.Dev, links); err != nil {
		return out, err
	}
	for _, m := range r.Metrics {
		out.Metrics = append(out.Metrics, host.RouteMetric(m))
	}
	for _, hop := range r.Hops {
		link, err := index(hop.Dev, links)
		if err != nil {
			return out, err
		}
		out.Hops = append(out.Hops, host.NextHop{Via: hop.Via, Link: link, Weight: hop.Weight, OnLink: hop.OnLink})
	}
	return out, nil
}

func hostRule(r *config.Rule) host.Rule {
	return host.Rule{Text: r.Text, V6: r.V6, Not: r.Not, From: r.From, To: r.To, Table: r.Table, Priority: r.Priority,
		TOS: r.TOS, Mark: r.Mark, MarkMask: r.MarkMask, Marked: r.Marked, IIF: r.IIF, OIF: r.OIF, UIDs: r.UIDs,
		L3Mdev: r.L3Mdev, Protocol: r.Protocol, IPProto: r.IPProto, SPort: r.SPort, DPort: r.DPort,
		SuppressPrefix: r.SuppressPrefix, SuppressGroup: r.SuppressGroup, Goto: r.Goto, Action: r.Action, NoTrack: r.NoTrack}
}
