package main

import (
	"log/slog"
	"net"
)

// supervisor is systemd's end of sd_notify(3): a datagram socket that takes lines of NAME=value.
type supervisor struct {
	path string // NOTIFY_SOCKET; empty: nobody listens
	log  *slog.Logger
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
