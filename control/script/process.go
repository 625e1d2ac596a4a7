package script

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/sched"
)

const (
	// termGrace is how long a command may take to end when it is asked to.
	termGrace = 2 * time.Second
	// killGrace is how long the kernel may take to end a process with SIGKILL. Only one that is stuck inside the
	// kernel, behind a dead disk or file server, takes longer.
	killGrace = time.Second
)

// errTimeout is why a process was not left to end by itself.
var errTimeout = errors.New("timed out")

// process is a running command, the leader of a process group. It is reaped after its group has been dealt with: as
// long as it is not, the kernel gives its number to nobody else.
type process struct {
	leader *os.Process
	fd     *os.File      // pidfd, watched by the runtime's poller: a command that runs costs no thread
	ended  chan struct{} // closed when the leader has ended
}

// start starts the command.
func (c *Command) start() (*process, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	fd := -1
	var leader *os.Process
	sched.Spawn(func() {
		leader, err = os.StartProcess(c.path, c.argv, &os.ProcAttr{
			Files: []*os.File{null, null, null},
			Sys:   &syscall.SysProcAttr{Setpgid: true, Credential: c.credential, PidFD: &fd},
		})
	})
	if err != nil {
		return nil, err
	}
	p := &process{leader: leader, ended: make(chan struct{})}
	if err := p.watch(fd); err != nil {
		unix.Kill(-leader.Pid, unix.SIGKILL)
		_, _ = leader.Wait()
		return nil, fmt.Errorf("watch process of %s: %w", c, err)
	}
	return p, nil
}

// watch closes p.ended when the process behind a pidfd has ended.
func (p *process) watch(fd int) error {
	if fd < 0 {
		return errors.New("the kernel has no pidfd (Linux 5.4 does)")
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return err
	}
	p.fd = os.NewFile(uintptr(fd), "pidfd")
	raw, err := p.fd.SyscallConn()
	if err != nil {
		p.fd.Close()
		return err
	}
	go func() {
		defer close(p.ended)
		_ = raw.Read(func(fd uintptr) bool { return hasEnded(int(fd)) }) // fails when fd is closed, which reap does
	}()
	return nil
}

// hasEnded reports whether a process has ended, without reaping it.
func hasEnded(pidfd int) bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PIDFD, pidfd, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err != nil || info.Signo != 0
}

func (p *process) pid() int { return p.leader.Pid }

// wait waits for the leader to end by itself. The error says why it was not waited for any longer.
func (p *process) wait(ctx context.Context, timeout time.Duration) error {
	var limit <-chan time.Time
	if timeout > 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		limit = timer.C
	}
	select {
	case <-p.ended:
		return nil
	case <-limit:
		return errTimeout
	case <-ctx.Done():
		return fmt.Errorf("stopped before it ended: %w", context.Cause(ctx))
	}
}

// terminate ends the whole group, first with a request, and reports whether the leader has ended.
func (p *process) terminate() bool {
	_ = unix.Kill(-p.pid(), unix.SIGTERM)
	p.endsWithin(termGrace)
	_ = unix.Kill(-p.pid(), unix.SIGKILL) // also what the leader, which may have ended, has left behind
	return p.endsWithin(killGrace)
}

func (p *process) endsWithin(grace time.Duration) bool {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.ended:
		return true
	case <-timer.C:
		return false
	}
}

// reap frees the process, which has ended, and says how it ended.
func (p *process) reap() (syscall.WaitStatus, error) {
	defer p.fd.Close()
	state, err := p.leader.Wait()
	if err != nil {
		return 0, err
	}
	return state.Sys().(syscall.WaitStatus), nil
}
