package bench

import (
	"testing"
	"time"
)

// window is how long a daemon is watched while nothing happens.
func window() time.Duration { return byForm(3*time.Second, 10*time.Second) }

// settling is how long a daemon has to end what it does when its routers get their roles; resting is how long it takes to
// be at rest, too: it may give back memory ten seconds later.
const (
	settling = 2 * time.Second
	resting  = 15 * time.Second
)

// BenchmarkBackup measures what backups cost whose masters are well: the processor time of the daemon and of its
// filter, per second. One source sends the same adverts to both daemons, which are measured in the same seconds. What
// the kernel does to receive a frame is charged to the source, apart from the filter.
func BenchmarkBackup(b *testing.B) {
	t := newTable(b, "backup", daemons...)
	for _, c := range []struct {
		fleet fleet
		aim   float64
	}{
		{fleet{count: 1000, interval: 100 * time.Millisecond}, 0.1},
		{fleet{count: 2500, interval: time.Second}, 0.2},
	} {
		f := c.fleet
		total := t.row(f.String(), "processor", "ms/s", goal{ratio: c.aim})
		daemon := t.row(f.String(), "the daemon's part", "ms/s", goal{})
		filter := t.row(f.String(), "the filter's part", "ms/s", goal{})
		b.Run(f.String(), func(b *testing.B) {
			countBPF(b)
			s := newStage(b, "backup", f, daemons...)
			s.feed(s.rivals...)
			for _, r := range s.rivals {
				s.start(r)
			}
			time.Sleep(resting)
			for range byForm(3, 5) {
				before := []cost{s.rivals[0].spent(), s.rivals[1].spent()}
				begin := time.Now()
				time.Sleep(window())
				for i, r := range s.rivals {
					spent, seconds := r.spent().since(before[i]), time.Since(begin).Seconds()
					total.add(r, millis(spent.total())/seconds)
					daemon.add(r, millis(spent.daemon)/seconds)
					filter.add(r, millis(spent.filter)/seconds)
				}
			}
		})
	}
	t.print()
}

// BenchmarkMaster measures what masters cost, and how regularly they speak: the gaps between the adverts of a router
// at the door of its card, where the wire ends.
func BenchmarkMaster(b *testing.B) {
	f := fleet{count: 1000, interval: 100 * time.Millisecond}
	t := newTable(b, "master", daemons...)
	cpu := t.row(f.String(), "processor", "ms/s", goal{ratio: 1. / 3})
	late := t.row(f.String(), "adverts late, p99", "ms", goal{})
	latest := t.row(f.String(), "the latest advert", "ms", goal{value: 10})
	b.Run(f.String(), func(b *testing.B) {
		countBPF(b)
		s := newStage(b, "master", f, daemons...)
		s.alternate(func(r *rival) {
			s.promote(r)
			time.Sleep(resting)
			before, begin := r.spent(), time.Now()
			heard := s.watch(r, window())
			cpu.add(r, millis(r.spent().since(before).total())/time.Since(begin).Seconds())
			late99, most := lateness(b, f, heard)
			late.add(r, late99)
			latest.add(r, most)
		})
	})
	t.print()
}

// promote starts a daemon and lets its routers become master, since there are no others.
func (s *stage) promote(r *rival) {
	s.b.Helper()
	s.start(r)
	time.Sleep(s.fleet.down() + 10*s.fleet.interval + settling)
}

// watch listens to a daemon for a while.
func (s *stage) watch(r *rival, d time.Duration) map[router]*voice {
	s.b.Helper()
	s.ear.forget()
	time.Sleep(d)
	return s.heard(r)
}

// lateness is by how much gaps between adverts were longer than the interval, in milliseconds.
func lateness(b *testing.B, f fleet, heard map[router]*voice) (p99, most float64) {
	b.Helper()
	var gaps series
	for _, r := range f.routers() {
		said := of(heard, r).adverts
		if len(said) < 2 {
			b.Fatalf("%v said nothing: not every router is master", r)
		}
		for i, at := range said[1:] {
			gaps = append(gaps, max(0, millis(at-said[i]-f.interval)))
		}
	}
	return gaps.quantile(0.99), gaps.quantile(1)
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
