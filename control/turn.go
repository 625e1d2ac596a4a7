package control

import (
	"net/netip"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
)

// What a decision entails is done in this order, whatever number of routers decides at once: adverts, then work on
// addresses and in the filter, then words. Work and words are done in pieces, between which the deadlines that have come
// are served; words are said in turns of their own, between whatever else happens.

// How much is done before deadlines are looked at again: some tens of microseconds.
const (
	workPiece = 16
	sayPiece  = 4
)

// queue is what waits to be done, in order. It keeps its memory.
type queue[T any] struct {
	items []T
	next  int
}

func (q *queue[T]) push(item T) { q.items = append(q.items, item) }

func (q *queue[T]) pop() (item T, ok bool) {
	if q.next == len(q.items) {
		return item, false
	}
	item, q.items[q.next] = q.items[q.next], item
	if q.next++; q.next == len(q.items) {
		q.items, q.next = q.items[:0], 0
	}
	return item, true
}

func (q *queue[T]) empty() bool { return q.next == len(q.items) }

// work is an effect on the network that waits until the adverts of its turn have left.
type work struct {
	r *router
	e election.Effect
}

// standing is what is to be told of a router as it was when something happened.
type standing struct {
	at       time.Time
	priority uint8
	role     election.Role
	retired  bool
	heard    netip.Addr // the sender of the advert it last heard
	theirs   uint8      // that advert's priority
}

// later has something said once nothing else is to be done.
func (d *daemon) later(say func()) { d.words.push(say) }

// progress serves the deadlines that have come, or else does the next piece of what cannot wait for idle times. It
// reports whether there was anything to do.
func (d *daemon) progress() bool {
	d.flush()
	return d.serveDue() || d.workOn() || d.sweepOn()
}

// serveDue serves the deadlines that have come, if there are any.
func (d *daemon) serveDue() bool {
	now := d.now()
	d.paused(d.deadlines.next(), now)
	d.flights.ran = now
	if d.deadlines.next() > now+lead {
		return false
	}
	d.serve(now)
	d.flush()
	return true
}

// workOn does a piece of work.
func (d *daemon) workOn() bool {
	for range workPiece {
		w, ok := d.works.pop()
		if !ok {
			return false
		}
		d.touch(w.r, w.e)
	}
	return true
}

// mostInBatch is how many adverts are gathered before they leave: more would gain nothing and keep the first waiting.
const mostInBatch = 64

// flush sends the adverts that are queued.
func (d *daemon) flush() {
	d.hands.Flush()
	d.queued = 0
	if len(d.lateness.owed) > 0 {
		d.lateness.left(d.now())
	}
}

// settle sends the adverts of this turn and does all work there is: what follows needs it done.
func (d *daemon) settle() {
	d.flush()
	for d.workOn() {
	}
}

// idle is ready while there is something to say.
func (d *daemon) idle() <-chan struct{} {
	if d.words.empty() {
		return nil
	}
	return always
}

// always is always ready.
var always = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// sayOn says some of what there is to say.
func (d *daemon) sayOn() bool {
	for range sayPiece {
		say, ok := d.words.pop()
		if !ok {
			return false
		}
		say()
	}
	return true
}

// sayAll says everything.
func (d *daemon) sayAll() {
	for d.sayOn() {
		d.serveDue()
	}
}
