package main

import (
	"fmt"
	"io"

	"github.com/xvrrp/xvrrp/control/api"
)

// printTiming says how late the daemon's own adverts left, and nothing before the first.
func printTiming(w io.Writer, s api.Snapshot) error {
	if s.Timing.Expiries == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "\nadverts of ours: %s\n", timingLine(s.Timing))
	return err
}

// timingLine words a histogram: within which time of their instants half of the adverts left, and nearly all.
func timingLine(t api.Timing) string {
	return fmt.Sprintf("half of %d left within %s of when they were due, 99%% within %s, 99.9%% within %s, the latest %s late",
		t.Expiries, within(t, 500), within(t, 990), within(t, 999), seconds(t.WorstLateness))
}

// within is the bound within which so many thousandths of the adverts left. What has no bound is within the worst.
func within(t api.Timing, thousandths uint64) string {
	var n uint64
	for _, class := range t.Lateness {
		n += class.Adverts
		if class.UpTo != 0 && n*1000 >= t.Expiries*thousandths {
			return seconds(class.UpTo)
		}
	}
	return seconds(t.WorstLateness)
}
