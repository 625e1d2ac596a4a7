package control

import (
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
)

// The blocks divide the interval evenly, however many there are.
func TestPhasesAreSpread(t *testing.T) {
	const n = 32 * phaseBlock
	d := &daemon{routers: make([]*router, n)}
	members := make(map[election.Phase]int)
	for range n {
		members[d.nextPhase()]++
	}
	var at []int
	for p, n := range members {
		at = append(at, int(p))
		if n > phaseBlock {
			t.Errorf("%d routers in phase %d", n, p)
		}
	}
	if len(at) != n/phaseBlock {
		t.Fatalf("%d phases, want %d", len(at), n/phaseBlock)
	}
	slices.Sort(at)
	for i := range at {
		gap := 1<<16 - at[i] + at[0]
		if i+1 < len(at) {
			gap = at[i+1] - at[i]
		}
		if gap != 1<<16/32 {
			t.Errorf("a gap of %d/65536 of the interval", gap)
		}
	}
}

func TestFewRoutersHaveNoPhase(t *testing.T) {
	d := &daemon{routers: make([]*router, phaseBlock)}
	for range d.routers {
		if p := d.nextPhase(); p != 0 {
			t.Errorf("phase %d", p)
		}
	}
}

// A thousand masters are a thousand deadlines, but as many wake-ups as they have phases.
func TestMastersShareWakeUps(t *testing.T) {
	f := newFlock(t, false, times(1000, 100*time.Millisecond)...)
	for i := range f.deaths {
		f.deaths[i] = f.clock
	}
	f.run(5 * time.Second)
	f.wakes, f.host.did = 0, nil
	f.run(time.Second)
	if most := 10 * (1000/phaseBlock + 1); f.wakes > most {
		t.Errorf("woken %d times in ten intervals, want at most %d", f.wakes, most)
	}
	adverts, batch := 0, 0
	for _, did := range f.host.did {
		switch {
		case did != "flush":
			batch++
		case batch > mostInBatch:
			t.Errorf("%d adverts in a batch", batch)
			fallthrough
		default:
			adverts += batch
			batch = 0
		}
	}
	if adverts != 10*1000 {
		t.Errorf("%d adverts in ten intervals of a thousand routers", adverts)
	}
}
