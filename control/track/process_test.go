package track

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// program is a shell under a name of its own.
type program struct {
	t    *testing.T
	path string
	pipe string // its processes wait for somebody to write here, which nobody does
}

func newProgram(t *testing.T, name string) *program {
	t.Helper()
	dir := t.TempDir()
	p := &program{t, filepath.Join(dir, name), filepath.Join(dir, "pipe")}
	if err := os.Symlink("/bin/sh", p.path); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(p.pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// run runs a line of shell that ends with the test; in it $0 is the pipe.
func (p *program) run(line string, args ...string) (end func()) {
	p.t.Helper()
	c := exec.Command(p.path, append([]string{"-c", line, p.pipe}, args...)...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	end = sync.OnceFunc(func() {
		unix.Kill(-c.Process.Pid, unix.SIGKILL)
		c.Wait()
	})
	p.t.Cleanup(end)
	return end
}

const (
	waits = `read x <$0`
	forks = `(read x <$0) & read x <$0`
)

func watchProcess(t *testing.T, o ProcessOptions) *watch {
	o.Key, o.Name = "process:p", "p"
	return start(t, func(s *Shared) Tracker { return s.Process(o) })
}

func TestProcess(t *testing.T) {
	p := newProgram(t, "xv-track-life")
	w := watchProcess(t, ProcessOptions{Argv: []string{"xv-track-life"}, Quorum: 1, QuorumMax: 1})
	w.expect(false, "processes xv-track-life: 0, want at least 1")
	end := p.run(waits)
	w.expect(true, "")
	w.log.has(t, "Quorum gained for tracked process p")
	end()
	w.expect(false, "0, want at least 1")
	w.log.has(t, "Quorum lost for tracked process p")
	end = p.run(forks)
	w.until(false, "processes xv-track-life: 2, want at most 1")
	end()
	w.until(false, "0, want at least 1")
}

// TestProcessThere: what runs already counts, and a name longer than the kernel keeps is cut as it cuts it.
func TestProcessThere(t *testing.T) {
	newProgram(t, "xv-track-there-already").run(waits)
	eventually(t, "the process under its name", func() bool {
		for pid := range pids() {
			if processName(pid) == "xv-track-there-" {
				return true
			}
		}
		return false
	})
	w := watchProcess(t, ProcessOptions{Argv: []string{"xv-track-there-"}, Quorum: 1, QuorumMax: -1})
	w.expect(true, "")
}

func TestProcessRenamed(t *testing.T) {
	w := watchProcess(t, ProcessOptions{Argv: []string{"xv-track-later"}, Quorum: 1, QuorumMax: -1})
	w.expect(false, "0, want at least 1")
	newProgram(t, "xv-track-first").run(`printf xv-track-later >/proc/$$/comm; ` + waits)
	w.expect(true, "")
}

func TestProcessArguments(t *testing.T) {
	p := newProgram(t, "xv-track-args")
	w := watchProcess(t, ProcessOptions{Argv: []string{p.path, "-c", waits, p.pipe, "--por"}, Match: MatchInitial, FullCommand: true, Quorum: 1, QuorumMax: -1})
	w.expect(false, "0, want at least 1")
	p.run(waits, "--other")
	p.run(waits, "--port=1")
	w.expect(true, "")
}

// TestProcessDelays: what does not last is no news. Nothing runs here, the test says what does.
func TestProcessDelays(t *testing.T) {
	const quiet, up, few, many = "quiet", "", "0, want at least 1", "2, want at most 1"
	type change struct {
		pid    int
		counts bool
		why    cause
		want   string // the result that follows
	}
	tests := map[string]struct {
		o       ProcessOptions
		changes []change
	}{
		"no delay":                     {ProcessOptions{}, []change{{1, true, forked, up}, {1, false, ended, few}}},
		"a fork that lasts":            {ProcessOptions{ForkDelay: time.Millisecond, TerminateDelay: time.Hour}, []change{{1, true, forked, up}}},
		"a fork that does not last":    {ProcessOptions{ForkDelay: time.Hour}, []change{{1, true, forked, quiet}, {2, true, found, many}}},
		"an exec waits for nothing":    {ProcessOptions{ForkDelay: time.Hour}, []change{{1, true, found, up}}},
		"an end that lasts":            {ProcessOptions{ForkDelay: time.Hour, TerminateDelay: time.Millisecond}, []change{{1, true, found, up}, {1, false, ended, few}}},
		"a restart":                    {ProcessOptions{TerminateDelay: time.Hour}, []change{{1, true, found, up}, {1, false, ended, quiet}, {3, true, found, quiet}, {2, true, found, many}}},
		"a fork on the way to an exec": {ProcessOptions{ForkDelay: time.Hour}, []change{{1, true, found, up}, {2, true, forked, quiet}, {2, false, found, quiet}, {1, false, ended, few}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.o.Argv, test.o.Quorum, test.o.QuorumMax = []string{"xv-nosuch"}, 1, 1
			p := newProcesses(discard)
			w := start(t, func(*Shared) Tracker { return &processTracker{test.o, discard, p} })
			w.expect(false, few)
			search := slices.Collect(maps.Keys(p.searches))[0]
			for _, c := range test.changes {
				p.mu.Lock()
				search.set(c.pid, c.counts, c.why)
				p.mu.Unlock()
				if c.want == quiet {
					// Whoever takes a second notice has done with the first.
					for range 2 {
						eventually(t, "notice of a change", func() bool { return len(search.changed) == 0 })
						poke(search.changed)
					}
					continue
				}
				w.expect(c.want == up, c.want)
			}
		})
	}
}

func TestPattern(t *testing.T) {
	const name = "haproxy"
	args := []string{"/usr/sbin/haproxy", "-f", "/etc/haproxy.cfg", "-Ws"}
	tests := map[string]struct {
		p    pattern
		want bool
	}{
		"name":                   {pattern{argv: []string{"haproxy"}}, true},
		"beginning of the name":  {pattern{argv: []string{"hapro"}}, false},
		"path for a name":        {pattern{argv: args[:1]}, false},
		"full command":           {pattern{argv: args[:1], full: true}, true},
		"name for full command":  {pattern{argv: []string{"haproxy"}, full: true}, false},
		"exact":                  {pattern{args, MatchExact, true}, true},
		"exact, one missing":     {pattern{args[:3], MatchExact, true}, false},
		"exact, none wanted":     {pattern{args[:1], MatchExact, true}, false},
		"exact, one more":        {pattern{append(args[:4:4], "-d"), MatchExact, true}, false},
		"partial":                {pattern{args[:3], MatchPartial, true}, true},
		"partial, all":           {pattern{args, MatchPartial, true}, true},
		"partial, none wanted":   {pattern{args[:1], MatchPartial, true}, true},
		"partial, one cut":       {pattern{[]string{args[0], "-f", "/etc/h"}, MatchPartial, true}, false},
		"partial, one more":      {pattern{append(args[:4:4], "-d"), MatchPartial, true}, false},
		"partial, in the middle": {pattern{[]string{args[0], "-Ws"}, MatchPartial, true}, false},
		"initial":                {pattern{[]string{args[0], "-f", "/etc/h"}, MatchInitial, true}, true},
		"initial, not the last":  {pattern{[]string{args[0], "-", "/etc/h"}, MatchInitial, true}, false},
		"initial, none wanted":   {pattern{args[:1], MatchInitial, true}, true},
		"initial, one more":      {pattern{append(args[:4:4], ""), MatchInitial, true}, false},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			if got := test.p.matches(name, args); got != test.want {
				t.Errorf("%+v matches: %t, want %t", test.p, got, test.want)
			}
		})
	}
}

// TestProcessesWithoutEvents: in another network namespace the kernel tells of no processes, /proc does.
func TestProcessesWithoutEvents(t *testing.T) {
	needsRoot(t, "a network namespace")
	log := new(logLines)
	p := newProcesses(slog.New(slog.NewTextHandler(log, nil)))
	search := p.add(pattern{argv: []string{"xv-track-scan"}})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		runtime.LockOSThread() // never unlocked: the namespace ends with the thread
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Error(err)
			return
		}
		p.serve(ctx)
	})
	defer wg.Wait()
	defer cancel()

	log.has(t, "looked up in /proc every second")
	end := newProgram(t, "xv-track-scan").run(waits)
	eventually(t, "a process found", func() bool { n, _ := p.count(search); return n == 1 })
	end()
	eventually(t, "no process left", func() bool { n, why := p.count(search); return n == 0 && why == ended })
}

// TestEventsLost: a receiver that is too slow is told.
func TestEventsLost(t *testing.T) {
	needsRoot(t, "process events")
	c, err := dialConnector()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := c.subscribe(); err != nil {
		t.Fatal(err)
	}
	raw, err := c.socket.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 1) }); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := exec.Command("/bin/true").Run(); err != nil {
			t.Fatal(err)
		}
	}
	for {
		if _, err := c.next(); err == errEventsLost {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
