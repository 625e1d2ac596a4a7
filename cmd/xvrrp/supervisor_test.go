package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control"
)

func TestWatchdog(t *testing.T) {
	for _, c := range []struct {
		name      string
		usec, pid string
		want      time.Duration
	}{
		{"none", "", "", 0},
		{"whoever it is for", "3000000", "", 3 * time.Second},
		{"for us", "500", "42", 500 * time.Microsecond},
		{"for another process", "3000000", "41", 0},
		{"no number", "soon", "42", 0},
		{"below zero", "-1", "42", 0},
		{"none in zero time", "0", "42", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			vars := map[string]string{"WATCHDOG_USEC": c.usec, "WATCHDOG_PID": c.pid}
			if got := watchdog(func(name string) string { return vars[name] }, 42); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// mortal is a daemon whose loop answers some questions and then no more.
type mortal struct {
	control.Handle
	answers int
}

func (m *mortal) Alive(context.Context) error {
	if m.answers == 0 {
		return errors.New("hangs")
	}
	m.answers--
	return nil
}

func TestOnlyALoopThatAnswersIsProven(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := supervisor{path: path, watchdog: time.Millisecond, log: slog.New(slog.DiscardHandler)}
	s.prove(t.Context(), &mortal{answers: 3})
	s.send("STOPPING=1")
	for _, want := range []string{"WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"} {
		b := make([]byte, 64)
		n, err := l.Read(b)
		if err != nil || string(b[:n]) != want {
			t.Errorf("told %q (%v), want %s", b[:n], err, want)
		}
	}
}
