package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/lab"
)

// actor is a host with its daemon.
type actor struct {
	*lab.Host
	addr    netip.Addr
	dir     string // runtime directory
	program string // that it runs; this one if empty
	args    []string
	log     string
	daemon  *api.Client
	pid     int
	ended   <-chan struct{} // closed when the process is gone; nil before it is started
	dead    bool            // its daemon was killed on purpose
	off     bool            // and its cable is cut
}

// start runs the daemon inside the host.
func (h *actor) start() error {
	program := h.program
	if program == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		program = self
	}
	log, err := os.Create(h.log)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := h.Command(context.Background(), program, h.args...)
	cmd.Stdout, cmd.Stderr = log, log
	// Ctrl-C is for the demo alone; if the demo is killed, its daemons are too.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error), make(chan struct{})
	go attend(cmd, started, ended)
	if err := <-started; err != nil {
		return fmt.Errorf("start %s on %s: %w", program, h.Name, err)
	}
	h.pid, h.ended = cmd.Process.Pid, ended
	return nil
}

// attend starts the process and stays with it. It keeps its thread, because the kernel takes the end of the thread
// that started a process for the end of its parent.
func attend(cmd *exec.Cmd, started chan<- error, ended chan<- struct{}) {
	runtime.LockOSThread()
	err := cmd.Start()
	started <- err
	if err == nil {
		_ = cmd.Wait() // how it ends is told by its log
	}
	close(ended)
}

// kill ends the host's daemon as a crash would.
func (h *actor) kill() error {
	h.dead = true
	if err := syscall.Kill(h.pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill xvrrp on %s: %w", h.Name, err)
	}
	<-h.ended
	return nil
}

// awaitAnswer waits until the host's daemon can be asked.
func (h *actor) awaitAnswer(ctx context.Context) error {
	return poll(ctx, "xvrrp on "+h.Name+" does not answer", func() (bool, error) {
		_, err := h.router(ctx)
		return err == nil, h.failed(err)
	})
}

// failed is why there is nothing to wait for, if asking the host's daemon ended in err.
func (h *actor) failed(err error) error {
	select {
	case <-h.ended:
		return fmt.Errorf("the daemon on %s has ended", h.Name)
	default:
	}
	if errors.Is(err, api.ErrNoDaemon) || errors.Is(err, api.ErrBusy) { // it is still starting
		return nil
	}
	return err
}

// router is what the host's daemon says of its one router.
func (h *actor) router(ctx context.Context) (api.Router, error) {
	s, err := h.daemon.Status(ctx)
	if err != nil {
		return api.Router{}, err
	}
	if len(s.Routers) != 1 {
		return api.Router{}, fmt.Errorf("xvrrp on %s has %d routers", h.Name, len(s.Routers))
	}
	return s.Routers[0], nil
}

// promotions are the events of a host having become master, oldest first.
func (h *actor) promotions(ctx context.Context) (out []api.Event, err error) {
	for e, err := range h.daemon.Events(ctx, 0, false) {
		if err != nil {
			return nil, err
		}
		if e.Kind == "transition" && e.To == "master" {
			out = append(out, e)
		}
	}
	return out, nil
}
