package control

import (
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// counted gives each router of a flock what the filter counts of one that runs.
func (f *flock) counted() {
	for _, r := range f.routers {
		for _, v := range []verdict.Verdict{verdict.Delivered, verdict.Coalesced, verdict.BadTTL} {
			id := r.bound.id()
			f.filter.counts[id] = append(f.filter.counts[id], loader.Count{Link: id.Link, ID: id, Verdict: v, Frames: 7})
		}
	}
}

// A snapshot is drawn in pieces, between which deadlines are served and routers may go.
func TestSnapshotGivesWay(t *testing.T) {
	f := newFlock(t, false, times(100, time.Second)...)
	f.counted()
	down := f.routers[99].core.State().Down
	f.deaths[99] = f.clock
	turns, gone := 0, f.routers[98]
	s := f.draw(func(piece func()) bool {
		f.filter.asked = 0
		piece()
		if f.filter.asked > routersInPiece {
			t.Errorf("the counts of %d routers were read in one piece", f.filter.asked)
		}
		if turns++; turns == 2 {
			f.run(2 * down)
			f.routers = slices.DeleteFunc(slices.Clone(f.routers), func(r *router) bool { return r == gone })
			f.retire(gone)
		}
		return true
	})
	if want := 1 + 7 + 2; turns != want { // a sketch, 100 routers, 99 drops
		t.Errorf("%d turns, want %d", turns, want)
	}
	if len(s.Routers) != 99 || len(s.Drops) != 99 {
		t.Fatalf("%d routers and %d drops", len(s.Routers), len(s.Drops))
	}
	if r := s.Routers[98]; r.Name != "VI_99" || r.Role != "master" || r.Stats.Received != 14 {
		t.Errorf("%+v", r)
	}
}

// What the filter has counted on a link is told of it after its last router was removed at run time, too.
func TestDropsOfLinkWithoutRouters(t *testing.T) {
	eth1 := eth0(8)
	eth1.Name = "eth1"
	b := newBench(t, []host.Link{eth0(7), eth1}, instance(10, "eth0"), instance(10, "eth1"))
	b.filter.counts[vrrp.ID{}] = []loader.Count{{Link: 8, Verdict: verdict.BadTTL, Frames: 2}}
	b.routers = b.routers[:1]
	if drops := b.snapshot().Drops; len(drops) != 1 || drops[0].Interface != "eth1" {
		t.Errorf("drops %+v, want one on eth1", drops)
	}
}

// Whoever asks may give up.
func TestSnapshotGivenUp(t *testing.T) {
	f := newFlock(t, false, times(100, time.Second)...)
	turns := 0
	f.draw(func(piece func()) bool {
		piece()
		turns++
		return turns < 3
	})
	if turns != 3 {
		t.Errorf("%d turns, want 3", turns)
	}
}

// BenchmarkSnapshot is how long the loop is busy with xvrrp status, and how long in one turn, reading the counters aside.
func BenchmarkSnapshot(b *testing.B) {
	f := newFlock(b, false, times(2500, time.Second)...)
	f.counted()
	var busy, longest time.Duration
	for b.Loop() {
		f.draw(func(piece func()) bool {
			began := time.Now()
			piece()
			took := time.Since(began)
			busy, longest = busy+took, max(longest, took)
			return true
		})
	}
	b.ReportMetric(float64(busy.Microseconds())/float64(b.N), "us-loop/op")
	b.ReportMetric(float64(longest.Microseconds()), "us-longest-turn")
}
