package control

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
)

// What things cost in a toilsome world: address work some microseconds, a line of the log more.
const (
	workCosts = 10 * time.Microsecond
	lineCosts = 50 * time.Microsecond
)

// toil is a host and a log in which everything but an advert takes its time.
type toil struct {
	*recorder
	slog.Handler
	clock   *time.Duration
	adverts map[vrrp.ID]time.Duration // when the first one left
	lines   int
}

func (h *toil) Advertise(s *host.Sender, _ uint8) {
	id := s.ID()
	if h.adverts[id] == 0 {
		h.adverts[id] = *h.clock
	}
}
func (h *toil) Flush() {}
func (h *toil) Acquire(id vrrp.ID) {
	*h.clock += workCosts
	h.recorder.Acquire(id)
}
func (h *toil) Handle(context.Context, slog.Record) error {
	*h.clock += lineCosts
	h.lines++
	return nil
}

// newToil makes a flock's world toilsome.
func newToil(f *flock) *toil {
	h := &toil{recorder: f.host, clock: &f.clock, adverts: make(map[vrrp.ID]time.Duration),
		Handler: slog.DiscardHandler}
	f.daemon.hands, f.daemon.log = h, slog.New(withInfo{h})
	return h
}

// withInfo enables the lines an operator sees.
type withInfo struct{ *toil }

func (h withInfo) WithAttrs([]slog.Attr) slog.Handler { return h }

func (withInfo) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

// toilOn is the loop until an instant, each turn of which takes its time.
func (f *flock) toilOn(until time.Duration) {
	for f.clock < until {
		switch next := f.nextDeadline(); {
		case f.progress(), f.sayOn():
		default:
			f.clock = max(f.clock, min(next, until))
		}
	}
}

// When a thousand masters die at once, every backup's advert is on time: it waits neither for the addresses nor for the
// log lines of those before it, which would take 60 ms. Addresses do not wait for the lines either.
func TestTakeoverOfAllIsOnTime(t *testing.T) {
	const n = 1000
	f := newFlock(t, false, times(n, 100*time.Millisecond)...)
	f.run(time.Second)
	h := newToil(f)
	start := f.clock
	due := make(map[vrrp.ID]time.Duration)
	for i, r := range f.routers { // their last adverts came within 10 ms
		f.offset[i] = (start % (100 * time.Millisecond)) + time.Duration(i)*10*time.Microsecond
		f.deaths[i] = start + 100*time.Millisecond
		due[r.bound.id()] = f.deaths[i]
	}
	f.toilOn(start + 90*time.Millisecond)
	for i, r := range f.routers {
		f.deaths[i] = start + 110*time.Millisecond
		due[r.bound.id()] = 0
	}
	f.toilOn(start + 115*time.Millisecond)
	for i, r := range f.routers {
		due[r.bound.id()] = f.lastAdvert(i) + r.core.State().Down
	}
	f.toilOn(start + time.Second)
	var late []time.Duration
	for id, at := range due {
		late = append(late, h.adverts[id]-at)
	}
	slices.Sort(late)
	if late[0] < 0 || late[n-1] > 2*time.Millisecond {
		t.Errorf("adverts late by %v to %v", late[0], late[n-1])
	}
	if h.lines < n {
		t.Errorf("%d lines, want one for each of %d", h.lines, n)
	}
	acquired := 0
	for _, did := range h.did {
		if len(did) > 7 && did[:7] == "acquire" {
			acquired++
		}
	}
	if acquired != n {
		t.Errorf("%d acquired, want %d", acquired, n)
	}
}

// slow is a host that takes its time to let go of a router.
type slow struct {
	*recorder
	unbound func()
}

func (h *slow) Unbind(id vrrp.ID) error {
	h.unbound()
	return h.recorder.Unbind(id)
}

// Those who stay speak on time while others go, each of which takes its time.
func TestMastersSpeakWhileOthersGo(t *testing.T) {
	const n, stay, costs = 100, 10, 50 * time.Millisecond // five intervals for all that go
	b := openBench(t, []host.Link{eth0(7)}, many(n))
	b.advance(5 * time.Second)
	b.daemon.host = &slow{b.host, func() { b.clock += costs }}
	b.reload(many(stay))
	for _, r := range b.routers {
		if at, _ := r.core.Deadline(); r.core.Role() != election.Master || at <= b.clock-costs {
			t.Errorf("%s is %v with a deadline of %v", r.conf.Name, r.core.Role(), at-b.clock)
		}
	}
	if got := b.lateness.snapshot().WorstLateness; got > costs.Seconds() {
		t.Errorf("an advert was late by %v s", got)
	}
}

// Words come last, in their order, and nothing that is told has changed meanwhile.
func TestWordsTellWhatWas(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.advance(4 * time.Second)
	b.want("master")
	since := b.events.Since(0).Events
	b.daemon.heard(b.advert(b.clock, 200))
	b.daemon.heard(b.advert(b.clock+time.Millisecond, 0))
	for b.progress() {
	}
	if got := b.events.Since(since[len(since)-1].Seq).Events; len(got) > 0 {
		t.Errorf("said before there was time: %+v", got)
	}
	b.sayAll()
	got := b.events.Since(since[len(since)-1].Seq).Events
	if len(got) != 1 || got[0].From != "master" || got[0].To != "backup" || got[0].Detail != "192.0.2.2 has priority 200, we have 100" {
		t.Errorf("events %+v", got)
	}
}

// The filter follows whoever was heard last, also while the end of the following before waits to be told.
func TestFollowIsNotUndone(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.heard(b.advert(b.clock, 200))
	b.clock += 4 * time.Second
	b.serve(b.clock) // master: nobody is followed any more, as soon as there is time
	b.daemon.heard(b.advert(b.clock, 200))
	b.turn()
	b.want("backup")
	if b.filter.followed[idOnE0] != peer {
		t.Error("the new master is not followed")
	}
}

func TestQueue(t *testing.T) {
	var q queue[int]
	var got []int
	for i := range 10 {
		q.push(2 * i)
		q.push(2*i + 1)
		if x, ok := q.pop(); ok {
			got = append(got, x)
		}
	}
	for !q.empty() {
		x, _ := q.pop()
		got = append(got, x)
	}
	if _, ok := q.pop(); ok || len(got) != 20 || !slices.IsSorted(got) {
		t.Errorf("got %v", got)
	}
	if len(q.items) != 0 {
		t.Error("an empty queue keeps items")
	}
}

// BenchmarkMasters is an interval of masters at rest: their deadlines, nothing of the kernel.
func BenchmarkMasters(b *testing.B) {
	const n = 1000
	f := newFlock(b, false, times(n, 100*time.Millisecond)...)
	for i := range f.deaths {
		f.deaths[i] = f.clock
	}
	f.run(2 * time.Second)
	f.daemon.hands = idleHands{}
	f.filter.queue = make(chan loader.Advert)
	b.ReportAllocs()
	sent := f.routers[0].stats.sent
	f.wakes = 0
	for b.Loop() {
		f.run(100 * time.Millisecond)
	}
	intervals := float64(f.routers[0].stats.sent - sent)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/intervals/n, "ns/advert")
	b.ReportMetric(float64(f.wakes)/intervals, "wake-ups/interval")
}

// idleHands do nothing.
type idleHands struct{}

func (idleHands) Advertise(*host.Sender, uint8) {}
func (idleHands) Flush()                        {}
func (idleHands) Expect(vrrp.ID)                {}
func (idleHands) Acquire(vrrp.ID)               {}
func (idleHands) Release(vrrp.ID)               {}
func (idleHands) Announce(vrrp.ID, int)         {}
