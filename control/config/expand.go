// Expanding reads lines until nothing is left in them but configuration: conditions, definitions, repetitions and
// includes are carried out here, within limits. It knows no keywords but include and random_seed.

package config

import (
	"fmt"
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
	spent   int           // bytes of logical lines, of their spans and of what was put into them, each time they are copied
	seen    int           // logical lines
	stopped bool          // a limit on the whole was met
}

// stop ends reading: the file as a whole costs too much.
func (e *expander) stop(m mark, hint, format string, args ...any) {
	if !e.stopped {
		e.add(Error, m, hint, fmt.Sprintf(format, args...))
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
		if e.spent += len(t.runs) * spanBytes; e.spent > e.max.bytes {
			e.stop(t.whole(), "", "definitions expand to more than %d bytes; the rest is not read", e.max.bytes)
			return
		}
		if t.s[0] == '@' {
			t = e.condition(t, depth)
			continue
		}
		if e.directive(t, depth) {
			return
		}
		next, body, changed := e.substitute(t, pass)
		switch {
		case body != nil:
			e.useLines(next, *body, depth)
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
		return e.define(t, depth)
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
func (e *expander) condition(t text, depth int) text {
	end := 1
	for end < len(t.s) && !isBlank(t.s[end]) {
		end++
	}
	rest := t.rest(end)
	id, negated := strings.CutPrefix(t.s[1:end], "^")
	if holds := id == e.id || id == "xvrrp"; holds != negated {
		return rest
	}
	if _, value, ok := definitionOf(rest); ok && depth == 0 && strings.HasSuffix(value.s, `\`) {
		e.pending = &definition{drop: true}
	}
	return text{}
}
