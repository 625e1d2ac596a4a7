package control

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
)

// The blocks divide the interval evenly, however many there are, and no link has too many in one.
func TestPhasesAreSpread(t *testing.T) {
	for _, c := range []struct {
		name                   string
		links, onEach, inBlock int
	}{
		{"one link after another", 32, 512, phaseBlock},
		{"many on one link", 1, 32 * phaseOnLink, phaseOnLink},
		{"a few on each of many links", 64, 256, phaseBlock},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := phases{links: make(map[string]inBlock)}
			members, onLink := make(map[election.Phase]int), make(map[election.Phase]map[int]int)
			for link := range c.links {
				for range c.onEach {
					phase := p.next(fmt.Sprint(link))
					members[phase]++
					if onLink[phase] == nil {
						onLink[phase] = make(map[int]int)
					}
					onLink[phase][link]++
				}
			}
			var at []int
			for phase, n := range members {
				at = append(at, int(phase))
				if n != c.inBlock {
					t.Errorf("%d routers in phase %d, want %d", n, phase, c.inBlock)
				}
				for link, n := range onLink[phase] {
					if n > phaseOnLink {
						t.Errorf("%d routers of link %d in phase %d", n, link, phase)
					}
				}
			}
			blocks := c.links * c.onEach / c.inBlock
			if len(at) != blocks {
				t.Fatalf("%d phases, want %d", len(at), blocks)
			}
			slices.Sort(at)
			for i := range at {
				gap := 1<<16 - at[i] + at[0]
				if i+1 < len(at) {
					gap = at[i+1] - at[i]
				}
				if gap != 1<<16/blocks {
					t.Errorf("a gap of %d/65536 of the interval", gap)
				}
			}
		})
	}
}

func TestFewRoutersHaveNoPhase(t *testing.T) {
	d := &daemon{routers: make([]*router, phaseOnLink)}
	for range d.routers {
		if p := d.nextPhase("eth0"); p != 0 {
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
