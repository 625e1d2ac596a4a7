package api

import (
	"fmt"
	"testing"
)

func TestLog(t *testing.T) {
	for _, c := range []struct {
		name        string
		appended    int
		since       uint64
		first, last uint64 // 0: nothing is returned
	}{
		{"empty", 0, 0, 0, 0},
		{"one event", 1, 0, 1, 1},
		{"all seen", 3, 3, 0, 0},
		{"part seen", 5, 3, 4, 5},
		{"full to the brim", Keep, 0, 1, Keep},
		{"the oldest is forgotten", Keep + 1, 0, 2, Keep + 1},
		{"a gap shows in the numbers", 2*Keep + 7, 3, Keep + 8, 2*Keep + 7},
		{"tail of a wrapped ring", Keep + 10, Keep + 8, Keep + 9, Keep + 10},
		{"a number of an earlier daemon", 3, 900, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l Log
			for n := range c.appended {
				l.Append(Event{Detail: fmt.Sprint(n + 1)})
			}
			got := l.Since(c.since).Events
			if c.first == 0 {
				if len(got) != 0 {
					t.Fatalf("got %d events, want none", len(got))
				}
				return
			}
			if uint64(len(got)) != c.last-c.first+1 {
				t.Fatalf("got %d events, want %d", len(got), c.last-c.first+1)
			}
			for i, e := range got {
				want := c.first + uint64(i)
				if e.Seq != want || e.Detail != fmt.Sprint(want) {
					t.Fatalf("event %d is %d %q, want %d", i, e.Seq, e.Detail, want)
				}
			}
		})
	}
}

func TestLogWakesEveryWaiter(t *testing.T) {
	var l Log
	l.Append(Event{})
	a, b := l.Since(1), l.Since(0)
	if woken(a) || woken(b) {
		t.Fatal("woken although nothing was appended")
	}
	l.Append(Event{})
	if !woken(a) || !woken(b) {
		t.Fatal("not woken by an event")
	}
	if woken(l.Since(2)) {
		t.Fatal("a new page is already woken")
	}
}

func woken(p Page) bool {
	select {
	case <-p.More:
		return true
	default:
		return false
	}
}
