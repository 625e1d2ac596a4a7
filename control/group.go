package control

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/notify"
)

// group is a vrrp_sync_group: routers that are stepped together.
type group struct {
	conf    *config.SyncGroup
	core    *election.Group
	members []*router     // in the order of the configuration
	since   time.Duration // instant of the last change of role
	tells   *announcements
}

// newGroup joins the routers of c among those given, which have not started.
func newGroup(c *config.SyncGroup, byName map[string]*router) *group {
	g := &group{conf: c}
	for _, name := range c.Members {
		if r := byName[name]; r != nil { // else on a link that was not chosen
			r.group = g
			g.members = append(g.members, r)
		}
	}
	g.core = election.NewGroup(c.Name, cores(g.members))
	return g
}

// cores are routers as a group of the election takes them.
func cores(routers []*router) []election.Member {
	var out []election.Member
	for _, r := range routers {
		out = append(out, election.Member{Name: r.conf.Name, Router: r.core})
	}
	return out
}

// stepGroup is step for a member of a group, which may move the others, too.
func (d *daemon) stepGroup(g *group, r *router, now time.Duration, in election.Input) {
	d.act(g, r, g.core.Step(now, r.core, in), g.members)
	d.reschedule(r)
}

// act takes what a group wants done with the given routers, of which one was told something.
func (d *daemon) act(g *group, told *router, actions []election.Action, routers []*router) {
	r, at := told, 0 // whose action it is: those of a router lie together, and the routers in order
	for _, a := range actions {
		if a.Router == nil {
			d.takeGroup(g, a.Effect)
			continue
		}
		if r == nil || r.core != a.Router {
			for routers[at].core != a.Router {
				at = (at + 1) % len(routers)
			}
			r = routers[at]
		}
		d.take(r, a.Effect)
		if r != told {
			d.reschedule(r)
		}
	}
}

// regroup makes the sync groups those of a new configuration. Who leaves a group does so before anybody joins one. It
// returns the members of groups that track other things than before.
func (d *daemon) regroup(next []*group) (reweighed []*router) {
	byName := make(map[string]*router, len(d.routers))
	for _, r := range d.routers {
		byName[r.conf.Name] = r
	}
	wanted := make(map[string][]*router, len(next))
	for _, n := range next {
		for _, name := range n.conf.Members {
			if r := byName[name]; r != nil {
				wanted[n.conf.Name] = append(wanted[n.conf.Name], r)
			}
		}
	}
	running := make(map[string]*group, len(d.groups))
	for _, g := range d.groups {
		running[g.conf.Name] = g
		d.enrol(g, slices.DeleteFunc(slices.Clone(g.members), func(r *router) bool {
			return !slices.Contains(wanted[g.conf.Name], r)
		}))
	}
	d.groups = nil
	for _, n := range next {
		g := running[n.conf.Name]
		if g == nil {
			g = &group{conf: n.conf, core: election.NewGroup(n.conf.Name, nil)}
		}
		if !slices.Equal(g.conf.Tracks, n.conf.Tracks) {
			reweighed = append(reweighed, wanted[n.conf.Name]...)
		}
		g.conf, g.tells = n.conf, n.tells
		d.enrol(g, wanted[n.conf.Name])
		d.groups = append(d.groups, g)
	}
	return reweighed
}

// enrol gives a group its members, unless it has them.
func (d *daemon) enrol(g *group, members []*router) {
	if slices.Equal(g.members, members) {
		return
	}
	touched := slices.Clone(members)
	for _, r := range g.members {
		r.group = nil
		if !slices.Contains(members, r) {
			touched = append(touched, r)
		}
	}
	g.members = members
	for _, r := range members {
		r.group = g
	}
	d.act(g, nil, g.core.Regroup(d.now(), cores(members)), touched)
}

// takeGroup queues the report of a change of a group's role.
func (d *daemon) takeGroup(g *group, e election.Effect) {
	if c, is := e.(election.Changed); is {
		g.since = d.now()
		at := time.Now()
		d.later(func() { d.groupChanged(g, c, at) })
	}
}

// groupChanged reports a change of a group's role. The words are keepalived's, which log alarms look for.
func (d *daemon) groupChanged(g *group, c election.Changed, at time.Time) {
	e := api.Event{Time: at, Kind: "group", Router: g.conf.Name, From: c.From.String(), To: c.To.String(),
		Why: string(c.Why), Detail: c.Detail}
	d.log.Log(about(e), slog.LevelInfo,
		fmt.Sprintf("VRRP_Group(%s) Syncing instances to %s state", g.conf.Name, strings.ToUpper(c.To.String())),
		"from", c.From.String(), "why", string(c.Why), "detail", c.Detail)
	d.event(e)
	d.tellAs(g.tells, notify.Event{Group: true, Name: g.conf.Name, State: stateOf(c.To), Why: c.Detail})
}

func (g *group) snapshot(d *daemon) api.Group {
	return api.Group{Name: g.conf.Name, Role: g.core.Role().String(), Since: d.wall(g.since), Members: g.conf.Members}
}
