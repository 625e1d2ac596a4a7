package control

import (
	"time"

	"github.com/xvrrp/xvrrp/control/election"
)

// deadlines is a heap of the routers that wait for an instant, earliest first. The instants lie in the heap itself, so
// that looking through thousands touches no router.
type deadlines []deadline

// deadline is an instant and who waits for it. The router knows its place in the heap.
type deadline struct {
	at time.Duration
	r  *router
}

// next is the earliest instant, Never if nobody waits.
func (h deadlines) next() time.Duration {
	if len(h) == 0 {
		return election.Never
	}
	return h[0].at
}

// of is the instant a router waits for, Never if it waits for none.
func (h deadlines) of(r *router) time.Duration {
	if r.heap < 0 {
		return election.Never
	}
	return h[r.heap].at
}

// set has a router wait for an instant, or with Never for nothing.
func (h *deadlines) set(r *router, at time.Duration) {
	switch {
	case at == election.Never:
		h.remove(r)
	case r.heap < 0:
		*h = append(*h, deadline{})
		h.rise(len(*h)-1, deadline{at, r})
	default:
		h.settle(r.heap, deadline{at, r})
	}
}

// remove ends a router's wait, if there is one.
func (h *deadlines) remove(r *router) {
	if r.heap < 0 {
		return
	}
	i, last := r.heap, len(*h)-1
	moved := (*h)[last]
	(*h)[last] = deadline{}
	*h = (*h)[:last]
	r.heap = -1
	if i < last {
		h.settle(i, moved)
	}
}

// settle puts an entry where it belongs, given a place whose entry it replaces.
func (h deadlines) settle(i int, e deadline) {
	if parent := (i - 1) / 2; i > 0 && e.at < h[parent].at {
		h.rise(i, e)
		return
	}
	h.sink(i, e)
}

// rise moves the vacant place i up to where an entry belongs.
func (h deadlines) rise(i int, e deadline) {
	for i > 0 {
		parent := (i - 1) / 2
		if h[parent].at <= e.at {
			break
		}
		h.put(i, h[parent])
		i = parent
	}
	h.put(i, e)
}

// sink moves the vacant place i down to where an entry belongs.
func (h deadlines) sink(i int, e deadline) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if right := child + 1; right < len(h) && h[right].at < h[child].at {
			child = right
		}
		if e.at <= h[child].at {
			break
		}
		h.put(i, h[child])
		i = child
	}
	h.put(i, e)
}

func (h deadlines) put(i int, e deadline) {
	h[i] = e
	e.r.heap = i
}
