package notify

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// exists reports whether there is a named pipe at a path.
func exists(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().Type() == fs.ModeNamedPipe
}

// gone reports whether there is no such process.
func gone(pid string) bool {
	_, err := os.Stat("/proc/" + pid)
	return errors.Is(err, fs.ErrNotExist)
}

// read opens a named pipe as soon as it has a writer and hands over its lines one by one until it has none.
func read(t *testing.T, path string) <-chan string {
	t.Helper()
	eventually(t, "the pipe is there", func() bool { return exists(path) })
	opened, lines := make(chan struct{}), make(chan string)
	go func() {
		defer close(lines)
		file, err := os.Open(path)
		close(opened)
		if err != nil {
			t.Error(err)
			return
		}
		defer file.Close()
		for in := bufio.NewScanner(file); in.Scan(); {
			lines <- in.Text()
		}
	}()
	<-opened
	return lines
}

func TestPipeCarriesLinesInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	n := start(t, Options{Pipes: []Pipe{{Path: path}}})
	lines := read(t, path)
	n.Notify(Event{Name: "VI_1", State: Master, Priority: 150, FIFO: true})
	n.Notify(Event{Group: true, Name: "VG_1", State: Master, FIFO: true})
	n.Notify(Event{Name: "VI_1", State: Backup, Priority: 150})
	n.Notify(Event{Name: "VI_1", State: Fault, Priority: 100, FIFO: true})
	for _, want := range []string{`INSTANCE "VI_1" MASTER 150`, `GROUP "VG_1" MASTER 0`, `INSTANCE "VI_1" FAULT 100`} {
		if got := <-lines; got != want {
			t.Errorf("read %s, want %s", got, want)
		}
	}
}

func TestPipesAreAllWrittenTo(t *testing.T) {
	folder := t.TempDir()
	one, two := filepath.Join(folder, "one"), filepath.Join(folder, "two")
	n := start(t, Options{Pipes: []Pipe{{Path: one}, {Path: two}, {Path: one}}})
	first, second := read(t, one), read(t, two)
	n.Notify(Event{Name: "VI_1", State: Master, FIFO: true})
	n.Notify(Event{Name: "VI_1", State: Backup, FIFO: true})
	for _, lines := range []<-chan string{first, second} {
		if a, b := <-lines, <-lines; !strings.Contains(a, "MASTER") || !strings.Contains(b, "BACKUP") {
			t.Errorf("read %s, %s", a, b)
		}
	}
}

func TestPipeIsMadeAndRemoved(t *testing.T) {
	t.Run("a missing one", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "pipe")
		n := start(t, Options{Pipes: []Pipe{{Path: path}}})
		eventually(t, "it is made", func() bool { return exists(path) })
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		n.end(t)
		if exists(path) {
			t.Error("it is left behind")
		}
	})
	t.Run("not one that was there", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "pipe")
		if err := unix.Mkfifo(path, 0o640); err != nil {
			t.Fatal(err)
		}
		n := start(t, Options{Pipes: []Pipe{{Path: path, User: "nobody"}}})
		lines := read(t, path)
		n.Notify(Event{Name: "VI_1", State: Master, FIFO: true})
		<-lines
		n.end(t)
		var info unix.Stat_t
		if err := unix.Stat(path, &info); err != nil || info.Mode&0o777 != 0o640 || int(info.Uid) != os.Getuid() {
			t.Errorf("it was changed: %v, %+v", err, info)
		}
	})
}

func TestPipeOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root gives files away")
	}
	daemon, err := user.Lookup("daemon")
	if err != nil {
		t.Fatal(err)
	}
	tty, err := user.LookupGroup("tty")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	start(t, Options{Pipes: []Pipe{
		{Path: filepath.Join(folder, "user"), User: "daemon"},
		{Path: filepath.Join(folder, "both"), User: "daemon", Group: "tty"},
	}})
	for name, gid := range map[string]string{"user": daemon.Gid, "both": tty.Gid} {
		var info unix.Stat_t
		eventually(t, name+" is given away", func() bool {
			return unix.Stat(filepath.Join(folder, name), &info) == nil && info.Uid != 0
		})
		if fmt.Sprint(info.Uid) != daemon.Uid || fmt.Sprint(info.Gid) != gid {
			t.Errorf("%s belongs to %d:%d", name, info.Uid, info.Gid)
		}
	}
}

func TestPipeTroubles(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	late := filepath.Join(folder, "late", "pipe")
	foreign := filepath.Join(folder, "foreign")
	n := start(t, Options{Pipes: []Pipe{{Path: file}, {Path: late}, {Path: foreign, User: "no such user"}}})
	n.Notify(Event{Name: "VI_1", State: Master, FIFO: true})

	eventually(t, "each is reported", func() bool {
		return n.complaints.mention("", "no named pipe: remove it or give another path") &&
			n.complaints.mention("", "late/pipe: no such file or directory") &&
			n.complaints.mention("", "foreign stays ours")
	})
	if err := os.Mkdir(filepath.Dir(late), 0o700); err != nil {
		t.Fatal(err)
	}
	if got := <-read(t, late); got != `INSTANCE "VI_1" MASTER 0` {
		t.Errorf("read %q once the folder was there", got)
	}
	n.end(t)
	if text, err := os.ReadFile(file); err != nil || string(text) != "kept" {
		t.Errorf("the file that is no pipe holds %q, %v", text, err)
	}
	if !n.complaints.mention("", "file: closed before there was room, 1 event lost") {
		t.Errorf("the loss is not reported: %v", n.complaints.list())
	}
}

func TestPipeNobodyReads(t *testing.T) {
	const names, each = 100, 200
	path := filepath.Join(t.TempDir(), "pipe")
	n := start(t, Options{Pipes: []Pipe{{Path: path}}})
	eventually(t, "the pipe is there", func() bool { return exists(path) })
	for i := range names * each {
		n.Notify(Event{Name: fmt.Sprint(i % names), State: Backup, Priority: uint8(i / names), FIFO: true})
	}
	pipe := n.pipes[0]
	pipe.mu.Lock()
	waiting := pipe.lines.len()
	pipe.mu.Unlock()
	if waiting > pipeBacklog {
		t.Errorf("%d lines wait", waiting)
	}
	if !n.complaints.mention("", "nobody reads: out of date") {
		t.Errorf("reported %v", n.complaints.list())
	}

	// Somebody reads after all: what is left comes in order, and of each name the newest.
	lines := read(t, path)
	last := make([]int, names)
	for seen := 0; seen < names; {
		var name, priority int
		if _, err := fmt.Sscanf(<-lines, `INSTANCE "%d" BACKUP %d`, &name, &priority); err != nil {
			t.Fatal(err)
		}
		if priority < last[name] {
			t.Fatalf("of %d the line %d comes after %d", name, priority, last[name])
		}
		last[name] = priority
		if priority == each-1 {
			seen++
		}
	}
}

func TestPipeNobodyReadsDoesNotHoldUpTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	n := start(t, Options{Pipes: []Pipe{{Path: path}}, Grace: time.Hour})
	for i := range 4000 {
		n.Notify(Event{Name: fmt.Sprint(i), State: Backup, FIFO: true})
	}
	n.end(t)
	if exists(path) {
		t.Error("the pipe is left behind")
	}
	for _, want := range []string{"closed before there was room", "bytes, which nobody had read"} {
		if !n.complaints.mention("", want) {
			t.Errorf("%v does not mention %q", n.complaints.list(), want)
		}
	}
}

func TestReaderGetsEverythingToTheEnd(t *testing.T) {
	const events = 3000
	path, j := filepath.Join(t.TempDir(), "pipe"), newJournal(t)
	n := start(t, Options{Pipes: []Pipe{{Path: path, Reader: shell(t, `exec cat "$1" >>"$0"`, string(j))}}})
	for i := range events {
		n.Notify(Event{Name: fmt.Sprint(i), State: Stop, FIFO: true})
	}
	// A reader that has not opened the pipe when it is closed does not find it any more.
	eventually(t, "the reader reads", func() bool { return len(j.lines()) > 0 })
	n.end(t)
	if got := len(j.lines()); got != 4*events {
		t.Errorf("read %d words of %d lines: %v", got, events, n.complaints.list())
	}
}

func TestReaderIsStartedAgain(t *testing.T) {
	path, j := filepath.Join(t.TempDir(), "pipe"), newJournal(t)
	one := shell(t, `read a name state b <"$1"; echo "$name$state" >>"$0"; exit 7`, string(j))
	n := start(t, Options{Pipes: []Pipe{{Path: path, Reader: one}}})
	want := []string{`"1"MASTER`, `"2"MASTER`, `"3"MASTER`}
	for i := range want {
		n.Notify(Event{Name: fmt.Sprint(i + 1), State: Master, FIFO: true})
		eventually(t, "the line is read", func() bool { return len(j.lines()) == i+1 })
	}
	if got := j.lines(); !slices.Equal(got, want) {
		t.Errorf("read %v", got)
	}
	if !n.complaints.mention("", "exited with status 7, started again in 20ms") {
		t.Errorf("reported %v", n.complaints.list())
	}
}

func TestReaderIsEndedWithItsChildren(t *testing.T) {
	path, j := filepath.Join(t.TempDir(), "pipe"), newJournal(t)
	n := start(t, Options{Pipes: []Pipe{{Path: path, Reader: shell(t, `sleep 1000 & echo $! >>"$0"; wait`, string(j))}}})
	eventually(t, "the reader is there", func() bool { return len(j.lines()) == 1 })
	n.end(t)
	eventually(t, "its child is gone", func() bool { return gone(j.lines()[0]) })
}

func TestReconfiguredPipes(t *testing.T) {
	folder, j := t.TempDir(), newJournal(t)
	kept, dropped, added := filepath.Join(folder, "kept"), filepath.Join(folder, "dropped"), filepath.Join(folder, "added")
	reader := func() Pipe {
		return Pipe{Path: kept, Reader: shell(t, `echo started >>"$0"; exec cat "$1" >>"$0"`, string(j))}
	}
	n := start(t, Options{Pipes: []Pipe{reader(), {Path: dropped}}})
	left := read(t, dropped)
	eventually(t, "the reader is there", func() bool { return slices.Contains(j.lines(), "started") })
	before, err := os.Stat(kept)
	if err != nil {
		t.Fatal(err)
	}
	n.Notify(Event{Name: "1", State: Master, FIFO: true})

	n.Reconfigure(Options{Pipes: []Pipe{reader(), {Path: added}}})
	n.Notify(Event{Name: "2", State: Master, FIFO: true})
	if got := <-read(t, added); !strings.Contains(got, `"2"`) {
		t.Errorf("the new pipe begins with %s", got)
	}
	if got := <-left; !strings.Contains(got, `"1"`) {
		t.Errorf("the pipe left out carried %s", got)
	}
	if more, ok := <-left; ok {
		t.Errorf("the pipe left out still carries %s", more)
	}
	eventually(t, "the pipe left out is removed", func() bool { return !exists(dropped) })
	eventually(t, "the reader has read both", func() bool { return len(j.lines()) == 9 })
	if got := j.lines(); got[0] != "started" || slices.Contains(got[1:], "started") {
		t.Errorf("the same reader was started again: %v", got)
	}
	if after, err := os.Stat(kept); err != nil || !os.SameFile(before, after) {
		t.Errorf("the pipe was replaced: %v", err)
	}

	other := newJournal(t)
	n.Reconfigure(Options{Pipes: []Pipe{{Path: kept, Reader: shell(t, `echo $$ >>"$0"; exec cat "$1" >>"$0"`, string(other))}}})
	eventually(t, "another reader takes over", func() bool { return len(other.lines()) == 1 })
	n.Reconfigure(Options{Pipes: []Pipe{{Path: kept}}})
	eventually(t, "it is gone", func() bool { return gone(other.lines()[0]) })
	n.Notify(Event{Name: "3", State: Master, FIFO: true})
	if got := <-read(t, kept); !strings.Contains(got, `"3"`) {
		t.Errorf("without a reader the pipe carries %s", got)
	}
}

func TestPipeLeftOutAndBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	n := start(t, Options{Pipes: []Pipe{{Path: path}}})
	for i := range 20 {
		n.Reconfigure(Options{})
		n.Reconfigure(Options{Pipes: []Pipe{{Path: path}}})
		n.Notify(Event{Name: fmt.Sprint(i), State: Master, FIFO: true})
	}
	eventually(t, "the last line is read", func() bool {
		file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
		if err != nil {
			return false // between two pipes
		}
		defer file.Close()
		if err := file.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		line := make([]byte, pipeWrite)
		n, _ := file.Read(line)
		return strings.Contains(string(line[:n]), `"19"`)
	})
}
