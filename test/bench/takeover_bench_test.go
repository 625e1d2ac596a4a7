package bench

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

// BenchmarkTakeover measures how much later than prescribed one backup speaks, and announces its address, after its
// master fell silent: from the last advert of the one to the first of the other, less the master-down interval. Slow
// routers are measured side by side, each with a daemon and a network of its own; their masters fall silent one after
// the other.
func BenchmarkTakeover(b *testing.B) {
	t := newTable(b, "takeover", daemons...)
	for _, c := range []struct {
		interval time.Duration
		beside   int // daemons
		times    int // in a turn
	}{
		{10 * time.Millisecond, 1, byForm(20, 100)},
		{100 * time.Millisecond, 1, byForm(5, 40)},
		{time.Second, 8, byForm(1, 5)},
	} {
		name := "1 at " + c.interval.String()
		advert := t.row(name, "advert late", "ms", goal{ratio: 1})
		advert99 := t.tail(name, "advert late, p99", "ms", goal{ratio: 2})
		garp := t.row(name, "address announced late", "ms", goal{ratio: 1})
		garp99 := t.tail(name, "address announced late, p99", "ms", goal{ratio: 2})
		b.Run(c.interval.String(), func(b *testing.B) {
			var q quartet
			for n := range c.beside {
				q = append(q, newStage(b, fmt.Sprintf("takeover%d", n), fleet{count: 1, interval: c.interval}, daemons...))
				q[n].ear.on(q[n].source.machine, passed)
			}
			for range rounds() {
				for d := range daemons {
					late := q.turn(d, c.times)
					r := q[0].rivals[d]
					advert.add(r, late.adverts...)
					advert99.add(r, late.adverts...)
					garp.add(r, late.announced...)
					garp99.add(r, late.announced...)
				}
			}
		})
	}
	t.print()
}

// quartet is a number of stages on which the same is played, with a fleet of one router each.
type quartet []*stage

// turn takes the masters away from a daemon of each stage, some times.
func (q quartet) turn(daemon, times int) (late delays) {
	for _, s := range q {
		s.feed(s.rivals[daemon])
		s.start(s.rivals[daemon])
	}
	interval := q[0].fleet.interval
	for range times {
		time.Sleep(2*interval + rand.N(interval))
		for _, s := range q {
			s.ear.forget()
		}
		time.Sleep(interval + interval/10) // an advert of each master is heard
		for _, s := range q {
			s.source.stop()
			time.Sleep(interval / time.Duration(len(q)))
		}
		time.Sleep(q[0].fleet.down()) // nothing is read meanwhile: it would take a processor
		for _, s := range q {
			r := s.rivals[daemon]
			late.join(s.takenOver(r))
			s.feed(r)
		}
	}
	for _, s := range q {
		s.source.stop()
		s.end(s.rivals[daemon])
	}
	return late
}

// BenchmarkAllAtOnce takes the masters of a whole fleet away in one instant: their last adverts come at once.
func BenchmarkAllAtOnce(b *testing.B) {
	f := fleet{count: 1000, interval: 100 * time.Millisecond}
	t := newTable(b, "takeover of all", daemons...)
	middle := t.row(f.String(), "the median advert late", "ms", goal{ratio: 0.2})
	last := t.row(f.String(), "the last advert late", "ms", goal{})
	garp := t.row(f.String(), "the median address announced late", "ms", goal{})
	lastGARP := t.row(f.String(), "the last address announced late", "ms", goal{ratio: 1})
	b.Run(f.String(), func(b *testing.B) {
		s := newStage(b, "all", f, daemons...)
		s.ear.on(s.source.machine, passed)
		s.alternate(func(r *rival) {
			s.feed(r)
			s.start(r)
			time.Sleep(settling)
			s.ear.forget()
			s.source.stop()
			s.source.burst()
			time.Sleep(f.down()) // nothing is read meanwhile: it would take a processor
			late := s.takenOver(r)
			middle.add(r, late.adverts.median())
			last.add(r, late.adverts.quantile(1))
			garp.add(r, late.announced.median())
			lastGARP.add(r, late.announced.quantile(1))
		})
	})
	t.print()
}

// delays are by how much later than prescribed the routers of a fleet did something, in milliseconds.
type delays struct{ adverts, announced series }

func (d *delays) join(other delays) {
	d.adverts = append(d.adverts, other.adverts...)
	d.announced = append(d.announced, other.announced...)
}

// takenOver waits until a daemon has taken over from masters that have fallen silent, and returns how late it was. The
// ear has heard the last adverts.
func (s *stage) takenOver(r *rival) (late delays) {
	s.b.Helper()
	var heard map[router]*voice
	bed.UntilNone(s.b, r.name+" taking over", func() string {
		heard = s.heard(r)
		for _, router := range s.fleet.routers() {
			if v := of(heard, router); len(v.adverts) == 0 || len(v.announced) == 0 {
				return "a router that says nothing"
			}
		}
		return ""
	})
	for _, v := range heard {
		due := v.fed[len(v.fed)-1] + s.fleet.down()
		late.adverts = append(late.adverts, millis(v.adverts[0]-due))
		late.announced = append(late.announced, millis(v.announced[0]-due))
	}
	return late
}
