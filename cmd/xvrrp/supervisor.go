package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/xvrrp/xvrrp/control"
)

// supervisor is systemd's end of sd_notify(3): a datagram socket that takes lines of NAME=value.
type supervisor struct {
	path     string        // empty: nobody listens
	watchdog time.Duration // within which it wants a sign of life; 0: never
	log      *slog.Logger
}

// newSupervisor finds the service manager that started this process, if one did.
func newSupervisor(getenv func(string) string, log *slog.Logger) supervisor {
	return supervisor{path: getenv("NOTIFY_SOCKET"), watchdog: watchdog(getenv, os.Getpid()), log: log}
}

// watchdog is within what time process pid has to give a sign of life (sd_watchdog_enabled(3)).
func watchdog(getenv func(string) string, pid int) time.Duration {
	if of := getenv("WATCHDOG_PID"); of != "" && of != strconv.Itoa(pid) {
		return 0
	}
	us, err := strconv.ParseUint(getenv("WATCHDOG_USEC"), 10, 32)
	if err != nil {
		return 0
	}
	return time.Duration(us) * time.Microsecond
}

// send tells the supervisor something. That it cannot be told is no reason to stop.
func (s supervisor) send(state string) {
	if s.path == "" {
		return
	}
	// Package net reads a leading @ as systemd means it: a name in the abstract namespace.
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.path, Net: "unixgram"})
	if err == nil {
		defer conn.Close()
		_, err = conn.Write([]byte(state))
	}
	if err != nil {
		s.log.Warn("the service manager was not told", "state", state, "err", err)
	}
}

// prove tells the supervisor twice in each interval that the loop answers. A loop that hangs proves nothing, and the
// supervisor ends the process.
func (s supervisor) prove(ctx context.Context, h control.Handle) {
	if s.watchdog == 0 {
		return
	}
	tick := time.NewTicker(s.watchdog / 2)
	defer tick.Stop()
	for h.Alive(ctx) == nil {
		s.send("WATCHDOG=1")
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
