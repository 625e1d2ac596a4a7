package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manPages are the manual pages of the commands by file name, made from what --help says: xvrrp.8, and one for each command
// with its subcommands.
func manPages() map[string]string {
	root := newRoot(&app{env: env{getenv: func(string) string { return "" }}})
	pages := map[string]string{"xvrrp.8": rootPage(root)}
	for _, c := range root.Commands() {
		pages[pageName(c)+".8"] = commandPage(c)
	}
	return pages
}

// pageName is the name of a command's page: xvrrp-status.
func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manPage is a page being written.
type manPage struct{ strings.Builder }

// line writes one line of roff.
func (p *manPage) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// head begins the page of a command.
func (p *manPage) head(c *cobra.Command) {
	name := strings.ReplaceAll(pageName(c), "-", `\-`)
	p.line(`.\" Generated from the commands by go generate ./cmd/xvrrp.`)
	p.line(`.TH %s 8 "" xvrrp "System administration"`, strings.ToUpper(pageName(c)))
	p.line(".SH NAME\n%s \\- %s", name, escaped(uncapped(c.Short)))
	p.line(".SH SYNOPSIS")
}

// synopsis writes how a command is called, or each of its subcommands if it does nothing itself.
func (p *manPage) synopsis(c *cobra.Command) {
	if c.Runnable() {
		use := strings.TrimSuffix(strings.TrimPrefix(c.UseLine(), c.CommandPath()), " [flags]")
		p.line(".PP\n\\fB%s\\fR%s [\\fIOPTION\\fR]...", c.CommandPath(), placeholder.ReplaceAllStringFunc(use, func(word string) string {
			if strings.HasPrefix(word, "-") {
				return `\fB` + optionText(word) + `\fR`
			}
			return `\fI` + word + `\fR`
		}))
	}
	for _, sub := range c.Commands() {
		p.synopsis(sub)
	}
}

// placeholder is a word of a usage line that stands for another one, or an option in it.
var placeholder = regexp.MustCompile(`--[a-z-]+|[A-Z]+`)

// prose writes what a command's long help says; its paragraph of exit codes is in xvrrp(8).
func (p *manPage) prose(c *cobra.Command) {
	text := strings.TrimSpace(strings.Replace(c.Long, exitCodeHelp, "", 1))
	if text == "" {
		text = c.Short + "."
	}
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			p.line(".PP")
		}
		for line := range strings.Lines(paragraph) {
			p.line("%s", marked(strings.TrimSpace(line)))
		}
	}
}

// options writes a command's own flags.
func (p *manPage) options(flags *pflag.FlagSet) {
	flags.SortFlags = true
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Hidden {
			return
		}
		p.line(".TP\n%s\n%s", optionHead(f), optionHelp(f))
	})
}

// optionHead is a flag in all its forms: -o, --output=FORM.
func optionHead(f *pflag.Flag) string {
	head := `\fB` + optionText("--"+f.Name) + `\fR`
	if f.Shorthand != "" {
		head = `\fB` + optionText("-"+f.Shorthand) + `\fR, ` + head
	}
	value, _ := pflag.UnquoteUsage(f)
	switch {
	case value == "":
		return head
	case f.NoOptDefVal != "":
		return head + `[=\fI` + escaped(value) + `\fR]`
	}
	return head + `=\fI` + escaped(value) + `\fR`
}

// optionHelp is what a flag does, and what holds without it.
func optionHelp(f *pflag.Flag) string {
	_, usage := pflag.UnquoteUsage(f)
	help := marked(strings.ToUpper(usage[:1])+usage[1:]) + "."
	if f.NoOptDefVal != "" && f.Value.Type() != "bool" {
		help += " Without a value: " + escaped(f.NoOptDefVal) + "."
	}
	if !slices.Contains([]string{"", "0", "0s", "false", "[]"}, f.DefValue) {
		help += " Default: " + escaped(f.DefValue) + "."
	}
	return help
}

// examples writes a command's examples as they stand.
func (p *manPage) examples(c *cobra.Command, heading string) {
	if c.Example == "" {
		return
	}
	p.line("%s\n.RS 4\n.EX", heading)
	for line := range strings.Lines(c.Example) {
		p.line("%s", protected(escaped(strings.TrimPrefix(strings.TrimRight(line, "\n"), "  "))))
	}
	p.line(".EE\n.RE")
}

// seeAlso ends a page.
func (p *manPage) seeAlso(pages ...string) {
	p.line(".SH SEE ALSO")
	for i, page := range pages {
		name, section, _ := strings.Cut(page, "(")
		end := ","
		if i == len(pages)-1 {
			end = ""
		}
		p.line(".BR %s (%s%s", strings.ReplaceAll(name, "-", `\-`), section, end)
	}
}

// commandPage is the page of a command.
func commandPage(c *cobra.Command) string {
	var p manPage
	p.head(c)
	p.synopsis(c)
	p.line(".SH DESCRIPTION")
	p.prose(c)
	if c.HasSubCommands() {
		p.line(".SH COMMANDS")
	}
	for _, sub := range c.Commands() {
		p.line(".SS %s", sub.CommandPath())
		p.prose(sub)
		p.options(sub.LocalFlags())
		p.examples(sub, ".PP\nFor example:")
	}
	p.line(".SH OPTIONS")
	p.options(c.LocalNonPersistentFlags())
	p.options(c.InheritedFlags())
	p.examples(c, ".SH EXAMPLES")
	p.line(".SH EXIT STATUS\nSee\n.BR xvrrp (8).")
	p.seeAlso("xvrrp(8)", "xvrrp.conf(5)")
	return p.String()
}

// rootPage is xvrrp.8.
func rootPage(root *cobra.Command) string {
	var p manPage
	p.head(root)
	p.line("\\fBxvrrp\\fR \\fICOMMAND\\fR [\\fIARGUMENT\\fR]... [\\fIOPTION\\fR]...\n.SH DESCRIPTION")
	p.prose(root)
	p.line(".SH COMMANDS\nEach has a page of its own, and answers to\n.BR \\-\\-help .")
	for _, group := range root.Groups() {
		p.line(".SS %s", strings.TrimSuffix(group.Title, ":"))
		for _, c := range root.Commands() {
			if c.GroupID == group.ID {
				p.line(".TP\n.BR %s (8)\n%s.", strings.ReplaceAll(pageName(c), "-", `\-`), escaped(c.Short))
			}
		}
	}
	p.line(".SS More")
	p.line(".TP\n.BR xvrrp\\-version (8)\nPrint the version.")
	p.line(".TP\n.BR \"xvrrp completion\" \" bash\" | zsh | fish\nPrint what makes the shell complete commands, options and names of routers.")
	p.line(".SH OPTIONS")
	p.options(root.PersistentFlags())
	p.line(".SH EXIT STATUS")
	codes := strings.TrimSuffix(strings.TrimPrefix(strings.ReplaceAll(exitCodeHelp, "\n", " "), "Exit codes: "), ".")
	for code := range strings.SplitSeq(codes, ", ") {
		number, meaning, _ := strings.Cut(code, " ")
		p.line(".TP\n\\fB%s\\fR\n%s.", number, strings.ToUpper(meaning[:1])+meaning[1:])
	}
	p.terms("ENVIRONMENT", manEnvironment)
	p.terms("FILES", manFiles)
	p.seeAlso("xvrrp.conf(5)", "xvrrp-keepalived(8)", "keepalived.conf(5)", "systemctl(1)", "journalctl(1)")
	return p.String()
}

// terms writes a section of names and what they are.
func (p *manPage) terms(heading string, terms map[string]string) {
	p.line(".SH %s", heading)
	for _, name := range slices.Sorted(maps.Keys(terms)) {
		p.line(".TP\n\\fI%s\\fR\n%s", escaped(name), marked(terms[name]))
	}
}

// manEnvironment is what commands take from the environment.
var manEnvironment = map[string]string{
	"XVRRP_RUNTIME_DIR": "Runtime directory of a command line without --runtime-dir.",
	"NO_COLOR":          "If set, xvrrp top uses no colour.",
	"TERM":              "The terminal xvrrp top and xvrrp status --watch draw on.",
	"NOTIFY_SOCKET":     "With WATCHDOG_USEC: where the daemon tells systemd(1) that it is ready, and that it lives.",
}

// manFiles is where things are.
var manFiles = map[string]string{
	"/etc/xvrrp/xvrrp.conf":           "The configuration, where none is named.",
	"/etc/keepalived/keepalived.conf": "The configuration if that is not there.",
	"/etc/default/xvrrp":              "XVRRP_OPTIONS, the options that xvrrp.service gives to xvrrp run.",
	"/run/xvrrp":                      "The runtime directory of a daemon that is given no other. Its socket is in it.",
	"/var/lib/xvrrp/routers.conf": "What xvrrp router --keep changed: vrrp_instance blocks, each in the place of the block of that name in the " +
		"configuration, and lines \"remove NAME\".",
	"/var/lib/xvrrp/routers.maintenance": "The routers that xvrrp maintenance on --keep took out of service.",
	"/usr/share/xvrrp":                   "Alert rules for Prometheus, a dashboard for Grafana and an Ansible role.",
}

// optionText writes an option so that its hyphens can be copied.
func optionText(s string) string { return strings.ReplaceAll(s, "-", `\-`) }

// escaped is text as roff reads it.
func escaped(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\e`), "-", `\-`)
}

// notable is what stands out in prose: options, and files.
var notable = regexp.MustCompile(`(^|[\s(])(--?[a-zA-Z][a-z-]*|/[a-z]+/[a-z./-]*[a-z])`)

// marked is prose as roff reads it, options bold and files italic.
func marked(s string) string {
	s = strings.ReplaceAll(s, `\`, `\e`)
	return protected(notable.ReplaceAllStringFunc(s, func(found string) string {
		start := strings.IndexAny(found, "-/")
		font := `\fB`
		if found[start] == '/' {
			font = `\fI`
		}
		return found[:start] + font + optionText(found[start:]) + `\fR`
	}))
}

// protected keeps a line of text from being taken for a request.
func protected(line string) string {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + line
	}
	return line
}

// uncapped begins a sentence in lower case, unless it begins with a name such as VRRP.
func uncapped(s string) string {
	if len(s) > 1 && s[1] >= 'a' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}
