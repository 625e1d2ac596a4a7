package control

import (
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/host"
)

// Changes of role are counted by their reason, and so is how long a silent master was waited for.
func TestChangesAreCounted(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.advance(5 * time.Second) // alone: it takes over from nobody
	for range 2 {
		b.heard(b.advert(b.clock, 200)) // steps down, if it is master
		b.advance(5 * time.Second)      // the other falls silent
	}
	s := b.snapshot()
	stats := s.Routers[0].Stats
	counted := make(map[api.Transition]bool)
	for _, change := range stats.Transitions {
		counted[change] = true
	}
	for _, want := range []api.Transition{
		{From: "init", To: "backup", Why: "startup", Count: 1},
		{From: "backup", To: "master", Why: "silence", Count: 3},
		{From: "master", To: "backup", Why: "outranked", Count: 2},
	} {
		if !counted[want] {
			t.Errorf("%+v is not among %+v", want, stats.Transitions)
		}
	}
	if stats.NewMaster != "silence" {
		t.Errorf("became master for %q, want silence", stats.NewMaster)
	}
	if h := s.Takeovers.Detected; h.Count != 2 || h.Sum < 7 || h.Sum > 7.3 {
		t.Errorf("detected %d in %v s, want 2 in twice 3.609 s", h.Count, h.Sum)
	}
}

// A router that has changed often costs no more than one that changed once of each kind.
func TestChangesStayFew(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	for range 50 {
		b.heard(b.advert(b.clock, 200))
		b.advance(5 * time.Second)
	}
	if n := len(b.routers[0].changes.kinds); n > 3 {
		t.Errorf("%d kinds of changes", n)
	}
}
