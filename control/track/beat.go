package track

import (
	"context"
	"time"
)

// beat is when something is done again and again: at multiples of an interval from the start, so that what it takes
// does not add up. A time that has passed while it was still being done is left out.
type beat struct{ ticker *time.Ticker }

func newBeat(interval time.Duration) beat {
	return beat{time.NewTicker(max(interval, time.Millisecond))}
}

func (b beat) stop() { b.ticker.Stop() }

// missed leaves out a time that has passed and reports whether there was one.
func (b beat) missed() bool {
	select {
	case <-b.ticker.C:
		return true
	default:
		return false
	}
}

// wait waits for the next time and reports whether it came before ctx ended.
func (b beat) wait(ctx context.Context) bool {
	select {
	case <-b.ticker.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// sleep waits and reports whether it was not cut short by the end of ctx.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
