package host

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// never mirrors election.Never, which disarms the timer.
const never = time.Duration(1<<63 - 1)

// Timer is an absolute alarm on CLOCK_MONOTONIC: a timerfd on a thread of its own.
// Go's own timers are half a millisecond late, because the runtime rounds its sleeps to milliseconds.
type Timer struct {
	// Due receives the instant the alarm went off. One pending alarm is kept.
	Due <-chan time.Duration

	due chan time.Duration

	mu sync.Mutex // guards fd against being set after Run closed it
	fd int
}

// NewTimer returns a timer that Run drives and, when it ends, frees.
func NewTimer() (*Timer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create timer: %w", err)
	}
	due := make(chan time.Duration, 1)
	return &Timer{Due: due, due: due, fd: fd}, nil
}

// Run serves the timer until ctx ends.
func (t *Timer) Run(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	wake := context.AfterFunc(ctx, func() { t.Set(0) })
	defer wake()
	defer t.close()
	for {
		if err := t.wait(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		select {
		case t.due <- Now():
		default: // the last alarm was not taken yet; it says the same
		}
	}
}

// Set moves the alarm; a past instant fires at once, election.Never disarms it.
func (t *Timer) Set(at time.Duration) {
	var spec unix.ItimerSpec // zero disarms
	if at != never {
		spec.Value = unix.NsecToTimespec(int64(max(at, 1)))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fd < 0 {
		return
	}
	if err := unix.TimerfdSettime(t.fd, unix.TFD_TIMER_ABSTIME, &spec, nil); err != nil {
		panic("timerfd_settime: " + err.Error()) // our own descriptor and a valid time
	}
}

// wait blocks the thread until the alarm goes off.
func (t *Timer) wait() error {
	var expirations [8]byte
	for {
		_, err := unix.Read(t.fd, expirations[:])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return fmt.Errorf("read timer: %w", err)
		case binary.NativeEndian.Uint64(expirations[:]) > 0:
			return nil
		}
	}
}

func (t *Timer) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	unix.Close(t.fd)
	t.fd = -1
}
