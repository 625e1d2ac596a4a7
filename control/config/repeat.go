// Repetition: ~SEQ, ~SEQx and ~LST read the rest of their line many times.

package config

import (
	"strconv"
	"strings"
)

// repetition is "~SEQ(...) rest", "~SEQx(...) rest" or "~LST(...) rest": rest is read once for every step.
type repetition struct {
	names []string
	steps int
	value func(step, name int) string
	rest  text
}

// repeat carries out a repetition; it answers false if t is none.
func (e *expander) repeat(t text, depth int) bool {
	open := strings.IndexByte(t.s, '(')
	if open < 0 {
		return false
	}
	kind := t.s[:open]
	if kind != "~SEQ" && kind != "~SEQx" && kind != "~LST" {
		return false
	}
	closing := strings.IndexByte(t.s, ')')
	if closing < 0 {
		e.report(Warning, t.whole(), "close the list of values with )", "%s( is not closed; line dropped", kind)
		return true
	}
	args := e.arguments(t.slice(open+1, closing))
	var r repetition
	var fault string
	if kind == "~LST" {
		r, fault = list(args)
	} else {
		r, fault = sequence(args, kind == "~SEQx")
	}
	if fault != "" {
		e.report(Warning, t.mark(0, closing+1), "write ~SEQ(name, first, step, last) or ~LST(name, value, value)",
			"%s in %s(%s); line dropped", fault, kind, args)
		return true
	}
	r.rest = t.rest(closing + 1)
	r.rest.via = &via{up: t.via, by: t.mark(0, closing+1)}
	e.carryOut(r, depth)
	return true
}

// arguments is what stands between the parentheses, with definitions in their places.
func (e *expander) arguments(t text) string {
	e.chained = e.chained[:0]
	for pass := 0; ; pass++ {
		next, body, changed := e.substitute(t, pass)
		if !changed || body != nil {
			return strings.TrimSpace(next.s)
		}
		t = next
	}
}

// carryOut reads the rest of the line for each step. Definitions of the same names are back afterwards.
func (e *expander) carryOut(r repetition, depth int) {
	if r.rest.s == "" {
		return
	}
	loop := make([]*definition, len(r.names))
	for i, name := range r.names {
		loop[i] = &definition{name: name, lines: make([]text, 1)}
		saved, had := e.defs[name]
		defer func() {
			delete(e.defs, name)
			if had {
				e.defs[name] = saved
			}
		}()
		e.defs[name] = loop[i]
	}
	for step := 0; step < r.steps && !e.stopped; step++ {
		for i, d := range loop {
			d.lines[0].s = r.value(step, i)
		}
		e.line(r.rest, depth+1)
	}
}

// sequence reads "name, [first, [step,]] last": without first from 1 or -1, without step by 1 or -1.
func sequence(args string, hex bool) (repetition, string) {
	fields := strings.Split(args, ",")
	if len(fields) < 2 || len(fields) > 4 {
		return repetition{}, "a name and one to three numbers are wanted"
	}
	name := strings.TrimSpace(fields[0])
	if !isName(name) {
		return repetition{}, "the name is not valid"
	}
	var n [3]int64
	for i, f := range fields[1:] {
		v, err := strconv.ParseInt(strings.TrimSpace(f), 0, 32)
		if err != nil {
			return repetition{}, strconv.Quote(strings.TrimSpace(f)) + " is no number"
		}
		n[i] = v
	}
	first, step, last := int64(1), int64(1), n[len(fields)-2]
	switch len(fields) {
	case 2:
		if last < 0 {
			first = -1
		}
	default:
		first = n[0]
	}
	if len(fields) == 4 {
		step = n[1]
	} else if last < first {
		step = -1
	}
	if step == 0 || (last-first)*step < 0 {
		return repetition{}, "the step never reaches the end"
	}
	base := 10
	if hex {
		base = 16
	}
	return repetition{
		names: []string{name},
		steps: int((last-first)/step) + 1,
		value: func(i, _ int) string { return strconv.FormatInt(first+int64(i)*step, base) },
	}, ""
}

// list reads "name, value, ..." or "{name,name}, {value,value}, ...". A value that is missing is empty.
func list(args string) (repetition, string) {
	groups, ok := split(args)
	if !ok || len(groups) < 2 {
		return repetition{}, "a name and values are wanted"
	}
	for _, n := range groups[0] {
		if !isName(n) {
			return repetition{}, "the name is not valid"
		}
	}
	for _, g := range groups[1:] {
		if len(g) > len(groups[0]) {
			return repetition{}, "there are more values than names"
		}
		for _, v := range g {
			if strings.ContainsAny(v, " \t") {
				return repetition{}, "a comma is missing between values"
			}
		}
	}
	return repetition{
		names: groups[0],
		steps: len(groups) - 1,
		value: func(step, name int) string {
			if g := groups[step+1]; name < len(g) {
				return g[name]
			}
			return ""
		},
	}, ""
}

// split takes "a, {b,c}" apart into [a] [b c].
func split(args string) (groups [][]string, ok bool) {
	for {
		args = strings.TrimSpace(args)
		if inner, found := strings.CutPrefix(args, "{"); found {
			body, rest, closed := strings.Cut(inner, "}")
			if !closed {
				return nil, false
			}
			groups = append(groups, trimmed(strings.Split(body, ",")))
			args = strings.TrimSpace(rest)
			if args == "" {
				return groups, true
			}
			if args[0] != ',' {
				return nil, false
			}
			args = args[1:]
			continue
		}
		item, rest, more := strings.Cut(args, ",")
		groups = append(groups, []string{strings.TrimSpace(item)})
		if !more {
			return groups, true
		}
		args = rest
	}
}

func trimmed(items []string) []string {
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

func isName(s string) bool { return s != "" && nameEnd(s, 0) == len(s) }
