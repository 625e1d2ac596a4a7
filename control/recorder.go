package control

import (
	"container/list"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/story"
	"github.com/xvrrp/xvrrp/loader"
)

// The flight recorder keeps, for each router, what may explain its next change of role, and freezes that when the role
// changes. A router of which nothing but one master was ever heard has no record: that advert is kept anyway. What the
// kernel keeps back is never looked at but when a role changes.

// How much is kept: of a router, of the process, and of all routers together.
const (
	advertsKept = 8
	eventsKept  = 8
	talesKept   = 4
	pausesKept  = 8
	flightsKept = 8192 // the router of which nothing was recorded for longest goes first
)

// pauseLeast is how late the loop must have been for it to count as a pause.
const pauseLeast = 5 * time.Millisecond

// flights are the records of all routers, and what is recorded of the process.
type flights struct {
	list   list.List // of *flight, the one with the newest record last
	pauses []story.Pause
	ran    time.Duration // when the loop last looked for deadlines
}

// flight is what is recorded of a router.
type flight struct {
	of      *router
	place   *list.Element
	adverts []story.Advert // before the last one, which the router has
	events  []story.Event
	tales   []*tale
}

// tale is a change of role with its facts.
type tale struct {
	seq uint64 // of its event; 0: not told yet
	story.Facts
}

// keep adds an item to those of which the newest few are kept.
func keep[T any](items []T, item T, most int) []T {
	if len(items) < most {
		return append(items, item)
	}
	copy(items, items[1:])
	items[most-1] = item
	return items
}

// flight is the record of a router, begun if there is none.
func (d *daemon) flight(r *router) *flight {
	all := &d.flights.list
	if r.flight != nil {
		all.MoveToBack(r.flight.place)
		return r.flight
	}
	if all.Len() >= flightsKept {
		d.forgetFlight(all.Front().Value.(*flight).of)
	}
	r.flight = &flight{of: r}
	r.flight.place = all.PushBack(r.flight)
	return r.flight
}

// forgetFlight drops the record of a router.
func (d *daemon) forgetFlight(r *router) {
	if r.flight != nil {
		d.flights.list.Remove(r.flight.place)
		r.flight = nil
	}
}

// recordAdvert records the advert heard before the one that is to be heard now. No record is begun by a backup whose
// master repeats himself before the kernel keeps that back: thousands do at the start.
func (d *daemon) recordAdvert(r *router, now *story.Advert) {
	if r.last == nil || r.flight == nil && r.core.Role() == election.Backup && now.Repeats(r.last) {
		return
	}
	f := d.flight(r)
	f.adverts = keep(f.adverts, *r.last, advertsKept)
}

func recorded(a *loader.Advert) *story.Advert {
	return &story.Advert{At: a.At, Src: a.Src, Dst: a.Dst, VLAN: a.ID.VLAN, MAC: a.MAC, TTL: a.TTL, Message: a.Message}
}

// recordEvent records what happened to a router that takes part.
func (d *daemon) recordEvent(r *router, e story.Event) {
	if !r.started || r.retired {
		return
	}
	e.At = d.now()
	f := d.flight(r)
	f.events = keep(f.events, e, eventsKept)
}

// because has something done to routers for a reason that is recorded with what comes of it.
func (d *daemon) because(kind story.Kind, text string, do func()) {
	was := d.reason
	d.reason = story.Event{Kind: kind, Text: text}
	do()
	d.reason = was
}

// woke looks whether the loop runs later than it was to, now that it was woken.
func (d *daemon) woke(now time.Duration) { d.paused(d.armed, now) }

// paused takes note of it if the loop looks at what was due only now.
func (d *daemon) paused(due, now time.Duration) {
	rec := &d.flights
	if due == election.Never || now-due < pauseLeast {
		return
	}
	if n := len(rec.pauses); n > 0 && rec.pauses[n-1].Ran == rec.ran {
		rec.pauses[n-1].Until = now // this one is known, and lasted
		return
	}
	rec.pauses = keep(rec.pauses, story.Pause{Ran: rec.ran, Due: due, Until: now}, pausesKept)
}

// freeze records a change of role with all that is known of it, unless that is nothing.
func (d *daemon) freeze(r *router, c election.Changed, at time.Time) *tale {
	now := d.now()
	d.woke(now)
	if r.retired || d.isPlain(r, &c) {
		return nil
	}
	t := &tale{Facts: d.facts(r, c)}
	t.Served, t.Epoch = now, at.Add(-now)
	f := d.flight(r)
	f.tales = keep(f.tales, t, talesKept)
	return t
}

// isPlain reports whether a change of role needs no record: it is the start of a router that has heard nobody, and all
// there is to say of it follows from its state.
func (d *daemon) isPlain(r *router, c *election.Changed) bool {
	if r.flight != nil || r.last != nil || d.reason.Kind != story.OfNothing || c.To == election.Fault {
		return false
	}
	for _, p := range d.flights.pauses {
		if p.Until >= c.Was.Since && c.From == election.Backup {
			return false
		}
	}
	return c.Why == election.Startup || c.Why == election.Ownership || c.Why == election.Silence
}

// facts are what is known of a router's change of role.
func (d *daemon) facts(r *router, c election.Changed) story.Facts {
	st := r.core.State()
	out := story.Facts{Router: r.conf.Name, Version: r.conf.Version, Changed: c, At: st.Since, Priority: st.Priority}
	if f := r.flight; f != nil {
		out.Adverts = append(out.Adverts, f.adverts...)
		out.Events = append(out.Events, f.events...)
	}
	if r.last != nil {
		out.Adverts = append(out.Adverts, *r.last)
	}
	out.Pauses = append(out.Pauses, d.flights.pauses...)
	if isDone(c.Why) {
		out.Reason = d.reason
	}
	if r.stamp != nil && c.From == election.Backup {
		out.Repeats, out.Gaps = r.stamp.Repeats(), lastGaps(r.stamp)
	}
	return out
}

// lastGaps are the gaps that the kernel still has, oldest first.
func lastGaps(s stamp) []time.Duration {
	var gaps [gapsAtOnce]time.Duration
	n := s.Repeats()
	return append([]time.Duration(nil), gaps[:s.Gaps(n-min(n, gapsAtOnce), gaps[:])]...)
}

// complete finishes the record of a change of role whose event is the newest.
func (d *daemon) complete(r *router, t *tale) {
	if t != nil {
		t.seq = d.events.Last()
		d.led(r, t)
	}
}

// led finds the member of a sync group whose own change moved the router with it.
func (d *daemon) led(r *router, t *tale) {
	if t.Changed.Why != election.Grouped || r.group == nil {
		return
	}
	for _, other := range r.group.members {
		if other == r || other.flight == nil {
			continue
		}
		tales := other.flight.tales
		if n := len(tales); n > 0 && tales[n-1].At == t.At && tales[n-1].Changed.Why != election.Grouped {
			t.Lead, t.Moved = other.conf.Name, tales[n-1].Tell().Summary
			return
		}
	}
}

// isDone reports whether a change of role was somebody's or something's doing rather than that of time, an advert or
// the sync group.
func isDone(why election.Reason) bool {
	switch why {
	case election.Silence, election.Resigned, election.Preempted, election.Outranked, election.TieLost, election.Late, election.Grouped:
		return false
	}
	return true
}
