package bench

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/lab"
)

// witness has on each processor a thread that goes before all others and does nothing but wait for the next millisecond.
// What it is late by, everybody was: the hypervisor had the processor, or the kernel was busy with packets.
type witness struct {
	end    chan struct{}
	all    sync.WaitGroup
	stalls []time.Duration // the longest of each processor
	errs   []error
}

func newWitness() *witness {
	n := runtime.NumCPU()
	w := &witness{end: make(chan struct{}), stalls: make([]time.Duration, n), errs: make([]error, n)}
	for cpu := range n {
		w.all.Go(func() { w.stalls[cpu], w.errs[cpu] = w.watch(cpu) })
	}
	return w
}

// longest ends the watch and returns the longest stall of any processor, in milliseconds.
func (w *witness) longest(b *testing.B) float64 {
	b.Helper()
	close(w.end)
	w.all.Wait()
	longest := time.Duration(0)
	for cpu, stall := range w.stalls {
		if w.errs[cpu] != nil {
			b.Fatalf("watch processor %d: %v", cpu, w.errs[cpu])
		}
		longest = max(longest, stall)
	}
	return millis(longest)
}

func (w *witness) watch(cpu int) (longest time.Duration, err error) {
	runtime.LockOSThread() // for good: the thread dies with its priority
	var only unix.CPUSet
	only.Set(cpu)
	if err := unix.SchedSetaffinity(0, &only); err != nil {
		return 0, err
	}
	first := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 99}
	if err := unix.SchedSetAttr(0, &first, 0); err != nil {
		return 0, err
	}
	for at := lab.Now(); ; at = max(at+time.Millisecond, lab.Now()) {
		select {
		case <-w.end:
			return longest, nil
		default:
		}
		until := unix.NsecToTimespec(int64(at))
		for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &until, nil) == unix.EINTR {
		}
		longest = max(longest, lab.Now()-at)
	}
}
