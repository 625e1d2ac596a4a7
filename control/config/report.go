// Reporting collects problems: sorted, not twice at one place, and not without end.

package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// mark is where a finding is: width bytes from column col of a line, and how the line came in.
type mark struct {
	line       *source
	via        *via
	col, width int32
}

func (m mark) pos() Pos {
	if m.line == nil {
		return Pos{}
	}
	return Pos{File: m.line.file.name, Line: int32(m.line.number), Column: m.col}
}

// samePlace is how many problems one place may raise before the rest are only counted: a template may be used
// fifty thousand times.
const samePlace = 3

// finding is a problem on its way out, with what it is sorted and folded by.
type finding struct {
	Problem
	at    place
	order int
	folds int // further findings at the same place, not listed
}

type place struct{ file, line, col int }

func (m mark) place() place {
	if m.line == nil {
		return place{}
	}
	return place{m.line.file.index, m.line.number, int(m.col)}
}

// messageBytes is the length a message is cut to: it may repeat a word of the file.
const messageBytes = 400

// maxFindings is how many problems are listed in all.
const maxFindings = 10000

// crowd is the findings at one place.
type crowd struct {
	listed []*finding
	n      int // reported in all
}

// fold counts a finding that is not listed.
func (c *crowd) fold(s Severity) {
	last := c.listed[len(c.listed)-1]
	last.folds++
	last.Severity = max(last.Severity, s)
}

// reporter collects findings.
type reporter struct {
	list   []*finding
	places map[place]*crowd
	more   int // not listed

	// exacting makes errors of warnings about the text of an edit: who typed it can correct it at once, and a line
	// that is left out would change what it was not meant to.
	exacting bool
}

// report adds a finding. The message must not hold a secret; the source line is masked here.
func (r *reporter) report(s Severity, m mark, hint, format string, args ...any) {
	if r.crowded(s, m) {
		return
	}
	message := printable(fmt.Sprintf(format, args...))
	if len(message) > messageBytes {
		message = message[:runeStart(message, messageBytes)] + "..."
	}
	here := r.at(m.place())
	here.n++
	for _, f := range here.listed {
		if f.Message == message {
			return
		}
	}
	if len(here.listed) == samePlace {
		here.fold(s)
		return
	}
	here.listed = append(here.listed, r.add(s, m, hint, message))
}

// add lists a finding, whatever there is at its place already.
func (r *reporter) add(s Severity, m mark, hint, message string) *finding {
	f := &finding{at: m.place(), order: len(r.list)}
	f.Problem = Problem{Pos: m.pos(), Severity: s, Message: message, Width: int(m.width), Hint: hint}
	if m.line != nil {
		if r.exacting && m.line.file.given && s == Warning {
			f.Severity, f.Message = Error, withoutConsequence(message)
		}
		f.Source, f.Width = m.show()
		f.Via = m.via.positions(m.line)
	}
	r.list = append(r.list, f)
	return f
}

// withoutConsequence is a warning without its last clause, which tells what is done instead: nothing is, where it becomes
// an error.
func withoutConsequence(message string) string {
	if i := strings.LastIndex(message, "; "); i > 0 {
		return message[:i]
	}
	return message
}

func (r *reporter) at(p place) *crowd {
	c := r.places[p]
	if c == nil {
		c = new(crowd)
		if r.places == nil {
			r.places = make(map[place]*crowd)
		}
		r.places[p] = c
	}
	return c
}

// crowdedPlace is how many problems at one place are enough to tell no further ones apart.
const crowdedPlace = 100

// crowded says whether a finding at m need not be worked out, because it would only be counted; it counts it.
func (r *reporter) crowded(s Severity, m mark) bool {
	here := r.places[m.place()]
	switch {
	case here == nil && len(r.list) >= maxFindings:
		r.more++
	case here != nil && here.n >= crowdedPlace:
		here.fold(s)
	default:
		return false
	}
	return true
}

// reportFile adds a finding about the first file as a whole.
func (r *reporter) reportFile(s Severity, name, hint, message string) {
	r.list = append(r.list, &finding{Problem: Problem{Pos: Pos{File: name}, Severity: s, Message: message, Hint: hint}})
}

// problems are the findings in the order of the files.
func (r *reporter) problems() []Problem {
	slices.SortStableFunc(r.list, func(a, b *finding) int {
		return cmp.Or(cmp.Compare(a.at.file, b.at.file), cmp.Compare(a.at.line, b.at.line),
			cmp.Compare(a.at.col, b.at.col), cmp.Compare(a.order, b.order))
	})
	out := make([]Problem, len(r.list))
	for i, f := range r.list {
		out[i] = f.Problem
		if f.folds > 0 {
			out[i].Message += fmt.Sprintf(" (and %d more problems at this place)", f.folds)
		}
	}
	if r.more > 0 {
		out = append(out, Problem{Severity: Error, Message: fmt.Sprintf("%d more problems are not listed", r.more)})
	}
	return out
}
