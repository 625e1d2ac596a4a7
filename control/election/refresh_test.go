package election

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// TestRefreshIsStep gives two routers the same lives, one of them its repeats by Refresh: they stay alike, and where
// Refresh says that it is done, Step asks for nothing.
func TestRefreshIsStep(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	peers := []netip.Addr{netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3")}
	done := 0
	for range 200 {
		c := Config{Version: 3, Priority: 100, Interval: time.Second, Preempt: true, Interop: random.IntN(2) == 0,
			PreemptDelay: time.Duration(random.IntN(3)) * 2 * time.Second, Self: netip.MustParseAddr("192.0.2.1")}
		stepped, refreshed := New(c), New(c)
		both := func(at time.Duration, in Input) {
			stepped.Step(at, in)
			refreshed.Step(at, in)
		}
		both(0, Start{})
		for now := time.Duration(0); now < 30*time.Second; now += time.Duration(random.IntN(1500)) * time.Millisecond {
			switch random.IntN(6) {
			case 0:
				both(now, Heard{Src: peers[random.IntN(2)], Advert: vrrp.Advert{Version: 3, Priority: uint8(random.IntN(3) * 60), Interval: time.Second}})
			case 1:
				both(now, Tick{})
			default:
				at := now - time.Duration(random.IntN(1000))*time.Millisecond
				effects := stepped.Step(at, Refreshed{})
				deadline, is := refreshed.Refresh(at)
				if !is {
					refreshed.Step(at, Refreshed{})
					break
				}
				done++
				if want, _ := stepped.Deadline(); deadline != want || len(effects) > 0 {
					t.Fatalf("deadline %v, want %v; effects %v", deadline, want, effects)
				}
			}
			if got, want := refreshed.State(), stepped.State(); !reflect.DeepEqual(got, want) {
				t.Fatalf("state %+v, want %+v", got, want)
			}
			got, _ := refreshed.Deadline()
			if want, _ := stepped.Deadline(); got != want {
				t.Fatalf("deadline %v, want %v", got, want)
			}
		}
	}
	if done == 0 {
		t.Error("Refresh was never done")
	}
}

func TestRefreshAllocatesNothing(t *testing.T) {
	r := New(Config{Version: 3, Priority: 100, Interval: time.Second, Self: netip.MustParseAddr("192.0.2.1")})
	r.Step(0, Start{})
	r.Step(0, Heard{Src: netip.MustParseAddr("192.0.2.2"), Advert: vrrp.Advert{Version: 3, Priority: 200, Interval: time.Second}})
	at := time.Duration(0)
	if n := testing.AllocsPerRun(100, func() {
		at += time.Second
		r.Refresh(at)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestBeatIsStep gives two masters the same lives, one of them its adverts by Beat: they stay alike, and where Beat says
// that it is done, Step asks for that advert and nothing else.
func TestBeatIsStep(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	done, left := 0, 0
	for range 200 {
		delays := func() time.Duration { return time.Duration(random.IntN(3)) * 1500 * time.Millisecond }
		c := Config{Version: 3, Priority: 200, Interval: time.Second, TimerExpired: uint8(random.IntN(2) * 100), LowerRepeat: 1,
			AnnounceDelay: delays(), AnnounceRefresh: delays(), LowerDelay: delays(), Self: netip.MustParseAddr("192.0.2.1")}
		stepped, beaten := New(c), New(c)
		both := func(at time.Duration, in Input) {
			stepped.Step(at, in)
			beaten.Step(at, in)
		}
		both(0, Start{Phase: Phase(random.IntN(1 << 16))})
		for now := time.Duration(0); now < 30*time.Second; now += time.Duration(random.IntN(1500)) * time.Millisecond {
			if random.IntN(6) == 0 {
				both(now, Heard{Src: netip.MustParseAddr("192.0.2.2"), Advert: vrrp.Advert{Version: 3, Priority: uint8(random.IntN(40) * 6), Interval: time.Second}})
			}
			effects := stepped.Step(now, Tick{})
			if priority, deadline, is := beaten.Beat(now); !is {
				left++
				beaten.Step(now, Tick{})
			} else {
				done++
				want, _ := stepped.Deadline()
				if deadline != want || !reflect.DeepEqual(effects, []Effect{Advertise{Priority: priority}}) {
					t.Fatalf("priority %d, deadline %v, want %v; effects %v", priority, deadline, want, effects)
				}
			}
			if !reflect.DeepEqual(beaten.role, stepped.role) || !reflect.DeepEqual(beaten.State(), stepped.State()) {
				t.Fatalf("%+v, want %+v", beaten.role, stepped.role)
			}
		}
	}
	if done == 0 || left == 0 {
		t.Errorf("Beat was done %d times, and %d times not", done, left)
	}
}
