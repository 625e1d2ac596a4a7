// Overrides are what was said of single routers at run time, as text: a block that takes the place of the file's, or
// that the router is removed.

package config

import (
	"maps"
	"slices"
	"strings"
)

// Override takes the place of what the file says of a router, which may be nothing.
type Override struct {
	Name  string // of the router
	Block string // a vrrp_instance of that name; empty: the router is removed
}

// String is the override as ReadOverrides reads it.
func (o Override) String() string {
	if o.Block == "" {
		return removeKeyword + " " + quote(o.Name) + "\n"
	}
	return o.Block
}

// quote is a word as it may be written in a line. None has a double quote in it.
func quote(word string) string {
	if strings.ContainsAny(word, " \t\f\v#!{}") {
		return `"` + word + `"`
	}
	return word
}

// Masked is the override with its secrets masked.
func (o Override) Masked() string { return masked(o.String()) }

// masked is a text with its secrets masked.
func masked(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if at := secretStart(line); at >= 0 {
			line = line[:at] + secretMask + "\n"
		}
		b.WriteString(line)
	}
	return strings.Clone(b.String()) // it is kept, without the builder's spare room
}

const (
	instanceKeyword = "vrrp_instance"
	removeKeyword   = "remove"
)

// ReadOverrides reads vrrp_instance blocks and lines "remove NAME", in any order. name is how places in the text are
// shown. What the blocks say is looked at by Load.
func ReadOverrides(text, name string) ([]Override, []Problem) {
	return readOverrides(text, name, defaultLimits)
}

func readOverrides(text, name string, max limits) ([]Override, []Problem) {
	r := new(reporter)
	var out []Override
	seen := make(map[string]bool)
	in := newReading(r, new(drafts), nil, Options{}, max)
	in.builder.done = func(n *node) {
		o, ok := overrideOf(n)
		switch {
		case !ok:
			r.report(Error, n.mark(0), "", "a line here is vrrp_instance NAME with a block, or remove NAME; skipped")
		case seen[o.Name]:
			r.report(Error, n.mark(1), "", "%s is here already; skipped", o.Name)
		default:
			seen[o.Name] = true
			out = append(out, o)
		}
	}
	in.expander.readText(&file{name: name, plain: true}, text)
	in.builder.finish()
	return out, r.problems()
}

func overrideOf(n *node) (o Override, ok bool) {
	if len(n.words) != 2 {
		return o, false
	}
	o.Name = n.words[1].s
	switch {
	case n.keyword() == removeKeyword && !n.block:
		return o, true
	case n.keyword() == instanceKeyword && n.block:
		o.Block = n.render()
		return o, true
	}
	return o, false
}

func byRouter(overrides []Override) map[string]Override {
	out := make(map[string]Override, len(overrides))
	for _, o := range overrides {
		out[o.Name] = o
	}
	return out
}

// Overrides are those in force, by name.
func (c *Config) Overrides() []Override {
	if c.base == nil {
		return nil
	}
	var out []Override
	for _, name := range slices.Sorted(maps.Keys(c.base.overrides)) {
		out = append(out, Override{name, c.base.overrides[name]})
	}
	return out
}

// InFile reports whether the file, without any override, has a router of that name.
func (c *Config) InFile(name string) bool {
	return c.base != nil && c.base.inFile(name)
}

// replace notes that an override comes for a router, and in its place among the routers.
func (d *decoder) replace(n *node, o Override) {
	delete(d.named, objectName{n.keyword(), o.Name})
	if o.Block != "" && d.byName[o.Name] == nil {
		dr := new(draft)
		d.byName[o.Name] = dr
		d.routers = append(d.routers, dr)
	}
}

// override reads what takes the place of blocks of the file.
func (in *reading) override(overrides []Override) {
	in.decoder.overlaid = true
	for _, o := range overrides {
		in.expander.readText(&file{name: atRunTime(o.Name), plain: true}, o.Block)
		in.builder.finish()
	}
	d := in.decoder.drafts
	d.routers = slices.DeleteFunc(d.routers, func(dr *draft) bool { return dr.Name == "" }) // the block was none
	maps.DeleteFunc(d.byName, func(_ string, dr *draft) bool { return dr.Name == "" })
}

// atRunTime is how places in a block are shown that was given at run time.
func atRunTime(router string) string { return router + " at run time" }

// written is a block as text: that of its file, which is there anyway, if it says the same by itself.
func (n *node) written() string {
	first, last := n.text.line, n.end.line
	if last == nil || !n.within(first.file, n.text.via) || !blankBefore(n.text) || !blankBehind(n.end) {
		return n.render()
	}
	text := first.file.text[first.from : last.from+int(n.end.col+n.end.width)-1]
	if strings.Contains(text, "include") {
		return n.render() // what was not there to be included may be now
	}
	return text
}

// within reports that a block is in a file as it stands, without definitions and what other lines brought in.
func (n *node) within(f *file, v *via) bool {
	if n.text.runs != nil || n.text.line.file != f || n.text.via != v || n.block && (n.end.line == nil || n.end.line.file != f || n.end.via != v) {
		return false
	}
	for _, child := range n.body {
		if !child.within(f, v) {
			return false
		}
	}
	return true
}

// blankBefore reports that nothing else begins on the line of a text.
func blankBefore(t text) bool { return skipBlanks(t.line.raw, 0) == t.col-1 }

// blankBehind reports that nothing follows on the line of a mark.
func blankBehind(m mark) bool {
	rest := m.line.raw[m.col+m.width-1:]
	return skipBlanks(rest, 0) == len(rest)
}

// render is a block as text: definitions are in their places, comments are gone.
func (n *node) render() string {
	var b strings.Builder
	n.renderTo(&b, "")
	return strings.Clone(b.String()) // it is kept, without the builder's spare room
}

func (n *node) renderTo(b *strings.Builder, indent string) {
	b.WriteString(indent)
	escapeTo(b, n.text.s)
	if !n.block {
		b.WriteByte('\n')
		return
	}
	b.WriteString(" {\n")
	for _, child := range n.body {
		child.renderTo(b, indent+"    ")
	}
	b.WriteString(indent + "}\n")
}

// escapeTo writes a line so that uncomment makes it this one again. A quote that is not closed ends with the line, and
// is closed there.
func escapeTo(b *strings.Builder, line string) {
	quoted := false
	for i := range len(line) {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '#' || c == '!'):
			b.WriteByte('\\')
		}
		b.WriteByte(line[i])
	}
	if quoted {
		b.WriteByte('"')
	}
}
