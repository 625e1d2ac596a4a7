package bench

import (
	"os/exec"
	"testing"
	"time"
)

// hogs is how many programs want a processor without end.
const hogs = 4

// BenchmarkBusy measures how regularly masters speak while others want the processors: loops of ordinary priority, all in
// the session of the test, while each daemon has one of its own (sched(7), autogroup).
func BenchmarkBusy(b *testing.B) {
	f := fleet{count: 1000, interval: 100 * time.Millisecond}
	t := newTable(b, "busy", everyone...)
	late := t.row(f.String(), "adverts late, p99", "ms", goal{})
	latest := t.row(f.String(), "the latest advert", "ms", goal{})
	b.Run(f.String(), func(b *testing.B) {
		s := newStage(b, "busy", f, everyone...)
		s.alternate(func(r *rival) {
			s.promote(r)
			relieve := press(b, hogs)
			time.Sleep(settling)
			heard := s.watch(r, window())
			relieve()
			late99, most := lateness(b, f, heard)
			late.add(r, late99)
			latest.add(r, most)
		})
	})
	t.print()
}

// press starts programs that compute without end, and returns what ends them. If nobody does, the kernel does after a
// minute of processor time.
func press(b *testing.B, count int) (relieve func()) {
	b.Helper()
	var loops []*exec.Cmd
	relieve = func() {
		for _, loop := range loops {
			loop.Process.Kill()
			loop.Wait()
		}
		loops = nil
	}
	b.Cleanup(relieve)
	for range count {
		loop := exec.Command("sh", "-c", "ulimit -t 60; while :; do :; done")
		if err := loop.Start(); err != nil {
			b.Fatal(err)
		}
		loops = append(loops, loop)
	}
	return relieve
}
