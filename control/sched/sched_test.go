package sched_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/sched"
)

// apply puts settings in force until the test ends.
func apply(t *testing.T, s sched.Settings) sched.Standing {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: CAP_SYS_NICE, CAP_IPC_LOCK")
	}
	got := sched.Apply(s)
	t.Cleanup(func() { sched.Apply(sched.Settings{}) })
	if got.Refused != nil {
		t.Fatalf("%+v: %v", s, got.Refused)
	}
	return got
}

// threads describes each thread: policy, priority, niceness, number of processors.
func threads(t *testing.T) map[string]bool {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, e := range entries {
		var id int
		fmt.Sscan(e.Name(), &id)
		attr, err := unix.SchedGetAttr(id, 0)
		if err != nil {
			continue // it has ended
		}
		var cpus unix.CPUSet
		if err := unix.SchedGetaffinity(id, &cpus); err != nil {
			continue
		}
		policy := map[uint32]string{unix.SCHED_NORMAL: "normal", unix.SCHED_RR: "rr"}[attr.Policy]
		found[fmt.Sprintf("%s %d %d cpus %d", policy, attr.Priority, attr.Nice, cpus.Count())] = true
	}
	return found
}

// more makes the runtime begin threads.
func more(t *testing.T) {
	var wg sync.WaitGroup
	release := make(chan struct{})
	ready := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			ready <- struct{}{}
			<-release
		})
	}
	for range 4 {
		<-ready
	}
	t.Cleanup(func() { close(release); wg.Wait() })
}

func TestApply(t *testing.T) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	everywhere := fmt.Sprintf("cpus %d", all.Count())
	tests := map[string]struct {
		settings sched.Settings
		threads  string
		text     string
	}{
		"real-time":      {settings: sched.Settings{RealTime: 7, Nice: -3, Limit: time.Minute}, threads: "rr 7 0 " + everywhere, text: "real-time priority 7, memory locked"},
		"ordinary":       {settings: sched.Settings{Nice: -3}, threads: "normal 0 -3 " + everywhere, text: "niceness -3, memory locked"},
		"one processor":  {settings: sched.Settings{CPUs: []int{0}}, threads: "normal 0 0 cpus 1", text: "niceness 0, on processors 0, memory locked"},
		"nothing at all": {threads: "normal 0 0 " + everywhere, text: "niceness 0, memory locked"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := apply(t, tt.settings)
			more(t)
			if all := threads(t); len(all) != 1 || !all[tt.threads] {
				t.Errorf("threads are %v, want %s", all, tt.threads)
			}
			if got.Text != tt.text {
				t.Errorf("in force %q, want %q", got.Text, tt.text)
			}
		})
	}
}

// The last word counts, whatever was in force.
func TestApplyAgain(t *testing.T) {
	apply(t, sched.Settings{RealTime: 7, Nice: -3, Limit: time.Minute, CPUs: []int{0}})
	apply(t, sched.Settings{Nice: 5})
	if all := threads(t); len(all) != 1 || all["normal 0 5 cpus 1"] && runtime.NumCPU() > 1 {
		t.Errorf("threads are %v", all)
	}
}

// Memory that is locked stays absent until it is touched.
func TestLockingBringsNothingIn(t *testing.T) {
	apply(t, sched.Settings{})
	before := resident(t)
	const size = 64 << 20
	absent, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(absent)
	if grown := resident(t) - before; grown > size/2 {
		t.Errorf("%d bytes came in", grown)
	}
}

// resident is how much memory the process has, in bytes.
func resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, pages int
	fmt.Sscan(string(text), &size, &pages)
	return pages * os.Getpagesize()
}

// unprivileged marks the process that TestRefused starts.
const unprivileged = "XVRRP_TEST_UNPRIVILEGED"

// What is not granted leaves the process as it was, and says who could grant it.
func TestRefused(t *testing.T) {
	if os.Getenv(unprivileged) == "" {
		// In a user namespace of its own a process has no privilege that the kernel asks for here.
		c := exec.Command(os.Args[0], "-test.run=^TestRefused$", "-test.v")
		c.Env = append(os.Environ(), unprivileged+"=1")
		c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
		out, err := c.CombinedOutput()
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) {
			t.Skipf("no user namespace: %v", err)
		}
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	var limit unix.Rlimit
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		t.Fatal(err)
	}
	got := sched.Apply(sched.Settings{RealTime: 7, Nice: -3, Limit: time.Minute})
	for _, want := range []string{"real-time priority 7", "niceness -3", "CAP_SYS_NICE", "LimitMEMLOCK"} {
		if got.Refused == nil || !strings.Contains(got.Refused.Error(), want) {
			t.Errorf("refused: %v, want %s", got.Refused, want)
		}
	}
	if got.Text != "niceness 0" {
		t.Errorf("in force %q", got.Text)
	}
}
