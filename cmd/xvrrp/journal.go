// The log as systemd's journal wants it: fields beside the text, so that journalctl finds what happened to a router.

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/api"
)

// journalSocket takes entries in the journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL).
const journalSocket = "/run/systemd/journal/socket"

// journalPatience is how long a line waits for the journal. Adverts must not wait for a line.
const journalPatience = 5 * time.Millisecond

// messageIDs tell the kinds of events apart for good (systemd.journal-fields(7)).
var messageIDs = map[string]string{
	"transition": "6b1d5ef37f224c7ba8a2e3a0be1794c7",
	"group":      "2abfd0dfbfc4448e8aa0abdc4490fbc9",
	"note":       "33eeb2e37d1146ab9db44399e64983e8",
	"conflict":   "0b7de85059304df695264d87071206d2",
	"link":       "ae62be5c93ca4756b0b8d5f1d87d2609",
}

// journalNames are the fields of attributes whose names are others.
var journalNames = map[string]string{"link": "IFACE", "why": "REASON", "source": "PEER", "router": "INSTANCE"}

// isJournal reports whether w is the stream of the journal that the environment tells of (systemd.exec(5)).
func isJournal(w io.Writer, stream string) bool {
	f, ok := w.(*os.File)
	if !ok || stream == "" {
		return false
	}
	var st unix.Stat_t
	err := unix.Fstat(int(f.Fd()), &st)
	return err == nil && stream == fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}

// journal is the way to the journal.
type journal struct {
	conn  *net.UnixConn // nil: there is none
	at    *net.UnixAddr
	plain slog.Handler // for what the journal does not take
	lost  atomic.Int64 // lines, since the journal was slow
}

func openJournal(path string, plain slog.Handler) *journal {
	j := &journal{at: &net.UnixAddr{Name: path, Net: "unixgram"}, plain: plain}
	if conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram"}); err == nil { // any name
		j.conn = conn
	}
	return j
}

// send hands over one entry, which tells of so many lost ones. If the journal is too slow for it, it is lost, too.
func (j *journal) send(entry []byte, told int64) error {
	if j.conn == nil {
		return net.ErrClosed
	}
	if err := j.conn.SetWriteDeadline(time.Now().Add(journalPatience)); err != nil {
		return err
	}
	_, err := j.conn.WriteToUnix(entry, j.at)
	switch {
	case err == nil:
		j.lost.Add(-told)
	case os.IsTimeout(err):
		j.lost.Add(1)
		return nil
	}
	return err
}

// journalHandler writes records as entries of the journal.
type journalHandler struct {
	to     *journal
	least  slog.Level
	text   string // of With, as lineHandler has it
	fields []byte // of With
}

func (h *journalHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.least }

func (h *journalHandler) Handle(ctx context.Context, r slog.Record) error {
	var text strings.Builder
	text.WriteString(r.Message + h.text)
	var entry bytes.Buffer
	entry.Write(h.fields)
	r.Attrs(func(a slog.Attr) bool {
		appendAttr(&text, "", a)
		appendField(&entry, a)
		return true
	})
	lost := h.to.lost.Load()
	if lost > 0 {
		fmt.Fprintf(&text, " (%d before this one lost: the journal was slow)", lost)
	}
	writeField(&entry, "MESSAGE", text.String())
	writeField(&entry, "PRIORITY", fmt.Sprint(syslogPriority(r.Level)))
	writeField(&entry, "SYSLOG_IDENTIFIER", "xvrrp")
	if e, ok := api.EventOf(ctx); ok {
		addEvent(&entry, e)
	}
	if h.to.send(entry.Bytes(), lost) != nil {
		return h.to.plain.Handle(ctx, r)
	}
	return nil
}

func (h *journalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var text strings.Builder
	text.WriteString(h.text)
	fields := bytes.NewBuffer(bytes.Clone(h.fields))
	for _, a := range attrs {
		appendAttr(&text, "", a)
		appendField(fields, a)
	}
	return &journalHandler{h.to, h.least, text.String(), fields.Bytes()}
}

// WithGroup is for libraries; what they add keeps its names.
func (h *journalHandler) WithGroup(string) slog.Handler { return h }

// addEvent adds what an event has beyond the attributes of its line.
func addEvent(b *bytes.Buffer, e api.Event) {
	for _, f := range []struct{ name, value string }{
		{"MESSAGE_ID", messageIDs[e.Kind]}, {"XVRRP_KIND", e.Kind}, {"XVRRP_INSTANCE", e.Router}, {"XVRRP_TO", e.To},
	} {
		if f.value != "" {
			writeField(b, f.name, f.value)
		}
	}
}

// appendField adds an attribute as a field.
func appendField(b *bytes.Buffer, a slog.Attr) {
	name, known := journalNames[a.Key]
	if !known {
		name = strings.Map(func(r rune) rune {
			if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
				return r
			}
			return '_'
		}, strings.ToUpper(a.Key))
	}
	writeField(b, "XVRRP_"+name, a.Value.Resolve().String())
}

// writeField writes a field; one of several lines is preceded by its length, 64 bits little endian.
func writeField(b *bytes.Buffer, name, value string) {
	b.WriteString(name)
	if strings.Contains(value, "\n") {
		b.WriteByte('\n')
		b.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(value))))
	} else {
		b.WriteByte('=')
	}
	b.WriteString(value + "\n")
}

// syslogPriority is syslog(3)'s number of a level.
func syslogPriority(l slog.Level) int {
	switch {
	case l >= slog.LevelError:
		return 3
	case l >= slog.LevelWarn:
		return 4
	case l >= slog.LevelInfo:
		return 6
	}
	return 7
}
