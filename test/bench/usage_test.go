package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// statsKnob makes the kernel count the time that BPF programs run.
const statsKnob = "/proc/sys/kernel/bpf_stats_enabled"

// countBPF switches that on until the benchmark ends.
func countBPF(b *testing.B) {
	b.Helper()
	before, err := os.ReadFile(statsKnob)
	if err != nil {
		b.Fatal(err)
	}
	set := func(value []byte) {
		if err := os.WriteFile(statsKnob, value, 0); err != nil {
			b.Error(err)
		}
	}
	set([]byte("1"))
	b.Cleanup(func() { set(before) })
}

// cost is processor time.
type cost struct {
	daemon time.Duration // of all threads of all its processes
	filter time.Duration // of its BPF programs, whoever's time they ran in
}

func (c cost) total() time.Duration { return c.daemon + c.filter }

func (c cost) since(before cost) cost {
	return cost{c.daemon - before.daemon, c.filter - before.filter}
}

// spent is what a daemon has cost so far.
func (r *rival) spent() (c cost) {
	t := r.Site.T
	t.Helper()
	for _, pid := range r.pids() {
		// The clock of a process, as clock_getcpuclockid(3) makes its number: utime and stime, but in nanoseconds.
		var ts unix.Timespec
		if err := unix.ClockGettime(int32(^pid<<3|2), &ts); err != nil {
			t.Fatalf("processor time of %s: %v", r.name, err)
		}
		c.daemon += time.Duration(ts.Nano())
		c.filter += programTime(t, pid)
	}
	return c
}

// programTime is how long the BPF programs have run that a process has open, proc_pid_fdinfo(5).
func programTime(t testing.TB, pid int) (total time.Duration) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	programs := make(map[int]time.Duration)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // closed meanwhile
		}
		id, ran := 0, time.Duration(-1)
		for line := range strings.Lines(string(text)) {
			fmt.Sscanf(line, "prog_id: %d", &id)
			fmt.Sscanf(line, "run_time_ns: %d", &ran)
		}
		if ran >= 0 {
			programs[id] = ran
		}
	}
	for _, ran := range programs {
		total += ran
	}
	return total
}

// memory is what a daemon's processes keep resident, in KiB (proc_pid_status(5)).
type memory struct{ total, anon, file, shmem float64 }

func (r *rival) memory() (m memory) {
	t := r.Site.T
	t.Helper()
	for _, pid := range r.pids() {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var name string
			var kib float64
			if n, _ := fmt.Sscanf(line, "%s %g kB", &name, &kib); n < 2 {
				continue
			}
			switch name {
			case "VmRSS:":
				m.total += kib
			case "RssAnon:":
				m.anon += kib
			case "RssFile:":
				m.file += kib
			case "RssShmem:":
				m.shmem += kib
			}
		}
	}
	return m
}
