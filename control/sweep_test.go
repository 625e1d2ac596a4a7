package control

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
)

// flock is backups by the hundred in virtual time, whose masters advertise evenly spread, as long as they live.
type flock struct {
	*bench
	interval []time.Duration // of each router's master
	offset   []time.Duration // of its adverts
	deaths   []time.Duration // from when on it is silent; 0: never
	wakes    int
}

// newFlock starts backups that all have heard their master, 250 to a link.
func newFlock(t testing.TB, group bool, intervals ...time.Duration) *flock {
	t.Helper()
	var c config.Config
	var links []host.Link
	for i, interval := range intervals {
		link := eth0(7 + i/250)
		link.Name = fmt.Sprintf("eth%d", i/250)
		if i%250 == 0 {
			links = append(links, link)
		}
		r := instance(uint8(1+i%250), link.Name)
		r.Name, r.Interval = fmt.Sprintf("VI_%d", i), interval
		c.Routers = append(c.Routers, r)
	}
	if group {
		s := config.SyncGroup{Name: "all"}
		for i := range c.Routers {
			c.Routers[i].SyncGroup = s.Name
			s.Members = append(s.Members, c.Routers[i].Name)
		}
		c.SyncGroups = append(c.SyncGroups, s)
	}
	f := &flock{bench: openBench(t, links, &c), interval: intervals, offset: make([]time.Duration, len(intervals)),
		deaths: make([]time.Duration, len(intervals))}
	for i, r := range f.routers {
		f.offset[i] = intervals[i] * time.Duration(i) / time.Duration(len(intervals))
		a := vrrp.Advert{Version: 3, VRID: r.conf.VRID, Priority: 200, Interval: intervals[i], Addrs: []netip.Addr{vip.Addr()}}
		f.heard(loader.Advert{At: f.lastAdvert(i), ID: r.bound.id(), TTL: 255, Src: peer, Dst: group4,
			Message: a.AppendTo(nil, peer, group4, vrrp.Pseudo)})
	}
	f.filter.lastSeen = f.stamp
	f.turn()
	f.host.did = nil
	return f
}

// lastAdvert is when a router's master last sent before now.
func (f *flock) lastAdvert(i int) time.Duration {
	at := f.clock
	if f.deaths[i] != 0 {
		at = min(at, f.deaths[i])
	}
	return (at-f.offset[i])/f.interval[i]*f.interval[i] + f.offset[i]
}

func (f *flock) stamp(id vrrp.ID) time.Duration {
	return f.lastAdvert((id.Link-7)*250 + int(id.VRID) - 1)
}

// run lets time pass as the loop would with a prompt timer, and counts how often it is woken.
func (f *flock) run(by time.Duration) {
	end := f.clock + by
	for ; f.nextDeadline() <= end; f.wakes++ {
		f.clock = max(f.clock, f.nextDeadline())
		f.expire(f.clock)
		f.turn()
	}
	f.clock = max(f.clock, end)
}

// times repeats an interval.
func times(n int, interval time.Duration) []time.Duration {
	return slices.Repeat([]time.Duration{interval}, n)
}

// However many routers there are, they are refreshed together: the loop wakes for one of them and looks at all.
func TestBackupsShareWakeUps(t *testing.T) {
	tests := map[string]struct {
		intervals []time.Duration
		group     bool
		most      int // wake-ups in ten seconds
	}{
		"one router":                  {times(1, 100*time.Millisecond), false, 50},
		"a thousand":                  {times(1000, 100*time.Millisecond), false, 100},
		"a thousand at one second":    {times(1000, time.Second), false, 10},
		"a sync group":                {times(100, 100*time.Millisecond), true, 100},
		"10 ms beside a second":       {slices.Concat(times(10, 10*time.Millisecond), times(500, time.Second)), false, 1000},
		"ten seconds beside one":      {slices.Concat(times(500, 10*time.Second), times(500, time.Second)), false, 12},
		"every one with its interval": {slices.Collect(spread(200)), false, 300},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFlock(t, tt.group, tt.intervals...)
			f.run(10 * time.Second) // whatever comes of the start
			f.wakes = 0
			f.run(10 * time.Second)
			if f.wakes > tt.most {
				t.Errorf("woken %d times in 10 s, at most %d are needed", f.wakes, tt.most)
			}
			if len(f.host.did) > 0 {
				t.Errorf("did %q", f.host.did)
			}
		})
	}
}

// spread yields n intervals from 50 ms on, each 10 ms longer than the last.
func spread(n int) func(func(time.Duration) bool) {
	return func(yield func(time.Duration) bool) {
		for i := range n {
			if !yield(50*time.Millisecond + time.Duration(i)*10*time.Millisecond) {
				return
			}
		}
	}
}

// Each silent master is followed by its own backup, at its own instant, whatever is swept when.
func TestSilenceIsToTheInstant(t *testing.T) {
	tests := map[string]struct {
		intervals []time.Duration
		seed      uint64
	}{
		"one interval":   {times(300, 100*time.Millisecond), 1},
		"mixed":          {slices.Concat(times(20, 10*time.Millisecond), times(200, time.Second), times(20, 10*time.Second)), 2},
		"all of a range": {slices.Collect(spread(200)), 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFlock(t, false, tt.intervals...)
			f.run(time.Minute)
			random := rand.New(rand.NewPCG(tt.seed, 0))
			for i := range f.deaths {
				f.deaths[i] = f.clock + time.Duration(random.Int64N(int64(20*time.Second)))
			}
			f.run(2 * time.Minute)
			for i, r := range f.routers {
				st := r.core.State()
				want := f.lastAdvert(i) + r.core.State().Down
				if st.Role.String() != "master" || st.Since != want {
					t.Errorf("%s: %v since %v, want master since %v", r.conf.Name, st.Role, st.Since, want)
				}
			}
		})
	}
}

// A master that dies right after the sweep that looked at it is missed no later than any other.
func TestDeathAfterASweep(t *testing.T) {
	f := newFlock(t, false, times(100, 100*time.Millisecond)...)
	f.run(10 * time.Second)
	before := f.wakes
	for f.wakes == before {
		f.run(time.Millisecond)
	}
	for i := range f.deaths {
		f.deaths[i] = f.clock
	}
	f.run(time.Second)
	for i, r := range f.routers {
		if want := f.lastAdvert(i) + r.core.State().Down; r.core.State().Since != want {
			t.Errorf("%s: master since %v, want %v", r.conf.Name, r.core.State().Since, want)
		}
	}
}

// A loop that overslept finds all masters alive, and says for each that a takeover was called off.
func TestOversleptSweep(t *testing.T) {
	f := newFlock(t, false, times(600, 100*time.Millisecond)...)
	f.run(time.Second)
	f.jump(5 * time.Second)
	for _, r := range f.routers {
		if r.core.State().Role.String() != "backup" || r.stats.rescued != 1 {
			t.Fatalf("%s: %v, %d takeovers called off", r.conf.Name, r.core.State().Role, r.stats.rescued)
		}
	}
}

// While a sweep goes on, a deadline that comes is served after the present piece of it.
func TestSweepGivesWay(t *testing.T) {
	f := newFlock(t, false, times(2000, time.Second)...)
	f.run(10 * time.Second)
	const dies = 1999
	f.deaths[dies] = f.clock
	down := f.lastAdvert(dies) + f.routers[dies].core.State().Down
	f.run(down - time.Millisecond - f.clock)
	looked, served := 0, 0
	f.filter.lastSeen = func(id vrrp.ID) time.Duration {
		if looked++; looked == sweepPiece/2 {
			f.clock = down // this sweep is slow
		}
		if served == 0 && f.role(dies) == "master" {
			served = looked
		}
		return f.stamp(id)
	}
	f.sweep.begin(f.clock+time.Hour, f.deadlines.len())
	f.turn()
	if served == 0 || served > 2*sweepPiece {
		t.Errorf("the silent router was served after %d looks at others, want about %d", served, sweepPiece)
	}
}

// reference is the heap that deadlines must agree with.
type reference []time.Duration

func (h reference) Len() int           { return len(h) }
func (h reference) Less(i, j int) bool { return h[i] < h[j] }
func (h reference) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *reference) Push(x any)        { *h = append(*h, x.(time.Duration)) }
func (h *reference) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

func TestDeadlines(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	routers := make([]*router, 50)
	at := make([]time.Duration, len(routers))
	for i := range routers {
		routers[i] = new(router)
	}
	h := newDeadlines()
	for range 5000 {
		i := random.IntN(len(routers))
		if at[i] = time.Duration(1 + random.IntN(1000)); random.IntN(4) == 0 {
			at[i] = 0
			h.remove(routers[i])
		} else {
			h.set(routers[i], at[i])
		}
		var want reference
		for i, r := range routers {
			if at[i] != 0 {
				heap.Push(&want, at[i])
				if h.of(r) != at[i] {
					t.Fatalf("router %d waits for %v, want %v", i, h.of(r), at[i])
				}
			}
		}
		if h.len() != len(want) || len(want) > 0 && h.next() != want[0] {
			t.Fatalf("%d wait, the first for %v; want %d, %v", h.len(), h.next(), len(want), want)
		}
	}
}

// BenchmarkRefresh is a second of backups whose masters live: sweeps and deadlines, nothing of the kernel.
func BenchmarkRefresh(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := newFlock(b, false, times(n, 100*time.Millisecond)...)
			stamp := f.clock
			f.filter.lastSeen = func(vrrp.ID) time.Duration { return stamp }
			f.clock += 150 * time.Millisecond
			b.ReportAllocs()
			refreshed := 0
			for b.Loop() {
				stamp = f.clock
				f.sweep.begin(f.clock+time.Hour, f.deadlines.len())
				f.turn()
				f.clock += 150 * time.Millisecond
				refreshed += n
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(refreshed), "ns/refresh")
		})
	}
}
