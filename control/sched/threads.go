package sched

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// eachThread does something to every thread of the process. A thread that begins meanwhile inherits what was done to
// the one that began it, or is met on another round.
func eachThread(do func(id int) error) error {
	done := make(map[int]bool)
	for {
		ids, err := threads()
		if err != nil {
			return err
		}
		met := false
		for _, id := range ids {
			if done[id] {
				continue
			}
			done[id], met = true, true
			if err := do(id); err != nil && !errors.Is(err, unix.ESRCH) { // else it has ended
				return err
			}
		}
		if !met {
			return nil
		}
	}
}

// threads are the threads of the process, by the kernel's numbers.
func threads() ([]int, error) {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil, fmt.Errorf("list own threads: %w", err)
	}
	ids := make([]int, 0, len(entries))
	for _, e := range entries {
		if id, err := strconv.Atoi(e.Name()); err == nil {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// origin is what the process was started with and its children are to have.
type origin struct {
	cpus     *unix.CPUSet // nil: more than a CPUSet holds
	realTime unix.Rlimit  // RLIMIT_RTTIME, in microseconds
	nice     int          // niceness
}

// initial reads the origin, once. It has to be called before anything is changed, with process locked.
var initial = sync.OnceValue(func() origin {
	o := origin{nice: niceness()}
	o.realTime = unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	_ = unix.Prlimit(0, unix.RLIMIT_RTTIME, nil, &o.realTime) // what cannot be read stays unlimited
	if cpus := new(unix.CPUSet); unix.SchedGetaffinity(0, cpus) == nil {
		o.cpus = cpus
	}
	return o
})

// limitRealTime sets how long a thread may do real-time work without a pause, in microseconds.
func limitRealTime(limit uint64) error {
	return unix.Prlimit(0, unix.RLIMIT_RTTIME, &unix.Rlimit{Cur: limit, Max: initial().realTime.Max}, nil)
}
