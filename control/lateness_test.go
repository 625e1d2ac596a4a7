package control

import (
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/host"
)

// An advert is as late as the batch that it left in, whatever the loop was woken at.
func TestLatenessIsOfTheBatch(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"), instance(11, "eth0"))
	b.clock += 3609375*time.Microsecond + 700*time.Microsecond // as much later than master-down
	b.serve(b.clock)
	b.clock += 2 * time.Millisecond // until the kernel has taken them
	b.flush()
	timing := b.snapshot().Timing
	if timing.Expiries != 2 || timing.LastLateness != 0.0027 || timing.WorstLateness != 0.0027 {
		t.Errorf("timing %+v", timing)
	}
	for _, class := range timing.Lateness {
		if want := map[bool]uint64{true: 2}[class.UpTo == 0.005]; class.Adverts != want {
			t.Errorf("%d adverts up to %v s, want %d", class.Adverts, class.UpTo, want)
		}
	}
}

// An early advert is not late, an answer is due at no instant, and what exceeds all bounds counts, too.
func TestLatenessClasses(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.advance(3610 * time.Millisecond) // the takeover
	b.heard(b.advert(b.clock, 50))     // answered
	b.jump(time.Second)                // an advert
	b.jump(2 * time.Second)            // another, a second late
	timing := b.snapshot().Timing
	if timing.Expiries != 3 || timing.WorstLateness < 0.9 || timing.Lateness[len(timing.Lateness)-1].Adverts != 1 {
		t.Errorf("timing %+v", timing)
	}
}

func TestLatenessAllocatesNothing(t *testing.T) {
	l := newLateness()
	if n := testing.AllocsPerRun(100, func() {
		for i := range 32 {
			l.owe(time.Duration(i))
		}
		l.left(time.Millisecond)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
