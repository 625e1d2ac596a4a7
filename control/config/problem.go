package config

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Severity grades a problem.
type Severity uint8

// The grades. A repaired mistake is a warning; an error keeps a router or the file from being used.
const (
	Notice Severity = iota
	Warning
	Error
)

func (s Severity) String() string { return [...]string{"notice", "warning", "error"}[s] }

// Problem is one finding in a configuration, with its remedy.
type Problem struct {
	Pos      Pos
	Severity Severity
	Message  string // one line, lower case
	Source   string // the line as written, with secrets masked; may be empty
	Width    int    // bytes of Source the finding is about, from Pos.Column
	Hint     string // what to do; may be empty
	Via      []Pos  // innermost first: the definitions, repetitions and includes that brought the line in
}

// Worst is the highest severity among problems, Notice if there are none.
func Worst(problems []Problem) Severity {
	worst := Notice
	for _, p := range problems {
		worst = max(worst, p.Severity)
	}
	return worst
}

// String is the finding on one line: place, severity, message.
func (p Problem) String() string { return fmt.Sprintf("%s: %s: %s", p.Pos, p.Severity, p.Message) }

// Print writes problems for people: each with its source line, a mark under the words in question, where the
// line was used from, and the remedy.
func Print(w io.Writer, problems []Problem) error {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(p.String())
		b.WriteByte('\n')
		p.excerpt(&b)
		for _, v := range p.Via {
			fmt.Fprintf(&b, "      = used from %s\n", v)
		}
		if p.Hint != "" {
			fmt.Fprintf(&b, "      = hint: %s\n", p.Hint)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// excerptBytes is how much of a long source line is shown before and after the finding.
const excerptBytes = 60

func (p Problem) excerpt(b *strings.Builder) {
	if p.Source == "" {
		return
	}
	at := min(max(p.Pos.Column-1, 0), len(p.Source))
	end := min(at+max(p.Width, 0), len(p.Source))
	from, to := runeStart(p.Source, at-excerptBytes), runeStart(p.Source, end+excerptBytes)
	head, tail := "", ""
	if from > 0 {
		head = "..."
	}
	if to < len(p.Source) {
		tail = "..."
	}
	fmt.Fprintf(b, "%5d | %s%s%s\n", p.Pos.Line, head, printable(p.Source[from:to]), tail)
	fmt.Fprintf(b, "      | %s%s%s\n", strings.Repeat(" ", len(head)), blanks(p.Source[from:at]),
		strings.Repeat("^", max(utf8.RuneCountInString(p.Source[at:end]), 1)))
}

// runeStart moves i into s and back to the first byte of a rune.
func runeStart(s string, i int) int {
	if i >= len(s) {
		return len(s)
	}
	for i > 0 && !utf8.RuneStart(s[i]) {
		i--
	}
	return max(i, 0)
}

// blanks is as wide as s on a terminal: a space for every rune, tabs kept.
func blanks(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, s)
}

// printable replaces control characters, which could act on the reader's terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return '.'
		}
		return r
	}, s)
}

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
	return Pos{File: m.line.file.name, Line: m.line.number, Column: int(m.col)}
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

// reporter collects findings.
type reporter struct {
	list   []*finding
	places map[place]*crowd
	more   int // not listed
}

// report adds a finding. The message must not hold a secret; the source line is masked here.
func (r *reporter) report(s Severity, m mark, hint, format string, args ...any) {
	at := m.place()
	message := fmt.Sprintf(format, args...)
	if len(message) > messageBytes {
		message = message[:runeStart(message, messageBytes)] + "..."
	}
	here := r.at(at)
	here.n++
	for _, f := range here.listed {
		if f.Message == message {
			return
		}
	}
	if n := len(here.listed); n == samePlace {
		here.listed[n-1].folds++
		here.listed[n-1].Severity = max(here.listed[n-1].Severity, s)
		return
	}
	if len(r.list) == maxFindings {
		r.more++
		return
	}
	f := &finding{at: at, order: len(r.list)}
	f.Problem = Problem{Pos: m.pos(), Severity: s, Message: message, Width: int(m.width), Hint: hint}
	if m.line != nil {
		f.Source, f.Width = m.show()
		f.Via = m.via.positions(m.line)
	}
	here.listed = append(here.listed, f)
	r.list = append(r.list, f)
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

// crowded says whether a further finding at m need not be worked out, and counts it.
func (r *reporter) crowded(m mark) bool {
	here := r.places[m.place()]
	if here == nil || here.n < crowdedPlace || len(here.listed) == 0 {
		return false
	}
	here.listed[len(here.listed)-1].folds++
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
