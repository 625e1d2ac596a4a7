package script

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Result is what became of a run.
type Result struct {
	Status   int    // exit status; -1: it did not exit by itself
	Signal   string // name of the signal that ended it, or empty
	TimedOut bool
	Err      error // it could not be started, or was not to be waited for
	Took     time.Duration
}

// OK reports exit status 0.
func (r Result) OK() bool { return r.Err == nil && !r.TimedOut && r.Signal == "" && r.Status == 0 }

// String words a result: "exited with status 1", "timed out after 2s".
func (r Result) String() string {
	switch {
	case r.Err != nil:
		return r.Err.Error()
	case r.TimedOut:
		return fmt.Sprintf("timed out after %v", r.Took.Round(time.Millisecond))
	case r.Signal != "":
		return "ended by " + r.Signal
	}
	return fmt.Sprintf("exited with status %d", r.Status)
}

// Run runs the command in a process group of its own and waits for it. When it has not ended after timeout (0: no
// limit) or when ctx ends, the whole group gets SIGTERM, and SIGKILL two seconds later at the latest; Run returns
// then whatever the processes do, so a command that hangs or forks costs its caller no more than that. Output goes
// nowhere.
//
// What a command that ends in time leaves running is left alone. A process that not even SIGKILL ends is abandoned,
// and the command is not run again before that process is gone.
func (c *Command) Run(ctx context.Context, timeout time.Duration) Result {
	if pid := c.stuck.Load(); pid != 0 {
		return Result{Status: -1, Err: fmt.Errorf("not run: process %d of an earlier run does not die", pid)}
	}
	began := time.Now()
	p, err := c.start()
	if err != nil {
		return Result{Status: -1, Err: err}
	}
	cut := p.wait(ctx, timeout)
	r := Result{Took: time.Since(began)}
	if cut != nil && !p.terminate() {
		c.abandon(p)
		r.Status, r.Err = -1, fmt.Errorf("%w, and process %d does not die", cut, p.pid())
		return r
	}

	status, err := p.reap()
	if err != nil {
		r.Status, r.Err = -1, fmt.Errorf("learn how process %d ended: %w", p.pid(), err)
		return r
	}
	r.Status = status.ExitStatus()
	if status.Signaled() {
		r.Signal = unix.SignalName(status.Signal())
	}
	switch {
	case errors.Is(cut, errTimeout):
		r.TimedOut = true
	case cut != nil:
		r.Err = cut
	}
	return r
}

// abandon leaves a process to be reaped whenever it ends.
func (c *Command) abandon(p *process) {
	pid := int64(p.pid())
	c.stuck.Store(pid)
	go func() {
		<-p.ended
		_, _ = p.reap() // nobody asks any more how it ended
		c.stuck.CompareAndSwap(pid, 0)
	}()
}
