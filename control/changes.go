package control

import (
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/histogram"
)

// How often a router changed its role, from which to which and why, and how soon a silent master was missed.

// changes counts a router's. The kinds are few: they are searched one by one.
type changes struct {
	kinds     []change
	newMaster election.Reason // of the last one to master
}

type change struct {
	from, to election.Role
	why      election.Reason
	count    uint64
}

func (k *changes) count(c election.Changed) {
	if c.To == election.Master {
		k.newMaster = c.Why
	}
	for i := range k.kinds {
		if it := &k.kinds[i]; it.from == c.From && it.to == c.To && it.why == c.Why {
			it.count++
			return
		}
	}
	k.kinds = append(k.kinds, change{c.From, c.To, c.Why, 1})
}

// addTo tells of them, in the order in which each kind came first.
func (k *changes) addTo(s *api.Stats) {
	s.NewMaster = string(k.newMaster)
	s.Transitions = make([]api.Transition, len(k.kinds))
	for i, it := range k.kinds {
		s.Transitions[i] = api.Transition{From: it.from.String(), To: it.to.String(), Why: string(it.why), Count: it.count}
	}
}

// missed honours the deadline of a router whose master is silent, and counts how long it was.
func (d *daemon) missed(r *router, due, now time.Duration) {
	heard := r.core.State().LastHeard // zero: no master was ever there
	d.tick(r, due, now)
	if st := r.core.State(); st.Role == election.Master && st.Why == election.Silence && heard > 0 {
		d.detected.Add(now - heard)
	}
}

// newDetected has classes for masters that are waited for from 30 ms to many minutes.
func newDetected() histogram.Histogram {
	return histogram.New(30*time.Millisecond, 50*time.Millisecond, 100*time.Millisecond, 250*time.Millisecond,
		350*time.Millisecond, 500*time.Millisecond, time.Second, 2500*time.Millisecond, 3500*time.Millisecond,
		5*time.Second, 10*time.Second, 30*time.Second, time.Minute, 5*time.Minute)
}

func drawn(h histogram.Histogram) api.Histogram { return api.NewHistogram(h.Sum(), h.Each) }
