package control

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// Whoever wants to know something sends the loop a question, which the loop runs. However many ask, the loop's other
// work goes first: deadlines are served between any two questions, and of the loop's time they get a share.

const (
	questionShare = 4                     // one part in so many of the loop's time, at most
	questionBurst = 20 * time.Millisecond // that may be spent at once, when little was asked before
)

// share is the account of what questions have cost. The zero value owes nothing.
type share struct {
	paid time.Duration // when all that was spent has come back; 0: it has
}

// spend takes the time from one instant to another off the account, though no more than may be spent at once: a reload
// of thousands of routers is one question, and must not keep those who ask next waiting for seconds, least of all who
// proves to the supervisor that the loop answers.
func (s *share) spend(from, to time.Duration) {
	s.paid = max(s.paid, from) + questionShare*min(to-from, questionBurst)
}

// closed reports whether questions have had more than their share, and until when they wait.
func (s *share) closed(clock func() time.Duration) (opens time.Duration, yes bool) {
	if s.paid == 0 {
		return 0, false
	}
	now := clock()
	if s.paid <= now {
		s.paid = 0
	}
	opens = s.paid - questionShare*questionBurst
	return opens, opens > now
}

// questions is where the next question comes from, nil while they wait.
func (d *daemon) questions() <-chan func() {
	if _, wait := d.share.closed(d.now); wait {
		return nil
	}
	return d.queries
}

// answer runs a question.
func (d *daemon) answer(question func()) {
	began := d.now()
	question()
	d.share.spend(began, d.now())
}

// ask has a question run by the loop, which it must not change. A question that panics fails alone.
func ask[T any](ctx context.Context, d *daemon, question func() T) (answer T, err error) {
	_, failed := command(ctx, d, func() bool {
		defer func() {
			if p := recover(); p != nil {
				d.log.Error("a question failed by a defect of xvrrp: please report it", "panic", p, "stack", string(debug.Stack()))
				err = fmt.Errorf("a defect of xvrrp: %v (more is in the daemon's log)", p)
			}
		}()
		answer = question()
		return true
	})
	if failed != nil {
		var none T
		return none, failed
	}
	return answer, err
}

// command has a change run by the loop. There is no state to go on with if it panics.
func command[T any](ctx context.Context, d *daemon, change func() T) (T, error) {
	answer := make(chan T, 1)
	select {
	case d.queries <- func() { answer <- change() }:
		return <-answer, nil
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
