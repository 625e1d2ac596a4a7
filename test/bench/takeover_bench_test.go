package bench

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

// BenchmarkTakeover measures how much later than prescribed one backup speaks, and announces its address, after its
// master fell silent: from the last advert by the kernel's stamps, less the master-down interval.
func BenchmarkTakeover(b *testing.B) {
	for _, c := range []struct {
		interval time.Duration
		times    int // in a turn
	}{
		{10 * time.Millisecond, byForm(10, 40)},
		{100 * time.Millisecond, byForm(5, 20)},
		{time.Second, byForm(1, 4)},
	} {
		b.Run(c.interval.String(), func(b *testing.B) {
			f := fleet{1, c.interval}
			s := newStage(b, "takeover", f)
			advert, garp := newFigure("advert", "ms"), newFigure("announced", "ms")
			advert99, garp99 := newFigure("advert p99", "ms"), newFigure("announced p99", "ms")
			s.alternate(func(r *rival) {
				var adverts, garps series
				s.feed(r)
				s.start(r)
				for range c.times {
					time.Sleep(2*f.interval + rand.N(f.interval))
					late := s.abandon(r, s.source.stop)
					adverts, garps = append(adverts, late.adverts...), append(garps, late.announced...)
					s.feed(r)
				}
				s.source.stop()
				advert.add(r, adverts.median())
				garp.add(r, garps.median())
				advert99.add(r, adverts.quantile(0.99))
				garp99.add(r, garps.quantile(0.99))
			})
			report(b, "takeover later than prescribed, one router at "+c.interval.String(), advert, garp, advert99, garp99)
		})
	}
}

// BenchmarkTakeoverOfAll takes the masters of a whole fleet away in one instant: their last adverts come at once.
func BenchmarkTakeoverOfAll(b *testing.B) {
	f := fleet{1000, 100 * time.Millisecond}
	b.Run(f.String(), func(b *testing.B) {
		s := newStage(b, "all", f)
		middle, last := newFigure("advert median", "ms"), newFigure("advert last", "ms")
		garp, lastGARP := newFigure("announced median", "ms"), newFigure("announced last", "ms")
		s.alternate(func(r *rival) {
			s.feed(r)
			s.start(r)
			time.Sleep(settling)
			late := s.abandon(r, func() {
				s.source.stop()
				s.source.burst()
			})
			middle.add(r, late.adverts.median())
			last.add(r, late.adverts.quantile(1))
			garp.add(r, late.announced.median())
			lastGARP.add(r, late.announced.quantile(1))
		})
		report(b, "takeover later than prescribed, all at once, "+f.String(), middle, last, garp, lastGARP)
	})
}

// delays are by how much later than prescribed the routers of a fleet did something, in milliseconds.
type delays struct{ adverts, announced series }

// abandon takes a fleet's masters away and returns how late its daemon takes over, once it has.
func (s *stage) abandon(r *rival, leave func()) (late delays) {
	s.b.Helper()
	hear := s.listen(r)
	time.Sleep(s.fleet.interval) // the last advert of each master is heard
	leave()
	time.Sleep(s.fleet.down()) // nothing is read meanwhile: it would take a processor
	bed.UntilNone(s.b, r.name+" taking over", func() string {
		all := hear.heard()
		for _, router := range s.fleet.routers() {
			if v := of(all, router); len(v.adverts) == 0 || len(v.announced) == 0 {
				return "a router that says nothing"
			}
		}
		return ""
	})
	for _, v := range s.close(hear) {
		due := v.fed[len(v.fed)-1] + s.fleet.down()
		late.adverts = append(late.adverts, millis(v.adverts[0]-due))
		late.announced = append(late.announced, millis(v.announced[0]-due))
	}
	return late
}
