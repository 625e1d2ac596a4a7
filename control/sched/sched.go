// Package sched asks the kernel to run this process in time: with real-time priority, on chosen processors, from memory
// that stays in place. What it is granted stays with this process: those it starts run as if nothing had been asked.
//
// All threads are treated alike. The Go runtime moves goroutines between threads, and its threads wait for each
// other's locks: a thread of higher priority than the rest would wait for ordinary ones whenever it matters.
package sched

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Settings are how the process is to run.
type Settings struct {
	RealTime int           // priority of SCHED_RR, 1 to 99; 0: ordinary
	Nice     int           // niceness, -20 to 19, where it is ordinary or has to be
	Limit    time.Duration // of real-time work without a pause, after which the kernel sends SIGXCPU
	CPUs     []int         // numbers of processors; empty: those the process was started with
}

// Standing is what became of Settings.
type Standing struct {
	Text    string // what is in force: "real-time priority 10, memory locked"
	Refused error  // what was not granted, with the remedy; nil: all was
}

// process guards what the kernel knows of this process: there is but one, and starting another looks at all of it.
var process sync.Mutex

// Apply puts settings in force, as far as the kernel allows, for all threads that are and will be, and locks the
// memory. It may be called again.
func Apply(s Settings) Standing {
	process.Lock()
	defer process.Unlock()
	initial()
	var refused []error
	note := func(err error) bool {
		if err != nil {
			refused = append(refused, err)
		}
		return err == nil
	}
	var words []string
	if s.RealTime > 0 && note(hurry(s.RealTime, s.Limit)) {
		words = append(words, fmt.Sprintf("real-time priority %d", s.RealTime))
	} else {
		note(relax(s.Nice))
		words = append(words, fmt.Sprintf("niceness %d", niceness()))
	}
	if note(confine(s.CPUs)) && len(s.CPUs) > 0 {
		words = append(words, "on processors "+strings.Trim(fmt.Sprint(s.CPUs), "[]"))
	}
	if note(lockMemory()) {
		words = append(words, "memory locked")
	}
	return Standing{Text: strings.Join(words, ", "), Refused: errors.Join(refused...)}
}

// hurry makes all threads real-time.
func hurry(priority int, limit time.Duration) error {
	was := initial()
	if err := limitRealTime(min(uint64(limit.Microseconds()), was.realTime.Max)); err != nil {
		return fmt.Errorf("limit real-time work: %w", err)
	}
	err := eachThread(func(id int) error {
		return unix.SchedSetAttr(id, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: uint32(priority)}, 0)
	})
	if errors.Is(err, unix.EPERM) {
		err = fmt.Errorf("%w: grant CAP_SYS_NICE (or LimitRTPRIO=%d), and under cgroup version 1 a cpu.rt_runtime_us above 0", err, priority)
	}
	if err != nil {
		return fmt.Errorf("real-time priority %d: %w", priority, err)
	}
	return nil
}

// relax makes all threads ordinary.
func relax(nice int) error {
	own := niceness() // which each may have
	err := eachThread(func(id int) error {
		return unix.SchedSetAttr(id, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Nice: int32(own)}, 0)
	})
	if err != nil {
		return fmt.Errorf("ordinary priority: %w", err)
	}
	err = eachThread(func(id int) error { return unix.Setpriority(unix.PRIO_PROCESS, id, nice) })
	if errors.Is(err, unix.EACCES) {
		err = fmt.Errorf("%w: grant CAP_SYS_NICE (or LimitNICE=%d)", err, nice)
	}
	if err != nil {
		return fmt.Errorf("niceness %d: %w", nice, err)
	}
	return nil
}

// niceness is that of the first thread, and so of all.
func niceness() int {
	const zero = 20 // how the system call counts: 40 to 1
	n, err := unix.Getpriority(unix.PRIO_PROCESS, unix.Getpid())
	if err != nil {
		return 0 // cannot fail for ourselves
	}
	return zero - n
}

// confine keeps all threads to some processors.
func confine(cpus []int) error {
	wanted := initial().cpus
	if len(cpus) > 0 {
		wanted = new(unix.CPUSet)
		for _, n := range cpus {
			wanted.Set(n)
		}
	}
	if wanted == nil {
		return nil
	}
	if err := eachThread(func(id int) error { return unix.SchedSetaffinity(id, wanted) }); err != nil {
		return fmt.Errorf("run on processors %v: %w", cpus, err)
	}
	return nil
}
