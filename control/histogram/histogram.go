// Package histogram counts how long things took, by class. Counting allocates nothing, and nothing is forgotten.
package histogram

import (
	"slices"
	"time"
)

// Histogram counts durations. It belongs to one goroutine.
type Histogram struct {
	bounds []time.Duration
	counts []uint64 // by class; the last has no bound
	sum    time.Duration
}

// New makes one whose classes have these upper bounds, ascending; a last class has none.
func New(bounds ...time.Duration) Histogram {
	return Histogram{bounds: bounds, counts: make([]uint64, len(bounds)+1)}
}

// Add counts one duration. None is less than nothing.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	class, _ := slices.BinarySearch(h.bounds, d)
	h.counts[class]++
	h.sum += d
}

// Sum is all durations together.
func (h *Histogram) Sum() time.Duration { return h.sum }

// Count is how many durations there were.
func (h *Histogram) Count() (n uint64) {
	for _, c := range h.counts {
		n += c
	}
	return n
}

// Each yields how many durations there were of each class, and its bound; that of the last one is 0.
func (h *Histogram) Each(yield func(bound time.Duration, n uint64) bool) {
	for i, n := range h.counts {
		var bound time.Duration
		if i < len(h.bounds) {
			bound = h.bounds[i]
		}
		if !yield(bound, n) {
			return
		}
	}
}

// Clone is a copy that the owner of h does not change.
func (h *Histogram) Clone() Histogram {
	c := *h
	c.counts = slices.Clone(h.counts)
	return c
}
