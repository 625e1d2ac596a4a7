package control

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Snapshot asks the loop what it knows. It is for other goroutines.
func (d *daemon) Snapshot(ctx context.Context) (api.Snapshot, error) {
	return ask(ctx, d, d.snapshot)
}

// Config asks the loop for the configuration in force. It is for other goroutines.
func (d *daemon) Config(ctx context.Context) (*config.Config, error) {
	return ask(ctx, d, d.configInForce)
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

// ask has question run by the loop.
func ask[T any](ctx context.Context, d *daemon, question func() T) (T, error) {
	answer := make(chan T, 1)
	select {
	case d.queries <- func() { answer <- question() }:
		return <-answer, nil
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
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

func (d *daemon) snapshot() api.Snapshot {
	counts, err := d.filter.Counts()
	if err != nil {
		d.log.Warn("counters cannot be read", "err", err)
	}
	counts = append(counts, d.refusals()...)
	s := api.Snapshot{
		Schema: api.Schema, Version: d.o.Version, PID: os.Getpid(), Started: d.started0, Now: time.Now(),
		Config: d.o.ConfigPath, Timing: d.lateness.snapshot(), Scheduling: d.scheduling,
		Links: []api.Link{}, Routers: []api.Router{}, Heard: []api.Sighting{}, Drops: []api.Drop{},
	}
	for _, name := range d.wantedLinks(d.routers) {
		s.Links = append(s.Links, d.links[name].snapshot())
	}
	perRouter := make(map[vrrp.ID]map[string]uint64)
	for _, c := range counts {
		if c.ID.VRID == 0 {
			continue
		}
		if perRouter[c.ID] == nil {
			perRouter[c.ID] = make(map[string]uint64)
		}
		perRouter[c.ID][c.Verdict.String()] += c.Frames
	}
	there := present(d.host.Links())
	for _, r := range d.routers {
		out := d.routerSnapshot(r, perRouter)
		r.addVIPs(&out, there)
		s.Routers = append(s.Routers, out)
	}
	for _, g := range d.groups {
		s.Groups = append(s.Groups, g.snapshot(d))
	}
	for _, key := range slices.Sorted(maps.Keys(d.tracked)) {
		s.Trackers = append(s.Trackers, d.tracked[key].snapshot(d))
	}
	s.Missing = d.missingStatic()
	for _, seen := range d.sightings {
		s.Heard = append(s.Heard, seen.Sighting)
	}
	slices.SortFunc(s.Heard, func(a, b api.Sighting) int {
		return cmp.Or(cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.VRID, b.VRID), cmp.Compare(a.Family, b.Family),
			cmp.Compare(a.Source, b.Source), cmp.Compare(a.Verdict, b.Verdict))
	})
	s.Drops = d.drops(counts)
	return s
}

func (l *link) snapshot() api.Link {
	out := api.Link{Name: l.name, Index: l.index, Mode: string(l.attached.Mode), Hook: l.attached.Hook,
		Reason: l.attached.Reason, Up: l.up}
	if l.err != nil {
		out.Error = l.err.Error()
	}
	return out
}

func (d *daemon) routerSnapshot(r *router, counts map[vrrp.ID]map[string]uint64) api.Router {
	st := r.core.State()
	c := r.conf
	out := api.Router{
		Name: c.Name, Interface: r.iface, Family: vrrp.ID{V6: c.V6}.Family(), VRID: c.VRID, Version: c.Version,
		Role: st.Role.String(), Why: string(st.Why), Since: d.wall(st.Since), Priority: st.Priority, Base: c.Priority,
		MasterPrio: st.MasterPriority, Interval: c.Interval.Seconds(), MasterInterval: st.MasterInterval.Seconds(),
		Skew: st.Skew.Seconds(), Down: st.Down.Seconds(), Preempt: c.Preempt, Accept: !r.guarded(), Faults: st.Causes,
		VIPs: []api.VIP{}, Stats: r.stats,
	}
	if c.VLAN != 0 {
		out.VLAN = c.VLAN.String()
	}
	d.addExtras(&out, r)
	if st.Master.IsValid() {
		out.Master = st.Master.String()
	}
	for _, topic := range sortedKeys(r.notes) {
		out.Notes = append(out.Notes, r.notes[topic])
	}
	heard := st.LastHeard
	if r.bound != nil {
		out.Source = r.bound.rules.Own.String()
		out.Stats.Verdicts = counts[r.bound.id]
		out.Stats.Received = out.Stats.Verdicts[verdict.Delivered.String()] +
			out.Stats.Verdicts[verdict.Coalesced.String()] + out.Stats.Verdicts[verdict.Lost.String()] +
			out.Stats.Verdicts[verdict.Excess.String()]
		heard = max(heard, d.filter.LastSeen(r.bound.id))
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

// onLink is an address on a link, as `ip addr` shows it.
type onLink struct {
	link   int
	prefix netip.Prefix
}

// present is every address on the host, whoever put it there.
func present(links []host.Link) map[onLink]bool {
	there := make(map[onLink]bool)
	for i := range links {
		for _, a := range links[i].Addrs {
			there[onLink{links[i].Index, a.Prefix}] = true
		}
	}
	return there
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

// drops tells what became of the adverts that were not taken, with the last sample of each kind.
func (d *daemon) drops(counts []loader.Count) []api.Drop {
	out := []api.Drop{}
	for _, c := range counts {
		if c.Verdict.Action() == verdict.Take {
			continue
		}
		row := api.Drop{Interface: d.linkName(c.Link), Router: d.byID[c.ID].name(), Verdict: c.Verdict.String(),
			Action: c.Verdict.Action().String(), Frames: c.Frames, Meaning: c.Verdict.Meaning()}
		if seen := d.lastSample(c); seen != nil {
			row.Source, row.MAC, row.Detail = seen.Source, seen.MAC, seen.detail
			last := seen.Last
			row.Last = &last
		}
		out = append(out, row)
	}
	slices.SortFunc(out, func(a, b api.Drop) int {
		return cmp.Or(cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.Action, b.Action),
			cmp.Compare(b.Frames, a.Frames), cmp.Compare(a.Verdict, b.Verdict))
	})
	return out
}

// lastSample finds the newest sample behind a counter.
func (d *daemon) lastSample(c loader.Count) (newest *sighting) {
	for k, s := range d.sightings {
		if k.verdict == c.Verdict && k.id.Link == c.Link && (c.ID.VRID == 0 || k.id == c.ID) &&
			(newest == nil || s.at > newest.at) {
			newest = s
		}
	}
	return newest
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
