// Scanning makes logical lines of physical ones and words of those, and keeps the place of every byte through all that
// is done to a line later. It knows no keywords.

package config

import (
	"sort"
	"strings"
)

// file is one configuration file. Files are numbered in the order they were opened.
type file struct {
	index int
	path  string // in the file system: no leading slash
	name  string // as shown in places
	given bool   // no file, but the text of an edit: see reporter.exacting
	plain bool   // nothing is to be expanded in it
	text  string // all of it
}

// source is one physical line as written.
type source struct {
	file   *file
	number int
	from   int // offset in the file's text
	raw    string
	shown  string // raw without secrets; set when a problem shows it
	hidden int    // the offset in raw of what shown hides, -1 for nothing
}

// via says how a line came in other than by being written in the first file: a link for each include,
// repetition and use of a definition.
type via struct {
	up *via
	by mark
}

// viaShown bounds how many links of a chain are shown.
const viaShown = 8

// positions are the places of a chain that begins at a line, less those on the same line as the one before.
func (v *via) positions(line *source) []Pos {
	var out []Pos
	for ; v != nil && len(out) < viaShown; v = v.up {
		if v.by.line != line {
			out = append(out, v.by.pos())
		}
		line = v.by.line
	}
	return out
}

// text is a logical line or a part of one: comments are cut, definitions may have been put in place. It knows
// where each of its bytes was written.
type text struct {
	s    string
	line *source
	via  *via
	col  int    // column of s[0] while spans is nil
	runs []span // ascending; nil while s stands in the line as it is
}

// span says where the bytes of a text from at on were written: from column col on, one by one, or, if width is
// not zero, all of them as those width bytes.
type span struct{ at, col, width int32 }

const spanBytes = 12

// slice is t[from:to] with its places.
func (t text) slice(from, to int) text {
	out := text{s: t.s[from:to], line: t.line, via: t.via, col: t.col + from}
	if t.runs != nil {
		out.runs = t.appendSpans(make([]span, 0, usualSpans), from, to, 0)
	}
	return out
}

// usualSpans is how many spans a line with definitions has, as a rule.
const usualSpans = 4

// appendSpans adds the places of t[from:to], as they are after moving those bytes to offset at.
func (t text) appendSpans(runs []span, from, to, at int) []span {
	if t.runs == nil {
		return append(runs, span{int32(at), int32(t.col + from), 0})
	}
	first, end := int32(from), int32(to)
	for i := t.run(first); i < len(t.runs) && (t.runs[i].at < end || t.runs[i].at <= first); i++ {
		run := t.runs[i]
		if run.at < first {
			if run.width == 0 {
				run.col += first - run.at
			}
			run.at = first
		}
		run.at += int32(at) - first
		runs = append(runs, run)
	}
	return runs
}

// run is the index of the span that offset i belongs to.
func (t text) run(i int32) int {
	return max(sort.Search(len(t.runs), func(k int) bool { return t.runs[k].at > i })-1, 0)
}

// mark is the place of t[from:to].
func (t text) mark(from, to int) mark {
	m := mark{line: t.line, via: t.via, col: int32(t.col + from), width: int32(to - from)}
	if t.runs != nil {
		run := t.runs[t.run(int32(from))]
		m.col = run.col
		if run.width != 0 {
			m.width = run.width
		} else {
			m.col += int32(from) - run.at
		}
	}
	if t.line != nil {
		m.width = max(min(m.width, int32(len(t.line.raw))-m.col+1), 0)
	}
	return m
}

func (t text) whole() mark { return t.mark(0, len(t.s)) }

// trim cuts blanks off both ends.
func (t text) trim() text {
	from := skipBlanks(t.s, 0)
	to := len(t.s)
	for to > from && isBlank(t.s[to-1]) {
		to--
	}
	if from == 0 && to == len(t.s) {
		return t
	}
	return t.slice(from, to)
}

// rest is t from offset i on, without leading and trailing blanks.
func (t text) rest(i int) text { return t.slice(i, len(t.s)).trim() }

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\f' || c == '\v' }

func skipBlanks(s string, i int) int {
	for i < len(s) && isBlank(s[i]) {
		i++
	}
	return i
}

// uncomment makes a logical line of a physical one: without its comment, without blanks around it. A # or !
// begins a comment unless it stands between double quotes or behind a backslash, which is then removed.
// open says that a double quote is not closed.
func uncomment(line *source) (t text, open bool) {
	t = text{s: line.raw, line: line, col: 1}
	if !strings.ContainsAny(t.s, "\"#!\\") {
		return t.trim(), false
	}
	end, escapes, open := codeEnd(t.s)
	return t.slice(0, end).without(escapes).trim(), open
}

// codeEnd is where the comment of a physical line begins, or its end, and which backslashes before that only keep one
// from beginning.
func codeEnd(raw string) (end int, escapes []int, open bool) {
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"':
			open = !open
		case open:
		case c == '\\' && i+1 < len(raw) && (raw[i+1] == '#' || raw[i+1] == '!'):
			escapes = append(escapes, i)
			i++
		case c == '#' || c == '!':
			return i, escapes, open
		}
	}
	return len(raw), escapes, open
}

// without is t less the bytes at the offsets, which ascend.
func (t text) without(offsets []int) text {
	if len(offsets) == 0 {
		return t
	}
	s := splice{from: t}
	for _, i := range offsets {
		s.replace(i, i+1, "")
	}
	return s.text()
}

// splice makes a text of another by replacing parts of it, from left to right.
type splice struct {
	from text
	to   strings.Builder
	runs []span
	done int // bytes of from
}

// replace puts value in the place of from[i:j] and answers that place.
func (s *splice) replace(i, j int, value string) mark {
	s.keep(i)
	m := s.from.mark(i, j)
	s.runs = append(s.runs, span{int32(s.to.Len()), m.col, max(m.width, 1)})
	s.to.WriteString(value)
	s.done = j
	return m
}

// keep copies what is left of from up to offset i.
func (s *splice) keep(i int) {
	if s.runs == nil {
		s.runs = make([]span, 0, usualSpans)
	}
	s.runs = s.from.appendSpans(s.runs, s.done, i, s.to.Len())
	s.to.WriteString(s.from.s[s.done:i])
	s.done = i
}

func (s *splice) text() text {
	s.keep(len(s.from.s))
	return text{s: s.to.String(), line: s.from.line, via: s.from.via, runs: s.runs}
}

// word is one word of a statement; from and to are its offsets in the text, with its quotes.
type word struct {
	s        string
	from, to int32
}

// appendWords adds the words of s: separated by blanks, grouped by double quotes. A quote begins a new word even
// without a blank before it; nothing is escaped.
func appendWords(words []word, s string) []word {
	for i := skipBlanks(s, 0); i < len(s); i = skipBlanks(s, i) {
		from := i
		if s[i] == '"' {
			end := strings.IndexByte(s[i+1:], '"')
			if end < 0 {
				return append(words, word{s[i+1:], int32(from), int32(len(s))})
			}
			i += end + 2
			words = append(words, word{s[from+1 : i-1], int32(from), int32(i)})
			continue
		}
		for i < len(s) && !isBlank(s[i]) && s[i] != '"' {
			i++
		}
		words = append(words, word{s[from:i], int32(from), int32(i)})
	}
	return words
}

// brace is the offset of the first { or } of s at or after i that is not between double quotes, or len(s).
func brace(s string, i int) int {
	quoted := false
	for ; i < len(s); i++ {
		switch s[i] {
		case '"':
			quoted = !quoted
		case '{', '}':
			if !quoted {
				return i
			}
		}
	}
	return i
}
