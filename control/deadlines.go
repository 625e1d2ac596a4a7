package control

import (
	"time"

	"github.com/xvrrp/xvrrp/control/election"
)

// deadlines is a heap of the routers that wait for an instant, earliest first. Whatever moves in it touches no router:
// instants and places lie close together, where the routers are all over the memory.
type deadlines struct {
	heap    []deadline
	waiters []waiter // by ticket
	free    []ticket
}

// deadline is an instant and who waits for it.
type deadline struct {
	at time.Duration
	ticket
}

// waiter is a router that waits, and its place in the heap.
type waiter struct {
	r     *router
	place int32
}

// ticket tells waiters apart; 0 is nobody's.
type ticket int32

// children is how many each place of the heap has: they share a cache line.
const children = 4

func newDeadlines() deadlines { return deadlines{waiters: make([]waiter, 1)} }

// len is how many wait.
func (d *deadlines) len() int { return len(d.heap) }

// next is the earliest instant, Never if nobody waits.
func (d *deadlines) next() time.Duration {
	if len(d.heap) == 0 {
		return election.Never
	}
	return d.heap[0].at
}

// entry is what lies at a place of the heap, the earliest at 0.
func (d *deadlines) entry(place int) (at time.Duration, r *router) {
	e := d.heap[place]
	return e.at, d.waiters[e.ticket].r
}

// until appends who waits for an instant until then, below a place of the heap, about in the order in which they will
// have their turns; a batch at most.
func (d *deadlines) until(at time.Duration, place int, to []*router) []*router {
	if place >= len(d.heap) || d.heap[place].at > at || len(to) == mostInBatch {
		return to
	}
	_, r := d.entry(place)
	to = append(to, r)
	for child := range children {
		to = d.until(at, children*place+1+child, to)
	}
	return to
}

// of is the instant a router waits for, Never if it waits for none.
func (d *deadlines) of(r *router) time.Duration {
	if r.ticket == 0 {
		return election.Never
	}
	return d.heap[d.waiters[r.ticket].place].at
}

// set has a router wait for an instant, or with Never for nothing.
func (d *deadlines) set(r *router, at time.Duration) {
	switch {
	case at == election.Never:
		d.remove(r)
	case r.ticket == 0:
		d.admit(r)
		d.heap = append(d.heap, deadline{})
		d.rise(len(d.heap)-1, deadline{at, r.ticket})
	default:
		d.settle(int(d.waiters[r.ticket].place), deadline{at, r.ticket})
	}
}

// admit gives a router a ticket.
func (d *deadlines) admit(r *router) {
	if last := len(d.free) - 1; last >= 0 {
		r.ticket, d.free = d.free[last], d.free[:last]
	} else {
		r.ticket = ticket(len(d.waiters))
		d.waiters = append(d.waiters, waiter{})
	}
	d.waiters[r.ticket].r = r
}

// remove ends a router's wait, if there is one.
func (d *deadlines) remove(r *router) {
	if r.ticket == 0 {
		return
	}
	place, last := int(d.waiters[r.ticket].place), len(d.heap)-1
	moved := d.heap[last]
	d.heap = d.heap[:last]
	if place < last {
		d.settle(place, moved)
	}
	d.waiters[r.ticket] = waiter{}
	d.free = append(d.free, r.ticket)
	r.ticket = 0
}

// settle puts an entry where it belongs, given a place whose entry it replaces.
func (d *deadlines) settle(place int, e deadline) {
	if parent := (place - 1) / children; place > 0 && e.at < d.heap[parent].at {
		d.rise(place, e)
		return
	}
	d.sink(place, e)
}

// rise moves the vacant place up to where an entry belongs.
func (d *deadlines) rise(place int, e deadline) {
	for place > 0 {
		parent := (place - 1) / children
		if d.heap[parent].at <= e.at {
			break
		}
		d.put(place, d.heap[parent])
		place = parent
	}
	d.put(place, e)
}

// sink moves the vacant place down to where an entry belongs.
func (d *deadlines) sink(place int, e deadline) {
	for {
		first := children*place + 1
		if first >= len(d.heap) {
			break
		}
		least := first
		for child := first + 1; child < min(first+children, len(d.heap)); child++ {
			if d.heap[child].at < d.heap[least].at {
				least = child
			}
		}
		if e.at <= d.heap[least].at {
			break
		}
		d.put(place, d.heap[least])
		place = least
	}
	d.put(place, e)
}

func (d *deadlines) put(place int, e deadline) {
	d.heap[place] = e
	d.waiters[e.ticket].place = int32(place)
}
