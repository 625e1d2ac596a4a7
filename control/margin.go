package control

import (
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/histogram"
	"github.com/xvrrp/xvrrp/loader"
)

// How close a backup has come to a takeover that nobody wanted: with each advert of the followed master, how much of the
// master-down interval was left. The kernel keeps the gaps before the adverts that it keeps back; they are counted when
// the stamp is looked at anyway.

// margins is what there is to tell of the gaps before the adverts that a router took from the masters it followed.
type margins struct {
	repeats uint64 // of the stamp: those that were counted
	adverts uint64
	tight   [len(marginBounds)]uint32 // adverts by class; the rest left more than the last bound
	near    uint32                    // near failovers
	last    time.Duration
	longest time.Duration
}

// marginBounds are the upper bounds of the classes, as shares of the master-down interval; a last one has none.
var marginBounds = [...]float64{0.1, 1. / 3, 1. / 2, 2. / 3}

// add counts an advert that came after a gap. It was a near failover if the next one could not have been missed, too.
func (m *margins) add(gap, interval, down time.Duration) {
	left := down - gap
	m.adverts++
	for i, bound := range marginBounds {
		if float64(left) <= bound*float64(down) {
			m.tight[i]++
			break
		}
	}
	if left < interval {
		m.near++
	}
	m.last, m.longest = gap, max(m.longest, gap)
}

func (m *margins) snapshot() api.Margins {
	out := api.Margins{Adverts: m.adverts, NearFailovers: uint64(m.near), LongestGap: m.longest.Seconds(), LastGap: m.last.Seconds()}
	rest := m.adverts
	for i, n := range m.tight {
		out.Classes = append(out.Classes, api.MarginClass{UpTo: marginBounds[i], Adverts: uint64(n)})
		rest -= uint64(n)
	}
	out.Classes = append(out.Classes, api.MarginClass{Adverts: rest})
	return out
}

// newArrivals counts gaps. The bounds lie between intervals that are common, so that adverts which come a little later
// than others stay in their class.
func newArrivals() histogram.Histogram {
	return histogram.New(15*time.Millisecond, 30*time.Millisecond, 75*time.Millisecond, 150*time.Millisecond, 350*time.Millisecond,
		750*time.Millisecond, 1500*time.Millisecond, 2500*time.Millisecond, 4*time.Second, 7500*time.Millisecond, 15*time.Second,
		45*time.Second)
}

// gapsAtOnce is how many gaps the kernel keeps for each router. It is looked at more often than they pass.
const gapsAtOnce = 8

// measure counts the adverts that the kernel has kept back since it was last asked.
func (d *daemon) measure(r *router) {
	m := &r.margins
	repeats := r.stamp.Repeats()
	if repeats == m.repeats {
		return
	}
	interval, down := r.core.Patience()
	n := r.stamp.Gaps(m.repeats, d.gaps[:min(repeats-m.repeats, gapsAtOnce)])
	for _, gap := range d.gaps[:n] {
		m.add(gap, interval, down)
		r.arrivals.Add(gap)
	}
	m.repeats = repeats
}

// handedOver counts an advert that the kernel did not keep back, if it came from the master that was followed and keeps
// the backup waiting. was is how the router stood before.
func (r *router) handedOver(a loader.Advert, was election.State) {
	if was.Role != election.Backup || was.Master != a.Src || a.At <= was.LastHeard || r.core.State().LastHeard != a.At {
		return
	}
	r.margins.add(a.At-was.LastHeard, was.MasterInterval, was.Down)
	r.arrivals.Add(a.At - was.LastHeard)
}
