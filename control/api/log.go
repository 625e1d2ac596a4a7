package api

import "context"

// Keep is how many events a Log remembers.
const Keep = 4096

// Log remembers the last Keep events and numbers them from 1. It has no lock: it belongs to the daemon's loop,
// and whoever else wants to read it asks the loop. The zero value is an empty log.
type Log struct {
	ring []Event // the event numbered n lies at (n-1) % Keep
	last uint64  // number of the newest event, 0 when there is none
	more chan struct{}
}

// Page is a part of the event log. It shares no memory with the Log it came from.
type Page struct {
	Events []Event         // oldest first, without gaps in their numbers
	More   <-chan struct{} // closed when an event newer than this page is appended
}

// Append numbers e, stores it, forgetting the oldest event if need be, and wakes those who wait for more.
func (l *Log) Append(e Event) {
	l.last++
	e.Seq = l.last
	if len(l.ring) < Keep {
		l.ring = append(l.ring, e)
	} else {
		l.ring[(e.Seq-1)%Keep] = e
	}
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
}

// Last is the number of the newest event, 0 when there is none.
func (l *Log) Last() uint64 { return l.last }

// Since returns the events numbered above seq that are still remembered. A first event numbered above seq+1
// tells that those between are forgotten.
func (l *Log) Since(seq uint64) Page {
	if l.more == nil {
		l.more = make(chan struct{})
	}
	p := Page{More: l.more}
	first := l.last - uint64(len(l.ring)) + 1
	for n := max(first, seq+1); n <= l.last; n++ {
		p.Events = append(p.Events, l.ring[(n-1)%Keep])
	}
	return p
}

// eventKey is that of an event in the context of a log line.
type eventKey struct{}

// WithEvent returns the context of a log line that tells of an event. The event need not be numbered.
func WithEvent(ctx context.Context, e Event) context.Context {
	return context.WithValue(ctx, eventKey{}, e)
}

// EventOf is the event that a log line tells of, if it tells of one.
func EventOf(ctx context.Context) (e Event, ok bool) {
	e, ok = ctx.Value(eventKey{}).(Event)
	return e, ok
}
