package notify

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/xvrrp/xvrrp/control/script"
)

const (
	atOnce        = 64 // commands that run at one time
	scriptBacklog = 64 // events of one name that wait
)

const noTime = "no time for scripts at the end"

// scripts runs the commands of events: those of one name in order, those of different names side by side. There is a
// worker for each name that has something to run, up to atOnce; the other names wait in line.
type scripts struct {
	timeout  time.Duration
	patience time.Duration
	trouble  *troubles

	workers sync.WaitGroup

	mu     sync.Mutex // guards what follows
	queues map[subject]*queue
	ready  []*queue // those without a worker, longest waiting first
	runs   []*run
	free   int             // workers that may be started; 0 before open
	end    context.Context // when every command is ended; set by open
}

// queue holds what is to be run for one name. It exists while a worker has it or an event waits in it.
type queue struct {
	backlog
	of subject
}

// run is a command that is running.
type run struct {
	queue   *queue
	more    bool // commands of the same event follow
	started time.Time
	stop    context.CancelFunc
	timer   *time.Timer // makes it overdue
	overdue bool
	ended   bool // it was ended because something waited for it
}

func newScripts(timeout, patience time.Duration, trouble *troubles) *scripts {
	return &scripts{timeout: timeout, patience: patience, trouble: trouble, queues: make(map[subject]*queue)}
}

// add queues an event and starts a worker for it if there is none and one is free.
func (s *scripts) add(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := e.subject()
	q, known := s.queues[of]
	if !known {
		q = &queue{of: of, backlog: backlog{limit: scriptBacklog}}
		s.queues[of] = q
		s.ready = append(s.ready, q)
	}
	if n := q.add(e); n > 0 {
		s.trouble.lose(e.Name, "scripts", n, "scripts take longer than states last: out of date")
	}
	s.dispatch()
	s.relieve()
}

// dispatch starts workers while there is something to run and one is free. s.mu is held.
func (s *scripts) dispatch() {
	for s.free > 0 && len(s.ready) > 0 {
		q := s.shift()
		s.free--
		s.workers.Go(func() { s.work(q) })
	}
}

func (s *scripts) shift() *queue {
	q := s.ready[0]
	s.ready[0] = nil
	s.ready = s.ready[1:]
	return q
}

// relieve ends the overdue commands that something waits for: a later one of their name, or another name that needs
// their place. s.mu is held.
func (s *scripts) relieve() {
	needed := len(s.ready)
	for _, r := range s.runs {
		if r.ended {
			needed--
		}
	}
	for _, r := range s.runs {
		if r.overdue && !r.ended && (r.more || r.queue.len() > 0 || needed > 0) {
			r.ended = true
			r.stop()
			needed--
		}
	}
}

// run works until life ends, then off what is queued, at most until end.
func (s *scripts) run(life, end context.Context) {
	s.open(end)
	<-life.Done()
	drained := make(chan struct{})
	go func() {
		s.workers.Wait()
		close(drained)
	}()
	select {
	case <-drained:
	case <-time.After(s.patience):
		s.hurry()
		<-drained
	}
	s.abandon()
}

func (s *scripts) open(end context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end, s.free = end, atOnce
	s.dispatch()
}

// hurry makes way for what is newest: it forgets what is out of date and shortens everybody's time.
func (s *scripts) hurry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		if n := q.forget(1); n > 0 {
			s.trouble.lose(q.of.name, "scripts", n, noTime+": out of date")
		}
	}
	for _, r := range s.runs {
		r.overdue = r.overdue || time.Since(r.started) >= s.patience
	}
	s.relieve()
}

// abandon reports what could not be run.
func (s *scripts) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		s.trouble.lose(q.of.name, "scripts", q.len(), noTime)
	}
}

// work runs one event of q, then of whichever queue has waited longest, until there is none.
func (s *scripts) work(q *queue) {
	for q != nil {
		s.mu.Lock()
		e := q.pop()
		s.mu.Unlock()
		for i, c := range e.Commands {
			if s.end.Err() != nil {
				s.trouble.lose(e.Name, "scripts", 1, noTime)
				break
			}
			s.command(q, &e, c, i < len(e.Commands)-1)
		}
		q = s.next(q)
	}
}

// next puts q back in line, if there is more in it, and takes the queue at the head.
func (s *scripts) next(q *queue) *queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.len() == 0 {
		delete(s.queues, q.of)
	} else {
		s.ready = append(s.ready, q)
	}
	if len(s.ready) == 0 || s.end.Err() != nil {
		s.free++
		return nil
	}
	return s.shift()
}

// command runs one command to its end.
func (s *scripts) command(q *queue, e *Event, c *script.Command, more bool) {
	ctx, stop := context.WithCancel(s.end)
	defer stop()
	r := &run{queue: q, more: more, started: time.Now(), stop: stop}
	s.began(r)
	result := c.Run(ctx, 0)
	s.finished(r)
	if result.OK() {
		return
	}
	what := result.String()
	switch {
	case s.end.Err() != nil:
		what = "ended with the daemon"
	case r.ended:
		what = fmt.Sprintf("ended after %s, something waited for it", time.Since(r.started).Round(time.Millisecond))
	}
	s.trouble.fail(e.Name, "script", fmt.Sprintf("script for %s, %s: %s", e.State, c, what))
}

func (s *scripts) began(r *run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs = append(s.runs, r)
	r.timer = time.AfterFunc(s.timeout, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		r.overdue = true
		s.relieve()
	})
}

func (s *scripts) finished(r *run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.timer.Stop()
	s.runs = slices.DeleteFunc(s.runs, func(other *run) bool { return other == r })
}
