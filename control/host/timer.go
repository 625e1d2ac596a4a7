package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// never mirrors election.Never, which disarms the timer.
const never = time.Duration(1<<63 - 1)

// Timer is an absolute alarm on CLOCK_MONOTONIC: a timerfd that the runtime's poller waits for.
// Go's own timers are half a millisecond late, because the runtime rounds its sleeps to milliseconds.
//
// Its system calls return at once and are not announced to the runtime. An announced one wakes the runtime's monitor
// thread, which then looks around every 20 µs until nothing runs any more: a fifth of what a thousand masters cost.
type Timer struct {
	// Due receives the instant the alarm went off. One pending alarm is kept.
	Due <-chan time.Duration

	due  chan time.Duration
	file *os.File

	mu sync.Mutex // guards fd against being set after Run closed it
	fd int        // of file
}

// NewTimer returns a timer that Run drives and, when it ends, frees.
func NewTimer() (*Timer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("create timer: %w", err)
	}
	due := make(chan time.Duration, 1)
	return &Timer{Due: due, due: due, file: os.NewFile(uintptr(fd), "timerfd"), fd: fd}, nil
}

// Run serves the timer until ctx ends.
func (t *Timer) Run(ctx context.Context) error {
	wake := context.AfterFunc(ctx, func() { t.Set(0) })
	defer wake()
	defer t.close()
	conn, err := t.file.SyscallConn()
	if err != nil {
		return fmt.Errorf("watch timer: %w", err)
	}
	for {
		if err := await(conn); err != nil {
			return fmt.Errorf("read timer: %w", err)
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
	_, _, errno := unix.RawSyscall6(unix.SYS_TIMERFD_SETTIME, uintptr(t.fd), unix.TFD_TIMER_ABSTIME,
		uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	if errno != 0 {
		panic("timerfd_settime: " + errno.Error()) // our own descriptor and a valid time
	}
}

// await waits until an alarm goes off.
func await(conn syscall.RawConn) error {
	var failure error
	err := conn.Read(func(fd uintptr) (done bool) {
		var expirations [8]byte
		_, _, errno := unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&expirations)), uintptr(len(expirations)))
		if errno != 0 && errno != unix.EAGAIN {
			failure = errno
		}
		return errno != unix.EAGAIN
	})
	return errors.Join(err, failure)
}

func (t *Timer) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.file.Close()
	t.fd = -1
}
