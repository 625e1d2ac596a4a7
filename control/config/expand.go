package config

import (
	"io/fs"
	"math/rand/v2"
	"strconv"
	"strings"
)

// expander turns files into logical lines: it reads includes, keeps or drops conditional lines, takes
// definitions and puts them in their places, and carries out repetitions.
type expander struct {
	*reporter
	max     limits
	fsys    fs.FS
	id      string
	env     func(string) string
	random  *rand.Rand
	emit    func(text) // takes each piece of a logical line: a statement, a brace at its end, or both
	defs    map[string]*definition
	known   map[string]*file // by path
	open    []*file          // being read, innermost last
	opened  int
	pending *definition   // of several lines, of the file being read, not complete
	chained []*definition // that other definitions brought into the line
	spent   int           // bytes of logical lines and of what was put into them
	seen    int           // logical lines
	stopped bool          // a limit on the whole was met
}

// definition is the value of $NAME.
type definition struct {
	name   string
	lines  []text
	multi  bool // written over several lines
	active bool // its lines are being read
	broken bool // has gone beyond a limit: not put in place any more
	drop   bool // belongs to a condition that does not hold; its lines are skipped
}

// stop ends reading: the file as a whole costs too much.
func (e *expander) stop(m mark, hint, format string, args ...any) {
	if !e.stopped {
		e.report(Error, m, hint, format, args...)
	}
	e.stopped = true
}

// line handles one logical line: it is taken as a condition, include, repetition or definition, or emitted with
// the definitions it uses. depth counts the repetitions and definitions around it.
func (e *expander) line(t text, depth int) {
	e.seen++
	if e.spent += len(t.s); e.seen > e.max.lines {
		e.stop(t.whole(), "make the repetitions smaller", "the file expands to more than %d lines; the rest is not read", e.max.lines)
	}
	if depth > e.max.depth {
		e.report(Error, t.whole(), "", "repetitions and definitions are more than %d deep; line dropped", e.max.depth)
		return
	}
	e.chained = e.chained[:0]
	for pass := 0; t.s != "" && !e.stopped; pass++ {
		if t.s[0] == '@' {
			t = e.condition(t)
			continue
		}
		if e.directive(t, depth) {
			return
		}
		next, body, changed := e.substitute(t, pass)
		switch {
		case body != nil:
			e.useLines(next, t, body, depth)
			return
		case changed:
			t = next.trim()
		default:
			t, pass = e.emitPiece(t), 0
		}
	}
}

// directive carries out a line that is no configuration in itself; it answers false for all others.
func (e *expander) directive(t text, depth int) bool {
	switch t.s[0] {
	case '~':
		return e.repeat(t, depth)
	case '$':
		return e.define(t)
	case 'i':
		return e.include(t, depth)
	}
	return false
}

// emitPiece emits t up to its first brace and answers the rest, which is a logical line of its own.
func (e *expander) emitPiece(t text) text {
	if seed, ok := strings.CutPrefix(t.s, "random_seed"); ok {
		if n, err := strconv.ParseUint(strings.TrimSpace(seed), 10, 32); err == nil {
			e.random = newRandom(n)
		}
	}
	at := brace(t.s, 0)
	if at == len(t.s) {
		e.emit(t)
		return text{}
	}
	e.emit(t.slice(0, at+1))
	return t.rest(at + 1)
}

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// condition is the rest of "@id rest" or "@^id rest" if the condition holds, otherwise nothing. Lines for
// xvrrp are always kept, those for all but xvrrp never.
func (e *expander) condition(t text) text {
	end := 1
	for end < len(t.s) && !isBlank(t.s[end]) {
		end++
	}
	rest := t.rest(end)
	id, negated := strings.CutPrefix(t.s[1:end], "^")
	if holds := id == e.id || id == "xvrrp"; holds != negated {
		return rest
	}
	if _, value, ok := definitionOf(rest); ok && strings.HasSuffix(value.s, `\`) {
		e.pending = &definition{drop: true}
	}
	return text{}
}

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

// define takes a definition. A value that ends in a backslash goes on in the next line.
func (e *expander) define(t text) bool {
	name, value, ok := definitionOf(t)
	if !ok {
		return false
	}
	d := &definition{name: name}
	if strings.HasSuffix(value.s, `\`) {
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

// useLines reads the lines of a definition in the place of the reference that ends t; next is what stands
// before it.
func (e *expander) useLines(next, t text, d *definition, depth int) {
	if d.active {
		e.report(Error, t.whole(), "a definition cannot use itself", "the definition of $%s refers to itself; line dropped", d.name)
		return
	}
	d.active = true
	defer func() { d.active = false }()
	link := &via{up: t.via, by: t.mark(len(next.s), len(t.s))}
	for i, l := range d.lines {
		if e.stopped {
			return
		}
		l.via = link
		if i == 0 && next.s != "" {
			l = join(next, l, t.mark(len(next.s), len(t.s)))
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
