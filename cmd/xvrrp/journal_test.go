package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/api"
)

// fakeJournal is a socket that entries are read from.
func fakeJournal(t *testing.T) (path string, next func() map[string]string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "socket")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return path, func() map[string]string {
		t.Helper()
		b := make([]byte, 64<<10)
		n, err := l.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return entryOf(string(b[:n]))
	}
}

// entryOf reads the native protocol of the journal.
func entryOf(text string) map[string]string {
	entry := make(map[string]string)
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		name, value, one := strings.Cut(line, "=")
		if !one {
			length := int(rest[0]) // the rest of the length is zero in this test
			value, rest = rest[8:8+length], rest[8+length+1:]
		}
		entry[name], text = value, rest
	}
	return entry
}

func TestJournal(t *testing.T) {
	path, next := fakeJournal(t)
	var plain bytes.Buffer
	log := slog.New(&journalHandler{to: openJournal(path, slog.NewTextHandler(&plain, nil)), least: slog.LevelInfo})
	router := log.With("link", "ens160", "vrid", 56, "af", "ipv4")
	router.Debug("not logged")

	e := api.Event{Kind: "transition", Router: "VI_1", From: "backup", To: "master", Why: "silence"}
	router.WarnContext(api.WithEvent(t.Context(), e), "(VI_1) Entering MASTER STATE", "from", e.From, "why", e.Why)
	want := map[string]string{
		"MESSAGE":  "(VI_1) Entering MASTER STATE link=ens160 vrid=56 af=ipv4 from=backup why=silence",
		"PRIORITY": "4", "SYSLOG_IDENTIFIER": "xvrrp", "MESSAGE_ID": messageIDs["transition"],
		"XVRRP_KIND": "transition", "XVRRP_INSTANCE": "VI_1", "XVRRP_IFACE": "ens160", "XVRRP_VRID": "56", "XVRRP_AF": "ipv4",
		"XVRRP_FROM": "backup", "XVRRP_TO": "master", "XVRRP_REASON": "silence",
	}
	if got := next(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}

	log.Error("two\nlines", "in force", "it is")
	if got := next(); got["MESSAGE"] != "two\nlines in force=\"it is\"" || got["XVRRP_IN_FORCE"] != "it is" || got["PRIORITY"] != "3" || got["MESSAGE_ID"] != "" {
		t.Errorf("got %v", got)
	}
	if plain.Len() > 0 {
		t.Errorf("beside the journal: %s", plain.String())
	}
}

// What the journal does not take is said on standard error, where it comes from there.
func TestJournalThatIsAway(t *testing.T) {
	var plain bytes.Buffer
	log := slog.New(&journalHandler{to: openJournal(filepath.Join(t.TempDir(), "none"), slog.NewTextHandler(&plain, nil))})
	log.Info("hello", "why", "test")
	if !strings.Contains(plain.String(), "msg=hello why=test") {
		t.Errorf("got %q", plain.String())
	}
}

// A journal that is stuck holds nobody up; what is lost is told when it goes on.
func TestJournalThatIsSlow(t *testing.T) {
	path, next := fakeJournal(t)
	j := openJournal(path, slog.DiscardHandler)
	log := slog.New(&journalHandler{to: j})
	lines := 0
	for ; j.lost.Load() == 0; lines++ {
		log.Info("hello")
	}
	for range lines - 1 {
		next()
	}
	log.Info("hello")
	if got := next()["MESSAGE"]; !strings.Contains(got, "hello (1 before this one lost") {
		t.Errorf("got %q", got)
	}
}

func TestIsJournal(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	here := fmt.Sprintf("%d:%d", st.Dev, st.Ino)
	for _, c := range []struct {
		name, stream string
		want         bool
	}{{"the same", here, true}, {"another", "1:1", false}, {"none", "", false}} {
		if got := isJournal(f, c.stream); got != c.want {
			t.Errorf("%s: got %t", c.name, got)
		}
	}
	if isJournal(new(bytes.Buffer), here) {
		t.Error("a buffer is no journal")
	}
}
