package sched

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Spawn calls start, which starts another process, such that it inherits nothing of what Apply put in force: no real-time
// priority, no niceness but the one this process was started with (0 if that was below, or if we are real-time), no limit,
// no choice of processors. (Locked memory is never inherited.)
func Spawn(start func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: a thread that has stepped down ends with its goroutine
		process.Lock()
		defer process.Unlock()
		restore := stepDown()
		start()
		restore()
	}()
	<-done
}

// stepDown makes the calling thread one whose children are ordinary. The limit is the process's and not the thread's: it
// is lifted until restore. What fails was never granted.
func stepDown() (restore func()) {
	own := initial()
	if own.cpus != nil {
		_ = unix.SchedSetaffinity(0, own.cpus)
	}
	if attr, err := unix.SchedGetAttr(0, 0); err == nil {
		attr.Flags |= unix.SCHED_FLAG_RESET_ON_FORK
		_ = unix.SchedSetAttr(0, attr, 0)
	}
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, own.nice) // of this thread alone; that flag keeps niceness above 0
	limit := own.realTime
	_ = unix.Prlimit(0, unix.RLIMIT_RTTIME, &own.realTime, &limit)
	return func() { _ = unix.Prlimit(0, unix.RLIMIT_RTTIME, &limit, nil) }
}
