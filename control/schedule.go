package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/config"
)

// Scheduled reloads (reload_time_file): a file holds the time of the next one, so that the routers of a group can go
// over to a new configuration at one moment.

// schedulePeriod is how often the file is looked at: it may come, change and go at any time.
const schedulePeriod = time.Second

// schedule is a reload to come.
type schedule struct {
	line    string // as the file has it; empty: none
	at      time.Time
	trouble string // with reading the file, as it was reported; empty: none
}

// runSchedule reloads at the times the file says, until ctx ends.
func (d *daemon) runSchedule(ctx context.Context) error {
	tick := time.NewTicker(schedulePeriod)
	defer tick.Stop()
	var next schedule
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		conf, err := ask(ctx, d, func() *config.Config { return d.conf })
		if err != nil || conf == nil || conf.Global.ReloadTimeFile == "" {
			continue
		}
		next = d.look(next, conf.Global.ReloadTimeFile, time.Now())
		if next.line != "" && !time.Now().Before(next.at) {
			d.scheduledReload(ctx, conf.Global.ReloadTimeFile, conf.Global.ReloadRepeat)
			next.line = ""
		}
	}
}

// look reads the file and says what is scheduled. A mistake in it is reported once.
func (d *daemon) look(was schedule, path string, now time.Time) schedule {
	line, err := firstLine(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return schedule{}
	case err != nil:
		if err.Error() != was.trouble {
			d.log.Warn("reload_time_file: no reload is scheduled", "err", err)
		}
		return schedule{trouble: err.Error()}
	case line == was.line:
		return was
	}
	at, err := parseSchedule(line, now)
	if err != nil {
		d.log.Warn("reload_time_file: no reload is scheduled", "file", path, "err", err)
		return schedule{line: line, at: now.AddDate(100, 0, 0)} // until the file changes
	}
	d.log.Info("reload scheduled", "file", path, "at", at)
	return schedule{line: line, at: at}
}

func (d *daemon) scheduledReload(ctx context.Context, path string, repeat bool) {
	d.log.Info("scheduled reload", "file", path)
	plan, err := d.Reload(ctx, false)
	for _, problem := range plan.Problems {
		d.log.Warn("configuration: " + problem)
	}
	if err != nil {
		d.log.Error("scheduled reload", "err", err)
	}
	if repeat {
		return
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.log.Warn("reload_time_file stays", "err", err)
	}
}

func firstLine(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Scan()
	return in.Text(), in.Err()
}

// parseSchedule reads a time as keepalived does: HH:MM:SS is the next time it is that late, YY-MM-DD HH:MM:SS and
// YYYY-MM-DD HH:MM:SS are once; with Z behind it UTC, else local.
func parseSchedule(line string, now time.Time) (time.Time, error) {
	text, zone := line, now.Location()
	if rest, utc := strings.CutSuffix(line, "Z"); utc {
		text, zone = rest, time.UTC
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "06-01-02 15:04:05"} {
		at, err := time.ParseInLocation(layout, text, zone)
		switch {
		case err != nil:
		case at.Before(now):
			return time.Time{}, fmt.Errorf("%s is over", line)
		default:
			return at, nil
		}
	}
	clock, err := time.Parse(time.TimeOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no time of the form HH:MM:SS, YY-MM-DD HH:MM:SS or YYYY-MM-DD HH:MM:SS, with or without Z", line)
	}
	today := now.In(zone)
	at := time.Date(today.Year(), today.Month(), today.Day(), clock.Hour(), clock.Minute(), clock.Second(), 0, zone)
	if at.Before(now) {
		at = at.AddDate(0, 0, 1)
	}
	return at, nil
}
