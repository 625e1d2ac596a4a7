// Migration makes a file of keepalived's one for xvrrp: what has no effect becomes a comment that says why, old names
// become the present ones, and what xvrrp does better is suggested in comments. Nothing else changes, and what the file
// means does not.

package config

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Migration is what came of a file.
type Migration struct {
	Text  string
	Steps []Step    // in the order of the file
	Left  []Problem // of Text
}

// Step is one change of a file.
type Step struct {
	Line int // of the file as it was
	What string
}

// Migrate makes the file path of fsys one for xvrrp. Files that it includes stay as they are.
func Migrate(fsys fs.FS, path string, o Options) (Migration, error) {
	out := Migration{Text: o.Text}
	if o.Text == "" {
		text, err := fs.ReadFile(fsys, path)
		if err != nil {
			return Migration{}, reason(err)
		}
		out.Text = string(text)
	}
	var lines []int // of the file as it was, by those of the text
	for i := range strings.Count(out.Text, "\n") + 1 {
		lines = append(lines, i+1)
	}
	for { // what has become a comment may have kept something else from having an effect
		m := &migrator{fsys: fsys, path: path, options: o, text: out.Text}
		m.migrate()
		if len(m.accepted) == 0 {
			_, out.Left = m.load(out.Text)
			return out, nil
		}
		for _, c := range m.accepted {
			out.Steps = append(out.Steps, Step{lines[c.first-1], c.what})
		}
		var from []int
		out.Text, from = m.with(m.accepted)
		for i := range from {
			from[i] = lines[from[i]-1]
		}
		lines = from
		slices.SortStableFunc(out.Steps, func(a, b Step) int { return a.Line - b.Line })
	}
}

// migrate finds and makes the changes of one pass.
func (m *migrator) migrate() {
	var problems []Problem
	m.was, problems = m.load(m.text)
	m.find()
	m.accept(m.changes)
	m.accept(m.idle(problems))
}

// migrator works a migration out.
type migrator struct {
	fsys       fs.FS
	path       string
	options    Options
	text       string
	was        *Config
	statements []statement // of the file, those that have lines of their own
	changes    []edit      // that the schema asks for
	accepted   []edit      // in the order of the file
}

// statement is one that may be made a comment.
type statement struct {
	first, last int // lines
	depth       int
}

// edit is a change of some lines.
type edit struct {
	first, last int
	what        string // for people
	note        string // a comment to stand before the lines, or empty
	hide        bool   // make comments of them
	old, now    string // replace this keyword by that one
}

// find goes through the statements of the file.
func (m *migrator) find() {
	r := new(reporter)
	in := newReading(r, new(drafts), m.fsys, m.options, defaultLimits)
	in.builder.done = func(n *node) { m.visit(top, n, 0) }
	in.expander.readText(&file{path: m.path}, m.text)
	in.builder.finish()
}

// visit looks at a statement of a block.
func (m *migrator) visit(b *block, n *node, depth int) {
	first, last, alone := m.lines(n)
	r := b.row(n.keyword())
	if alone {
		m.statements = append(m.statements, statement{first, last, depth})
	}
	if r == nil {
		return
	}
	if alone {
		if c, wanted := m.change(r, n); wanted {
			c.first, c.last = first, last
			m.changes = append(m.changes, c)
			if c.hide {
				return
			}
		}
		m.suggest(r, n, first)
	}
	for _, child := range n.body {
		m.visit(r.body, child, depth+1)
	}
}

// lines are those that a statement stands on; alone says that they are of this file and nothing else is on them.
func (m *migrator) lines(n *node) (first, last int, alone bool) {
	line := n.text.line
	if line == nil || line.file.path != m.path || !n.within(line.file, nil) || len(n.words) == 0 {
		return 0, 0, false
	}
	if !n.block {
		end := int(n.text.col) - 1 + len(n.text.s)
		return line.number, line.number, blankBefore(n.text) && onlyComment(line.raw[min(end, len(line.raw)):])
	}
	behind := n.end.line.raw[n.end.col+n.end.width-1:]
	return line.number, n.end.line.number, blankBefore(n.text) && onlyComment(behind)
}

// onlyComment reports whether nothing but a comment stands in the rest of a line.
func onlyComment(rest string) bool {
	rest = strings.Trim(rest, blankBytes+"\r")
	return rest == "" || rest[0] == '#' || rest[0] == '!'
}

// change is what the schema asks for.
func (m *migrator) change(r *row, n *node) (edit, bool) {
	switch {
	case r.status == refused:
		return edit{what: fmt.Sprintf("%s is a comment now: xvrrp does not carry it out; %s", r.name, r.why),
			note: fmt.Sprintf("xvrrp does not carry out %s: %s", r.name, r.why), hide: true}, true
	case r.status == skipped:
		return edit{what: n.title() + " is a comment now: it is for keepalived's other daemons, which keepalived -C runs beside xvrrp",
			note: "not for xvrrp, which does VRRP alone; keepalived -C carries it out", hide: true}, true
	case r.now != "":
		return edit{what: fmt.Sprintf("%s is called %s now", r.name, r.now), old: r.name, now: r.now}, true
	}
	return edit{}, false
}

// probes are programs whose job in a vrrp_script a check does without starting a process, and which check that is.
var probes = map[string]string{"curl": "HTTP_GET or SSL_GET", "wget": "HTTP_GET or SSL_GET", "nc": "TCP_CHECK", "ncat": "TCP_CHECK",
	"telnet": "TCP_CHECK", "ping": "PING_CHECK", "ping6": "PING_CHECK", "fping": "PING_CHECK",
	"killall": "vrrp_track_process", "pidof": "vrrp_track_process", "pgrep": "vrrp_track_process"}

// suggest adds a comment where xvrrp can do better.
func (m *migrator) suggest(r *row, n *node, line int) {
	var note string
	switch r.name {
	case "authentication":
		note = "auth_hmac signs adverts; this password is readable on the wire"
	case "script":
		words, _ := shellWords(n.text.rest(int(n.words[0].to)).s)
		if len(words) == 0 {
			return
		}
		command, _, _ := strings.Cut(words[0], " ") // all of it may be in quotes
		program := path.Base(command)
		better := probes[program]
		if better == "" {
			return
		}
		if better != "vrrp_track_process" {
			better = "a vrrp_check with " + better
		}
		note = fmt.Sprintf("%s does what %s does without starting a process each time", better, program)
	default:
		return
	}
	if !strings.HasSuffix(m.before(line), notePrefix+suggestion+note) {
		m.changes = append(m.changes, edit{first: line, last: line, what: "suggested: " + note, note: suggestion + note})
	}
}

// suggestion begins a comment that asks for nothing to be done.
const suggestion = "suggestion: "

// before is the line before another.
func (m *migrator) before(number int) string {
	lines := strings.SplitN(m.text, "\n", number)
	if number < 2 || len(lines) < number {
		return ""
	}
	return strings.TrimRight(lines[number-2], "\r")
}

// idle are the changes that make comments of statements which draw a warning, and without which the configuration is
// the same. Problems name places of the file as it was.
func (m *migrator) idle(problems []Problem) (out []edit) {
	for _, p := range problems {
		if p.Severity != Warning || len(p.Via) > 0 || p.Pos.Line == 0 || p.Pos.File != m.name() {
			continue
		}
		s, found := m.at(int(p.Pos.Line))
		hidden := func(e edit) bool { return e.hide && e.first <= s.first && s.last <= e.last }
		if !found || slices.ContainsFunc(m.accepted, hidden) || slices.ContainsFunc(out, hidden) {
			continue
		}
		why := p.Message
		if p.Hint != "" {
			why += " (" + p.Hint + ")"
		}
		out = append(out, edit{first: s.first, last: s.last, hide: true, note: "without effect: " + why,
			what: "a comment now, since it had no effect: " + why})
	}
	return out
}

// name is how places in the file are shown.
func (m *migrator) name() string {
	if m.options.Name == "" {
		return "/" + m.path
	}
	return m.options.Name
}

// at is the innermost statement on a line.
func (m *migrator) at(line int) (inner statement, found bool) {
	for _, s := range m.statements {
		if s.first <= line && line <= s.last && (!found || s.depth >= inner.depth) {
			inner, found = s, true
		}
	}
	return inner, found
}

// accept makes those changes under which the configuration stays the same.
func (m *migrator) accept(changes []edit) {
	if all := merged(m.accepted, changes); m.keeps(all) {
		m.accepted = all
	} else if half := len(changes) / 2; half > 0 {
		m.accept(changes[:half])
		m.accept(changes[half:])
	}
}

// merged are changes in the order of the file.
func merged(a, b []edit) []edit {
	out := slices.Concat(a, b)
	slices.SortStableFunc(out, func(x, y edit) int { return x.first - y.first })
	return out
}

// keeps reports whether changes leave the configuration the same.
func (m *migrator) keeps(changes []edit) bool {
	text, _ := m.with(changes)
	is, _ := m.load(text)
	return m.was.Same(is)
}

func (m *migrator) load(text string) (*Config, []Problem) {
	o := m.options
	o.Text = text
	return Load(m.fsys, m.path, o)
}

// with is the text with changes, and of which of its lines each line of that is.
func (m *migrator) with(changes []edit) (string, []int) {
	var b strings.Builder
	var from []int
	number, indent, until := 0, 0, 0 // of the statement that becomes a comment, its indentation and last line
	for line := range strings.Lines(m.text) {
		number++
		for _, c := range changes {
			if c.first != number {
				continue
			}
			if c.note != "" {
				b.WriteString(line[:skipBlanks(line, 0)] + notePrefix + c.note + "\n")
				from = append(from, number)
			}
			if c.old != "" {
				line = strings.Replace(line, c.old, c.now, 1)
			}
			if c.hide {
				indent, until = skipBlanks(line, 0), c.last
			}
		}
		if number <= until {
			line = commented(line, indent)
		}
		b.WriteString(line)
		from = append(from, number)
	}
	return b.String(), from
}

// notePrefix begins the comments that migration adds.
const notePrefix = "# xvrrp: "

// commented is a line as a comment, which an empty one need not be.
func commented(line string, indent int) string {
	if strings.Trim(line, blankBytes+"\r\n") == "" {
		return line
	}
	at := min(indent, skipBlanks(line, 0))
	return line[:at] + "# " + line[at:]
}
