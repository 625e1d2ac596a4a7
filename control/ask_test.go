package control

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/host"
)

// Questions that cost little wait for nobody; those that cost much get their share of the time.
func TestShareOfQuestions(t *testing.T) {
	var s share
	now := time.Hour
	clock := func() time.Duration { return now }
	spent, began := time.Duration(0), now
	for range 1000 {
		if opens, closed := s.closed(clock); closed {
			if opens <= now {
				t.Fatalf("closed at %v until %v", now, opens)
			}
			now = opens
		}
		s.spend(now, now+time.Millisecond)
		now += time.Millisecond
		spent += time.Millisecond
		if spent == questionBurst && now != began+questionBurst {
			t.Errorf("the first %v took %v", spent, now-began)
		}
	}
	if most := (now-began)/questionShare + questionBurst + time.Millisecond; spent > most {
		t.Errorf("%v of %v were spent on questions, want at most %v", spent, now-began, most)
	}
	now += time.Hour
	if _, closed := s.closed(clock); closed || s.paid != 0 {
		t.Error("still closed an hour later")
	}
}

// One question that takes long, as a reload of thousands of routers does, is not held against those that follow.
func TestLongQuestionClosesNothing(t *testing.T) {
	var s share
	now := time.Hour
	s.spend(now, now+5*time.Second)
	now += 5 * time.Second
	if opens, closed := s.closed(func() time.Duration { return now }); closed {
		t.Errorf("the next question waits for %v", opens-now)
	}
}

// running has the loop run until the test ends.
func (b *bench) running() {
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.run(ctx) }()
	b.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Errorf("the loop ended with %v", err)
		}
	})
}

func TestQuestionsThatPanicFailAlone(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.running()
	_, err := ask(t.Context(), b.daemon, func() api.Page { panic("no page") })
	if err == nil || !strings.Contains(err.Error(), "no page") {
		t.Errorf("got %v", err)
	}
	if n, err := ask(t.Context(), b.daemon, func() int { return 7 }); n != 7 || err != nil {
		t.Errorf("the next question: %d, %v", n, err)
	}
}

// A loop that others ask more than it answers is alive.
func TestAliveWaitsForNoQuestion(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.share.paid = b.clock + time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	b.running()
	asked := make(chan error, 1)
	go func() {
		_, err := ask(ctx, b.daemon, func() int { return 7 })
		asked <- err
	}()
	within, giveUp := context.WithTimeout(t.Context(), 10*time.Second)
	defer giveUp()
	if err := b.Alive(within); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-asked; err == nil {
		t.Error("a question was answered that had to wait")
	}
}
