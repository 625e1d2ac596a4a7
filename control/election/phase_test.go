package election

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// masterAt is a router of a phase that becomes master at an instant.
func masterAt(t testing.TB, at, interval time.Duration, phase Phase) *Router {
	t.Helper()
	r := New(Config{Version: 3, Priority: 100, Interval: interval, Self: netip.MustParseAddr("192.0.2.1")})
	r.Step(at-r.State().Down, Start{Phase: phase})
	r.Step(at, Tick{})
	if r.Role() != Master {
		t.Fatalf("%v at %v", r.Role(), at)
	}
	return r
}

// gaps plays a master whose ticks are on time and returns the gaps between its adverts, and when the last one left.
func gaps(r *Router, at time.Duration, n int) (out []time.Duration, last time.Duration) {
	for range n {
		next, _ := r.Deadline()
		r.Step(next, Tick{})
		out, at = append(out, next-at), next
	}
	return out, at
}

// Whenever a router became master, its ninth advert is in phase and so are all later ones; no gap is longer than the
// interval, none shorter by more than an eighth.
func TestMastersComeIntoPhase(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for range 2000 {
		interval := time.Duration(1+random.IntN(4095)) * 10 * time.Millisecond
		phase := Phase(1 + random.IntN(1<<16-1))
		at := time.Hour + time.Duration(random.Int64N(int64(time.Hour)))
		r := masterAt(t, at, interval, phase)
		all, last := gaps(r, at, 40)
		for i, gap := range all {
			if gap > interval || gap < interval-interval/8 || i > 8 && gap != interval {
				t.Fatalf("interval %v, phase %d: gap %d is %v", interval, phase, i, gap)
			}
		}
		if want := interval * time.Duration(phase) >> 16; last%interval != want {
			t.Fatalf("interval %v, phase %d: adverts at %v of the interval, want %v", interval, phase, last%interval, want)
		}
	}
}

// Without a phase the rhythm is that of the takeover.
func TestNoPhase(t *testing.T) {
	const at = time.Hour + 12345678
	all, _ := gaps(masterAt(t, at, time.Second, 0), at, 20)
	for _, gap := range all {
		if gap != time.Second {
			t.Fatalf("gaps %v", all)
		}
	}
}

// What moves the adverts of a master out of its phase, and back into it: never a gap longer than the interval.
func TestBackIntoPhase(t *testing.T) {
	const at, phase = time.Hour + 12345678, Phase(40000)
	advert := func(priority uint8) Heard {
		return Heard{Src: netip.MustParseAddr("192.0.2.2"), Advert: vrrp.Advert{Version: 3, Priority: priority, Interval: time.Second}}
	}
	tests := map[string]struct {
		happens  func(r *Router, now time.Duration) (resumed time.Duration) // the last advert after it
		interval time.Duration                                              // afterwards
	}{
		"answering a goodbye": {func(r *Router, now time.Duration) time.Duration {
			r.Step(now, advert(0))
			return now
		}, time.Second},
		"sleeping for long": {func(r *Router, now time.Duration) time.Duration {
			r.Step(now+2234*time.Millisecond, Tick{})
			return now + 2234*time.Millisecond
		}, time.Second},
		"another interval": {func(r *Router, now time.Duration) time.Duration {
			c := *r.config
			c.Interval = 300 * time.Millisecond
			r.Step(now, Reconfigured{Config: c})
			r.Step(now, Tick{})
			return now
		}, 300 * time.Millisecond},
		"stopped and started": {func(r *Router, now time.Duration) time.Duration {
			r.Step(now, Stop{})
			r.Step(now, Start{Phase: phase})
			now, _ = r.Deadline()
			r.Step(now, Tick{})
			return now
		}, time.Second},
		"a fault that passes": {func(r *Router, now time.Duration) time.Duration {
			r.Step(now, Failed{Cause: "link"})
			r.Step(now, Cleared{Cause: "link"})
			now, _ = r.Deadline()
			r.Step(now, Tick{})
			return now
		}, time.Second},
		"outranked, and back": {func(r *Router, now time.Duration) time.Duration {
			r.Step(now, advert(200))
			now, _ = r.Deadline()
			r.Step(now, Tick{})
			return now
		}, time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := masterAt(t, at, time.Second, phase)
			_, last := gaps(r, at, 20)
			resumed := tt.happens(r, last+333*time.Millisecond)
			all, last := gaps(r, resumed, 20)
			for i, gap := range all {
				if gap > tt.interval || gap < tt.interval-tt.interval/8 {
					t.Errorf("gap %d is %v", i, gap)
				}
			}
			if want := tt.interval * time.Duration(phase) >> 16; last%tt.interval != want {
				t.Errorf("adverts at %v of the interval, want %v", last%tt.interval, want)
			}
		})
	}
}

// A tick that is late by nearly an interval, while the next advert would be brought forward into its phase, is made up
// for once.
func TestLateTickBeforePhase(t *testing.T) {
	const at, phase = time.Hour + 12345678, Phase(40000)
	r := masterAt(t, at, time.Second, phase)
	due, _ := r.Deadline()
	late := due + 950*time.Millisecond
	r.Step(late, Tick{})
	if next, _ := r.Deadline(); next <= late || next > late+time.Second {
		t.Errorf("the next advert is due %v after the late one", next-late)
	}
}
