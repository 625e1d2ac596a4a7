package track

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// ProcessOptions say which processes are tracked.
type ProcessOptions struct {
	Key         string // of the results
	Name        string // for the log
	Argv        []string
	Match       ParamMatch
	FullCommand bool // Argv[0] is compared with the whole first argument, not with the name of 15 bytes
	Quorum      int  // up from so many on
	QuorumMax   int  // and to so many; below 0: no limit
	// ForkDelay and TerminateDelay are how long a standing that a fork or an end of a process has changed must
	// last before it counts. They bridge a fork followed by an exec, and a restart.
	ForkDelay, TerminateDelay time.Duration
}

// Process counts the processes that match. It needs no poll where the kernel tells of them (proc connector).
func (s *Shared) Process(o ProcessOptions) Tracker {
	return &processTracker{o, s.log, s.processes}
}

type processTracker struct {
	ProcessOptions
	log       *slog.Logger
	processes *processes
}

func (t *processTracker) Run(ctx context.Context, out chan<- Result) error {
	if err := t.processes.ensure(func() error { return nil }); err != nil {
		return err
	}
	search := t.processes.add(pattern{t.Argv, t.Match, t.FullCommand})
	defer t.processes.remove(search)

	report := reporter{key: t.Key, out: out}
	n, _ := t.processes.count(search)
	up := t.quorate(n)
	report.report(ctx, up, t.detail(n))
	var lasted <-chan time.Time // when a changed standing counts; nil while none is waiting for that
	for {
		due := false
		select {
		case <-search.changed:
		case <-lasted:
			due = true
		case <-ctx.Done():
			return nil
		}
		n, why := t.processes.count(search)
		switch now := t.quorate(n); {
		case now == up:
			lasted = nil
		case due, lasted == nil && t.delay(why) == 0:
			lasted, up = nil, now
			t.log.Info(fmt.Sprintf("Quorum %s for tracked process %s", turn(up), t.Name))
		case lasted == nil:
			lasted = time.After(t.delay(why))
		}
		if up == t.quorate(n) {
			report.report(ctx, up, t.detail(n))
		}
	}
}

func (t *processTracker) quorate(n int) bool {
	return n >= t.Quorum && (t.QuorumMax < 0 || n <= t.QuorumMax)
}

func turn(up bool) string {
	if up {
		return "gained"
	}
	return "lost"
}

func (t *processTracker) delay(why cause) time.Duration {
	switch why {
	case forked:
		return t.ForkDelay
	case ended:
		return t.TerminateDelay
	}
	return 0
}

func (t *processTracker) detail(n int) string {
	switch {
	case n < t.Quorum:
		return fmt.Sprintf("processes %s: %d, want at least %d", t.Argv[0], n, t.Quorum)
	case t.QuorumMax >= 0 && n > t.QuorumMax:
		return fmt.Sprintf("processes %s: %d, want at most %d", t.Argv[0], n, t.QuorumMax)
	}
	return ""
}
