package interop

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything but a protocol deadline may take on a busy machine.
const patience = 20 * time.Second

// until polls a condition; what it waits for is named if it never comes.
func until(t testing.TB, what string, limit time.Duration, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no sign in %s of: %s", limit, what)
		}
	}
}

// process is a program that runs in a namespace and writes to a log of its own.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string
	from int64         // where this run begins in the log
	done chan struct{} // closed once it has been waited for
}

// start runs a program with its output in dir/name.log. It is killed at the end of the test; the log is shown if
// the test failed.
func start(t testing.TB, dir, name string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{name: name, cmd: cmd, log: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if p.from, err = out.Seek(0, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // as a service: the scheduler shares processors by session
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", name, p.written())
		}
	})
	return p
}

// written is what this run has written so far.
func (p *process) written() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(b[p.from:])
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// kill ends the process and its children as a power cut would: none of them gets to say goodbye.
func (p *process) kill() {
	if p.ended() {
		return
	}
	p.cmd.Process.Signal(syscall.SIGSTOP) // lest it starts a child anew
	for _, child := range children(p.cmd.Process.Pid) {
		syscall.Kill(child, syscall.SIGKILL)
	}
	p.cmd.Process.Kill()
	<-p.done
}

// stop asks the process to end, and waits until it has.
func (p *process) stop(t testing.TB) {
	t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	until(t, "the end of "+p.name, patience, p.ended)
}

// children lists the child processes of pid.
func children(pid int) []int {
	var found []int
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		b, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has ended
		}
		for _, word := range strings.Fields(string(b)) {
			var child int
			if _, err := fmt.Sscan(word, &child); err == nil {
				found = append(found, child)
			}
		}
	}
	return found
}

// unpacked runs test/peers.sh for a package once and reports why it is not to be had.
func unpacked(t testing.TB, pkg string) {
	t.Helper()
	unpackMu.Lock()
	defer unpackMu.Unlock()
	err, known := unpacks[pkg]
	if !known {
		out, runErr := exec.Command(peersScript, pkg).CombinedOutput()
		if runErr != nil {
			err = errors.New(string(bytes.TrimSpace(out)))
		}
		unpacks[pkg] = err
	}
	if err != nil {
		t.Skipf("needs %s: %v", pkg, err)
	}
}

const peersScript = "../peers.sh"

var (
	unpackMu sync.Mutex
	unpacks  = map[string]error{} // by package
)
