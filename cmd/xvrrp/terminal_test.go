package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestHarmless(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"text", "VI_1\té µs ✓\n", "VI_1\té µs ✓\n"},
		{"an escape sequence", "\x1b[31mred\x1b]0;title\a", "?[31mred?]0;title?"},
		{"one of eight bits", "a\u009b31m", "a?31m"},
		{"a carriage return", "ok\rno", "ok?no"},
		{"no UTF-8", "caf\xe9", "caf\ufffd"},
		{"text from right to left", "a\u202eb", "a?b"},
	} {
		if got := harmless(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// What is printed on a terminal does not command it, and is printed as it is elsewhere.
func TestOutputTo(t *testing.T) {
	master, slave := openTerminal(t)
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, f := range []*os.File{slave, file} {
		if n, err := io.WriteString(outputTo(f), "a\x1b[2Jb"); n != 6 || err != nil {
			t.Fatal(n, err)
		}
	}
	shown := make([]byte, 64)
	n, err := master.Read(shown)
	if err != nil || string(shown[:n]) != "a?[2Jb" {
		t.Errorf("on a terminal %q, %v", shown[:n], err)
	}
	if kept, err := os.ReadFile(file.Name()); err != nil || string(kept) != "a\x1b[2Jb" {
		t.Errorf("in a file %q, %v", kept, err)
	}
}

// openTerminal makes a pseudo terminal.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}
