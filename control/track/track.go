// Package track watches things outside the protocol that decide about a router: scripts, files, processes, health
// checks and BFD sessions. A tracker reports, what that means to a router is not its business.
//
// How to use it:
//
//  1. NewShared makes what trackers have in common: ICMP sockets, one inotify instance, one listener for process
//     events, BFD sockets, the number of checks that may be under way. Nothing is opened before a tracker needs it.
//  2. Shared.Run serves all that. It runs for as long as any tracker does.
//  3. Shared.Script, Shared.File, Shared.Process, Shared.Ping, Shared.TCP, Shared.HTTP, Shared.Misc and Shared.BFD
//     make trackers. They start nothing; options are taken as they are, defaults are the configuration's business.
//  4. A Tracker's Run watches until its context ends. Trackers come and go at any time, each with a context of its
//     own, and may share the channel they send to.
//
// Sockets belong to the network namespace the process is in when they are opened.
package track

import "context"

// Result is a tracker's standing. A tracker sends its first one as soon as it knows, then one for every change.
type Result struct {
	Key    string // as given to the tracker
	Up     bool
	Value  int    // of a file: the number in it
	Detail string // why, for operators: "exited with status 1", "connection refused", "status 503, want 200"
}

// Tracker watches one thing.
type Tracker interface {
	// Run watches until ctx ends and sends results to out, in order. It gives up sending when ctx ends. An
	// error says that it cannot watch at all, which is reported and counts as down.
	Run(ctx context.Context, out chan<- Result) error
}

// reporter sends the results of one tracker: the first and every change.
type reporter struct {
	key  string
	out  chan<- Result
	last Result
	sent bool
}

func (r *reporter) report(ctx context.Context, up bool, detail string) {
	r.reportValue(ctx, up, 0, detail)
}

func (r *reporter) reportValue(ctx context.Context, up bool, value int, detail string) {
	now := Result{r.key, up, value, detail}
	if r.sent && now == r.last {
		return
	}
	select {
	case r.out <- now:
		r.last, r.sent = now, true
	case <-ctx.Done():
	}
}
