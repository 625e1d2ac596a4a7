package script

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/sched"
)

// shell prepares a shell command line that runs as whoever runs the tests.
func shell(t *testing.T, line string) *Command {
	t.Helper()
	return prepared(t, Spec{Argv: []string{"/bin/sh", "-c", line}, User: strconv.Itoa(os.Getuid())})
}

func prepared(t *testing.T, s Spec) *Command {
	t.Helper()
	c, _, err := Prepare(s, Policy{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 1000 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("never happened: %s", what)
}

// alive reports whether a process is there and has not ended.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}

// pids reads the process numbers that a command has written to a file.
func pids(t *testing.T, path string, want int) (found []int) {
	t.Helper()
	eventually(t, "process numbers in "+path, func() bool {
		b, _ := os.ReadFile(path)
		return strings.Count(string(b), "\n") == want
	})
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(string(b)) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, pid)
	}
	return found
}

func TestRun(t *testing.T) {
	tests := map[string]struct {
		line    string
		timeout time.Duration
		want    string
		ok      bool
	}{
		"success":                   {line: "true", want: "exited with status 0", ok: true},
		"failure":                   {line: "exit 7", want: "exited with status 7"},
		"signal":                    {line: "kill -9 $$", want: "ended by SIGKILL"},
		"in time":                   {line: "true", timeout: time.Minute, want: "exited with status 0", ok: true},
		"hangs":                     {line: "exec sleep 1000", timeout: 50 * time.Millisecond, want: "timed out after"},
		"exits 0 when asked to end": {line: "trap 'exit 0' TERM; while :; do sleep 0.01; done", timeout: 50 * time.Millisecond, want: "timed out after"},
		"floods its output":         {line: "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; exit 3", want: "exited with status 3"},
		"reads its input":           {line: "read x || exit 4", want: "exited with status 4"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := shell(t, test.line).Run(t.Context(), test.timeout)
			if !strings.HasPrefix(r.String(), test.want) || r.OK() != test.ok {
				t.Errorf("%q (ok %t), want %q (ok %t)", r, r.OK(), test.want, test.ok)
			}
		})
	}
}

// TestTimeoutEndsGroup: what a command has forked ends with it, whether it listens to SIGTERM or not.
func TestTimeoutEndsGroup(t *testing.T) {
	tests := map[string]struct {
		line string
		took time.Duration // at least, beyond the timeout: SIGKILL comes after SIGTERM was ignored
	}{
		"child hangs":         {line: "sleep 1000 & echo $! >%[1]s; echo $$ >>%[1]s; wait"},
		"child ignores it":    {line: "(trap '' TERM; exec sleep 1000) & echo $! >%[1]s; echo $$ >>%[1]s; wait"},
		"ignores it":          {line: "trap '' TERM; echo $$ >%[1]s; echo $$ >>%[1]s; while :; do sleep 1; done", took: termGrace},
		"all of them ignore":  {line: "trap '' TERM; sleep 1000 & echo $! >%[1]s; echo $$ >>%[1]s; wait", took: termGrace},
		"stops itself":        {line: "echo $$ >%[1]s; echo $$ >>%[1]s; kill -STOP $$", took: termGrace},
		"child stops and all": {line: "sleep 1000 & echo $! >%[1]s; echo $$ >>%[1]s; kill -STOP $!; wait"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "pids")
			began := time.Now()
			r := shell(t, fmt.Sprintf(test.line, file)).Run(t.Context(), 500*time.Millisecond)
			if !r.TimedOut || r.OK() {
				t.Errorf("%q, want a timeout", r)
			}
			if took := time.Since(began); took < 500*time.Millisecond+test.took {
				t.Errorf("ended after %v, want at least %v for the request to end", took, test.took)
			}
			for _, pid := range pids(t, file, 2) {
				eventually(t, fmt.Sprintf("end of process %d", pid), func() bool { return !alive(pid) })
			}
		})
	}
}

// TestLeavesWhatEndsInTime: a notify script may start a service that stays.
func TestLeavesWhatEndsInTime(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pids")
	r := shell(t, "sleep 1000 & echo $! >"+file).Run(t.Context(), time.Minute)
	if !r.OK() {
		t.Fatalf("%q", r)
	}
	child := pids(t, file, 1)[0]
	if !alive(child) {
		t.Error("what the command left running has ended")
	}
	if err := unix.Kill(child, unix.SIGKILL); err != nil {
		t.Error(err)
	}
}

func TestContextEndsRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pids")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		pids(t, file, 1)
	}()
	r := shell(t, "echo $$ >"+file+"; exec sleep 1000").Run(ctx, 0)
	if want := "stopped before it ended: context canceled"; r.String() != want || r.OK() {
		t.Errorf("%q, want %q", r, want)
	}
	if alive(pids(t, file, 1)[0]) {
		t.Error("the command still runs")
	}
}

// TestRunLeavesNothing: neither zombies nor goroutines nor descriptors.
func TestRunLeavesNothing(t *testing.T) {
	c := shell(t, "exit 1")
	c.Run(t.Context(), time.Second) // what the runtime sets up once
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	for range 20 {
		c.Run(t.Context(), time.Second)
	}
	eventually(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= goroutines })
	if now := descriptors(t); now > files {
		t.Errorf("%d descriptors, %d before", now, files)
	}
	if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != unix.ECHILD {
		t.Errorf("wait: process %d, %v; want no child left", pid, err)
	}
}

func descriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestAbandoned: while a process does not die the command is not run again; that ends with the process.
func TestAbandoned(t *testing.T) {
	c := shell(t, "exec sleep 1000")
	p, err := c.start()
	if err != nil {
		t.Fatal(err)
	}
	c.abandon(p)
	want := fmt.Sprintf("not run: process %d of an earlier run does not die", p.pid())
	if r := c.With("argument").Run(t.Context(), time.Second); r.String() != want || r.OK() {
		t.Errorf("%q, want %q", r, want)
	}
	if err := unix.Kill(p.pid(), unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "leave to run again", func() bool { return c.stuck.Load() == 0 })
}

func TestWith(t *testing.T) {
	c := shell(t, `test "$1 $2" = "VI_1 MASTER"`)
	told := c.With("sh", "VI_1", "MASTER")
	if r := told.Run(t.Context(), 0); !r.OK() {
		t.Errorf("with arguments: %q", r)
	}
	if r := c.Run(t.Context(), 0); r.OK() {
		t.Error("the command itself got the arguments too")
	}
	if got, want := told.String(), `/bin/sh -c test "$1 $2" = "VI_1 MASTER" sh VI_1 MASTER`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestCannotStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "check")
	if err := os.WriteFile(path, []byte("no shebang, no program"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := prepared(t, Spec{Argv: []string{path}, User: strconv.Itoa(os.Getuid())}).Run(t.Context(), time.Second)
	if r.OK() || !strings.Contains(r.String(), "exec format error") {
		t.Errorf("%q, want the format error", r)
	}
}

// TestOrdinary: a command is an ordinary process, however important or unimportant we make ourselves.
func TestOrdinary(t *testing.T) {
	file := filepath.Join(t.TempDir(), "child")
	c := shell(t, `(cut -d" " -f40,41 /proc/self/stat; grep -e VmLck -e Cpus_allowed_list /proc/self/status; grep realtime /proc/self/limits; nice) >`+file)
	describe := func() (ordinary, nice string) {
		t.Helper()
		if r := c.Run(t.Context(), time.Minute); !r.OK() {
			t.Fatalf("%q", r)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		return strings.Join(lines[:len(lines)-1], "\n"), lines[len(lines)-1]
	}
	before, nice := describe()
	inherited, err := strconv.Atoi(nice)
	if err != nil || inherited < 0 {
		t.Fatalf("niceness %s, %v, want 0 or what these tests were started with", nice, err)
	}
	t.Cleanup(func() { sched.Apply(sched.Settings{Nice: inherited}) })
	for _, is := range []struct {
		name     string
		settings sched.Settings
		nice     string
	}{
		{"real-time", sched.Settings{RealTime: 1, Limit: time.Minute, CPUs: []int{0}}, "0"},
		{"ahead of others", sched.Settings{Nice: -3}, nice},
		{"behind others", sched.Settings{Nice: inherited + 3}, nice},
	} {
		if got := sched.Apply(is.settings); got.Refused != nil {
			t.Skipf("needs CAP_SYS_NICE and CAP_IPC_LOCK: %v", got.Refused)
		}
		if after, nice := describe(); after != before || nice != is.nice {
			t.Errorf("while we are %s a child is\n%s\nwith niceness %s, want\n%s\nwith niceness %s", is.name, after, nice, before, is.nice)
		}
	}
}
