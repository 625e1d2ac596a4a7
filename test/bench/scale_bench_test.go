package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
)

// BenchmarkScale lets a master and its backup, of the same kind, hold very many routers, and then takes the master
// away.
func BenchmarkScale(b *testing.B) {
	hold := byForm(30*time.Second, 10*time.Minute)
	t := newTable(b, "scale", daemons...)
	f := fleet{count: 10000, interval: time.Second}
	subject := fmt.Sprintf("%s on %d links", f, f.links())
	start := t.row(subject, "all of them master after", "s", goal{})
	memory := t.row(subject, "memory of the backup", "KiB/router", goal{})
	master := t.row(subject, "the master's processor", "ms/s", goal{})
	backup := t.row(subject, "the backup's processor", "ms/s", goal{})
	takeovers := t.row(subject, "takeovers without need", "in "+hold.String(), goal{none: true})
	latest := t.row(subject, "the latest advert", "ms", goal{})
	lost := t.row(subject, "not taken over", "routers", goal{none: true})
	middle := t.row(subject, "the median takeover late", "ms", goal{})
	last := t.row(subject, "the last takeover late", "ms", goal{})
	b.Run(f.String(), func(b *testing.B) {
		countBPF(b)
		for _, d := range daemons {
			p := newPair(b, d, f, 0)
			r := p.master
			start.add(r, p.begin().Seconds())
			o := p.endureCalm(hold)
			memory.add(r, p.backup.memory().total/float64(p.fleet.count))
			master.add(r, o.master)
			backup.add(r, o.backup)
			takeovers.add(r, o.takeovers)
			latest.add(r, o.latest)
			late := p.abandon()
			lost.add(r, float64(p.fleet.count-len(late)))
			middle.add(r, late.median())
			last.add(r, late.quantile(1))
			p.dissolve()
		}
	})
	t.print()
}

// calm is what a pair is like while nothing happens: takeovers, the processor time of both in milliseconds per second
// and by how many milliseconds a gap between two adverts was longer than the interval.
type calm struct{ takeovers, master, backup, latest float64 }

// endureCalm watches a pair of which nobody wants anything.
func (p *pair) endureCalm(hold time.Duration) (c calm) {
	p.b.Helper()
	takeovers, master, backup := p.takeovers(), p.master.spent(), p.backup.spent()
	begin := lab.Now()
	for lab.Now() < begin+hold {
		p.ear.forget() // piece by piece: ten thousand adverts a second are many in ten minutes
		time.Sleep(2*p.fleet.interval + p.fleet.interval/2)
		for _, v := range p.heard() {
			for i, at := range v.fed[min(1, len(v.fed)):] {
				c.latest = max(c.latest, millis(at-v.fed[i]-p.fleet.interval))
			}
		}
	}
	seconds := (lab.Now() - begin).Seconds()
	c.takeovers = float64(p.takeovers() - takeovers)
	c.master = millis(p.master.spent().since(master).total()) / seconds
	c.backup = millis(p.backup.spent().since(backup).total()) / seconds
	return c
}

// heard is what the ear has heard of a pair's routers. The master's priority is that of a source.
func (p *pair) heard() map[router]*voice {
	p.b.Helper()
	all := make(map[router]*voice)
	p.ear.each(func(d door, f lab.Frame) { listen(all, d.card, f) })
	return all
}

// abandon ends the master, and returns by how many milliseconds each router of the backup that has taken over was later
// than prescribed.
func (p *pair) abandon() (late series) {
	p.b.Helper()
	p.ear.forget()
	time.Sleep(p.fleet.interval + p.fleet.interval/10) // an advert of each router is heard
	p.master.Running.Kill()
	time.Sleep(p.fleet.down() + 5*p.fleet.interval)
	for _, v := range p.heard() {
		if len(v.fed) > 0 && len(v.adverts) > 0 {
			late = append(late, millis(v.adverts[0]-v.fed[len(v.fed)-1]-p.fleet.down()))
		}
	}
	return late
}
