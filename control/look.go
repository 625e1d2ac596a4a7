package control

import (
	"reflect"
	"slices"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/host"
)

// Which routers a change on the host concerns. When masters change, virtual addresses come and go by the thousand:
// that must not have every router looked at each time.

// linksByName is the links as they are now.
func (d *daemon) linksByName() map[string]*host.Link {
	now := d.host.Links()
	byName := make(map[string]*host.Link, len(now))
	for i := range now {
		byName[now[i].Name] = &now[i]
	}
	d.dampen(byName)
	return byName
}

// linksChanged looks again at the routers that a change may concern: those on a link that is not as it was at the
// last look, those in fault, and those whose macvlan is being made.
func (d *daemon) linksChanged() {
	changed := d.changedLinks(d.linksByName())
	d.review(slices.DeleteFunc(slices.Clone(d.routers), func(r *router) bool {
		return len(r.causes) == 0 && !r.isOn(changed) && (r.vmac == "" || d.vmacs[r.vmac] != 0)
	}))
}

// looked is a link at the last look.
type looked struct {
	as   host.Link // as it was
	less host.Link // the same, virtual addresses aside
}

// changedLinks names the links that are not as they were when it was last called, virtual addresses aside.
func (d *daemon) changedLinks(links map[string]*host.Link) map[string]bool {
	differ := make(map[string]bool)
	for name, l := range links {
		if was, known := d.looked[name]; !known || !identical(&was.as, l) {
			differ[name] = true
		}
	}
	comeAndGo := d.comeAndGo(differ)
	changed, now := make(map[string]bool), make(map[string]looked, len(links))
	for name, l := range links {
		was, known := d.looked[name]
		if now[name] = was; !differ[name] {
			continue
		}
		is := looked{*l, *l}
		is.less.Addrs = slices.DeleteFunc(slices.Clone(l.Addrs), func(a host.LinkAddr) bool {
			return comeAndGo[addressOn{name, a.Prefix.Addr()}]
		})
		now[name] = is
		if !known || !reflect.DeepEqual(was.less, is.less) {
			changed[name] = true
		}
	}
	for name := range d.looked {
		if links[name] == nil {
			changed[name] = true
		}
	}
	d.looked = now
	return changed
}

// comeAndGo are the virtual addresses on some links but for those of owners, which may be their source.
func (d *daemon) comeAndGo(links map[string]bool) map[addressOn]bool {
	if len(links) == 0 {
		return nil
	}
	others := slices.DeleteFunc(slices.Clone(d.routers), func(r *router) bool { return r.conf.Priority == 255 })
	return virtualAddresses(links, others, nil)
}

// identical reports, without looking at each address, that a link has not changed; if it does not, it may have.
func identical(a, b *host.Link) bool {
	if len(a.Addrs) != len(b.Addrs) || len(a.Addrs) > 0 && &a.Addrs[0] != &b.Addrs[0] {
		return false
	}
	x, y := *a, *b
	x.Addrs, y.Addrs = nil, nil
	return reflect.DeepEqual(x, y)
}

// isOn reports whether a router or anything of its is on one of the links.
func (r *router) isOn(links map[string]bool) bool {
	if len(links) == 0 {
		return false
	}
	if links[r.iface] || links[r.vmac] {
		return true
	}
	for _, list := range [][]config.Address{r.conf.Addresses, r.conf.Excluded} {
		for _, a := range list {
			if links[r.device(a)] {
				return true
			}
		}
	}
	return slices.ContainsFunc(r.conf.Routes, func(route config.Route) bool {
		return links[route.Dev] || slices.ContainsFunc(route.Hops, func(hop config.NextHop) bool { return links[hop.Dev] })
	})
}
