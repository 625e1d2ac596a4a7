package control

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseSchedule(t *testing.T) {
	zone := time.FixedZone("CEST", 2*3600)
	now := time.Date(2026, 11, 22, 14, 30, 0, 0, zone)
	for name, c := range map[string]struct {
		line, want string // want in RFC 3339, or a part of the error
	}{
		"later today":     {"15:00:00", "2026-11-22T15:00:00+02:00"},
		"tomorrow":        {"14:00:00", "2026-11-23T14:00:00+02:00"},
		"UTC":             {"12:45:00Z", "2026-11-22T12:45:00Z"},
		"date":            {"2026-12-01 03:00:00", "2026-12-01T03:00:00+02:00"},
		"short date, UTC": {"26-12-01 03:00:00Z", "2026-12-01T03:00:00Z"},
		"over":            {"2026-11-22 14:29:59", "is over"},
		"blank before":    {" 15:00:00", "is no time"},
		"nothing":         {"", "is no time"},
	} {
		t.Run(name, func(t *testing.T) {
			at, err := parseSchedule(c.line, now)
			got := at.Format(time.RFC3339)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// The file may come, change and go; what it says counts from then on.
func TestScheduleFollowsTheFile(t *testing.T) {
	d := &daemon{log: slog.New(slog.DiscardHandler)}
	path := filepath.Join(t.TempDir(), "time")
	now := time.Date(2026, 11, 22, 14, 30, 0, 0, time.UTC)
	var s schedule
	for _, step := range []struct {
		line string
		want time.Time // zero: none
	}{
		{"15:00:00", now.Add(30 * time.Minute)},
		{"16:00:00", now.Add(90 * time.Minute)},
		{"", time.Time{}},
	} {
		os.Remove(path)
		if step.line != "" {
			if err := os.WriteFile(path, []byte(step.line+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if s = d.look(s, path, now); !s.at.Equal(step.want) {
			t.Errorf("%q: scheduled at %v, want %v", step.line, s.at, step.want)
		}
	}
}

// A file that cannot be read is reported once.
func TestScheduleReportsTroubleOnce(t *testing.T) {
	var log strings.Builder
	d := &daemon{log: slog.New(slog.NewTextHandler(&log, nil))}
	dir := t.TempDir() // no file
	var s schedule
	for range 3 {
		s = d.look(s, dir, time.Now())
	}
	if n := strings.Count(log.String(), "no reload is scheduled"); n != 1 {
		t.Errorf("reported %d times:\n%s", n, &log)
	}
}
