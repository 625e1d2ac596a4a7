// Reading takes files apart into physical lines and refuses what cannot be a line of a configuration.

package config

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
)

// read reads a file line by line.
func (e *expander) read(name, label string, link *via) error {
	if e.opened++; e.opened > e.max.files {
		return errors.New("too many files are included")
	}
	data, err := e.content(name)
	if err != nil {
		return err
	}
	saved := e.pending
	f := e.known[name]
	if f == nil {
		f = &file{index: len(e.known), path: name, name: label}
		e.known[name] = f
	}
	e.open = append(e.open, f)
	e.pending = nil
	e.readLines(f, data, link)
	e.open = e.open[:len(e.open)-1]
	e.pending = saved
	return nil
}

// readText reads what is in no file, as f says. Definitions made before do not hold in it.
func (e *expander) readText(f *file, text string) {
	clear(e.defs)
	e.pending = nil
	f.index = len(e.known)
	e.known[" "+f.name] = f // files have a path instead
	e.open = append(e.open, f)
	e.readLines(f, text, nil)
	e.open = e.open[:len(e.open)-1]
}

// readLines takes the physical lines of a file apart and hands each on.
func (e *expander) readLines(f *file, data string, link *via) {
	f.text = data
	var lines []source // the last few; what is done with is given back together
	for number := 1; data != "" && !e.stopped; number++ {
		raw, rest, _ := strings.Cut(data, "\n")
		if len(lines) == cap(lines) {
			lines = make([]source, 0, linesAtOnce)
		}
		lines = append(lines, source{file: f, number: number, from: len(f.text) - len(data), raw: strings.TrimRight(raw, "\r")})
		line := &lines[len(lines)-1]
		data = rest
		if !e.readable(line) {
			continue
		}
		t, open := uncomment(line)
		t.via = link
		if open {
			e.report(Warning, t.whole(), "close it before the end of the line", "a double quote is not closed")
		}
		switch {
		case e.pending != nil:
			e.resume(t, strings.TrimLeft(line.raw, " \t\f\v") == "")
		case f.plain:
			for t.s != "" {
				t = e.emitPiece(t)
			}
		case t.s != "":
			e.line(t, 0)
		}
	}
}

// linesAtOnce is how many lines are made room for: made one by one, what stays of a configuration lies scattered between
// the places of lines that are gone.
const linesAtOnce = 128

// byteOrderMark is what some editors put before the first line.
const byteOrderMark = "\ufeff"

// readable holds a physical line to what a line may be. A line that is dropped is shown by its beginning only.
func (e *expander) readable(line *source) bool {
	m := mark{line: line, col: 1, width: 1}
	switch {
	case strings.IndexByte(line.raw, 0) >= 0:
		m.col += int32(strings.IndexByte(line.raw, 0))
		e.report(Error, m, "remove the NUL byte; is this a text file?", "the line holds a NUL byte; line dropped")
		return false
	case len(line.raw) > e.max.lineBytes:
		line.raw = line.raw[:excerptBytes]
		e.report(Error, m, "split the line", "the line is longer than %d bytes; line dropped", e.max.lineBytes)
		return false
	case len(line.raw) > keepalivedLine:
		e.report(Notice, m, "split the line if keepalived is to read this file, too",
			"keepalived discards lines longer than %d bytes", keepalivedLine)
	}
	if line.number == 1 && strings.HasPrefix(line.raw, byteOrderMark) {
		m.width = int32(len(byteOrderMark))
		e.report(Notice, m, "save the file without it; keepalived stumbles over it", "the file begins with a byte order mark")
		line.raw = strings.Repeat(" ", len(byteOrderMark)) + line.raw[len(byteOrderMark):]
	}
	return true
}

func (e *expander) content(name string) (string, error) {
	f, err := e.fsys.Open(name)
	if err != nil {
		return "", reason(err)
	}
	defer f.Close()
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(f, e.max.fileBytes+1))
	if err != nil {
		return "", reason(err)
	}
	if n > e.max.fileBytes {
		return "", errors.New("it is too large")
	}
	return b.String(), nil
}

// reason is an error of the file system without the name, which the message has already.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
