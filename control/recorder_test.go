package control

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/track"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// answered runs a question of another goroutine as the loop would.
func answered[T any](t testing.TB, b *bench, question func() (T, error)) T {
	t.Helper()
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		v, err := question()
		done <- result{v, err}
	}()
	for {
		select {
		case ask := <-b.queries:
			ask()
		case r := <-done:
			if r.err != nil {
				t.Fatal(r.err)
			}
			return r.v
		}
	}
}

func (b *bench) stories(router string) []api.Story {
	b.t.Helper()
	return answered(b.t, b, func() (api.Stories, error) { return b.Stories(b.t.Context(), router) }).Stories
}

func (b *bench) detail(router string) api.Detail {
	b.t.Helper()
	return answered(b.t, b, func() (api.Detail, error) { return b.Detail(b.t.Context(), router) })
}

// wantCause holds the last story of VI_10 against its cause and what its summary has to say.
func (b *bench) wantCause(cause string, says ...string) api.Story {
	b.t.Helper()
	all := b.stories("VI_10")
	if len(all) == 0 {
		b.t.Fatal("there is no story")
	}
	s := all[len(all)-1]
	if s.Cause != cause {
		b.t.Errorf("cause %s, want %s: %s", s.Cause, cause, s.Summary)
	}
	for _, text := range says {
		if !strings.Contains(s.Summary, text) {
			b.t.Errorf("%q does not say %q", s.Summary, text)
		}
	}
	return s
}

func TestStoryOfSilence(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.filter.gaps = map[vrrp.ID][]time.Duration{idOnE0: {time.Second, time.Second, 2 * time.Second}}
	b.heard(b.advert(b.clock, 200))
	b.filter.seen[idOnE0] = b.clock + 4*time.Second
	b.advance(8 * time.Second)
	b.want("master")
	s := b.wantCause("master_silent", "192.0.2.2 (00:00:00:00:00:00) fell silent", "3.609 s before, and 3 more were due",
		"waits 3.609 s (3 x 1 s + skew 609.4 ms)", "on time")
	if s.Numbers.Gap != 2 || s.Numbers.Margin != 1.609375 || s.Numbers.Missing != 3 {
		t.Errorf("numbers %+v", s.Numbers)
	}
	if s.Event == 0 || b.events.Since(s.Event - 1).Events[0].To != "master" {
		t.Errorf("event %d is not the story's", s.Event)
	}

	// What comes later does not change it, and begins another.
	b.heard(b.advert(b.clock, 200))
	b.wantCause("outranked", "advertised priority 200; its own is 100")
	if first := b.stories("VI_10")[0]; first.Summary != s.Summary || len(first.Adverts) != 1 {
		t.Errorf("the first story became %+v", first)
	}
}

func TestStoryOfAStart(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.wantCause("start")
	b.advance(4 * time.Second)
	b.wantCause("no_master", "no advert came for 3.609 s")
	if b.routers[0].flight != nil {
		t.Error("a router that has heard nobody has a record")
	}
}

func TestStoryOfAGoodbye(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.heard(b.advert(b.clock, 200))
	b.clock += 300 * time.Millisecond
	b.heard(b.advert(b.clock, 0))
	b.advance(time.Second)
	s := b.wantCause("master_resigned", "it sent priority 0", "609.4 ms before")
	if n := len(s.Adverts); n != 2 || s.Adverts[1].Priority != 0 || len(s.Adverts[1].Message) == 0 {
		t.Errorf("adverts %+v", s.Adverts)
	}
}

// The priority of ours falls below the peer's before that takes over: the tracker is the cause, not the peer.
func TestStoryOfATrackedScript(t *testing.T) {
	r := instance(10, "eth0")
	r.Tracks = []config.Track{{Kind: config.TrackScript, Name: "chk", Weight: -50}}
	b := newBench(t, []host.Link{eth0(7)}, r)
	b.resulted(track.Result{Key: "script chk", Up: true})
	b.advance(4 * time.Second)
	b.want("master")
	b.resulted(track.Result{Key: "script chk", Detail: "exited with status 1"})
	b.heard(b.advert(b.clock, 80))
	b.want("backup")
	b.wantCause("tracker", "because script chk is down (exited with status 1), which took its priority from 100 to 50", "advertises 80")
	if i := b.detail("VI_10").Influences; len(i) != 1 || i[0].Points != -50 || i[0].Fault || i[0].Detail != "exited with status 1" {
		t.Errorf("influences %+v", i)
	}

	b.resulted(track.Result{Key: "script chk", Up: true})
	for range 4 {
		b.advance(time.Second)
		b.heard(b.advert(b.clock, 80))
	}
	b.want("master")
	b.wantCause("tracker", "script chk is up", "from 50 to 100, above the 80 of 192.0.2.2")
}

func TestStoryOfAFault(t *testing.T) {
	r := instance(10, "eth0")
	r.Tracks = []config.Track{{Kind: config.TrackScript, Name: "chk"}}
	b := newBench(t, []host.Link{eth0(7)}, r)
	b.resulted(track.Result{Key: "script chk", Up: true})
	b.resulted(track.Result{Key: "script chk", Detail: "exited with status 1"})
	b.want("fault")
	b.wantCause("tracker", "went to fault because script chk is down")
	b.resulted(track.Result{Key: "script chk", Up: true})
	b.wantCause("tracker", "became backup again: script chk is up")
	down := eth0(7)
	down.Up = false
	b.host.links = []host.Link{down}
	b.review()
	b.want("fault")
	b.wantCause("link", "interface eth0 is down")
	b.host.links = []host.Link{eth0(7)}
	b.review()
	b.wantCause("link", "the fault is gone: interface eth0 is down")
	if n := len(b.stories("VI_10")); n != talesKept {
		t.Errorf("%d stories, want the last %d", n, talesKept)
	}
}

func TestStoryOfAPause(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.advance(4 * time.Second)
	b.want("master")
	b.arm()
	b.clock += 20 * time.Second
	b.heard(b.advert(b.clock-time.Second, 200))
	b.want("backup")
	if s := b.wantCause("paused", "this daemon itself did not run", "Meanwhile 192.0.2.2"); s.Numbers.Paused < 19 {
		t.Errorf("numbers %+v", s.Numbers)
	}
}

// It counts as well if the process was stopped while the loop was at work, and what was due was served before the advert
// was looked at.
func TestStoryOfAPauseAtWork(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.advance(4 * time.Second)
	b.want("master")
	b.woke(b.clock)
	b.armed = election.Never
	b.clock += 20 * time.Second
	b.turn()
	b.heard(b.advert(b.clock-time.Second, 200))
	b.want("backup")
	if s := b.wantCause("paused", "this daemon itself did not run"); s.Numbers.Paused < 19 {
		t.Errorf("numbers %+v", s.Numbers)
	}
}

// A deadline that came while the process was stopped is no takeover; an event and the next story tell of it.
func TestStoryTellsOfARescue(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.heard(b.advert(b.clock, 200))
	b.filter.seen[idOnE0] = b.clock + 9500*time.Millisecond
	b.jump(10 * time.Second)
	b.want("backup")
	events := b.events.Since(0).Events
	if !slices.ContainsFunc(events, func(e api.Event) bool { return e.Kind == "rescue" && strings.Contains(e.Detail, "until 500ms ago") }) {
		t.Errorf("no event of the rescue in %v", events)
	}
	b.advance(4 * time.Second)
	s := b.wantCause("master_silent")
	if !slices.ContainsFunc(s.Lines, func(l api.StoryLine) bool { return strings.Contains(l.Text, "no takeover") }) {
		t.Errorf("no line of the rescue in %v", s.Lines)
	}
}

// The member of a sync group that moved the others is named, with its own reason.
func TestStoryOfASyncGroup(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7), named(8, "eth1")}, &config.Config{
		Routers:    []config.Router{grouped(instance(10, "eth0")), grouped(instance(11, "eth1"))},
		SyncGroups: []config.SyncGroup{{Name: "G", Members: []string{"VI_10", "VI_11"}}}})
	b.advance(4 * time.Second)
	b.want("master")
	down := named(8, "eth1")
	down.Up = false
	b.host.links = []host.Link{eth0(7), down}
	b.review()
	b.want("fault")
	b.wantCause("sync_group", "VI_11 moved: VI_11 went to fault because interface eth1 is down")
}

func grouped(r config.Router) config.Router {
	r.SyncGroup = "G"
	return r
}

func named(index int, name string) host.Link {
	l := eth0(index)
	l.Name = name
	return l
}

func TestPeersHeard(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	if heard := b.detail("VI_10").PeersHeard; len(heard) != 0 {
		t.Errorf("heard %v before anybody spoke", heard)
	}
	b.heard(b.advert(b.clock, 200))
	b.filter.repeats = 5
	b.filter.seen[idOnE0] = b.clock + time.Second
	b.clock += 1500 * time.Millisecond
	if heard := b.detail("VI_10").PeersHeard; len(heard) != 1 || heard[0].Adverts != 6 || heard[0].Margin == nil || *heard[0].Margin != 3.109375 {
		t.Errorf("heard %+v", heard)
	}
	third := b.advert(b.clock, 50)
	third.Src = netip.MustParseAddr("192.0.2.3")
	adv, _ := vrrp.Parse(third.Message, peer, group4)
	third.Message = adv.AppendTo(nil, third.Src, group4, vrrp.Pseudo)
	b.heard(third)
	b.heard(b.advert(b.clock, 210))
	b.filter.repeats += 2
	b.heard(third) // whose repeats these are not
	d := b.detail("VI_10")
	if len(d.PeersHeard) != 2 {
		t.Fatalf("heard %+v", d.PeersHeard)
	}
	master, other := d.PeersHeard[0], d.PeersHeard[1]
	if master.Adverts != 9 || !master.Followed || master.Priority != 210 || master.Checksum != "pseudo-header" || master.Auth != "none" || master.Share != 9./11 {
		t.Errorf("the master: %+v", master)
	}
	if other.Address != "192.0.2.3" || other.Adverts != 2 || other.Followed || other.Margin != nil || other.Priority != 50 {
		t.Errorf("the other: %+v", other)
	}
	if d.Deadline == nil || d.Deadline.Timer != "master-down" {
		t.Errorf("deadline %+v", d.Deadline)
	}
}

// What a master sent before it fell silent stays its own when this router has taken over.
func TestPeersHeardBeforeATakeover(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.heard(b.advert(b.clock, 200))
	last := b.clock + 2*time.Second
	b.filter.repeats, b.filter.seen[idOnE0] = 2, last
	b.advance(10 * time.Second)
	b.want("master")
	b.filter.repeats, b.filter.seen[idOnE0] = 0, 0 // as with each new master
	heard := b.detail("VI_10").PeersHeard
	if len(heard) != 1 || heard[0].Adverts != 3 || heard[0].Followed || heard[0].Last.Sub(heard[0].First).Round(time.Millisecond) != 2*time.Second {
		t.Errorf("heard %+v, want 3 adverts in 2 s", heard)
	}
	if peers := b.survey().ours[0].senders; peers[0].heard() != last {
		t.Errorf("last heard at %v, want %v", peers[0].heard(), last)
	}
}

// Of many routers the record goes of the one of which nothing was recorded for longest.
func TestRecordsAreBounded(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	first := &router{conf: &config.Router{}}
	second := &router{conf: &config.Router{}}
	b.flight(first)
	b.flight(second)
	b.flight(first)
	for range flightsKept - 1 {
		b.flight(&router{conf: &config.Router{}})
	}
	if first.flight == nil || second.flight != nil || b.flights.list.Len() != flightsKept {
		t.Errorf("first %v, second %v, %d of %d", first.flight != nil, second.flight != nil, b.flights.list.Len(), flightsKept)
	}
}

// However much a router hears, no more is kept than the rings hold, and they are used again.
func TestRecordingAllocatesNothing(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	r := b.routers[0]
	for i := range 2*advertsKept + 1 {
		heard := b.advert(b.clock, uint8(200+i%2))
		now := recorded(&heard)
		b.recordAdvert(r, now)
		r.last = now
	}
	if n := testing.AllocsPerRun(100, func() { b.recordAdvert(r, r.last) }); n != 0 {
		t.Errorf("%v allocations for an advert", n)
	}
	if n := len(r.flight.adverts); n != advertsKept {
		t.Errorf("%d adverts are kept", n)
	}
}

func TestRecordBeginsWithNews(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	r := b.routers[0]
	for range 3 {
		b.heard(b.advert(b.clock, 200))
	}
	if r.flight != nil {
		t.Error("a master that repeats himself has a record")
	}
	b.heard(b.advert(b.clock, 201))
	if r.flight == nil || len(r.flight.adverts) != 1 {
		t.Error("what was heard before another priority is not recorded")
	}
}

func TestUnknownRouter(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	err := answered(t, b, func() (error, error) { _, err := b.Stories(t.Context(), "VI_9"); return err, nil })
	if want := "no router is named VI_9: there are VI_10"; fmt.Sprint(err) != want {
		t.Errorf("%v, want %s", err, want)
	}
}
