package main

import (
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// terminal is a screen that text is shown on in place, line by line, with no more than any terminal understands.
type terminal struct{ *os.File }

// terminalOf is the terminal that w is, if it is one.
func terminalOf(w io.Writer) (t terminal, ok bool) {
	if c, isConsole := w.(console); isConsole {
		return terminal{c.file}, true
	}
	f, isFile := w.(*os.File)
	if !isFile {
		return t, false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return terminal{f}, err == nil
}

// console is a terminal that text is only written to. Names in files, what scripts say and what comes over the network are
// of others' choosing, and must not command it.
type console struct{ file *os.File }

// outputTo is a stream of this process, which is a console if it is a terminal.
func outputTo(f *os.File) io.Writer {
	if _, ok := terminalOf(f); ok {
		return console{f}
	}
	return f
}

func (c console) Write(b []byte) (int, error) {
	if _, err := c.file.WriteString(harmless(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// harmless is text without what a terminal would carry out: whatever cannot be seen becomes a question mark.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}

// size is how many characters and lines there are; a serial line that does not say has 80 by 24.
func (t terminal) size() (width, height int) {
	w, err := unix.IoctlGetWinsize(int(t.Fd()), unix.TIOCGWINSZ)
	if err != nil || w.Col == 0 || w.Row == 0 {
		return 80, 24
	}
	return int(w.Col), int(w.Row)
}

// The control sequences of ECMA-48 that are used.
const (
	toHome      = "\x1b[H"
	clearToEdge = "\x1b[K"
	clearBelow  = "\x1b[J"
)

// show writes text in the place of what was shown before, cut to the size of the terminal.
func (t terminal) show(text string) error {
	width, height := t.size()
	var b strings.Builder
	b.WriteString(toHome)
	n := 0
	for line := range strings.Lines(text) {
		if n++; n == height { // the last line stays free: a line feed there would scroll
			break
		}
		b.WriteString(cut(harmless(strings.TrimSuffix(line, "\n")), width) + clearToEdge + "\r\n")
	}
	b.WriteString(clearBelow)
	_, err := t.WriteString(b.String())
	return err
}

// cut shortens text to so many characters.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width])
}
