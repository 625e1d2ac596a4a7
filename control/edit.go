package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/story"
)

// An edit changes single routers of a running daemon. Like a reload it is worked out beside the loop; unlike one it
// compares nothing but the routers it names, and the loop touches nothing else. What grows with the number of routers
// is a walk over their list beside the loop.

// ErrObserving says that there is no configuration whose routers could be changed.
var ErrObserving = errors.New("the daemon only observes: it has no configuration whose routers could be changed")

// ErrNotKept says that there is no file for what is to outlive the daemon.
var ErrNotKept = errors.New("the daemon keeps no changes over a restart: start it with xvrrp run --state-file FILE, or leave out --keep")

// verbs are what an edit can do, as they are asked for.
var verbs = map[string]config.Verb{api.AddRouters: config.AddRouters, api.SetRouter: config.SetRouter,
	api.RemoveRouters: config.RemoveRouters, api.ResetRouters: config.ResetRouters}

// edit is an edit that is worked out and not in force yet.
type edit struct {
	draft
	edited *config.Edited
	places map[*router]int    // of the running routers that the edit names, in the list of routers
	afloat map[*router]string // of the running routers that name no link, where they are
	groups []*regrouping
	vips   map[addressOn]bool // where the edit's routers look for a source, once the edit is in force
}

// regrouping is a sync group whose members an edit touches.
type regrouping struct {
	name  string
	conf  *config.SyncGroup // nil: it is no more
	tells *announcements    // of conf
}

// Edit changes single routers, all that is asked or nothing. It is for other goroutines.
func (d *daemon) Edit(ctx context.Context, e api.Edit) (api.Plan, error) {
	verb, ok := verbs[e.Verb]
	switch {
	case !ok, verb == config.SetRouter && len(e.Names) != 1:
		return api.Plan{}, fmt.Errorf("%q of %d routers is nothing that can be done", e.Verb, len(e.Names))
	case e.Keep && d.o.State == "":
		return api.Plan{}, ErrNotKept
	}
	release, err := d.alone(ctx)
	if err != nil {
		return api.Plan{}, err
	}
	defer release()
	if d.conf == nil {
		return api.Plan{}, ErrObserving
	}
	n, err := d.workOut(ctx, e, verb)
	if err != nil || n.Rejected || e.DryRun {
		return n.Plan, err
	}
	return d.carryThrough(ctx, n, e)
}

// workOut finds out what an edit does, and makes ready what comes by it.
func (d *daemon) workOut(ctx context.Context, e api.Edit, verb config.Verb) (*edit, error) {
	n := new(edit)
	n.Plan = api.Plan{Schema: api.PlanSchema, Config: d.o.ConfigPath, DryRun: e.DryRun, Kept: e.Keep, Changes: []api.Change{}}
	names := e.Names
	if verb == config.ResetRouters && e.Text == "" {
		names = d.withoutKept(names)
	}
	edited, problems := d.conf.Edit(config.Edit{Verb: verb, Names: names, Text: e.Text, Label: e.Label})
	n.Problems = printed(problems)
	if config.Worst(problems) == config.Error {
		n.Rejected = true
		return n, nil
	}
	n.edited, n.conf = edited, edited.Config
	if why := d.prepare(n); why != "" {
		n.Rejected = true
		n.Problems = append(n.Problems, why)
		return n, nil
	}
	if _, err := ask(ctx, d, func() bool { n.survey(); return true }); err != nil {
		return n, err
	}
	n.compare(d.routers)
	return n, nil
}

// carryThrough puts an edit in force, and before that into the file of what is kept.
func (d *daemon) carryThrough(ctx context.Context, n *edit, e api.Edit) (api.Plan, error) {
	before := d.lasting
	if err := d.keep(keptAfter(before, n.edited, e)); err != nil {
		return n.Plan, err
	}
	plan, err := command(ctx, d, func() (p api.Plan) {
		d.because(story.OfOperator, "an operator ran xvrrp router "+e.Verb, func() { p = d.applyEdit(n, e.Verb) })
		return p
	})
	if err == nil && plan.Applied {
		n.edited.Commit()
		return plan, nil
	}
	return plan, errors.Join(err, d.keep(before))
}

// printed is each problem as people read it.
func printed(problems []config.Problem) []string {
	var out []string
	for i := range problems {
		var b strings.Builder
		config.Print(&b, problems[i:i+1]) // a Builder takes everything
		out = append(out, strings.TrimRight(b.String(), "\n"))
	}
	return out
}

// prepare makes routers and groups ready that come, outside the loop. It says what stands against the edit, if
// anything does.
func (d *daemon) prepare(n *edit) (why string) {
	g := &n.conf.Global
	n.cast = new(cast)
	for _, c := range n.edited.Routers {
		if !d.o.chosen(c) {
			return fmt.Sprintf("%s is on %s, and the daemon was limited to %s by --iface", c.Name, c.Interface, strings.Join(d.o.Ifaces, ", "))
		}
		n.cast.routers = append(n.cast.routers, newRouter(c, prepareAnnouncements(c.Notify, g, d.log)))
	}
	if wantsGuard(n.cast.routers) && !d.guards {
		n.Problems = append(n.Problems, "no_accept is not enforced: no router had it when the daemon started; restart the daemon")
	}
	n.find(d.routers)
	if len(d.routers)-len(n.places)+len(n.cast.routers) == 0 {
		return "no router would be left: stop the daemon instead"
	}
	nameVMACs(n.cast.routers, d.routers, n.vmacsOfOthers(d.routers), g.VMACPrefix)
	n.prepareGroups(d)
	return ""
}

// find looks up the running routers that the edit names, and those whose link only the loop knows.
func (n *edit) find(running []*router) {
	named := make(map[string]bool)
	for _, c := range n.edited.Routers {
		named[c.Name] = true
	}
	for _, name := range n.edited.Removed {
		named[name] = true
	}
	n.places, n.afloat = make(map[*router]int), make(map[*router]string)
	for i, r := range running {
		if named[r.conf.Name] {
			n.places[r] = i
		}
		if r.conf.Interface == "" {
			n.afloat[r] = ""
		}
	}
}

// vmacsOfOthers are the names of the macvlans of routers that the edit does not name.
func (n *edit) vmacsOfOthers(running []*router) map[string]bool {
	taken := make(map[string]bool)
	for _, r := range running {
		if _, named := n.places[r]; !named && r.vmac != "" {
			taken[r.vmac] = true
		}
	}
	return taken
}

// prepareGroups finds the sync groups whose members the edit touches.
func (n *edit) prepareGroups(d *daemon) {
	names := make(map[string]bool)
	for r := range n.places {
		names[r.conf.SyncGroup] = true
	}
	for _, c := range n.edited.Routers {
		names[c.SyncGroup] = true
	}
	delete(names, "")
	for _, name := range slices.Sorted(maps.Keys(names)) {
		next := &regrouping{name: name}
		for i := range n.conf.SyncGroups {
			if c := &n.conf.SyncGroups[i]; c.Name == name {
				next.conf = c
				next.tells = prepareAnnouncements(&c.Notify, &n.conf.Global, d.log)
			}
		}
		n.groups = append(n.groups, next)
	}
}

// survey notes what only the loop may read; the loop calls it.
func (n *edit) survey() {
	n.roles = make(map[*router]election.Role, len(n.places))
	for r := range n.places {
		n.roles[r] = r.core.State().Role
	}
	for r := range n.afloat {
		n.afloat[r] = r.iface
	}
}

// compare finds out what becomes of the running routers that the edit names.
func (n *edit) compare(running []*router) {
	n.restarted = make(map[*router]bool)
	byName := make(map[string]*router, len(n.places))
	for r := range n.places {
		byName[r.conf.Name] = r
	}
	for _, r := range n.cast.routers {
		was := byName[r.conf.Name]
		if was != nil && (was.identity() != r.identity() || was.vmac != r.vmac) {
			n.gone = append(n.gone, was)
			was = nil
		}
		s := successor{next: r, was: was, changed: was != nil && !was.conf.Same(r.conf)}
		n.successors = append(n.successors, s)
		n.describe(s, byName)
	}
	for _, name := range n.edited.Removed {
		if r := byName[name]; r != nil { // else it is on a link that was not chosen
			n.gone = append(n.gone, r)
			n.removed(r)
		}
	}
	others := slices.DeleteFunc(slices.Clone(running), func(r *router) bool { _, named := n.places[r]; return named })
	n.vips = virtualAddresses(n.searched(), append(others, n.cast.routers...), n.afloat)
}

// searched are the links on which the edit's routers look for an address of their own.
func (n *edit) searched() map[string]bool {
	links := make(map[string]bool)
	for _, r := range n.cast.routers {
		if !r.conf.V6 && !r.conf.Source.IsValid() {
			links[r.conf.Interface] = true
		}
	}
	return links
}
