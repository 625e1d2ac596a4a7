package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	demoPatience = 20 * time.Second        // for something that is waited for
	demoPoll     = 10 * time.Millisecond   // how often the daemons are asked
	demoCalm     = 1500 * time.Millisecond // between two things that happen, to be seen on the wire
)

// play is the demo from the first election to the last failover.
func (s *stage) play(ctx context.Context) error {
	if err := s.start(ctx); err != nil {
		return err
	}
	s.introduce()
	master, err := s.settle(ctx)
	if err != nil {
		return err
	}
	if err := pause(ctx, demoCalm); err != nil {
		return err
	}
	if err := s.tellElection(ctx); err != nil {
		return err
	}
	if master, err = s.failover(ctx, master, crash); err != nil {
		return err
	}
	if len(s.hosts) > 2 {
		if _, err := s.failover(ctx, master, blackout); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(s.app.stdout)
	return err
}

// settle waits until the host of the highest priority is master and all others that are left follow it.
func (s *stage) settle(ctx context.Context) (*actor, error) {
	live := slices.DeleteFunc(slices.Clone(s.hosts), func(h *actor) bool { return h.dead })
	return live[0], poll(ctx, "the hosts do not agree on a master", func() (bool, error) { return agree(ctx, live) })
}

// agree reports whether the first of hosts is master and all others follow it.
func agree(ctx context.Context, hosts []*actor) (bool, error) {
	master := hosts[0]
	for _, h := range hosts {
		r, err := h.router(ctx)
		if err != nil {
			return false, h.failed(err)
		}
		if h == master && r.Role != "master" || h != master && (r.Role != "backup" || r.Master != master.addr.String()) {
			return false, nil
		}
	}
	return true, nil
}

// poll asks done again and again until it answers true. complaint is the error when it takes too long.
func poll(ctx context.Context, complaint string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, demoPatience, errors.New(complaint))
	defer cancel()
	again := time.NewTicker(demoPoll)
	defer again.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// disaster is what befalls a master.
type disaster struct {
	what   string // said of the host
	strike func(s *stage, h *actor) error
	after  string // said in the end
}

var crash = disaster{
	what:   "kill -9 of xvrrp",
	strike: func(_ *stage, h *actor) error { return h.kill() },
	after:  "a killed process leaves its address behind: the host answers on until the new master announces itself",
}

var blackout = disaster{
	what: "power failure: xvrrp and the cable are gone at once",
	strike: func(s *stage, h *actor) error {
		return errors.Join(s.switchOff(h), h.kill())
	},
}

// failover has a disaster befall the master, waits for its heir, and tells how it went.
func (s *stage) failover(ctx context.Context, master *actor, d disaster) (*actor, error) {
	prescribed, err := s.masterDown(ctx)
	if err != nil {
		return nil, err
	}
	struck := time.Now()
	if err := d.strike(s, master); err != nil {
		return nil, err
	}
	from := struck.Add(-demoCalm)
	s.tellDisaster(master, d, struck, lastAdvert(s.client.between(from, time.Now()), master.addr))
	heir, err := s.settle(ctx)
	if err != nil {
		return nil, err
	}
	if err := pause(ctx, demoCalm); err != nil {
		return nil, err
	}
	promoted, err := heir.promotions(ctx)
	if err != nil {
		return nil, err
	}
	p := review(s.client.between(from, time.Now()), master.addr, heir.addr, demoVIP.Addr())
	s.tellFailover(tale{master, heir, d, promoted[len(promoted)-1], prescribed[heir], p})
	// The next act is about the others: what is left of this host stays out of it.
	return heir, s.switchOff(master)
}

// masterDown is how long each host that is left waits for a silent master (RFC 9568 6.1).
func (s *stage) masterDown(ctx context.Context) (map[*actor]time.Duration, error) {
	out := make(map[*actor]time.Duration)
	for _, h := range s.hosts {
		if h.dead {
			continue
		}
		r, err := h.router(ctx)
		if err != nil {
			return nil, err
		}
		out[h] = time.Duration(r.Down * float64(time.Second))
	}
	return out, nil
}

// pause lets time pass, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
