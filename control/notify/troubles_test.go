package notify

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// complaints collects what is reported.
type complaints struct {
	mu  sync.Mutex
	all []Trouble
}

func (c *complaints) add(t Trouble) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, t)
}

func (c *complaints) list() []Trouble {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.all)
}

// take hands over what was reported since it was last called, by name.
func (c *complaints) take() []Trouble {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.all
	c.all = nil
	slices.SortStableFunc(taken, func(a, b Trouble) int { return strings.Compare(a.Name, b.Name) })
	return taken
}

// mention reports whether a complaint about name contains text.
func (c *complaints) mention(name, text string) bool {
	return slices.ContainsFunc(c.list(), func(t Trouble) bool { return t.Name == name && strings.Contains(t.What, text) })
}

func TestTroublesAreCollapsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got complaints
		troubles := newTroubles(slog.New(slog.DiscardHandler), got.add, time.Minute)
		expect := func(want ...Trouble) {
			t.Helper()
			synctest.Wait()
			if taken := got.take(); !slices.Equal(taken, want) {
				t.Fatalf("reported %v, want %v", taken, want)
			}
		}

		troubles.fail("a", "script", "exited with status 1")
		troubles.lose("", "pipe", 3, "full")
		troubles.fail("b", "script", "exited with status 1")
		expect(Trouble{"", "full, 3 events lost"}, Trouble{"a", "exited with status 1"}, Trouble{"b", "exited with status 1"})

		troubles.fail("a", "script", "exited with status 1")
		troubles.fail("a", "script", "exited with status 2")
		troubles.lose("", "pipe", 1, "full")
		troubles.lose("", "pipe", 4, "full")
		expect()

		time.Sleep(time.Minute)
		expect(Trouble{"", "full, 5 events lost"}, Trouble{"a", "exited with status 2 (and 1 more like it)"})

		troubles.lose("", "pipe", 1, "full")
		expect()
		troubles.close()
		expect(Trouble{"", "full, 1 event lost"})
		troubles.fail("a", "script", "late")
		expect(Trouble{"a", "late"})
	})
}

func TestTroublesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got complaints
		troubles := newTroubles(slog.New(slog.DiscardHandler), got.add, time.Minute)
		troubles.fail("a", "script", "exited with status 1")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if len(troubles.recent) != 0 {
			t.Errorf("still held after the window: %v", troubles.recent)
		}
		troubles.fail("a", "script", "exited with status 1")
		if len(got.list()) != 2 {
			t.Errorf("reported %v, want two", got.list())
		}
		troubles.close()
	})
}

func TestTroublesWithoutReportAreLogged(t *testing.T) {
	var out bytes.Buffer
	troubles := newTroubles(slog.New(slog.NewTextHandler(&out, nil)), nil, time.Minute)
	troubles.fail("VI_1", "script", "exited with status 1")
	troubles.close()
	if !strings.Contains(out.String(), "level=WARN") || !strings.Contains(out.String(), "name=VI_1") {
		t.Errorf("logged %q", out.String())
	}
}
