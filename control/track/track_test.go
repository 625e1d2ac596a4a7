package track

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// watch is a tracker at work.
type watch struct {
	t       *testing.T
	results chan Result
	log     *logLines
	cancel  context.CancelFunc
	ended   chan error
}

// start runs the tracker that made returns.
func start(t *testing.T, made func(s *Shared) Tracker) *watch {
	t.Helper()
	w := &watch{t: t, results: make(chan Result), log: new(logLines), ended: make(chan error, 1)}
	shared := NewShared(slog.New(slog.NewTextHandler(w.log, nil)))
	tracker := made(shared)
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	var wg sync.WaitGroup
	wg.Go(func() { shared.Run(ctx) })
	wg.Go(func() { w.ended <- tracker.Run(ctx, w.results) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return w
}

// patience is how long a test waits for what has to happen.
const patience = 20 * time.Second

// next waits for the next result.
func (w *watch) next() Result {
	w.t.Helper()
	select {
	case r := <-w.results:
		return r
	case err := <-w.ended:
		w.t.Fatalf("ended: %v", err)
	case <-time.After(patience):
		w.t.Fatalf("no result; the log says\n%s", w.log)
	}
	panic("unreachable")
}

// expect waits for the next result and holds it against what it should be.
func (w *watch) expect(up bool, detail string) {
	w.t.Helper()
	if r := w.next(); r.Up != up || !strings.Contains(r.Detail, detail) || detail == "" && r.Detail != "" {
		w.t.Fatalf("up %t %q, want up %t %q", r.Up, r.Detail, up, detail)
	}
}

// until waits for a result that is as wanted; results before it may differ.
func (w *watch) until(up bool, detail string) {
	w.t.Helper()
	for {
		if r := w.next(); r.Up == up && strings.Contains(r.Detail, detail) {
			return
		}
	}
}

// logLines collects log lines.
type logLines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// has waits until the log contains a line.
func (l *logLines) has(t *testing.T, line string) {
	t.Helper()
	eventually(t, line+" in the log", func() bool { return strings.Contains(l.String(), line) })
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never happened: %s", what)
}

// TestEndsWithContext: a tracker whose results nobody takes ends all the same.
func TestEndsWithContext(t *testing.T) {
	trackers := map[string]func(s *Shared) Tracker{
		"file": func(s *Shared) Tracker { return s.File(FileOptions{Path: t.TempDir() + "/f"}) },
		"process": func(s *Shared) Tracker {
			return s.Process(ProcessOptions{Argv: []string{"xv-nosuch"}, Quorum: 1, QuorumMax: -1})
		},
		"tcp": func(s *Shared) Tracker {
			return s.TCP(TCPOptions{CheckOptions: CheckOptions{InitFail: true, Interval: time.Hour}, Host: "127.0.0.1"})
		},
	}
	for name, made := range trackers {
		t.Run(name, func(t *testing.T) {
			w := start(t, made)
			w.cancel()
			select {
			case err := <-w.ended:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(patience):
				t.Error("still running")
			}
		})
	}
}

var discard = slog.New(slog.DiscardHandler)
