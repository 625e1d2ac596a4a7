package config

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// manPage is docs/xvrrp.conf.5.
func manPage() string {
	var b strings.Builder
	b.WriteString(`.\" Generated from the schema by go generate ./control/config.` + "\n")
	b.WriteString(".TH XVRRP.CONF 5 \"\" xvrrp \"File formats\"\n.SH NAME\nxvrrp.conf \\- configuration of xvrrp\n")
	paragraphs(&b, "DESCRIPTION", manual.intro, manual.times, manual.mistakes)
	b.WriteString(".SH LANGUAGE\n")
	for _, e := range manual.language {
		term(&b, e.form, "", e.meaning)
	}
	paragraphs(&b, "COMMANDS", manual.commands)
	paragraphs(&b, "STATUS", "Keywords that are not carried out say so, and why. Those marked xvrrp are xvrrp's own; keepalived does not know them.")
	for _, e := range manual.statuses {
		term(&b, e.form, "", e.meaning)
	}
	b.WriteString(".SH KEYWORDS OUTSIDE ALL BLOCKS\n")
	terms(&b, top)
	for _, r := range top.rows {
		blockTerms(&b, "", r)
	}
	paragraphs(&b, "ADDRESSES", manual.addresses)
	optionTerms(&b, addressTexts())
	paragraphs(&b, "ROUTES", manual.routes)
	optionTerms(&b, optionTexts(routeOptions))
	paragraphs(&b, "RULES", manual.rules)
	optionTerms(&b, optionTexts(ruleOptions))
	paragraphs(&b, "WEIGHTS", manual.weights)
	b.WriteString(".SH FILES\n")
	term(&b, "/etc/xvrrp/xvrrp.conf", "", "the file read where no other is named")
	term(&b, "/etc/keepalived/keepalived.conf", "", "the file read if that is not there")
	b.WriteString(".SH SEE ALSO\n.BR xvrrp (8),\n.BR keepalived.conf (5),\n.BR ip\\-address (8),\n.BR ip\\-route (8),\n.BR ip\\-rule (8)\n")
	return b.String()
}

func paragraphs(b *strings.Builder, title string, texts ...string) {
	fmt.Fprintf(b, ".SH %s\n", title)
	for i, t := range texts {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		b.WriteString(roff(t) + "\n")
	}
}

// blockTerms describes the block of a keyword, and the blocks in it.
func blockTerms(b *strings.Builder, in string, r row) {
	if r.body == nil || r.body.entries {
		return
	}
	title := strings.TrimSpace(in + " " + r.name)
	fmt.Fprintf(b, ".SH %s\n", roff(title))
	if r.status == skipped {
		b.WriteString("Skipped with all it holds.\n")
		return
	}
	terms(b, r.body)
	for _, inner := range r.body.rows {
		blockTerms(b, title, inner)
	}
}

// terms describes keywords. Those of the other daemons are only named.
func terms(b *strings.Builder, of *block) {
	var others []string
	for _, r := range of.rows {
		if r.status == skipped {
			others = append(others, "`"+r.name+"`")
			continue
		}
		text := sentence(r.help)
		if r.preset != "" {
			text += " Default: " + sentence(r.preset)
		}
		if r.status != carried || r.own {
			text += " " + sentence(r.standing())
		}
		term(b, r.name, r.form(), text)
	}
	if len(others) > 0 {
		fmt.Fprintf(b, ".PP\n%s\n", roff("Skipped with a notice: "+strings.Join(others, ", ")+"."))
	}
}

func optionTerms(b *strings.Builder, options []optionText) {
	for _, o := range options {
		term(b, o.name, o.value, sentence(o.help))
	}
}

// term is a word, what follows it and its meaning.
func term(b *strings.Builder, word, value, meaning string) {
	fmt.Fprintf(b, ".TP\n\\fB%s\\fR", roff(word))
	if value != "" {
		fmt.Fprintf(b, " \\fI%s\\fR", roff(value))
	}
	fmt.Fprintf(b, "\n%s\n", roff(meaning))
}

// sentence is a help text with a capital letter, unless it begins with the name of a keyword, and a full stop.
func sentence(s string) string {
	first, _, _ := strings.Cut(s, " ")
	if !strings.ContainsAny(first, "_0123456789/") {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	return s + "."
}

// roff is text with what means something to roff escaped, and words between backquotes in bold.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	for strings.Count(s, "`") > 1 {
		s = strings.Replace(strings.Replace(s, "`", `\fB`, 1), "`", `\fR`, 1)
	}
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}

// TestManPage: the formatter has nothing to say about the page.
func TestManPage(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff is not installed")
	}
	var complaints bytes.Buffer
	c := exec.Command(groff, "-man", "-Tutf8", "-ww", "-z")
	c.Stdin, c.Stderr = strings.NewReader(manPage()), &complaints
	if err := c.Run(); err != nil || complaints.Len() > 0 {
		t.Errorf("%v %s", err, complaints.String())
	}
}
