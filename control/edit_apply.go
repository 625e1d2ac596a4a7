package control

import (
	"fmt"
	"slices"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
)

// What the loop does for an edit. All other routers wait meanwhile, so nothing here looks at each of them but to
// compare a word or two.

// applyEdit puts an edit in force. Who goes leaves first, so that its addresses are free for who comes.
func (d *daemon) applyEdit(n *edit, verb string) api.Plan {
	if d.leaving {
		n.Rejected = true
		n.Problems = append(n.Problems, "the daemon is stopping")
		return n.Plan
	}
	for _, r := range n.gone {
		d.retire(r)
		d.serveDue()
	}
	d.settle()
	d.sayAll() // what has happened is told as the old configuration has it
	d.untrack(n.before(d.groups))
	d.conf, d.edited = n.conf, true
	changed, added := d.exchange(n)
	reweighed := d.regroupFew(n)
	d.refitFew(n, changed, added, reweighed)
	n.Applied = true
	for _, c := range n.Changes {
		d.log.Info(fmt.Sprintf("router %s %s at run time", c.Router, c.Action), "verb", verb, "why", c.Why)
		d.event(api.Event{Kind: "daemon", Router: c.Router, Why: "router " + verb, Detail: c.Action})
	}
	return n.Plan
}

// before are the running routers whose trackers the edit may change.
func (n *edit) before(groups []*group) []*router {
	var out []*router
	for r := range n.places {
		if r.group == nil {
			out = append(out, r)
		}
	}
	for _, g := range groups {
		if n.regroups(g) {
			out = append(out, g.members...)
		}
	}
	return out
}

func (n *edit) regroups(g *group) bool {
	return slices.ContainsFunc(n.groups, func(next *regrouping) bool { return next.name == g.conf.Name })
}

// exchange makes the list of routers what the edit says.
func (d *daemon) exchange(n *edit) (changed, added []*router) {
	replaced := make(map[string]int) // places of routers that start anew
	var removed []int
	for _, r := range n.gone {
		if n.restarted[r] {
			replaced[r.conf.Name] = n.places[r]
		} else {
			removed = append(removed, n.places[r])
		}
	}
	for _, s := range n.successors {
		place, restarts := replaced[s.next.conf.Name]
		switch {
		case s.was != nil:
			s.was.succeed(s)
			if s.changed {
				changed = append(changed, s.was)
			}
			continue
		case restarts:
			d.routers[place] = s.next
		default:
			d.routers = append(d.routers, s.next)
		}
		added = append(added, s.next)
	}
	slices.Sort(removed)
	for _, place := range slices.Backward(removed) {
		d.routers = slices.Delete(d.routers, place, place+1)
	}
	return changed, added
}

// regroupFew gives the sync groups that the edit touches their members. It returns the members of groups that track
// other things than before.
func (d *daemon) regroupFew(n *edit) (reweighed []*router) {
	for _, next := range n.groups {
		i := slices.IndexFunc(d.groups, func(g *group) bool { return g.conf.Name == next.name })
		if i < 0 {
			if next.conf == nil {
				continue
			}
			i = len(d.groups)
			d.groups = append(d.groups, &group{conf: next.conf, core: election.NewGroup(next.name, nil)})
		}
		g := d.groups[i]
		if next.conf == nil {
			d.enrol(g, nil)
			d.groups = slices.Delete(d.groups, i, i+1)
			continue
		}
		members := n.members(g, next.conf)
		if !slices.Equal(g.conf.Tracks, next.conf.Tracks) {
			reweighed = append(reweighed, members...)
		}
		g.conf, g.tells = next.conf, next.tells
		d.enrol(g, members)
	}
	return reweighed
}

// members are the routers of a group after the edit, in the order of the configuration.
func (n *edit) members(g *group, conf *config.SyncGroup) []*router {
	byName := make(map[string]*router)
	for _, r := range g.members {
		if !r.retired {
			byName[r.conf.Name] = r
		}
	}
	for _, s := range n.successors {
		if s.was == nil {
			byName[s.next.conf.Name] = s.next
		}
	}
	var out []*router
	for _, name := range conf.Members {
		if r := byName[name]; r != nil { // else on a link that was not chosen
			out = append(out, r)
		}
	}
	return out
}

// refitFew makes links, trackers and the routers of an edit what the configuration in force says.
func (d *daemon) refitFew(n *edit, changed, added, reweighed []*router) {
	touched := slices.Concat(changed, added)
	d.track(n.after(d.groups))
	for _, r := range changed {
		d.reconfigure(r)
	}
	d.unwatch()
	d.watch()
	d.settle()
	d.reviewThese(touched, n.vips)
	for _, r := range n.gone {
		d.vacate(r)
	}
	for _, r := range reweighed {
		d.weighFor(r, "configuration")
	}
	for _, r := range changed {
		d.lift(r, map[string]string{causeConfig: r.conf.Fault}, isConfigTopic)
	}
	for _, r := range added {
		d.admit(r)
		if d.started && !d.awaits(r) {
			d.startRouter(r)
		}
	}
	d.settle()
}

// after are the routers whose trackers the edit may have changed.
func (n *edit) after(groups []*group) []*router {
	var out []*router
	for _, s := range n.successors {
		if r := s.running(); r.group == nil || !n.regroups(r.group) {
			out = append(out, r)
		}
	}
	for _, g := range groups {
		if n.regroups(g) {
			out = append(out, g.members...)
		}
	}
	return out
}

// running is the router that runs on with the new configuration.
func (s successor) running() *router {
	if s.was != nil {
		return s.was
	}
	return s.next
}

// vacate has the filter look away from the VLAN of a router that went, if no other is on it. The filter itself stays
// on the link until a reload: the kernel may take long to take it off.
func (d *daemon) vacate(gone *router) {
	l := d.links[gone.iface]
	if l == nil || !l.segments[gone.conf.VLAN] {
		return
	}
	if !slices.ContainsFunc(d.routers, func(r *router) bool { return r.iface == gone.iface && r.conf.VLAN == gone.conf.VLAN }) {
		d.removeSegment(l, gone.conf.VLAN)
	}
}
