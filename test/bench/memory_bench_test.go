package bench

import (
	"testing"
	"time"
)

// BenchmarkMemory measures the resident memory of backups. Pages that processes share are counted with each of them.
func BenchmarkMemory(b *testing.B) {
	t := newTable(b, "memory", daemons...)
	resident := make(map[int][]float64) // MiB of each daemon, by number of routers
	for _, c := range []struct {
		count int
		aim   goal // MiB
	}{
		{1, goal{}},
		{1000, goal{}},
		{2500, goal{value: 40e6 / (1 << 20)}},
		{5000, goal{}},
	} {
		f := fleet{count: c.count, interval: time.Second}
		name := number(float64(c.count)) + " routers"
		total := t.row(name, "resident", "MiB", c.aim)
		parts := []*figure{
			t.row(name, "of that anonymous", "MiB", goal{}),
			t.row(name, "of that mapped files", "MiB", goal{}),
			t.row(name, "of that shared", "MiB", goal{}),
		}
		b.Run(f.String(), func(b *testing.B) {
			s := newStage(b, "memory", f, daemons...)
			s.alternate(func(r *rival) {
				s.feed(r)
				s.start(r)
				time.Sleep(resting)
				m := r.memory()
				s.source.stop()
				total.add(r, m.total/1024)
				for i, kib := range []float64{m.anon, m.file, m.shmem} {
					parts[i].add(r, kib/1024)
				}
			})
			for i := range daemons {
				resident[c.count] = append(resident[c.count], total.value(i))
			}
		})
	}
	if few, many := resident[2500], resident[5000]; few != nil && many != nil {
		slope := t.row("each router beyond 2500", "resident", "KiB", goal{value: 4000. / 1024})
		for i := range daemons {
			slope.add(&daemons[i], (many[i]-few[i])*1024/2500)
		}
	}
	t.print()
}
