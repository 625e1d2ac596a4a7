package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestLogLinesBeginWithTheirMessage(t *testing.T) {
	var lines []string
	log := slog.New(&lineHandler{least: slog.LevelInfo, sinks: []logSink{func(level slog.Level, line string) error {
		lines = append(lines, level.String()+" "+line)
		return nil
	}}})
	log.Debug("an advert")
	log.With("link", "ens160", "vrid", 56).Info("(VI_1) Entering MASTER STATE", "why", "no advert for 3.4s")
	log.WithGroup("peer").With("addr", "10.0.0.1").Warn("late", "by", 2, slog.Group("of", "us", ""))
	log.Error(errors.Join(errors.New("one"), errors.New("two")).Error())
	want := []string{
		`INFO (VI_1) Entering MASTER STATE link=ens160 vrid=56 why="no advert for 3.4s"`,
		`WARN late peer.addr=10.0.0.1 peer.by=2 peer.of.us=""`,
		"ERROR one; two",
	}
	if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for _, said := range []string{"one", "two"} {
		log, files, err := openKeepalivedLog(keepalivedFlags{logFile: path, noSyslog: true, detail: said == "two"}, "x", nil)
		if err != nil {
			t.Fatal(err)
		}
		log.Info(said)
		log.Debug("detail of " + said)
		if err := files.Close(); err != nil {
			t.Error(err)
		}
	}
	day := `\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}`
	b, err := os.ReadFile(path)
	if err != nil || !regexp.MustCompile("^"+day+": one\n"+day+": two\n"+day+": detail of two\n$").Match(b) {
		t.Errorf("the file holds %q, %v", b, err)
	}

	link := path + ".link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, _, err := openKeepalivedLog(keepalivedFlags{logFile: link, noSyslog: true}, "x", nil); err == nil {
		t.Error("a symbolic link is followed")
	}
}
