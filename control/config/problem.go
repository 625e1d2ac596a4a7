// Problems as they leave the package, and how they are shown to people.

package config

import (
	"fmt"
	"io"
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
	at := min(max(int(p.Pos.Column)-1, 0), len(p.Source))
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
