package control

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/notify"
	"github.com/xvrrp/xvrrp/control/story"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// A reload is worked out beside the loop, from the configuration in force and the new one, and put in force by the
// loop in one go. What did not change is not touched.

// ErrNothingToReload says that the configuration in force was not read from a file.
var ErrNothingToReload = errors.New("the daemon was started without a configuration file: there is nothing to read again")

// identity is what makes a router this one and no other: its adverts are told by it. The name is not part of it.
type identity struct {
	iface         string
	vlan          vrrp.VLAN
	vrid, version uint8
	v6, interop   bool
	group, source netip.Addr // where adverts go to, or in unicast mode come from
	vmac          bool
}

func (r *router) identity() identity {
	c := r.conf
	id := identity{iface: c.Interface, vlan: c.VLAN, vrid: c.VRID, version: c.Version, v6: c.V6, interop: c.Interop, vmac: c.VMAC != nil}
	if len(c.Peers) > 0 {
		id.source = c.Source
	} else {
		id.group = c.Group
	}
	return id
}

// successor is a router of the new configuration and the running one it goes on with.
type successor struct {
	next, was *router // was nil: it is new
	changed   bool
}

// draft is a reload that is worked out and not in force yet.
type draft struct {
	api.Plan
	conf       *config.Config
	cast       *cast
	notify     notify.Options
	roles      map[*router]election.Role // of the running routers, when it was begun
	successors []successor               // of the new configuration, in its order
	gone       []*router                 // running ones without a successor
	restarted  map[*router]bool          // of gone: those whose name comes back
}

// Reload reads the configuration anew and puts in force what changed. It is for other goroutines.
func (d *daemon) Reload(ctx context.Context, dry bool) (api.Plan, error) {
	if d.o.Load == nil {
		return api.Plan{}, ErrNothingToReload
	}
	release, err := d.alone(ctx)
	if err != nil {
		return api.Plan{}, err
	}
	defer release()
	overrides := d.conf.Overrides()
	conf, problems := d.o.Load(overrides)
	p := d.planOf(problems, dry, len(overrides))
	if config.Worst(problems) == config.Error {
		return d.rejected(ctx, p, "the configuration has errors")
	}
	n, unfit, err := d.drawUp(ctx, conf, p)
	switch {
	case err != nil:
		return p, err
	case unfit != nil:
		return d.rejected(ctx, p, unfit.Error())
	case dry:
		return n.Plan, nil
	}
	return command(ctx, d, func() (p api.Plan) {
		d.because(story.OfConfig, "the configuration was reloaded", func() { p = d.apply(n) })
		return p
	})
}

// Compare says what another configuration would change if it were loaded: a text as config.Text makes them. It is for
// other goroutines.
func (d *daemon) Compare(ctx context.Context, text string) (api.Plan, error) {
	release, err := d.alone(ctx)
	if err != nil {
		return api.Plan{}, err
	}
	defer release()
	if d.conf == nil {
		return api.Plan{}, ErrObserving
	}
	conf, problems := d.conf.Instead(text)
	overrides := len(d.conf.Overrides())
	if config.Worst(problems) == config.Error {
		p := d.planOf(problems, true, overrides)
		p.Rejected = true
		return p, nil
	}
	p := d.planOf(nil, true, overrides) // warnings are for who has the file that the text was made of
	n, unfit, err := d.drawUp(ctx, conf, p)
	switch {
	case err != nil:
		return p, err
	case unfit != nil:
		p.Rejected, p.Problems = true, append(p.Problems, unfit.Error())
		return p, nil
	}
	return n.Plan, nil
}

// planOf is a plan of which no more is known than what is wrong with the configuration.
func (d *daemon) planOf(problems []config.Problem, dry bool, overrides int) api.Plan {
	p := api.Plan{Schema: api.PlanSchema, Config: d.o.ConfigPath, DryRun: dry, Changes: []api.Change{}, Overrides: overrides}
	for _, problem := range problems {
		p.Problems = append(p.Problems, problem.String())
	}
	return p
}

// drawUp works out what a configuration changes; unfit says that it cannot be used.
func (d *daemon) drawUp(ctx context.Context, conf *config.Config, p api.Plan) (n *draft, unfit, err error) {
	n = &draft{conf: conf, restarted: make(map[*router]bool)}
	running, err := ask(ctx, d, func() []*router { return n.survey(d) })
	if err != nil {
		return nil, nil, err
	}
	// What the loop goes on with meanwhile, a reload alone would change, and this is the only one.
	next, unfit := newCast(d.o, conf, running)
	if unfit != nil {
		return nil, unfit, nil
	}
	if wantsGuard(next.routers) && !d.guards {
		p.Problems = append(p.Problems, "no_accept is not enforced: no router had it when the daemon started; restart the daemon")
	}
	if was, is := &d.conf.Global, &conf.Global; was.Listen != is.Listen || was.MetricsKeepalived != is.MetricsKeepalived {
		p.Problems = append(p.Problems, "vrrp_listen and vrrp_metrics_keepalived are read at the start: restart the daemon")
	}
	n.Plan, n.cast, n.notify = p, next, d.notifyOptions(conf)
	n.compare(running)
	n.Other = d.conf.DiffOther(conf)
	return n, nil, nil
}

// ConfigText is the configuration in force as text, with secrets masked. It is for other goroutines.
func (d *daemon) ConfigText(ctx context.Context) (string, error) {
	release, err := d.alone(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	if d.conf == nil {
		return "", ErrObserving
	}
	var names []string
	for _, r := range d.routers {
		names = append(names, r.conf.Name)
	}
	return d.conf.MaskedText(names), nil
}

// alone waits until no reload or edit is under way. Until release nobody else changes the configuration in force and
// the list of routers, so that they may be read outside the loop.
func (d *daemon) alone(ctx context.Context) (release func(), err error) {
	select {
	case d.reloading <- struct{}{}:
		return func() { <-d.reloading }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// survey notes the running routers and their roles; the loop calls it.
func (n *draft) survey(d *daemon) []*router {
	n.roles = make(map[*router]election.Role, len(d.routers))
	for _, r := range d.routers {
		n.roles[r] = r.core.State().Role
	}
	return slices.Clone(d.routers)
}

// rejected leaves everything as it is.
func (d *daemon) rejected(ctx context.Context, p api.Plan, why string) (api.Plan, error) {
	p.Rejected = true
	p.Problems = append(p.Problems, why)
	d.log.Error("the configuration is not reloaded, the running one stays in force", "config", p.Config, "why", why, "problems", len(p.Problems))
	_, err := command(ctx, d, func() bool {
		d.reloads.Rejected++
		d.event(api.Event{Kind: "daemon", Why: "reload", Detail: "rejected: " + why})
		return true
	})
	return p, err
}

// compare finds out what becomes of the running routers.
func (n *draft) compare(routers []*router) {
	running := make(map[identity]*router, len(routers))
	byName := make(map[string]*router, len(routers))
	for _, r := range routers {
		running[r.identity()] = r
		byName[r.conf.Name] = r
	}
	kept := make(map[*router]bool, len(routers))
	for _, r := range n.cast.routers {
		was := running[r.identity()]
		if was != nil && !kept[was] && was.vmac == r.vmac {
			kept[was] = true
		} else {
			was = nil
		}
		s := successor{next: r, was: was}
		s.changed = was != nil && !was.conf.Same(r.conf)
		n.successors = append(n.successors, s)
		n.describe(s, byName)
	}
	for _, r := range routers {
		if !kept[r] {
			n.gone = append(n.gone, r)
			n.removed(r)
		}
	}
}

// describe adds what becomes of a router of the new configuration to the plan.
func (n *draft) describe(s successor, byName map[string]*router) {
	c := api.Change{Router: s.next.conf.Name}
	switch old := byName[s.next.conf.Name]; {
	case s.was != nil && !s.changed:
		n.Same++
		return
	case s.was != nil:
		c.Action, c.Why, c.Role = api.Changed, s.was.conf.Diff(s.next.conf), n.roles[s.was].String()
		if n.roles[s.was] == election.Master {
			c.Leave, c.Gain = without(s.was.vips(), s.next.vips()), without(s.next.vips(), s.was.vips())
		}
	case old != nil:
		c.Action, c.Why, c.Role = api.Restarted, old.conf.Diff(s.next.conf), n.roles[old].String()
		n.restarted[old] = true
		if n.roles[old] == election.Master {
			c.Leave = old.vips()
		}
	default:
		c.Action = api.Added
	}
	n.Changes = append(n.Changes, c)
}

// removed adds a running router that has no successor to the plan, unless it comes back changed.
func (n *draft) removed(r *router) {
	if n.restarted[r] {
		return
	}
	c := api.Change{Router: r.conf.Name, Action: api.Removed, Role: n.roles[r].String()}
	if n.roles[r] == election.Master {
		c.Leave = r.vips()
	}
	n.Changes = append(n.Changes, c)
}

func (r *router) vips() []netip.Prefix {
	var out []netip.Prefix
	for _, list := range [][]config.Address{r.conf.Addresses, r.conf.Excluded} {
		for _, a := range list {
			out = append(out, a.Prefix)
		}
	}
	return out
}

// without is what of a is not in b.
func without(a, b []netip.Prefix) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(a), func(p netip.Prefix) bool { return slices.Contains(b, p) })
}

// apply puts a draft in force. Who goes leaves first, so that its addresses are free for who comes.
func (d *daemon) apply(n *draft) api.Plan {
	if d.leaving {
		n.Rejected = true
		n.Problems = append(n.Problems, "the daemon is stopping")
		return n.Plan
	}
	for _, r := range n.gone {
		d.retire(r)
		d.serveDue() // there may be thousands
	}
	d.settle()
	d.sayAll() // what has happened is told as the old configuration has it
	d.reloads.Applied++
	d.reloads.Last = time.Now()
	old := d.conf
	d.conf, d.edited = n.conf, false
	var changed, added []*router
	d.routers = d.routers[:0:0]
	for _, s := range n.successors {
		if s.was == nil {
			d.routers = append(d.routers, s.next)
			added = append(added, s.next)
			continue
		}
		d.routers = append(d.routers, s.was)
		s.was.succeed(s)
		if s.changed {
			changed = append(changed, s.was)
		}
	}
	d.teller.Reconfigure(n.notify)
	d.refit(old, changed, added, d.regroup(n.cast.groups))
	if d.conf.Global.FIFOOnReload {
		d.sayAll()
		d.tellAll()
	}
	n.Applied = true
	d.log.Info("configuration reloaded", "config", n.Config, "unchanged", n.Same, "changes", len(n.Changes))
	d.event(api.Event{Kind: "daemon", Why: "reload", Detail: fmt.Sprintf("%d routers unchanged, %d changes", n.Same, len(n.Changes))})
	return n.Plan
}

// succeed gives a running router its new configuration. If it is not changed it needs no review, and nothing is to refer
// to the old one.
func (r *router) succeed(s successor) {
	r.conf, r.tells = s.next.conf, s.next.tells
	if r.bound != nil && !s.changed {
		r.bound.conf = r.conf
	}
	r.verifier = newVerifier(r.conf.HMAC, len(r.conf.Peers), r.verifier)
}

// retire ends a router for good.
func (d *daemon) retire(r *router) {
	r.retired = true
	if r.started {
		d.step(r, d.now(), election.Stop{})
		d.settle()
	}
	r.retryAt = election.Never
	d.deadlines.remove(r)
	if r.bound != nil {
		d.unbind(r)
	}
	d.dropVMAC(r)
	d.forgetFlight(r)
}
