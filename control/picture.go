package control

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// A snapshot of thousands of routers takes milliseconds, which no advert must wait for. It is drawn by whoever asks, out
// of pieces that the loop hands over turn by turn.

// What one piece holds at most: some tens of microseconds of the loop.
const (
	routersInPiece = 16
	dropsInPiece   = 64
)

// picture is a snapshot that is being drawn.
type picture struct {
	api.Snapshot
	routers []*router      // those still to be drawn
	counts  []loader.Count // those of the routers that have been drawn, and of no router
	there   map[onLink]bool
	samples map[sampleKey]*sighting // the newest of each kind
	links   map[int]string          // names by index
}

// sampleKey is a row of the drop table: a verdict on a link, or on a router of it.
type sampleKey struct {
	verdict verdict.Verdict
	link    int
	id      vrrp.ID // zero: all of the link
}

// Snapshot asks the loop what it knows. It is for other goroutines.
func (d *daemon) Snapshot(ctx context.Context) (s api.Snapshot, err error) {
	s = d.draw(func(piece func()) bool {
		_, err = ask(ctx, d, func() bool { piece(); return true })
		return err == nil
	})
	return s, err
}

// draw draws a snapshot. Only what is given to turn, which reports whether to go on, is run by the loop.
func (d *daemon) draw(turn func(piece func()) bool) api.Snapshot {
	var p picture
	var links []host.Link
	ok := turn(func() { d.sketch(&p); links = d.host.Links() })
	p.there, p.Routers = present(links), make([]api.Router, 0, len(p.routers)) // megabytes, and so not the loop's work
	for ok && len(p.routers) > 0 {
		n := min(len(p.routers), routersInPiece)
		ok = turn(func() { d.drawRouters(&p, p.routers[:n]) })
		p.routers = p.routers[n:]
	}
	dropped := notTaken(p.counts)
	p.Drops = make([]api.Drop, 0, len(dropped))
	for ok && len(dropped) > 0 {
		n := min(len(dropped), dropsInPiece)
		ok = turn(func() { d.drawDrops(&p, dropped[:n]) })
		dropped = dropped[n:]
	}
	p.arrange()
	return p.Snapshot
}

// sketch begins a picture with everything but the routers and drops.
func (d *daemon) sketch(p *picture) {
	var err error
	if p.counts, err = d.filter.LinkCounts(); err != nil {
		d.log.Warn("counters cannot be read", "err", err)
	}
	p.routers = slices.Clone(d.routers)
	p.Snapshot = d.outline()
	p.links = make(map[int]string)
	for _, name := range d.wantedLinks(d.routers) {
		p.Links = append(p.Links, d.links[name].snapshot())
	}
	for name, l := range d.links { // also those whose last router an edit removed
		p.links[l.index] = name
	}
	for _, g := range d.groups {
		p.Groups = append(p.Groups, g.snapshot(d))
	}
	for _, key := range slices.Sorted(maps.Keys(d.tracked)) {
		p.Trackers = append(p.Trackers, d.tracked[key].snapshot(d))
	}
	p.Missing = d.missingStatic()
	p.samples = make(map[sampleKey]*sighting)
	now := d.now()
	for k, seen := range d.sightings {
		seen.Present = stillThere(now, seen.at, seen.advert.Interval)
		p.Heard = append(p.Heard, seen.Sighting)
		p.keepNewest(sampleKey{k.verdict, k.id.Link, vrrp.ID{}}, seen)
		p.keepNewest(sampleKey{k.verdict, k.id.Link, k.id}, seen)
	}
}

func (p *picture) keepNewest(k sampleKey, seen *sighting) {
	if old := p.samples[k]; old == nil || seen.at > old.at {
		p.samples[k] = seen
	}
}

// byVerdict sorts the counts of a router.
func byVerdict(counts []loader.Count) map[string]uint64 {
	if len(counts) == 0 {
		return nil
	}
	out := make(map[string]uint64, len(counts))
	for _, c := range counts {
		out[c.Verdict.String()] += c.Frames
	}
	return out
}

// notTaken is the counts of verdicts that did not take a frame.
func notTaken(counts []loader.Count) (out []loader.Count) {
	for _, c := range counts {
		if c.Verdict.Action() != verdict.Take {
			out = append(out, c)
		}
	}
	return out
}

func (d *daemon) drawRouters(p *picture, routers []*router) {
	for _, r := range routers {
		if r.retired {
			continue // since the picture was begun
		}
		counts := d.countsOf(r)
		out := d.routerSnapshot(r, counts)
		p.counts = append(p.counts, counts...)
		r.addVIPs(&out, p.there)
		p.Routers = append(p.Routers, out)
	}
}

// drawDrops tells what became of adverts that were not taken, with the last sample of each kind.
func (d *daemon) drawDrops(p *picture, counts []loader.Count) {
	for _, c := range counts {
		row := api.Drop{Interface: p.links[c.Link], Router: d.byID[c.ID].name(), Verdict: c.Verdict.String(),
			Action: c.Verdict.Action().String(), Frames: c.Frames, Meaning: c.Verdict.Meaning()}
		key := sampleKey{c.Verdict, c.Link, c.ID}
		if c.ID.VRID == 0 {
			key.id = vrrp.ID{}
		}
		if seen := p.samples[key]; seen != nil {
			row.Source, row.MAC, row.Detail = seen.Source, seen.MAC, seen.Why
			sample := seen.Sighting
			row.Sample, row.Last = &sample, &sample.Last
		}
		p.Drops = append(p.Drops, row)
	}
}

// arrange puts what has no order of its own into one.
func (p *picture) arrange() {
	slices.SortFunc(p.Heard, func(a, b api.Sighting) int {
		return cmp.Or(cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.VRID, b.VRID), cmp.Compare(a.Family, b.Family),
			cmp.Compare(a.Source, b.Source), cmp.Compare(a.Verdict, b.Verdict))
	})
	slices.SortFunc(p.Drops, func(a, b api.Drop) int {
		return cmp.Or(cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.Action, b.Action),
			cmp.Compare(b.Frames, a.Frames), cmp.Compare(a.Verdict, b.Verdict))
	})
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
