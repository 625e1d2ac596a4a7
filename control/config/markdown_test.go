package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// markdown is docs/config.md.
func markdown() string {
	var b strings.Builder
	b.WriteString("<!-- Generated from the schema by go generate ./control/config. -->\n# The configuration file\n\n")
	b.WriteString(manual.intro + " An annotated example is [example.conf](example.conf),\nsmaller ones are in [examples](examples); " +
		"xvrrp.conf(5) is the same as this page.\n")
	b.WriteString("\n## The language\n\n| form | meaning |\n|---|---|\n")
	for _, e := range manual.language {
		fmt.Fprintf(&b, "| %s | %s |\n", code(e.form), e.meaning)
	}
	fmt.Fprintf(&b, "\n%s\n\n%s\n\n%s\n", manual.times, manual.commands, manual.mistakes)
	b.WriteString("\n## Status\n\n| status | meaning |\n|---|---|\n")
	for _, e := range manual.statuses {
		fmt.Fprintf(&b, "| %s | %s |\n", e.form, e.meaning)
	}
	b.WriteString("\nA keyword marked xvrrp is xvrrp's own; keepalived does not know it.\n")
	b.WriteString("\n## Outside all blocks\n\n")
	table(&b, top)
	for _, r := range top.rows {
		section(&b, "##", r)
		switch r.name {
		case "vrrp_instance":
			fmt.Fprintf(&b, "\n### Addresses\n\n%s\n", manual.addresses)
			optionTable(&b, addressTexts())
			fmt.Fprintf(&b, "\n### Routes\n\n%s\n", manual.routes)
			optionTable(&b, optionTexts(routeOptions))
			fmt.Fprintf(&b, "\n### Rules\n\n%s\n", manual.rules)
			optionTable(&b, optionTexts(ruleOptions))
			fmt.Fprintf(&b, "\n### Weights\n\n%s\n", manual.weights)
		}
	}
	return b.String()
}

// section describes the block of a keyword, and the blocks in it.
func section(b *strings.Builder, level string, r row) {
	if r.body == nil || r.body.entries {
		return
	}
	fmt.Fprintf(b, "\n%s %s\n\n", level, r.name)
	if r.status == skipped {
		fmt.Fprintf(b, "Skipped with all it holds: %s.\n", strings.Join(quoted(r.body), ", "))
		return
	}
	table(b, r.body)
	for _, inner := range r.body.rows {
		section(b, level+"#", inner)
	}
}

// quoted is the names of a block's keywords.
func quoted(of *block) []string {
	names := make([]string, len(of.rows))
	for i, r := range of.rows {
		names[i] = "`" + r.name + "`"
	}
	return names
}

func table(b *strings.Builder, of *block) {
	b.WriteString("| keyword | value | default | status | meaning |\n|---|---|---|---|---|\n")
	for _, r := range of.rows {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", r.name, code(r.form()), r.preset, r.standing(), r.help)
	}
}

// form is what follows a keyword.
func (r *row) form() string {
	switch {
	case r.body == nil:
		return r.value
	case r.line != "":
		return strings.TrimSpace(r.value + " { " + r.line + " }")
	}
	return strings.TrimSpace(r.value + " { }")
}

// standing is what xvrrp does about a keyword, and why.
func (r *row) standing() string {
	s := r.status.String()
	if r.own {
		s += ", xvrrp"
	}
	if r.why != "" {
		s += ": " + r.why
	}
	return s
}

// optionText is an option of an entry.
type optionText struct{ name, value, help string }

func addressTexts() []optionText {
	var out []optionText
	for _, name := range slices.Sorted(maps.Keys(addressOptions)) {
		o := addressOptions[name]
		out = append(out, optionText{name, o.value, o.help})
	}
	return out
}

func optionTexts[T any](options map[string]entryOption[T]) []optionText {
	var out []optionText
	for _, name := range slices.Sorted(maps.Keys(options)) {
		out = append(out, optionText{name, options[name].value, options[name].help})
	}
	return out
}

func optionTable(b *strings.Builder, options []optionText) {
	b.WriteString("\n| option | value | meaning |\n|---|---|---|\n")
	for _, o := range options {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", o.name, code(o.value), o.help)
	}
}

// code is a value in a cell of a table.
func code(value string) string {
	if value == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(value, "|", `\|`) + "`"
}
