package api

import (
	"iter"
	"time"
)

// Histogram is how long something took, counted by class.
type Histogram struct {
	Count   uint64  `json:"count"`
	Sum     float64 `json:"sum_seconds"`
	Classes []Class `json:"classes"` // by bound, ascending
}

// Class counts what took longer than the class before allows, and no longer than this one does.
type Class struct {
	UpTo  float64 `json:"up_to_seconds,omitempty"` // absent in the last class, which has no bound
	Count uint64  `json:"count"`
}

// NewHistogram is a histogram of classes in ascending order, the last of them with bound 0.
func NewHistogram(sum time.Duration, classes iter.Seq2[time.Duration, uint64]) Histogram {
	h := Histogram{Sum: sum.Seconds()}
	for bound, n := range classes {
		h.Count += n
		h.Classes = append(h.Classes, Class{bound.Seconds(), n})
	}
	return h
}
