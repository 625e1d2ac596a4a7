package control

import (
	"slices"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// What a reload does beside its routers: trackers and links.

// refit makes links, trackers and the changed and new routers what the configuration in force says.
func (d *daemon) refit(old *config.Config, changed, added []*router) {
	d.teller.Reconfigure(d.notifyOptions(d.conf))
	d.host.SetPaceGroups(paceGroups(d.conf))
	d.dampers = newDampers(d.conf.LinkDelays, d.linksByName())
	d.rewatch(old)
	for _, r := range changed {
		d.delist(r)
		d.enlist(r) // what it tracked before and after goes on
		d.step(r, d.now(), election.Reconfigured{Config: electionConfig(r.conf)})
		d.weigh(r)
	}
	for _, r := range added {
		d.admit(r)
	}
	d.unwatch()
	d.watch()
	d.settle()
	d.releaseLinks(old)
	d.review(slices.Concat(changed, added))
	if !d.started {
		return
	}
	for _, r := range added {
		if !d.awaits(r) {
			d.startRouter(r)
		}
	}
	d.settle()
}

// rewatch ends the trackers whose definition changed, so that watch starts them anew. What they have said stands
// until then.
func (d *daemon) rewatch(old *config.Config) {
	for _, w := range d.tracked {
		if w.stop == nil || old.Trackers.Same(&d.conf.Trackers, w.kind, w.name) {
			continue
		}
		w.stop()
		w.stop = nil
	}
}

// releaseLinks takes the filter off links and VLANs that no router is on any more, and has what the filter knows
// of the others told anew if that changed.
func (d *daemon) releaseLinks(old *config.Config) {
	type place struct {
		link string
		vlan vrrp.VLAN
	}
	links, places := make(map[string]bool), make(map[place]bool)
	for _, r := range d.routers {
		links[r.iface] = true
		places[place{r.iface, r.conf.VLAN}] = true
	}
	a, b := &old.Global, &d.conf.Global
	anew := a.UnknownDrop != b.UnknownDrop || a.UnknownRate != b.UnknownRate
	for name, l := range d.links {
		if !links[name] {
			d.forget(l)
			delete(d.links, name)
			continue
		}
		for vlan := range l.segments {
			switch {
			case !places[place{name, vlan}]:
				d.removeSegment(l, vlan)
			case anew:
				delete(l.segments, vlan)
				l.err = d.segment(l, vlan)
			}
		}
	}
}
