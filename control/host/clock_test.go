package host

import (
	"testing"
	"time"
)

// Whatever is read between two looks at the kernel's clock lies between them, but for how well two clocks can be read
// at one moment.
func TestNowIsTheKernelsClock(t *testing.T) {
	const apart = 20 * time.Microsecond
	for range 1000 {
		before, now, after := monotonic(), Now(), monotonic()
		if now < before-apart || now > after+apart {
			t.Fatalf("Now is %v, the kernel says %v to %v", now, before, after)
		}
	}
}
