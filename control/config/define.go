// Definitions: $NAME=value on one line or several, taken here and put in place by substitute.go.

package config

import "strings"

// definition is the value of $NAME.
type definition struct {
	name   string
	lines  []text
	multi  bool // written over several lines
	active bool // its lines are being read
	broken bool // has gone beyond a limit: not put in place any more
	drop   bool // belongs to a condition that does not hold; its lines are skipped
}

func (d *definition) multiple() bool { return d != nil && d.multi }

// definitionOf splits "$NAME=value".
func definitionOf(t text) (name string, value text, ok bool) {
	if t.s == "" || t.s[0] != '$' {
		return "", text{}, false
	}
	end := nameEnd(t.s, 1)
	if end == 1 || end == len(t.s) || t.s[end] != '=' {
		return "", text{}, false
	}
	return t.s[1:end], t.rest(end + 1), true
}

// define takes a definition. A value that ends in a backslash goes on in the next line of the file.
func (e *expander) define(t text, depth int) bool {
	name, value, ok := definitionOf(t)
	if !ok {
		return false
	}
	d := &definition{name: name}
	if depth == 0 && strings.HasSuffix(value.s, `\`) {
		d.multi = true
		e.pending = d
		value = value.slice(0, len(value.s)-1).trim()
	}
	if value.s != "" || !d.multi {
		d.lines = append(d.lines, value)
	}
	e.defs[name] = d
	return true
}

// resume adds a line to the definition being read. An empty line ends it, a comment does not.
func (e *expander) resume(t text, empty bool) {
	d := e.pending
	if empty {
		if !d.drop {
			e.report(Warning, t.whole(), "remove the empty line, or the backslash that ends the line above",
				"the definition of $%s ends at this empty line although the line above goes on", d.name)
		}
		e.pending = nil
		return
	}
	if t.s == "" {
		return
	}
	if strings.HasSuffix(t.s, `\`) {
		t = t.slice(0, len(t.s)-1).trim()
	} else {
		e.pending = nil
	}
	if t.s != "" && !d.drop {
		d.lines = append(d.lines, t)
	}
}

// use is a reference to a definition of several lines.
type use struct {
	*definition
	at mark
}

// useLines reads the lines of a definition in the place where it is used; head is what stands before that.
func (e *expander) useLines(head text, u use, depth int) {
	if u.active {
		e.report(Error, u.at, "a definition cannot use itself", "the definition of $%s refers to itself; line dropped", u.name)
		return
	}
	u.active = true
	defer func() { u.active = false }()
	link := &via{up: head.via, by: u.at}
	for i, l := range u.lines {
		if e.stopped {
			return
		}
		l.via = link
		if i == 0 && head.s != "" {
			l = join(head, l, u.at)
		}
		e.line(l, depth+1)
	}
}

// join is head followed by tail, all of which was written at m.
func join(head, tail text, m mark) text {
	runs := head.appendSpans(nil, 0, len(head.s), 0)
	head.s += tail.s
	head.runs = append(runs, span{int32(len(head.s) - len(tail.s)), m.col, max(m.width, 1)})
	return head
}

func nameEnd(s string, i int) int {
	for from := i; i < len(s); i++ {
		c := s[i] | 0x20
		if !(c >= 'a' && c <= 'z' || s[i] == '_' || i > from && s[i] >= '0' && s[i] <= '9') {
			break
		}
	}
	return i
}
