package control

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/notify"
)

// cast is the routers and groups that a configuration asks for, made ready outside the loop.
type cast struct {
	routers []*router // in the order of the configuration
	groups  []*group  // likewise
}

// newCast makes routers of those of a configuration that are on the chosen links. Without a configuration there is
// nothing but links to observe. A macvlan of a running router keeps its name.
func newCast(o Options, c *config.Config, running []*router) (*cast, error) {
	if c == nil {
		if len(o.Ifaces) == 0 {
			return nil, fmt.Errorf("%w: no configuration and no --iface", ErrNothingToDo)
		}
		return &cast{}, nil
	}
	var out cast
	alike, tells := make(alike), make(map[*config.Notify]*announcements)
	for i := range c.Routers {
		r := &c.Routers[i]
		if !o.chosen(r) {
			o.Log.Info("not on a chosen link, left out", "router", r.Name, "interface", r.Interface)
			continue
		}
		if tells[r.Notify] == nil {
			tells[r.Notify] = prepareAnnouncements(r.Notify, &c.Global, o.Log)
		}
		out.routers = append(out.routers, newRouter(r, tells[r.Notify]))
		alike.share(out.routers[len(out.routers)-1])
	}
	if len(out.routers) == 0 {
		place := o.ConfigPath
		if len(o.Ifaces) > 0 {
			place += " on " + strings.Join(o.Ifaces, ", ")
		}
		return nil, fmt.Errorf("%w: no vrrp_instance in %s", ErrNothingToDo, place)
	}
	nameVMACs(out.routers, running, make(map[string]bool), c.Global.VMACPrefix)
	out.join(c, o.Log)
	return &out, nil
}

// alike is a router of each configuration that its elections have in common with others.
type alike map[election.Config]*router

// share has the election of a router keep no configuration of its own, if there was one like it.
func (a alike) share(r *router) {
	c := electionConfig(r.conf)
	if a[c] == nil {
		a[c] = r
	}
	r.core.Share(a[c].core)
}

// chosen reports whether a router is on a link that was chosen; all are if none was.
func (o *Options) chosen(r *config.Router) bool {
	return len(o.Ifaces) == 0 || r.Interface == "" || slices.Contains(o.Ifaces, r.Interface)
}

// join makes the sync groups.
func (c *cast) join(conf *config.Config, log *slog.Logger) {
	byName := make(map[string]*router, len(c.routers))
	for _, r := range c.routers {
		byName[r.conf.Name] = r
	}
	for i := range conf.SyncGroups {
		s := &conf.SyncGroups[i]
		g := newGroup(s, byName)
		if len(g.members) == 0 {
			continue
		}
		g.tells = prepareAnnouncements(&s.Notify, &conf.Global, log)
		c.groups = append(c.groups, g)
	}
}

func paceGroups(c *config.Config) []host.PaceGroup {
	var out []host.PaceGroup
	for _, g := range c.PaceGroups {
		out = append(out, host.PaceGroup{Links: g.Interfaces, GARPGap: g.GARPInterval, GNAGap: g.GNAInterval})
	}
	return out
}

func (d *daemon) notifyOptions(c *config.Config) notify.Options {
	o := notify.Options{Log: d.log}
	if c != nil {
		o = notifyOptions(&c.Global, d.log)
	}
	o.Report = reportTrouble(d.log, d.troubles)
	return o
}

// runHook runs startup_script or shutdown_script, if there is one.
func (d *daemon) runHook(ctx context.Context, keyword string, of func(*config.Global) config.Hook) {
	if d.conf == nil {
		return
	}
	hook := of(&d.conf.Global)
	cmd := prepare(hook.Command, &d.conf.Global, d.log)
	if cmd == nil {
		return
	}
	if res := cmd.Run(ctx, hook.Timeout); !res.OK() {
		d.log.Warn(keyword+" failed", "command", cmd.String(), "result", res.String())
	}
}
