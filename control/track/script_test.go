package track

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/script"
)

// shell prepares a shell command line.
func shell(t *testing.T, line string) *script.Command {
	t.Helper()
	c, _, err := script.Prepare(script.Spec{Argv: []string{"/bin/sh", "-c", line}, User: strconv.Itoa(os.Getuid())}, script.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// says returns a command that exits with the status in a file, and a function that changes it.
func says(t *testing.T, status string) (line string, change func(string)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "status")
	change = func(status string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(status), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	change(status)
	return "exit $(cat " + path + ")", change
}

func scriptWatch(t *testing.T, o ScriptOptions) *watch {
	o.Key, o.Name, o.Interval = "script:chk", "chk", 20*time.Millisecond
	if o.Timeout == 0 {
		o.Timeout = patience
	}
	return start(t, func(s *Shared) Tracker { return s.Script(o) })
}

func TestScript(t *testing.T) {
	line, change := says(t, "0")
	w := scriptWatch(t, ScriptOptions{Command: shell(t, line)})
	if r := w.next(); r != (Result{Key: "script:chk", Up: true}) {
		t.Errorf("%+v", r)
	}
	w.log.has(t, "VRRP_Script(chk) succeeded")
	change("3")
	w.expect(false, "exited with status 3")
	w.log.has(t, "Script `chk` now returning 3")
	w.log.has(t, "VRRP_Script(chk) failed (exited with status 3)")
	change("4")
	w.expect(false, "exited with status 4") // still down, for another reason
	change("0")
	w.expect(true, "")
	w.log.has(t, "Script `chk` now returning 0")
	if n := strings.Count(w.log.String(), "failed"); n != 1 {
		t.Errorf("%d failures in the log, want the one that counted:\n%s", n, w.log)
	}
}

func TestScriptSignal(t *testing.T) {
	w := scriptWatch(t, ScriptOptions{Command: shell(t, "kill -9 $$")})
	w.expect(false, "ended by SIGKILL")
	w.log.has(t, "VRRP_Script(chk) failed (due to signal 9)")
}

func TestScriptInitFail(t *testing.T) {
	w := scriptWatch(t, ScriptOptions{Command: shell(t, "exit 0"), InitFail: true, Rise: 3})
	w.expect(false, "has not succeeded yet (init_fail)")
	w.expect(false, "1 of 3 successes")
	w.expect(false, "2 of 3 successes")
	w.expect(true, "")
}

// TestScriptHangs: a script that forks and hangs costs one run at a time.
func TestScriptHangs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "runs")
	w := scriptWatch(t, ScriptOptions{Command: shell(t, "echo run >>"+file+"; sleep 1000 & wait"), Timeout: 300 * time.Millisecond})
	w.expect(false, "timed out after")
	w.log.has(t, "VRRP_Script(chk) timed_out")
	w.log.has(t, "Track script chk is already running, expect idle - skipping run")
	eventually(t, "a second run", func() bool {
		runs, _ := os.ReadFile(file)
		return strings.Count(string(runs), "run") >= 2
	})
}

func TestScriptWithoutProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "check")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	c, _, err := script.Prepare(script.Spec{Argv: []string{path}, User: strconv.Itoa(os.Getuid())}, script.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	w := scriptWatch(t, ScriptOptions{Command: c})
	w.expect(false, "no such file or directory")
	w.log.has(t, "VRRP_Script(chk) failed (fork/exec "+path+": no such file or directory)")
}
