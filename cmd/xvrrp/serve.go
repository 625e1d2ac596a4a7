package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control"
)

// service is the process around a daemon's loop: its signals, its service manager, and what else a way of starting
// it asks for.
type service struct {
	log        *slog.Logger
	supervisor supervisor
	ready      func(context.Context, control.Handle) error         // called once, when every router has started; may be nil
	actions    map[os.Signal]func(context.Context, control.Handle) // by signal, beside stop and reload
}

// run runs the daemon until a signal ends it.
func (s *service) run(ctx context.Context, daemon func(context.Context, control.Options) error, o control.Options) error {
	ctx, restore := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer restore()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	asked := make(chan os.Signal, 16) // while one is answered; more are lost, as signals are
	signal.Notify(asked, append(slices.Collect(maps.Keys(s.actions)), syscall.SIGHUP)...)
	defer signal.Stop(asked)
	overrun := make(chan os.Signal, 1)
	signal.Notify(overrun, syscall.SIGXCPU)
	defer signal.Stop(overrun)
	o.Overrun = overrun

	started := make(chan control.Handle, 1)
	o.Ready = func(h control.Handle) { started <- h }
	attending, leave := context.WithCancel(ctx)
	defer leave()
	var attendant sync.WaitGroup
	status := summary(o)
	attendant.Go(func() {
		if err := s.attend(attending, started, asked, status); err != nil {
			stop(err)
		}
		if ctx.Err() != nil {
			restore() // another signal ends a leave that hangs
			s.supervisor.send("STOPPING=1")
		}
	})
	err := daemon(ctx, o)
	leave()
	attendant.Wait()
	return err
}

// attend answers signals once the daemon has started. Those that came before wait.
func (s *service) attend(ctx context.Context, started <-chan control.Handle, asked <-chan os.Signal, status string) error {
	var h control.Handle
	select {
	case h = <-started:
	case <-ctx.Done():
		return nil
	}
	if s.ready != nil {
		if err := s.ready(ctx, h); err != nil {
			return err
		}
	}
	s.supervisor.send("READY=1\nSTATUS=" + status)
	var proof sync.WaitGroup
	defer proof.Wait()
	proof.Go(func() { s.supervisor.prove(ctx, h) })
	for {
		select {
		case sig := <-asked:
			if act := s.actions[sig]; act != nil {
				act(ctx, h)
			} else {
				s.reload(ctx, h)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// reload has the daemon read its configuration anew. The daemon logs what came of it; the problems of the file are
// logged here, since whoever sent a signal sees no answer.
func (s *service) reload(ctx context.Context, h control.Handle) {
	s.supervisor.send("RELOADING=1\nMONOTONIC_USEC=" + monotonic())
	plan, err := h.Reload(ctx, false)
	s.supervisor.send("READY=1")
	for _, problem := range plan.Problems {
		s.log.Warn("configuration: " + problem)
	}
	if err != nil {
		s.log.Error("the configuration was not reloaded", "err", err)
	}
}

// monotonic is this instant of CLOCK_MONOTONIC in microseconds, by which systemd tells reloads apart.
func monotonic() string {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return "0" // cannot fail for this clock
	}
	return fmt.Sprint(now.Nano() / 1000)
}

// summary is what systemctl status shows.
func summary(o control.Options) string {
	if o.Config == nil {
		return "observing " + strings.Join(o.Ifaces, ", ")
	}
	text := counted(len(o.Config.Routers), "router")
	if o.ConfigPath != "" {
		text += " of " + o.ConfigPath
	}
	return text
}
