package track

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// processes knows how many processes match what trackers look for. The kernel tells it of every fork, exec, change of
// name and exit (proc connector); where it does not, /proc is looked through every second.
type processes struct {
	opening
	log *slog.Logger

	mu       sync.Mutex
	searches map[*search]bool
}

// cause is what made the number of processes change last.
type cause uint8

const (
	found  cause = iota // exec or a change of name
	forked              // a process that counts has made another
	ended
)

// search is what one tracker looks for, and what there is of it. Its fields are under processes.mu.
type search struct {
	pattern pattern
	pids    map[int]bool
	last    cause
	changed chan struct{} // poked when pids changes
}

func newProcesses(log *slog.Logger) *processes {
	return &processes{opening: newOpening(), log: log, searches: make(map[*search]bool)}
}

// add begins a search.
func (p *processes) add(pattern pattern) *search {
	s := &search{pattern: pattern, pids: make(map[int]bool), changed: make(chan struct{}, 1)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.searches[s] = true
	p.scan(s)
	return s
}

func (p *processes) remove(s *search) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.searches, s)
}

// count is how many processes a search has found, and what changed that last.
func (p *processes) count(s *search) (int, cause) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(s.pids), s.last
}

// serve follows the processes until ctx ends.
func (p *processes) serve(ctx context.Context) {
	err := p.listen(ctx)
	if ctx.Err() != nil {
		return
	}
	p.log.Info("tracked processes are looked up in /proc every second: the kernel does not tell of them here", "error", err)
	beat := newBeat(time.Second)
	defer beat.stop()
	for beat.wait(ctx) {
		p.scanAll()
	}
}

// listen takes events from the kernel until there are none to be had, which the error explains.
func (p *processes) listen(ctx context.Context) error {
	c, err := dialConnector()
	if err != nil {
		return err
	}
	defer c.close()
	stop := context.AfterFunc(ctx, c.close)
	defer stop()
	if err := c.subscribe(); err != nil {
		return err
	}
	p.scanAll() // what happened before
	for {
		event, err := c.next()
		switch {
		case err == errEventsLost:
			p.scanAll()
		case err != nil:
			return err
		default:
			p.take(event)
		}
	}
}

// take brings every search up to date with an event.
func (p *processes) take(e processEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var now *details // read when the first search asks
	for s := range p.searches {
		switch e.kind {
		case processForked:
			if s.pids[e.parent] {
				s.set(e.pid, true, forked)
			}
		case processEnded:
			s.set(e.pid, false, ended)
		case processChanged:
			if now == nil {
				now = &details{pid: e.pid}
			}
			s.set(e.pid, now.match(s.pattern), found)
		}
	}
}

// set notes whether a process counts.
func (s *search) set(pid int, counts bool, why cause) {
	if s.pids[pid] == counts {
		return
	}
	if counts {
		s.pids[pid] = true
	} else {
		delete(s.pids, pid)
	}
	s.last = why
	poke(s.changed)
}

func (p *processes) scanAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]*search, 0, len(p.searches))
	for s := range p.searches {
		all = append(all, s)
	}
	p.scan(all...)
}

// scan looks through /proc for all that is searched for.
func (p *processes) scan(searches ...*search) {
	if len(searches) == 0 {
		return
	}
	there := make(map[int]bool)
	for pid := range pids() {
		there[pid] = true
		now := details{pid: pid}
		for _, s := range searches {
			s.set(pid, now.match(s.pattern), forked)
		}
	}
	for _, s := range searches {
		for pid := range s.pids {
			if !there[pid] {
				s.set(pid, false, ended)
			}
		}
	}
}
