package bench

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// BenchmarkStart measures how long a daemon takes from its start to its first advert and to the first one of its last
// router, less the time for which routers have to listen before they speak.
func BenchmarkStart(b *testing.B) {
	t := newTable(b, "start", daemons...)
	for _, count := range []int{1, 1000, 2500} {
		f := fleet{count: count, interval: time.Second}
		first := t.row(f.String(), "first advert", "ms", goal{})
		last := t.row(f.String(), "first advert of the last router", "ms", goal{})
		b.Run(f.String(), func(b *testing.B) {
			s := newStage(b, "start", f, daemons...)
			s.alternate(func(r *rival) {
				s.ear.forget()
				begin := lab.Now()
				s.launch(r)
				time.Sleep(f.down())
				firsts := s.firstAdverts(r, f.routers()...)
				soonest, latest := firsts.quantile(0), firsts.quantile(1)
				first.add(r, soonest-millis(begin+f.down()))
				last.add(r, latest-millis(begin+f.down()))
			})
		})
	}
	t.print()
}

// firstAdverts waits until routers of a daemon have spoken, and returns when each did, in milliseconds.
func (s *stage) firstAdverts(r *rival, routers ...router) (firsts series) {
	s.b.Helper()
	bed.Until(s.b, fmt.Sprintf("an advert of each of %d routers of %s", len(routers), r.name), s.fleet.patience(), func() bool {
		heard := s.heard(r)
		firsts = nil
		for _, router := range routers {
			if said := of(heard, router).adverts; len(said) > 0 {
				firsts = append(firsts, millis(said[0]))
			}
		}
		return len(firsts) == len(routers)
	})
	return firsts
}

// ways to add a router to a running daemon, whose file has it by then. keepalived has but one.
var ways = []struct {
	name string
	add  func(t testing.TB, daemon *api.Client, block string) error
}{
	{"by reload", func(t testing.TB, daemon *api.Client, _ string) error {
		_, err := daemon.Reload(t.Context(), false)
		return err
	}},
	{"by router add", func(t testing.TB, daemon *api.Client, block string) error {
		_, err := daemon.Edit(t.Context(), api.Edit{Verb: api.AddRouters, Text: block, Label: "bench"})
		return err
	}},
}

// BenchmarkAdd measures what one more router costs many masters: how long it takes until it speaks, less the time for
// which it has to listen, and how late the adverts of the others are meanwhile.
func BenchmarkAdd(b *testing.B) {
	f := fleet{count: 2500, interval: time.Second}
	t := newTable(b, "add", daemons...)
	var late, latest []*figure
	for _, way := range ways {
		subject := "one more beside " + f.String() + ", " + way.name
		late = append(late, t.row(subject, "first advert late", "ms", goal{value: 5}))
		latest = append(latest, t.row(subject, "the latest advert of the others", "ms", goal{value: 10}))
	}
	b.Run(f.String(), func(b *testing.B) {
		s := newStage(b, "add", f, daemons...)
		s.alternate(func(r *rival) {
			s.promote(r)
			text := r.globals + f.conf(priority)
			for link, way := range ways {
				added := router{link, perLink + 1}
				block := f.instance(added, priority).Text()
				text += block
				r.File("conf", text)
				s.ear.forget()
				time.Sleep(f.interval + f.interval/10) // an advert of each router is heard
				begin := lab.Now()
				if r.name != xvrrp.name {
					r.Running.Signal(syscall.SIGHUP)
				} else if err := way.add(b, api.NewClient(r.run), block); err != nil {
					b.Fatal(err)
				}
				time.Sleep(f.down())
				first := s.firstAdverts(r, added)[0]
				time.Sleep(f.interval)
				_, most := lateness(b, f, s.heard(r))
				late[link].add(r, first-millis(begin+f.down()))
				latest[link].add(r, most)
			}
		})
	})
	t.print()
}
