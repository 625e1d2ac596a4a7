package steady

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/xvrrp/xvrrp/test/bed"
)

// usage is what a daemon takes from its machine.
type usage struct {
	memory    int // resident, in KiB
	threads   int
	files     int // descriptors
	processes int // beside its own
}

func (u usage) String() string {
	return fmt.Sprintf("%d KiB, %d threads, %d descriptors, %d processes", u.memory, u.threads, u.files, u.processes)
}

// max is the greater one of each.
func (u usage) max(o usage) usage {
	return usage{max(u.memory, o.memory), max(u.threads, o.threads), max(u.files, o.files), max(u.processes, o.processes)}
}

// within demands that no more is taken than before and what is given on top.
func (u usage) within(t *testing.T, when string, before, more usage) {
	t.Helper()
	t.Logf("%s: %s; before: %s", when, u, before)
	if limit := (usage{before.memory + more.memory, before.threads + more.threads, before.files + more.files,
		before.processes + more.processes}); u.max(limit) != limit {
		t.Errorf("%s the daemon takes %s, want at most %s", when, u, limit)
	}
}

// usageOf looks at a machine's daemon.
func usageOf(m *bed.Machine) usage {
	m.Site.T.Helper()
	u := usage{processes: len(processesOf(m))}
	process := fmt.Sprintf("/proc/%d", m.Running.PID())
	status, err := os.ReadFile(filepath.Join(process, "status"))
	if err != nil {
		m.Site.T.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		fmt.Sscanf(line, "VmRSS: %d", &u.memory)
		fmt.Sscanf(line, "Threads: %d", &u.threads)
	}
	files, err := os.ReadDir(filepath.Join(process, "fd"))
	if err != nil {
		m.Site.T.Fatal(err)
	}
	u.files = len(files)
	return u
}

// processesOf are the processes on a machine but for its daemon itself, and those that the daemon has not reaped.
func processesOf(m *bed.Machine) []int {
	m.Site.T.Helper()
	home, err := os.Stat(filepath.Join("/run/netns", m.Namespace))
	if err != nil {
		m.Site.T.Fatal(err)
	}
	found := make(map[int]bool)
	for _, child := range m.Running.Children() {
		found[child] = true
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		m.Site.T.Fatal(err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == m.Running.PID() {
			continue
		}
		if ns, err := os.Stat(filepath.Join("/proc", e.Name(), "ns/net")); err == nil && os.SameFile(ns, home) {
			found[pid] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}
