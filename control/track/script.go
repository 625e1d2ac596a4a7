package track

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/script"
)

// ScriptOptions say what a vrrp_script does.
type ScriptOptions struct {
	Key               string // of the results
	Name              string // for the log
	Command           *script.Command
	Interval, Timeout time.Duration
	Rise, Fall        int
	InitFail          bool // down until Rise successes in a row; otherwise the first result decides
}

// Script runs a command every Interval; exit status 0 is success. A run that has not ended by the next one's time
// takes its place.
func (s *Shared) Script(o ScriptOptions) Tracker {
	return &scriptTracker{o, s.log}
}

type scriptTracker struct {
	ScriptOptions
	log *slog.Logger
}

func (t *scriptTracker) Run(ctx context.Context, out chan<- Result) error {
	report := reporter{key: t.Key, out: out}
	standing := newCounter(t.Rise, t.Fall, t.InitFail)
	if t.InitFail {
		report.report(ctx, false, "has not succeeded yet (init_fail)")
	}
	lastStatus := 0
	beat := newBeat(t.Interval)
	defer beat.stop()
	for {
		r := t.Command.Run(ctx, t.Timeout)
		if ctx.Err() != nil {
			return nil
		}
		if r.Status >= 0 && r.Status != lastStatus && !r.TimedOut {
			lastStatus = r.Status
			t.log.Info(fmt.Sprintf("Script `%s` now returning %d", t.Name, r.Status))
		}
		if standing.count(r.OK()) {
			t.log.Info(fmt.Sprintf("VRRP_Script(%s) %s", t.Name, outcome(r)))
		}
		report.report(ctx, standing.up, t.detail(standing, r))

		if beat.missed() {
			t.log.Info(fmt.Sprintf("Track script %s is already running, expect idle - skipping run", t.Name), "took", r.Took)
		}
		if !beat.wait(ctx) {
			return nil
		}
	}
}

// detail says why the script is down: the last failure, or that it takes more than one success.
func (t *scriptTracker) detail(standing *counter, r script.Result) string {
	switch {
	case standing.up:
		return ""
	case r.OK():
		return fmt.Sprintf("%d of %d successes", standing.n, standing.rise)
	}
	return r.String()
}

// outcome words a result as keepalived's log does.
func outcome(r script.Result) string {
	switch {
	case r.OK():
		return "succeeded"
	case r.Err != nil:
		return "failed (" + r.Err.Error() + ")"
	case r.TimedOut:
		return "timed_out"
	case r.Signal != "":
		return fmt.Sprintf("failed (due to signal %d)", unix.SignalNum(r.Signal))
	}
	return fmt.Sprintf("failed (exited with status %d)", r.Status)
}
