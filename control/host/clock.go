package host

import (
	"time"

	"golang.org/x/sys/unix"
)

// Go's monotonic clock is CLOCK_MONOTONIC and is read without a system call, but its zero is hidden: origin is a moment
// by it, and originAt the same by the kernel's.
var origin, originAt = calibrate()

// Now is the instant on CLOCK_MONOTONIC, the clock of the kernel's stamps.
func Now() time.Duration { return originAt + time.Since(origin) }

// calibrate reads both clocks at one moment, as nearly as it gets them of several tries.
func calibrate() (at time.Time, kernel time.Duration) {
	apart := time.Hour
	for range 16 {
		before := time.Now()
		k := monotonic()
		if took := time.Since(before); took < apart {
			at, kernel, apart = before, k-took/2, took
		}
	}
	return at, kernel
}

// monotonic asks the kernel.
func monotonic() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic("clock_gettime(CLOCK_MONOTONIC): " + err.Error()) // every Linux has this clock
	}
	return time.Duration(ts.Nano())
}
