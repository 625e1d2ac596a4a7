package control

import (
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// How late our own adverts leave: from the instant at which one was due to when the kernel had taken the batch that it
// left in. What is sent in answer to something is not due at any instant and does not count.

// latenessBounds are the upper bounds of the classes; a last one has none.
var latenessBounds = [...]time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond,
	25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
}

// lateness is a histogram. Counting allocates nothing.
type lateness struct {
	owed        []time.Duration // when the adverts of the next batch were due
	classes     [len(latenessBounds) + 1]uint64
	last, worst time.Duration
}

// owe takes note of an advert in the next batch.
func (l *lateness) owe(due time.Duration) { l.owed = append(l.owed, due) }

// left counts the adverts of the batch that has just left.
func (l *lateness) left(now time.Duration) {
	for _, due := range l.owed {
		late := max(now-due, 0)
		class, _ := slices.BinarySearch(latenessBounds[:], late)
		l.classes[class]++
		l.last, l.worst = late, max(l.worst, late)
	}
	l.owed = l.owed[:0]
}

func (l *lateness) snapshot() api.Timing {
	t := api.Timing{LastLateness: l.last.Seconds(), WorstLateness: l.worst.Seconds()}
	for i, n := range l.classes {
		class := api.LatenessClass{Adverts: n}
		if i < len(latenessBounds) {
			class.UpTo = latenessBounds[i].Seconds()
		}
		t.Expiries += n
		t.Lateness = append(t.Lateness, class)
	}
	return t
}
