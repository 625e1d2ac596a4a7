package host

import (
	"time"

	"golang.org/x/sys/unix"
)

// Now is the instant on CLOCK_MONOTONIC, the clock of the kernel's stamps.
func Now() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic("clock_gettime(CLOCK_MONOTONIC): " + err.Error()) // every Linux has this clock
	}
	return time.Duration(ts.Nano())
}
