package control

import (
	"fmt"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// What is said at once when another cluster is heard on the VRID of a router.

// clashes reports another cluster, in keepalived's words and ours. The first on a VRID comes with the way out.
func (d *daemon) clashes(s loader.Sample, seen *sighting, r *router, args []any) {
	if r != nil && len(r.conf.Addresses) > 0 {
		d.log.Warn(r.phraseForeignList())
	}
	e := api.Event{Kind: "conflict", Router: r.name(), Why: "conflict"}
	d.log.WarnContext(about(e), fmt.Sprintf("bogus VRRP packet received on %s !!!", seen.link), args...)
	e.Detail = fmt.Sprintf("%v (%s) uses VRID %d on %s for %s: %s", s.Src, seen.MAC, s.ID.VRID, seen.link,
		strings.Join(seen.Addresses, ", "), seen.Why)
	if r != nil {
		put(&r.notes, "conflict", fmt.Sprintf("VRID %d is also used by %v", s.ID.VRID, s.Src))
		if seen.logged == 0 && d.firstOn(s.ID, s.Verdict) {
			advice := d.wayOut(r, s.ID)
			if s.At-r.startedAt <= r.core.State().Down {
				advice = "the VRID was in use when this router started; " + advice
			}
			d.log.Warn(fmt.Sprintf("(%s) VRID %d on %s is used by another cluster: %s", r.conf.Name, s.ID.VRID, seen.link, advice),
				"source", s.Src, "mac", seen.MAC)
			e.Detail += "; " + advice
		}
	}
	d.event(e)
}

// firstOn reports whether no more than one sender was refused on a VRID by this verdict.
func (d *daemon) firstOn(id vrrp.ID, v verdict.Verdict) bool {
	n := 0
	for k := range d.sightings {
		if k.id == id && k.verdict == v {
			n++
		}
	}
	return n == 1
}

// wayOut names a VRID that is free as far as was heard, and where to write it.
func (d *daemon) wayOut(r *router, id vrrp.ID) string {
	l := listened{since: d.now()}
	if on := d.links[r.iface]; on != nil {
		l.since = on.since
	}
	for k := range d.sightings {
		if k.id.Link == id.Link && k.id.VLAN == id.VLAN && k.id.V6 == id.V6 {
			l.used[k.id.VRID] = true
		}
	}
	for _, other := range d.routers {
		if other.iface == r.iface && other.conf.VLAN == id.VLAN && other.conf.V6 == id.V6 {
			l.used[other.conf.VRID] = true
		}
	}
	free := l.freeAfter(id.VRID)
	if free == 0 {
		return "no VRID is free there"
	}
	return fmt.Sprintf("VRID %d was not heard there in %v: write virtual_router_id %d at %v, on every router of this cluster",
		free, (d.now() - l.since).Round(100*time.Millisecond), free, r.conf.VRIDPos)
}
