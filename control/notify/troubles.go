package notify

import (
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Trouble is something that could not be told.
type Trouble struct {
	Name string // of the router or group; empty: of all
	What string // "script for MASTER, /etc/m.sh: exited with status 1", "pipe /run/x: nobody reads, 12 lines lost"
}

// troubles reports what went wrong, but of each name and kind no more than once in a window: the first at once, those
// that follow as one, counted, when the window ends.
type troubles struct {
	report func(Trouble)
	window time.Duration

	mu     sync.Mutex
	recent map[troubleKey]*recentTrouble
	closed bool
}

type troubleKey struct{ name, kind string }

// recentTrouble is one that was reported within the window.
type recentTrouble struct {
	timer *time.Timer
	count int              // since it was reported
	word  func(int) string // words the count
}

func newTroubles(log *slog.Logger, report func(Trouble), window time.Duration) *troubles {
	if report == nil {
		report = func(t Trouble) { log.Warn("not told", "name", t.Name, "cause", t.What) }
	}
	return &troubles{report: report, window: window, recent: make(map[troubleKey]*recentTrouble)}
}

// fail reports something that went wrong once.
func (t *troubles) fail(name, kind, what string) {
	t.add(troubleKey{name, kind}, 1, func(n int) string {
		if n == 1 {
			return what
		}
		return fmt.Sprintf("%s (and %d more like it)", what, n-1)
	})
}

// lose reports n events that will not be told, and why.
func (t *troubles) lose(name, kind string, n int, why string) {
	t.add(troubleKey{name, kind}, n, func(n int) string {
		if n == 1 {
			return why + ", 1 event lost"
		}
		return fmt.Sprintf("%s, %d events lost", why, n)
	})
}

func (t *troubles) add(key troubleKey, n int, word func(int) string) {
	if !t.hold(key, n, word) {
		t.report(Trouble{key.name, word(n)})
	}
}

// hold counts a trouble whose window is open, or else opens one.
func (t *troubles) hold(key troubleKey, n int, word func(int) string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r, ok := t.recent[key]; ok {
		r.count += n
		r.word = word
		return true
	}
	if !t.closed {
		t.recent[key] = &recentTrouble{timer: time.AfterFunc(t.window, func() { t.expire(key) })}
	}
	return false
}

// expire ends a window: what was counted in it is reported and opens the next.
func (t *troubles) expire(key troubleKey) {
	t.mu.Lock()
	r, ok := t.recent[key]
	if !ok {
		t.mu.Unlock()
		return
	}
	count, word := r.count, r.word
	if count == 0 {
		delete(t.recent, key)
	} else {
		r.count = 0
		r.timer.Reset(t.window)
	}
	t.mu.Unlock()
	if count > 0 {
		t.report(Trouble{key.name, word(count)})
	}
}

// close reports what was counted; from now on every trouble is reported at once.
func (t *troubles) close() {
	t.mu.Lock()
	t.closed = true
	recent := t.recent
	t.recent = nil
	t.mu.Unlock()
	for key, r := range recent {
		r.timer.Stop()
		if r.count > 0 {
			t.report(Trouble{key.name, r.word(r.count)})
		}
	}
}
