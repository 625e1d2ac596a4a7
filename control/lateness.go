package control

import (
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/histogram"
)

// How late our own adverts leave: from the instant at which one was due to when the kernel had taken the batch that it
// left in. What is sent in answer to something is not due at any instant and does not count.

// lateness counts adverts. Counting allocates nothing.
type lateness struct {
	owed        []time.Duration // when the adverts of the next batch were due
	all         histogram.Histogram
	last, worst time.Duration
}

func newLateness() lateness {
	return lateness{all: histogram.New(
		50*time.Microsecond, 100*time.Microsecond, 250*time.Microsecond, 500*time.Microsecond,
		time.Millisecond, 2500*time.Microsecond, 5*time.Millisecond, 10*time.Millisecond,
		25*time.Millisecond, 50*time.Millisecond, 100*time.Millisecond)}
}

// owe takes note of an advert in the next batch.
func (l *lateness) owe(due time.Duration) { l.owed = append(l.owed, due) }

// left counts the adverts of the batch that has just left.
func (l *lateness) left(now time.Duration) {
	for _, due := range l.owed {
		late := max(now-due, 0)
		l.all.Add(late)
		l.last, l.worst = late, max(l.worst, late)
	}
	l.owed = l.owed[:0]
}

func (l *lateness) snapshot() api.Timing {
	t := api.Timing{Expiries: l.all.Count(), LastLateness: l.last.Seconds(), WorstLateness: l.worst.Seconds(),
		SumLateness: l.all.Sum().Seconds()}
	for bound, n := range l.all.Each {
		t.Lateness = append(t.Lateness, api.LatenessClass{UpTo: bound.Seconds(), Adverts: n})
	}
	return t
}
