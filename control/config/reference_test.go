package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestReference: docs/config.md is what the schema says. It is written by go generate.
func TestReference(t *testing.T) {
	golden(t, "../../docs/config.md", manual())
}

// TestSchema: every row can be read by people, and no two rows of a block have one name.
func TestSchema(t *testing.T) {
	visit("", top, func(path string, r *row) {
		if r.name == "" || r.help == "" {
			t.Errorf("%s %s: no name or no help", path, r.name)
		}
		if strings.Contains(r.help, "|") || strings.HasSuffix(r.help, ".") {
			t.Errorf("%s %s: help %q does not fit into a table", path, r.name, r.help)
		}
		if r.body != nil && !r.body.entries && len(r.body.rows) != len(r.body.index) {
			t.Errorf("%s %s: %d rows, %d names", path, r.name, len(r.body.rows), len(r.body.index))
		}
	})
}

// visit calls f for every row of a block and of the blocks in it.
func visit(path string, b *block, f func(path string, r *row)) {
	for i := range b.rows {
		r := &b.rows[i]
		f(path, r)
		if r.body != nil {
			visit(strings.TrimSpace(path+" "+r.name), r.body, f)
		}
	}
}

const manualHead = `<!-- Generated from the schema by go generate ./control/config. -->
# The configuration file

xvrrp reads keepalived.conf. ` + "`xvrrp check FILE`" + ` names everything in a file that is repaired, not understood or not
carried out, with its place and a remedy; an annotated example is [example.conf](example.conf), smaller ones are in
[examples](examples).

## The language

| form | meaning |
|---|---|
| ` + "`# text`, `! text`" + ` | comment to the end of the line; ` + "`\\#` and `\\!`" + ` stand for themselves |
| ` + "`keyword value ...`" + ` | a statement; blanks separate words, double quotes group them |
| ` + "`keyword value { ... }`" + ` | a block; braces may stand anywhere |
| ` + "`@ID text`, `@^ID text`" + ` | text is kept if the config-id is, or is not, ID: the host name up to its first dot |
| ` + "`@xvrrp text`" + ` | kept by xvrrp, skipped by keepalived: for xvrrp's own keywords in a file that serves both; ` + "`@^xvrrp`" + ` is the opposite |
| ` + "`$NAME=value`" + ` | a definition; ` + "`${NAME}`" + `, or ` + "`$NAME`" + ` before a blank, comma, closing parenthesis or the end, is replaced by it where it is used |
| ` + "`$NAME= \\`" + ` | a definition of several lines, each but the last ends in a backslash; an empty line ends it, too; used at the end of a line |
| ` + "`${_PWD}` `${_INSTANCE}` `${_ENV NAME}` `${_RANDOM MIN MAX}` `${_HASH}` `${_BANG}`" + ` | directory of the file, config-id, environment, a random number, # and ! |
| ` + "`~SEQ(NAME, FIRST, STEP, LAST) text`" + ` | text once for every number; STEP, or FIRST and STEP, may be left out; ` + "`~SEQx`" + ` writes hexadecimal |
| ` + "`~LST(NAME, A, B) text`, `~LST({N,M}, {A,B}, {C,D}) text`" + ` | text once for every value |
| ` + "`include PATTERN`" + ` | other files in this place |

Times are seconds with up to six decimals. A switch (` + "`on|off`" + `) is also written true, false, yes, no; the keyword alone means on.

A mistake is repaired as keepalived repairs it and said as a warning. What keepalived stops for as a whole (a router
without VRID, a VRID used twice on a link) keeps the one router from running and no other.

## Status

| status | meaning |
|---|---|
| carried out | it has its meaning |
| accepted without effect | nothing is missing without it |
| not carried out yet | one warning names it |
| skipped | belongs to keepalived's LVS or BFD side; one notice names them all |

A keyword marked xvrrp is xvrrp's own; keepalived does not know it.
`

// manual is docs/config.md.
func manual() string {
	var b strings.Builder
	b.WriteString(manualHead)
	b.WriteString("\n## Outside all blocks\n\n")
	table(&b, top, carried)
	for _, r := range top.rows {
		section(&b, "##", r, r.status)
		if r.name == "vrrp_instance" {
			addressSection(&b)
		}
	}
	return b.String()
}

// section describes the block of a keyword with the status of what it is in, and the blocks in it.
func section(b *strings.Builder, level string, r row, s status) {
	if r.body == nil || r.body.entries {
		return
	}
	fmt.Fprintf(b, "\n%s %s\n\n", level, r.name)
	if s == skipped {
		names := make([]string, len(r.body.rows))
		for i, inner := range r.body.rows {
			names[i] = "`" + inner.name + "`"
		}
		fmt.Fprintf(b, "Skipped with all it holds: %s.\n", strings.Join(names, ", "))
		return
	}
	table(b, r.body, s)
	for _, inner := range r.body.rows {
		section(b, level+"#", inner, max(s, inner.status))
	}
}

func table(b *strings.Builder, of *block, s status) {
	b.WriteString("| keyword | value | default | status | meaning |\n|---|---|---|---|---|\n")
	for _, r := range of.rows {
		value := code(r.value)
		if r.body != nil {
			value = strings.TrimSpace(value + " `{ }`")
		}
		state := max(s, r.status).String()
		if r.own {
			state += ", xvrrp"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", r.name, value, r.preset, state, r.help)
	}
}

// code is a value in a cell of a table.
func code(value string) string {
	if value == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(value, "|", `\|`) + "`"
}

func addressSection(b *strings.Builder) {
	b.WriteString("\n### Addresses\n\nA line of `virtual_ipaddress` and `virtual_ipaddress_excluded` is `ADDRESS[/LENGTH] [OPTION ...]`; without a length it is\n" +
		"the longest, 32 or 128.\n\n| option | value | meaning |\n|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(addressOptions)) {
		o := addressOptions[name]
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, code(o.value), o.help)
	}
}
