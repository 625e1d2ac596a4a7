// Commands: scripts, notifications, hooks and the readers of named pipes.

package config

import (
	"math"
	"strings"
	"time"
)

// party is what a vrrp_instance and a vrrp_sync_group have in common, as given.
type party struct {
	tracks                []trackLine
	notify                Notify
	priorityChanges, mail given[bool]
}

// onlyCommand is a keyword before a command. As in keepalived that is one word; in it words are split once more.
func (d *decoder) onlyCommand(n *node, to *Command) {
	words, argv := d.commandWords(n)
	if len(argv) == 0 {
		return
	}
	if len(words) > 1 {
		d.report(Warning, n.mark(2), "put the command and its arguments between double quotes",
			"%s takes one word, as in keepalived: %s runs without the words from here on", n.keyword(), argv[0])
	}
	to.Pos, to.Argv = n.mark(1).pos(), argv
}

// ownedCommand is a command and who runs it: "COMMAND [USER [GROUP]]". It answers nil if there is none.
func (d *decoder) ownedCommand(n *node) *Command {
	words, argv := d.commandWords(n)
	if len(argv) == 0 {
		return nil
	}
	c := &Command{Pos: n.mark(1).pos(), Argv: argv}
	if len(words) == 1 {
		return c
	}
	user, group, ok := parseUser(words[1:])
	if !ok {
		d.report(Warning, n.mark(2), "put the command and its arguments between double quotes",
			"what stands behind the command of %s is its user and group, which %q is not; line ignored", n.keyword(), strings.Join(words[1:], " "))
		return nil
	}
	c.User, c.Group = user, group
	return c
}

// commandWords are the words behind a keyword that takes a command, and the arguments the first of them holds.
func (d *decoder) commandWords(n *node) (words, argv []string) {
	words, _ = shellWords(n.text.rest(int(n.words[0].to)).s)
	if len(words) == 0 {
		return nil, nil
	}
	argv, open := shellWords(words[0])
	switch {
	case len(argv) == 0:
		d.report(Warning, n.mark(1), "", "%s names no command; line ignored", n.keyword())
	case open:
		d.report(Warning, n.mark(1), "close the quote", "a quote inside the command of %s is not closed", n.keyword())
	}
	return words, argv
}

// user reads "USER [[:] GROUP]" from word i on.
func (d *decoder) user(n *node, i int, user, group *string) {
	var words []string
	for _, w := range n.words[i:] {
		words = append(words, w.s)
	}
	u, g, ok := parseUser(words)
	if !ok {
		d.report(Warning, n.mark(i), "write a user, and a group behind it", "%s takes a user and a group, not %q; line ignored",
			n.keyword(), strings.Join(words, " "))
		return
	}
	*user, *group = u, g
}

// parseUser reads a user and a group, which a blank or a colon parts.
func parseUser(words []string) (user, group string, ok bool) {
	names := strings.FieldsFunc(strings.Join(words, " "), func(r rune) bool { return r == ' ' || r == ':' })
	if len(names) == 0 || len(names) > 2 {
		return "", "", false
	}
	for _, name := range names {
		if name[0] == '-' || strings.ContainsAny(name, "/\\\"'`,;|&<>(){}*?=\t") {
			return "", "", false
		}
	}
	if len(names) == 2 {
		group = names[1]
	}
	return names[0], group, true
}

// notification is a notify keyword. The first one counts, as in keepalived.
func notification(f func(*Notify) **Command) setter {
	return func(d *decoder, n *node, in scope) {
		to := f(&in.party.notify)
		if *to != nil {
			d.report(Warning, n.mark(0), "call both commands from one script", "%s is given already at %s; this line is ignored", n.keyword(), (*to).Pos)
			return
		}
		*to = d.ownedCommand(n)
	}
}

// notifyDeleted may stand alone.
func notifyDeleted(d *decoder, n *node, in scope) {
	in.party.notify.DeletedWithoutCommand = true
	if len(n.words) > 1 {
		notification(func(n *Notify) **Command { return &n.Deleted })(d, n, in)
	}
}

// hook is startup_script or shutdown_script.
func hook(f func(*globals) *Hook) setter {
	return func(d *decoder, n *node, in scope) {
		h := f(in.globals)
		if h.Command != nil {
			d.report(Warning, n.mark(0), "keep one of the two", "%s is given already at %s; this line is ignored", n.keyword(), h.Command.Pos)
			return
		}
		h.Command = d.ownedCommand(n)
	}
}

// hookTimeout is the time allowed for such a script, in whole seconds.
func hookTimeout(f func(*globals) *Hook) setter {
	return func(d *decoder, n *node, in scope) {
		v, fault := integer(n.words[1].s, 1, 1000)
		if fault != "" {
			d.report(Warning, n.mark(1), "", "%s %s; line ignored", n.keyword(), fault)
			return
		}
		f(in.globals).Timeout = time.Duration(v) * time.Second
	}
}

// pipeDraft is a named pipe as given, in two keywords.
type pipeDraft struct {
	FIFO
	at     mark
	script *Command
	reader mark // place of script
}

// pipe is a keyword before a named pipe and its owner.
func pipe(f func(*globals) *pipeDraft) setter {
	return func(d *decoder, n *node, in scope) {
		p := f(in.globals)
		switch name := n.words[1].s; {
		case p.Path != "":
			d.report(Warning, n.mark(0), "keep one of the two", "%s is given already at %s; this line is ignored", n.keyword(), p.Pos)
			return
		case !strings.HasPrefix(name, "/"):
			d.report(Warning, n.mark(1), "write the whole path", "%s wants an absolute path, not %q; line ignored", n.keyword(), name)
			return
		default:
			p.Path, p.Pos, p.at = name, n.mark(0).pos(), n.mark(0)
		}
		if len(n.words) > 2 {
			d.user(n, 2, &p.User, &p.Group)
		}
	}
}

func pipeScript(f func(*globals) *pipeDraft) setter {
	return func(d *decoder, n *node, in scope) {
		p := f(in.globals)
		if p.script != nil {
			d.report(Warning, n.mark(0), "keep one of the two", "%s is given already at %s; this line is ignored", n.keyword(), p.script.Pos)
			return
		}
		p.script, p.reader = d.ownedCommand(n), n.mark(0)
	}
}

// period is a keyword before a time between two runs or for one of them. Like keepalived it makes 0 to a second.
func period(f field[time.Duration]) setter {
	return func(d *decoder, n *node, in scope) {
		if v, _, ok := parseSeconds(n.words[1].s); ok && v == 0 {
			d.report(Warning, n.mark(1), "write 0.001 or more", "%s 0 is taken as 1", n.keyword())
			put(d, n, 1, f(in), time.Second)
			return
		}
		if v, ok := d.seconds(n, time.Millisecond, maxTime); ok {
			put(d, n, 1, f(in), v)
		}
	}
}

// count is a keyword before the number of results that count; 1 is taken where it is wrong.
func count(f field[int]) setter {
	return func(d *decoder, n *node, in scope) {
		v, fault := integer(n.words[1].s, 1, math.MaxInt32)
		if fault != "" {
			d.report(Warning, n.mark(1), "write 1 or more", "%s %s; 1 is used", n.keyword(), fault)
			v = 1
		}
		put(d, n, 1, f(in), int(v))
	}
}
