// Substitution puts definitions in the place of their references. It stops what refers to itself or grows without
// end.

package config

import (
	"path"
	"strconv"
	"strings"
)

// reference is $NAME or ${NAME ...} at [from,to) of a text.
type reference struct {
	from, to int
	name     string
	args     string // of ${_RANDOM 1 6} and the like
}

// nextReference finds the first reference at or after i. $NAME without braces ends before a blank, comma,
// closing parenthesis or the end of the text; everything else that begins with $ is left alone.
func nextReference(s string, i int) (reference, bool) {
	for {
		at := strings.IndexByte(s[i:], '$')
		if at < 0 {
			return reference{}, false
		}
		from := i + at
		if r, ok := referenceAt(s, from); ok {
			return r, true
		}
		i = from + 1
	}
}

func referenceAt(s string, from int) (reference, bool) {
	braced := strings.HasPrefix(s[from+1:], "{")
	name := from + 1
	if braced {
		name++
	}
	end := nameEnd(s, name)
	if end == name {
		return reference{}, false
	}
	r := reference{from: from, to: end, name: s[name:end]}
	if !braced {
		return r, end == len(s) || isBlank(s[end]) || s[end] == ',' || s[end] == ')'
	}
	closing := strings.IndexByte(s[end:], '}')
	if closing < 0 || closing > 0 && !isBlank(s[end]) {
		return reference{}, false
	}
	r.args = strings.TrimSpace(s[end : end+closing])
	r.to = end + closing + 1
	return r, true
}

// substitute puts the definitions t uses in their places, once from left to right. If t ends in a definition
// of several lines it answers what stands before it, and the use of the definition.
func (e *expander) substitute(t text, pass int) (next text, body *use, changed bool) {
	if strings.IndexByte(t.s, '$') < 0 {
		return t, nil, false
	}
	s := splice{from: t}
	for i := 0; ; {
		r, ok := nextReference(t.s, i)
		if !ok {
			break
		}
		i = r.to
		d, value, known := e.value(r)
		if !known || d.multiple() && !e.atEnd(t, r) {
			continue
		}
		m := s.replace(r.from, r.to, value)
		if d.multiple() {
			body = &use{d, m}
		}
		if pass > 0 && d != nil {
			e.chained = append(e.chained, d)
		}
		e.spent += len(value)
		if !e.affordable(m, r.name, s.to.Len(), pass) {
			return text{}, nil, true
		}
	}
	if s.done == 0 {
		return t, nil, false
	}
	next = s.text()
	e.spent += len(next.s)
	return next, body, true
}

// atEnd says whether a reference ends the line, as one to several lines must.
func (e *expander) atEnd(t text, r reference) bool {
	if r.to < len(t.s) {
		e.report(Warning, t.mark(r.from, r.to), "write the reference at the end of its line",
			"$%s has several lines and stands before other text; left as it is", r.name)
		return false
	}
	return true
}

// affordable holds substitution to its limits: the reference to name at m has just been replaced, in a text that is
// length bytes long by now.
func (e *expander) affordable(m mark, name string, length, pass int) bool {
	switch {
	case pass >= e.max.passes:
		e.report(Error, m, "a definition cannot use itself, nor two definitions each other",
			"the definition of $%s refers to itself; line dropped", name)
	case length > e.max.lineBytes:
		e.report(Error, m, "", "the line grows beyond %d bytes by its definitions; line dropped", e.max.lineBytes)
	case e.spent > e.max.bytes:
		e.stop(m, "", "definitions expand to more than %d bytes; the rest is not read", e.max.bytes)
	default:
		return true
	}
	for _, c := range e.chained {
		c.broken = true
	}
	return false
}

// value looks a reference up: the file's own definitions first, then those that are always there.
func (e *expander) value(r reference) (d *definition, value string, known bool) {
	if d := e.defs[r.name]; d != nil && r.args == "" {
		if d.broken {
			return nil, "", false
		}
		if d.multi {
			return d, "", true
		}
		return d, d.lines[0].s, true
	}
	if r.name[0] != '_' {
		return nil, "", false
	}
	value, known = e.predefined(r)
	return nil, value, known
}

func (e *expander) predefined(r reference) (string, bool) {
	switch r.name {
	case "_HASH":
		return "#", true
	case "_BANG":
		return "!", true
	case "_INSTANCE":
		return e.id, true
	case "_PWD":
		return path.Dir("/" + e.open[len(e.open)-1].path), true
	case "_ENV":
		if e.env == nil || r.args == "" {
			return "", r.args != ""
		}
		return e.env(r.args), true
	case "_RANDOM":
		return e.randomNumber(strings.Fields(r.args))
	}
	return "", false
}

// randomNumber is ${_RANDOM [min [max]]}, by default 0 to 32767.
func (e *expander) randomNumber(args []string) (string, bool) {
	bounds := [2]uint64{0, 32767}
	if len(args) > 2 {
		return "", false
	}
	for i, a := range args {
		n, err := strconv.ParseUint(a, 10, 31)
		if err != nil {
			return "", false
		}
		bounds[i] = n
	}
	if bounds[1] < bounds[0] {
		return "", false
	}
	return strconv.FormatUint(bounds[0]+e.random.Uint64N(bounds[1]-bounds[0]+1), 10), true
}
