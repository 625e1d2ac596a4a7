package notify

// backlog holds events until they can be told, oldest first. Above its limit it forgets the oldest events that a later
// one about the same topic has replaced. The newest event of each topic is never forgotten, so with more topics than
// the limit it grows with their number.
type backlog struct {
	limit  int
	events []Event
	full   int // length above which to forget next; 0: the limit
}

// add appends an event and says how many were forgotten for it.
func (b *backlog) add(e Event) (forgotten int) {
	b.events = append(b.events, e)
	if len(b.events) <= max(b.limit, b.full) {
		return 0
	}
	// Forgetting looks at every event. A quarter of the limit made free, or as many more events awaited as there
	// are, keeps its cost per event constant.
	forgotten = b.forget(b.limit - b.limit/4)
	b.full = 0
	if len(b.events) > b.limit-b.limit/4 {
		b.full = 2 * len(b.events)
	}
	return forgotten
}

// forget takes out the oldest replaced events until no more than keep are left, or none of them is replaced.
func (b *backlog) forget(keep int) int {
	newest := make(map[topic]int)
	for i := range b.events {
		newest[b.events[i].topic()] = i
	}
	excess := len(b.events) - keep
	left := b.events[:0]
	for i, e := range b.events {
		if excess > 0 && newest[e.topic()] != i {
			excess--
			continue
		}
		left = append(left, e)
	}
	forgotten := len(b.events) - len(left)
	clear(b.events[len(left):])
	b.events = left
	return forgotten
}

func (b *backlog) len() int { return len(b.events) }

// first is the oldest event. There must be one.
func (b *backlog) first() *Event { return &b.events[0] }

// pop takes the oldest event out. There must be one.
func (b *backlog) pop() Event {
	e := b.events[0]
	b.events[0] = Event{}
	b.events = b.events[1:]
	if len(b.events) == 0 {
		b.events, b.full = nil, 0
	}
	return e
}
