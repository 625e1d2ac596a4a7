package lab

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Now is the instant on CLOCK_MONOTONIC, to which every instant of this package refers.
func Now() time.Duration { return read(unix.CLOCK_MONOTONIC) }

// atOnce is the time within which two clocks are read together, unless we are preempted between them.
const atOnce = 5 * time.Microsecond

// monotonic is the instant at which the realtime clock showed wall, if it was not set since.
func monotonic(wall time.Time) time.Duration {
	for tries := 0; ; tries++ {
		before, real, after := Now(), read(unix.CLOCK_REALTIME), Now()
		if after-before < atOnce || tries == 9 {
			return time.Duration(wall.UnixNano()) - real + before
		}
	}
}

func read(clock int32) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(clock, &ts); err != nil {
		panic(fmt.Sprintf("clock_gettime(%d): %v", clock, err)) // every Linux has these clocks
	}
	return time.Duration(ts.Nano())
}
