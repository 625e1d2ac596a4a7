// Groups made whole: sync groups, what stays and whom it concerns, links that share a pace.

package config

// syncGroups are the groups with members, in the order of the file.
func (c *checker) syncGroups() []SyncGroup {
	var out []SyncGroup
	for _, g := range c.groups {
		members := c.groupMembers(g)
		if len(members) == 0 {
			c.report(Warning, g.at, "add group { }, with names of routers", "vrrp_sync_group %s has no members; it is removed", g.Name)
			continue
		}
		if len(members) == 1 {
			c.report(Warning, g.at, "name all routers that are to change roles together", "vrrp_sync_group %s has one member only", g.Name)
		}
		c.groupTracks(g, members)
		g.Notify = c.notifications(&g.party)
		out = append(out, g.SyncGroup)
	}
	return out
}

// groupMembers are the routers of a group that exist and are in no other one.
func (c *checker) groupMembers(g *groupDraft) []*draft {
	var members []*draft
	for _, name := range g.members {
		dr := c.byName[name.v]
		switch {
		case dr == nil:
			c.report(Warning, name.at, "define vrrp_instance "+name.v+", or correct its name", "vrrp_sync_group %s: there is no router %s; ignored", g.Name, name.v)
		case dr.SyncGroup == g.Name:
			c.report(Warning, name.at, "remove one of the two", "vrrp_sync_group %s: %s is listed twice", g.Name, name.v)
		case dr.SyncGroup != "":
			c.report(Warning, name.at, "remove it from one of the two", "vrrp_sync_group %s: %s is in group %s already; ignored", g.Name, name.v, dr.SyncGroup)
		default:
			dr.SyncGroup = g.Name
			g.Members = append(g.Members, name.v)
			members = append(members, dr)
		}
	}
	return members
}

// groupTracks settles what a group tracks and what weighs on its members: priorities that move apart would tear the
// group apart.
func (c *checker) groupTracks(g *groupDraft, members []*draft) {
	tracks := c.resolve(&g.party, g.Name)
	watched := make(map[trackerName]bool, len(tracks))
	for _, t := range tracks {
		watched[trackerName{t.Kind, t.Name}] = true
	}
	for _, dr := range members {
		if !g.TrackWeights && dr.Priority != ownerPriority {
			dr.resolved = c.unweighted(dr.resolved, dr.Name, "it is in a sync group", true)
			dr.Tracks = plainTracks(dr.resolved)
		}
		for _, t := range dr.resolved {
			if watched[trackerName{t.Kind, t.Name}] {
				c.report(Notice, t.at, "", "%s: %s %s is tracked by its sync group as well", dr.Name, t.Kind, t.Name)
			}
		}
		if dr.Priority == ownerPriority {
			c.clearWeights(tracks, g.Name, dr.Name)
		}
	}
	g.Tracks = plainTracks(tracks)
}

// clearWeights: the priority of a member that owns its addresses cannot follow.
func (c *checker) clearWeights(tracks []resolved, group, owner string) {
	for i := range tracks {
		if t := &tracks[i]; t.Weight != 0 {
			c.report(Warning, t.at, "write weight 0", "%s: its member %s has priority 255, so the weight of %s %s is 0", group, owner, t.Kind, t.Name)
			t.Weight = 0
		}
	}
}

// statics is what stays for the life of the daemon.
func (c *checker) statics() Static {
	var s Static
	for _, g := range c.trackGroups {
		if s.Groups == nil {
			s.Groups = make(map[string][]string)
		}
		var names []string
		for _, m := range g.members {
			if c.byName[m.v] == nil {
				c.report(Warning, m.at, "define vrrp_instance "+m.v+", or correct its name", "track_group %s: there is no router %s; ignored", g.name, m.v)
			}
			names = append(names, m.v)
		}
		s.Groups[g.name] = names
	}
	for _, a := range c.static.addresses {
		a.v.Dev = or(a.v.Dev, c.globals.iface.or(defaultLink))
		c.staticGroup(s.Groups, &a.v.Group, a.at)
		s.Addresses = append(s.Addresses, a.v)
	}
	for _, r := range c.static.routes {
		c.staticGroup(s.Groups, &r.v.Group, r.at)
		s.Routes = append(s.Routes, r.v)
	}
	for _, r := range c.static.rules {
		c.staticGroup(s.Groups, &r.v.Group, r.at)
		s.Rules = append(s.Rules, r.v)
	}
	return s
}

// staticGroup clears the name of a track_group that is not there.
func (c *checker) staticGroup(groups map[string][]string, name *string, at mark) {
	if _, ok := groups[*name]; *name != "" && !ok {
		c.report(Warning, at, "define it, or correct its name", "track_group %s is not defined; ignored", *name)
		*name = ""
	}
}

// paceGroups are the garp_groups with links. A link is in one of them.
func (c *checker) paceGroups() []PaceGroup {
	var out []PaceGroup
	taken := make(map[string]mark)
	for _, p := range c.paces {
		g := PaceGroup{GARPInterval: p.garp.v, GNAInterval: p.gna.v}
		for _, l := range p.links {
			if first, twice := taken[l.v]; twice {
				c.report(Warning, l.at, "remove one of the two", "%s is in a garp_group already, at %s; ignored", l.v, first.pos())
				continue
			}
			taken[l.v] = l.at
			g.Interfaces = append(g.Interfaces, l.v)
		}
		switch {
		case len(g.Interfaces) == 0:
			c.report(Warning, p.at, "add interface or interfaces", "garp_group has no links; it is removed")
		case g.GARPInterval == 0 && g.GNAInterval == 0:
			c.report(Warning, p.at, "add garp_interval or gna_interval", "garp_group gives no gap; it is removed")
		default:
			out = append(out, g)
		}
	}
	return out
}
