// Keepalived's log: syslog, the console and a file, in any combination.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"log/syslog"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// logSink takes finished lines.
type logSink func(level slog.Level, line string) error

// openKeepalivedLog opens what the command line asks for. ident is the name in syslog.
func openKeepalivedLog(k keepalivedFlags, ident string, console io.Writer) (*slog.Logger, io.Closer, error) {
	var sinks []logSink
	var files closers
	if k.console {
		sinks = append(sinks, writerSink(console))
	}
	if k.logFile != "" {
		f, err := os.OpenFile(k.logFile, os.O_WRONLY|os.O_APPEND|os.O_CREATE|unix.O_NOFOLLOW, 0o644)
		if err != nil {
			return nil, nil, fmt.Errorf("open the log file: %w", err)
		}
		sinks, files = append(sinks, writerSink(f)), append(files, f)
	}
	if !k.noSyslog {
		w, err := syslog.New(syslogFacility(k.facility)|syslog.LOG_INFO, ident)
		switch {
		case err == nil:
			sinks, files = append(sinks, syslogSink(w)), append(files, w)
		case len(sinks) == 0: // as in a container: what is not said anywhere cannot be found
			sinks = append(sinks, writerSink(console))
		}
	}
	least := slog.LevelInfo
	if k.detail {
		least = slog.LevelDebug
	}
	return slog.New(&lineHandler{least: least, sinks: sinks}), files, nil
}

// closers closes everything in it.
type closers []io.Closer

func (c closers) Close() error {
	var errs []error
	for _, one := range c {
		errs = append(errs, one.Close())
	}
	return errors.Join(errs...)
}

func syslogFacility(f int) syslog.Priority {
	switch f {
	case facilityUser:
		return syslog.LOG_USER
	case facilityDaemon:
		return syslog.LOG_DAEMON
	}
	return syslog.LOG_LOCAL0 + syslog.Priority(f<<3)
}

// writerSink writes lines under keepalived's kind of date.
func writerSink(w io.Writer) logSink {
	var mu sync.Mutex
	return func(_ slog.Level, line string) error {
		mu.Lock()
		defer mu.Unlock()
		_, err := fmt.Fprintf(w, "%s: %s\n", time.Now().Format(time.ANSIC), line)
		return err
	}
}

func syslogSink(w *syslog.Writer) logSink {
	return func(level slog.Level, line string) error {
		switch {
		case level >= slog.LevelError:
			return w.Err(line)
		case level >= slog.LevelWarn:
			return w.Warning(line)
		case level >= slog.LevelInfo:
			return w.Info(line)
		}
		return w.Debug(line)
	}
}

// lineHandler writes a record as its message, on which log alarms match, and its attributes behind it.
type lineHandler struct {
	least  slog.Level
	sinks  []logSink
	attrs  string // of With, each with a blank before it
	groups string // prefix of keys, with a dot behind each group
}

func (h *lineHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.least }

func (h *lineHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	b.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		appendAttr(&b, h.groups, a)
		return true
	})
	line := strings.ReplaceAll(b.String(), "\n", "; ")
	var errs []error
	for _, write := range h.sinks {
		errs = append(errs, write(r.Level, line))
	}
	return errors.Join(errs...)
}

func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	b.WriteString(h.attrs)
	for _, a := range attrs {
		appendAttr(&b, h.groups, a)
	}
	with := *h
	with.attrs = b.String()
	return &with
}

func (h *lineHandler) WithGroup(name string) slog.Handler {
	with := *h
	with.groups += name + "."
	return &with
}

// appendAttr writes key=value, quoted where a reader would take it for several.
func appendAttr(b *strings.Builder, groups string, a slog.Attr) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		for _, inner := range v.Group() {
			appendAttr(b, groups+a.Key+".", inner)
		}
		return
	}
	text := v.String()
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == '"' || r == '=' || r == 0x7f }) {
		text = strconv.Quote(text)
	}
	b.WriteString(" " + groups + a.Key + "=" + text)
}
