package bed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Process is a daemon on a machine. It writes to a log of its own.
type Process struct {
	t    testing.TB
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed once it has been waited for
}

// Start starts a command that is or becomes a daemon. Like a service it has a session of its own, which where
// sessions share the processor (sched(7), autogroup) keeps the rest of the machine from starving it, and it goes
// first elsewhere. It is killed at the end of the test; its log is shown if the test failed.
func (m *Machine) Start(name string, command ...string) *Process {
	t := m.Site.T
	t.Helper()
	cmd := m.Command(context.Background(), "nice", append([]string{"-n", "-15"}, command...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out, err := os.CreateTemp(m.Site.Dir, m.Name+"-*.log")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p := &Process{t: t, name: name + " on " + m.Name, cmd: cmd, log: out.Name(), done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", p.name, err)
	}
	go func() {
		cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			// Not Log: the places of failures are to be told from a daemon's words.
			fmt.Fprintf(t.Output(), "%s wrote:\n%s\n", p.name, p.Written())
		}
	})
	m.Running = p
	return p
}

// PID is the process's.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Written is what the process has written so far.
func (p *Process) Written() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// AwaitLog waits until the process has written a text.
func (p *Process) AwaitLog(text string) {
	p.t.Helper()
	Until(p.t, fmt.Sprintf("%q in the log of %s", text, p.name), Patience, func() bool {
		if p.Ended() {
			p.t.Fatalf("%s ended", p.name)
		}
		return strings.Contains(p.Written(), text)
	})
}

// Ended tells whether the process is no more.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Signal sends a signal.
func (p *Process) Signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("signal %s: %v", p.name, err)
	}
}

// Kill ends the process and its children as a power cut would: none of them gets to say goodbye.
func (p *Process) Kill() {
	if p.Ended() {
		return
	}
	p.cmd.Process.Signal(syscall.SIGSTOP) // lest it starts a child anew
	for _, child := range p.Children() {
		syscall.Kill(child, syscall.SIGKILL)
	}
	p.cmd.Process.Kill()
	<-p.done
}

// Stop asks the process to end, and demands that it ends well.
func (p *Process) Stop() {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	if code := p.Await(); code != 0 {
		p.t.Errorf("%s ended with exit code %d after SIGTERM, want 0", p.name, code)
	}
}

// Await waits for the process's own end and returns its exit code.
func (p *Process) Await() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(Patience):
		p.t.Fatalf("%s has not ended after %s", p.name, Patience)
	}
	return p.cmd.ProcessState.ExitCode()
}

// Children lists the child processes.
func (p *Process) Children() (pids []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.PID()))
	for _, task := range tasks {
		b, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has ended
		}
		for _, word := range strings.Fields(string(b)) {
			var child int
			if _, err := fmt.Sscan(word, &child); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}
