package main

import (
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// leastSpan is the shortest time that rates are taken over: what an event brings early is left to the next look.
const leastSpan = 500 * time.Millisecond

// rates are how fast the counters of a daemon move, between two looks at it.
type rates struct {
	base    api.Snapshot // the earlier look
	in, out float64      // adverts a second, of all routers
	routers map[string]rate
	refused map[string]float64 // frames a second, by verdict that drops
}

// rate is that of one router.
type rate struct{ in, out float64 }

// take takes in the next look.
func (r *rates) take(s api.Snapshot) {
	span := s.Now.Sub(r.base.Now)
	if r.base.Schema == "" {
		r.base = s
		return
	}
	if span < leastSpan {
		return
	}
	before := make(map[string]api.Stats, len(r.base.Routers))
	for _, b := range r.base.Routers {
		before[b.Name] = b.Stats
	}
	r.in, r.out, r.routers, r.refused = 0, 0, make(map[string]rate, len(s.Routers)), make(map[string]float64)
	for _, n := range s.Routers {
		if b, known := before[n.Name]; known {
			one := rate{perSecond(b.Received, n.Stats.Received, span), perSecond(b.Sent, n.Stats.Sent, span)}
			r.routers[n.Name] = one
			r.in += one.in
			r.out += one.out
		}
	}
	was, is := refusedBy(r.base), refusedBy(s)
	for verdict, n := range is {
		r.refused[verdict] = perSecond(was[verdict], n, span)
	}
	r.base = s
}

// perSecond is how fast a counter moved. One that began anew did not.
func perSecond(before, now uint64, span time.Duration) float64 {
	if now < before {
		return 0
	}
	return float64(now-before) / span.Seconds()
}

// refusedBy counts the frames that were dropped, by verdict.
func refusedBy(s api.Snapshot) map[string]uint64 {
	n := make(map[string]uint64)
	for _, d := range s.Drops {
		if d.Action == "drop" {
			n[d.Verdict] += d.Frames
		}
	}
	return n
}

// margin is how much of the master-down interval is left, by the last gap between adverts or the one that goes on, and
// whether the router waits for a master at all.
func margin(r api.Router) (share float64, waits bool) {
	if r.LastHeard == nil || r.Down <= 0 {
		return 1, false
	}
	return max(0, 1-max(*r.LastHeard, r.Margins.LastGap)/r.Down), true
}
