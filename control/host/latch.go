package host

import (
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// latch lets one goroutine wait until another opens it. Its thread waits in the kernel: a goroutine that waits for a
// channel is first given to the thread that woke it, and taken from there by another one only some 60 µs later.
type latch struct{ state uint32 }

const (
	latchShut    = iota
	latchOpen    // opened since the last wait
	latchAwaited // somebody waits
)

// Operations of futex(2); x/sys lacks them.
const (
	futexWake       = 1
	futexWaitUntil  = 9 // FUTEX_WAIT_BITSET: its timeout is an instant of CLOCK_MONOTONIC
	futexPrivate    = 128
	futexEveryWaker = 1<<32 - 1
)

// open ends the wait that is under way, or else the next one at once.
func (l *latch) open() {
	if atomic.SwapUint32(&l.state, latchOpen) == latchAwaited {
		_, _, _ = unix.Syscall(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&l.state)), futexWake|futexPrivate, 1)
	}
}

// wait waits for open, at most until an instant. It may return early.
func (l *latch) wait(until time.Duration) {
	if atomic.CompareAndSwapUint32(&l.state, latchShut, latchAwaited) {
		var timeout *unix.Timespec
		if until != never {
			timeout = new(unix.NsecToTimespec(int64(max(until, 0))))
		}
		_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&l.state)), futexWaitUntil|futexPrivate,
			latchAwaited, uintptr(unsafe.Pointer(timeout)), 0, futexEveryWaker)
	}
	atomic.StoreUint32(&l.state, latchShut)
}
