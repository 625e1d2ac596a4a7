package main

import (
	"context"
	"errors"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// minWatch is the shortest time between two looks at the daemon.
const minWatch = 100 * time.Millisecond

// gather is how long more events are waited for before the daemon is looked at for one.
const gather = 20 * time.Millisecond

// glance is one look at the daemon: how it stands, and what had happened by then since the look before. The first tells
// of all events that are remembered.
type glance struct {
	snap      api.Snapshot
	conflicts []api.Conflict // if they were asked for
	events    []api.Event
	err       error // in the place of snap and conflicts
}

// watch looks at the daemon every so often, and when something happens there, until ctx ends. It goes on while the
// daemon is away. The reader may take its time.
func watch(ctx context.Context, c *api.Client, every time.Duration, look look) <-chan glance {
	out, news := make(chan glance), make(chan api.Event, api.Keep)
	go follow(ctx, c, every, news)
	go func() {
		defer close(out)
		tick := time.NewTicker(every)
		defer tick.Stop()
		time.Sleep(gather)
		for {
			events := drain(nil, news)
			g := look(ctx, c)
			g.events = events
			select {
			case out <- g:
			case <-ctx.Done():
				return
			}
			await(ctx, tick.C, news)
		}
	}()
	return out
}

// look looks at the daemon once. What happened is no part of it.
type look func(ctx context.Context, c *api.Client) glance

// lookAtRouters is all that is needed to tell of routers.
func lookAtRouters(ctx context.Context, c *api.Client) glance {
	s, err := c.Status(ctx)
	return glance{snap: s, err: err}
}

// lookForTrouble looks at the routers and at who troubles them.
func lookForTrouble(ctx context.Context, c *api.Client) glance {
	g := lookAtRouters(ctx, c)
	if g.err == nil {
		var found api.Conflicts
		found, g.err = c.Conflicts(ctx, "", nil)
		g.conflicts = found.Conflicts
	}
	return g
}

// await returns when it is time for the next look, or something has happened.
func await(ctx context.Context, tick <-chan time.Time, news chan api.Event) {
	for {
		select {
		case <-tick:
			return
		case <-ctx.Done():
			return
		case <-time.After(gather):
			if len(news) > 0 {
				return
			}
		}
	}
}

// drain takes what is there.
func drain(events []api.Event, news <-chan api.Event) []api.Event {
	for {
		select {
		case e := <-news:
			events = append(events, e)
		default:
			return events
		}
	}
}

// follow hands on what happens at the daemon until ctx ends. A daemon that comes back counts its events anew.
func follow(ctx context.Context, c *api.Client, again time.Duration, news chan<- api.Event) {
	var last uint64
	for ctx.Err() == nil {
		for e, err := range c.Events(ctx, last, true) {
			if err != nil {
				if !errors.Is(err, api.ErrBusy) {
					last = 0
				}
				break
			}
			last = e.Seq
			select {
			case news <- e:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
		}
	}
}
