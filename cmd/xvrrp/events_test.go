package main

import (
	"testing"
	"time"
)

func TestParseSince(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	now := time.Date(2026, 11, 22, 15, 0, 0, 0, berlin)
	at := func(day, hour, minute, second int) time.Time {
		return time.Date(2026, 11, day, hour, minute, second, 0, berlin)
	}
	for _, c := range []struct {
		text string
		last uint64
		from time.Time
		bad  bool
	}{
		{text: ""},
		{text: "120", last: 120},
		{text: "90s", from: at(22, 14, 58, 30)},
		{text: "1h", from: at(22, 14, 0, 0)},
		{text: "-1h", from: at(22, 14, 0, 0)},
		{text: "14:30", from: at(22, 14, 30, 0)},
		{text: "14:30:05", from: at(22, 14, 30, 5)},
		{text: "2026-11-21", from: at(21, 0, 0, 0)},
		{text: "2026-11-21 08:00", from: at(21, 8, 0, 0)},
		{text: "2026-11-21 08:00:09", from: at(21, 8, 0, 9)},
		{text: "2026-11-21T07:00:00Z", from: at(21, 8, 0, 0)},
		{text: "yesterday", bad: true},
		{text: "25:00", bad: true},
	} {
		t.Run(c.text, func(t *testing.T) {
			last, from, err := parseSince(c.text, now)
			if (err != nil) != c.bad || last != c.last || !from.Equal(c.from) {
				t.Errorf("got %d, %v, %v; want %d, %v", last, from, err, c.last, c.from)
			}
		})
	}
}
