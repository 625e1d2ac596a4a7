package control

import (
	"context"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Config asks the loop for the configuration in force. It is for other goroutines.
func (d *daemon) Config(ctx context.Context) (*config.Config, error) {
	return ask(ctx, d, d.configInForce)
}

// Keepalived draws a snapshot as keepalived would, without a router if there is no configuration. It is for other goroutines.
func (d *daemon) Keepalived(ctx context.Context) ([]byte, error) {
	conf, err := d.Config(ctx)
	if err != nil {
		return nil, err
	}
	if conf == nil {
		return []byte("[]\n"), nil
	}
	s, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return d.o.Keepalived(conf, s), nil
}

func (d *daemon) configInForce() *config.Config {
	if !d.edited {
		return d.conf
	}
	c := *d.conf
	c.Routers = make([]config.Router, len(d.routers))
	for i, r := range d.routers {
		c.Routers[i] = *r.conf
	}
	return &c
}

// Events asks the loop for the events numbered above since. It is for other goroutines.
func (d *daemon) Events(ctx context.Context, since uint64) (api.Page, error) {
	return ask(ctx, d, func() api.Page { return d.events.Since(since) })
}

// Alive waits for the loop, but not for those who ask it something: however many they are, they prove nothing against
// it. It is for other goroutines.
func (d *daemon) Alive(ctx context.Context) error {
	select {
	case <-d.alive:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wall is the time of day of an instant, by the clock as it is set now.
func (d *daemon) wall(at time.Duration) time.Time { return time.Now().Add(at - d.now()) }

// event appends to the event log, as of now unless it says when.
func (d *daemon) event(e api.Event) {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	d.events.Append(e)
	d.stir()
}

// about is the context of a log line that tells of an event.
func about(e api.Event) context.Context { return api.WithEvent(context.Background(), e) }

func (d *daemon) linkName(index int) string {
	for _, l := range d.links {
		if l.index == index {
			return l.name
		}
	}
	return ""
}

func (r *router) name() string {
	if r == nil {
		return ""
	}
	return r.conf.Name
}

// outline is what a snapshot holds of the daemon itself.
func (d *daemon) outline() api.Snapshot {
	tally := d.host.Tally()
	return api.Snapshot{
		Schema: api.Schema, Version: d.o.Version, PID: os.Getpid(), Started: d.started0, Now: time.Now(),
		Config: d.o.ConfigPath, Timing: d.lateness.snapshot(), Scheduling: d.scheduling,
		Links: []api.Link{}, Routers: []api.Router{}, Heard: []api.Sighting{}, Drops: []api.Drop{},
		Takeovers: api.Takeovers{Detected: drawn(d.detected), Held: drawn(tally.Held), Announced: drawn(tally.Announced)},
		Reloads:   d.reloads, Resyncs: tally.Resyncs,
	}
}

func (l *link) snapshot() api.Link {
	out := api.Link{Name: l.name, Index: l.index, Mode: string(l.attached.Mode), Hook: l.attached.Hook,
		Reason: l.attached.Reason, Up: l.up, Arrivals: drawn(l.arrivals)}
	if err := l.trouble(); err != nil {
		out.Error = err.Error()
	}
	return out
}

func (d *daemon) routerSnapshot(r *router, counts []loader.Count) api.Router {
	if r.core.Role() == election.Backup {
		d.refresh(r)
	}
	st := r.core.State()
	c := r.conf
	out := api.Router{
		Name: c.Name, Interface: r.iface, Family: vrrp.ID{V6: c.V6}.Family(), VRID: c.VRID, Version: c.Version,
		Role: st.Role.String(), Why: string(st.Why), Since: d.wall(st.Since), Priority: st.Priority, Base: c.Priority,
		MasterPrio: st.MasterPriority, Interval: c.Interval.Seconds(), MasterInterval: st.MasterInterval.Seconds(),
		Skew: st.Skew.Seconds(), Down: st.Down.Seconds(), Preempt: c.Preempt, Accept: !r.guarded(), Faults: st.Causes,
		VIPs: []api.VIP{}, Stats: r.stats.snapshot(), Margins: r.margins.snapshot(), GARPDelay: c.GARP.Delay.Seconds(),
	}
	r.changes.addTo(&out.Stats)
	out.Stats.Since = d.wall(r.counted)
	if c.VLAN != 0 {
		out.VLAN = c.VLAN.String()
	}
	d.addExtras(&out, r)
	d.addAways(&out, r)
	if st.Master.IsValid() {
		out.Master = st.Master.String()
	}
	for _, topic := range sortedKeys(r.notes) {
		out.Notes = append(out.Notes, r.notes[topic])
	}
	heard := st.LastHeard
	if r.bound != nil {
		out.Source = r.bound.host.Source.String()
		out.Stats.Verdicts = byVerdict(counts)
		out.Stats.Received = out.Stats.Verdicts[verdict.Delivered.String()] +
			out.Stats.Verdicts[verdict.Coalesced.String()] + out.Stats.Verdicts[verdict.Lost.String()] +
			out.Stats.Verdicts[verdict.Excess.String()]
	}
	if r.stamp != nil {
		heard = max(heard, r.stamp.Seen())
	}
	if heard > 0 && st.Role == election.Backup {
		ago := (d.now() - heard).Seconds()
		out.LastHeard = &ago
	}
	return out
}

// addExtras tells what a router has beside its election.
func (d *daemon) addExtras(out *api.Router, r *router) {
	out.Group, out.VMAC = r.conf.SyncGroup, r.vmac
	for _, p := range r.conf.Peers {
		out.Peers = append(out.Peers, p.Addr.String())
	}
	for _, t := range r.tracks() {
		w := d.tracked[trackKey(t.Kind, t.Name)]
		out.Tracks = append(out.Tracks, api.Track{Kind: t.Kind.String(), Name: t.Name, Weight: t.Weight, Reverse: t.Reverse,
			State: w.standing()})
	}
	for i := range r.conf.Routes {
		out.Routes = append(out.Routes, r.conf.Routes[i].Text)
	}
	for i := range r.conf.Rules {
		out.Rules = append(out.Rules, r.conf.Rules[i].Text)
	}
}

// addAways tells what an operator wants of a router for a while.
func (d *daemon) addAways(out *api.Router, r *router) {
	if w, aside := d.failovers[r.conf.Name]; aside {
		out.Failover = &api.Away{By: w.by, Until: d.wallOf(w.until)}
		out.Notes = append(out.Notes, "failover, "+d.phrase(w))
	}
	if w, drained := d.maintenanceOf(r); drained {
		out.Maintenance = &api.Away{By: w.by, Until: d.wallOf(w.until)}
	}
}

// addVIPs tells of the virtual addresses, and which of them this host has.
func (r *router) addVIPs(out *api.Router, there map[onLink]bool) {
	for i, list := range [][]config.Address{r.conf.Addresses, r.conf.Excluded} {
		for _, a := range list {
			out.VIPs = append(out.VIPs, api.VIP{Address: a.Prefix, Device: r.device(a), Excluded: i == 1})
		}
	}
	if r.bound == nil {
		return
	}
	held := make(map[netip.Prefix]bool)
	for i := range r.bound.host.Addrs { // after a reload perhaps still the old ones
		a := &r.bound.host.Addrs[i]
		held[a.Prefix] = there[onLink{a.Link, a.Shown()}]
	}
	for i := range out.VIPs {
		out.VIPs[i].Held = held[out.VIPs[i].Address]
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
