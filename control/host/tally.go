package host

import (
	"sync"
	"time"

	"github.com/xvrrp/xvrrp/control/histogram"
)

// Tally is what a Host counts.
type Tally struct {
	Held      histogram.Histogram // from Acquire until the addresses of one link are there
	Announced histogram.Histogram // from Acquire until the first announcement of a kind on one link has been sent
	Resyncs   uint64              // how often everything was read again since events of the kernel were lost
}

// tallier keeps it for those who count and those who ask.
type tallier struct {
	mu sync.Mutex
	Tally
}

func newTallier() *tallier {
	bounds := []time.Duration{
		100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
		10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond,
		time.Second}
	return &tallier{Tally: Tally{Held: histogram.New(bounds...), Announced: histogram.New(bounds...)}}
}

func (t *tallier) held(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Held.Add(took)
}

func (t *tallier) announced(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Announced.Add(took)
}

func (t *tallier) resynced() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Resyncs++
}

// Tally tells what was counted so far. It is for any goroutine.
func (h *Host) Tally() Tally {
	h.tally.mu.Lock()
	defer h.tally.mu.Unlock()
	t := h.tally.Tally
	t.Held, t.Announced = t.Held.Clone(), t.Announced.Clone()
	return t
}
