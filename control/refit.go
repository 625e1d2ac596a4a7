package control

import (
	"reflect"
	"slices"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// What a reload does beside its routers: trackers and links.

// refit makes links, trackers and routers what the configuration in force says. reweighed are those whose sync group
// tracks other things than before.
func (d *daemon) refit(old *config.Config, changed, added, reweighed []*router) {
	d.host.SetPaceGroups(paceGroups(d.conf))
	d.dampers = newDampers(d.conf.LinkDelays, d.linksByName())
	if !reflect.DeepEqual(old.Global.Scheduling, d.conf.Global.Scheduling) {
		d.wishPriority()
	}
	d.rewatch(old)
	d.enlist()
	alike := make(alike)
	for _, r := range changed {
		d.reconfigure(r)
		alike.share(r)
	}
	for _, r := range added {
		d.admit(r)
	}
	d.unwatch()
	d.watch()
	d.settle()
	d.releaseLinks(old)
	if a, b := &old.Global, &d.conf.Global; a.GARPInterval != b.GARPInterval || a.GNAInterval != b.GNAInterval {
		d.reviewLinks() // the bindings of all have these
	} else {
		d.review(slices.Concat(changed, added))
	}
	for _, r := range reweighed {
		d.weighFor(r, "configuration")
	}
	for _, r := range changed {
		d.lift(r, map[string]string{causeConfig: r.conf.Fault}, isConfigTopic)
	}
	if d.started {
		d.start()
	}
	d.settle()
}

// reconfigure has a router take part by its new configuration. Its adverts tell the old one until review has bound it
// anew: so long it does not speak.
func (d *daemon) reconfigure(r *router) {
	d.admit(r)
	d.step(r, d.now(), election.Reconfigured{Config: electionConfig(r.conf)})
	d.weighFor(r, "configuration")
	d.deadlines.remove(r)
}

// rewatch ends the trackers whose definition changed, or that have given up, so that watch starts them anew. What
// they have said stands until then.
func (d *daemon) rewatch(old *config.Config) {
	rights := policy(&old.Global) != policy(&d.conf.Global)
	for _, w := range d.tracked {
		another := rights && (w.kind == config.TrackScript || w.kind == config.TrackCheck) // user, perhaps none at all
		if w.stop == nil || !another && !w.over() && old.Trackers.Same(&d.conf.Trackers, w.kind, w.name) {
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
				l.keep(d.segment(l, vlan))
			}
		}
	}
}
