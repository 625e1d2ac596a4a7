package bench

import (
	"testing"
	"time"
)

// window is how long a daemon is watched while nothing happens.
func window() time.Duration { return byForm(3*time.Second, 5*time.Second) }

// BenchmarkBackup measures what backups cost whose masters are well: the processor time of the daemon and of its
// filter, per second. One source sends the same adverts to both daemons, which are measured in the same seconds. What
// the kernel does to receive a frame is charged to the source, apart from the filter.
func BenchmarkBackup(b *testing.B) {
	for _, f := range []fleet{{1000, 100 * time.Millisecond}, {2500, time.Second}} {
		b.Run(f.String(), func(b *testing.B) {
			countBPF(b)
			s := newStage(b, "backup", f)
			s.feed(s.rivals...)
			for _, r := range s.rivals {
				s.start(r)
			}
			time.Sleep(settling)
			total, daemon, filter := newFigure("cpu", "ms/s"), newFigure("daemon alone", "ms/s"), newFigure("filter alone", "ms/s")
			for range rounds() {
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
			report(b, "backups of masters that are well, "+f.String(), total, daemon, filter)
		})
	}
}

// settling is how long a daemon has to end what it does when its routers get their first roles.
const settling = 2 * time.Second

// BenchmarkMaster measures what masters cost, and how regularly they speak: the gaps between the adverts of a router
// by the kernel's stamps. Receiving is charged to who sends, with the ear on the segment as with a switch's work.
func BenchmarkMaster(b *testing.B) {
	f := fleet{1000, 100 * time.Millisecond}
	b.Run(f.String(), func(b *testing.B) {
		countBPF(b)
		s := newStage(b, "master", f)
		cpu, late, latest := newFigure("cpu", "ms/s"), newFigure("late p99", "ms"), newFigure("late max", "ms")
		s.alternate(func(r *rival) {
			s.start(r)
			time.Sleep(f.down() + settling)
			hear := s.listen(r)
			before, begin := r.spent(), time.Now()
			time.Sleep(window())
			cpu.add(r, millis(r.spent().since(before).total())/time.Since(begin).Seconds())
			late99, most := lateness(b, f, s.close(hear))
			late.add(r, late99)
			latest.add(r, most)
		})
		report(b, "masters, "+f.String(), cpu, late, latest)
	})
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

// BenchmarkMemory measures the resident memory of backups. Pages that processes share are counted with each of them.
func BenchmarkMemory(b *testing.B) {
	for _, f := range []fleet{{1, time.Second}, {1000, time.Second}, {2500, time.Second}} {
		b.Run(f.String(), func(b *testing.B) {
			s := newStage(b, "memory", f)
			s.feed(s.rivals...)
			resident := newFigure("resident", "MiB")
			for _, r := range s.rivals {
				s.start(r)
				time.Sleep(settling)
				resident.add(r, float64(r.resident())/1024)
			}
			report(b, "memory, "+f.String(), resident)
		})
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
