package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

// Command lines that mean nothing are refused before anything is done, and those that ask for what is not there fail.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"maintenance maybe", exitUsage, `unknown command "maybe" for "xvrrp maintenance"`},
		{"config nothing", exitUsage, `unknown command "nothing" for "xvrrp config"`},
		{"router away", exitUsage, `unknown command "away" for "xvrrp router"`},
		{"why ERIC_VI_1 --last 2 --event 1", exitUsage, "give --last or --event, not both"},
		{"why ERIC_VI_1 --last 0", exitUsage, "--last 0: at least 1"},
		{"status --vrid 300", exitUsage, "from 1 to 255"},
		{"status --wait master --timeout -1s", exitUsage, "--timeout -1s"},
		{"status --wait master --timeout 0", exitUsage, "--timeout 0s"},
		{"drops --router VI_9", exitFailed, "no router is named VI_9: there are ERIC_VI_1, lan6, db"},
		{"drops --iface e9", exitFailed, "the daemon does not listen on e9, but on ens160, ens192"},
		{"stats VI_9", exitFailed, "no router is named VI_9"},
	} {
		t.Run(c.args, func(t *testing.T) {
			d := &fakeDaemon{snapshots: []api.Snapshot{pair()}}
			r := newCommand(append(strings.Fields(c.args), "--runtime-dir", d.start(t))...).run(t)
			r.expect(t, c.code, c.says)
			if r.stdout != "" {
				t.Errorf("stdout: %s", r.stdout)
			}
		})
	}
	r := newCommand("maintenance").run(t)
	r.expect(t, exitOK, "")
	if !strings.Contains(r.stdout, "xvrrp maintenance [command]") {
		t.Errorf("help: %s", r.stdout)
	}
}

// What help shows fits a terminal, and its examples are command lines of this program.
func TestHelp(t *testing.T) {
	const widest = 118
	var check func(c *cobra.Command)
	check = func(c *cobra.Command) {
		for line := range strings.Lines(c.Long + "\n" + c.Example) {
			if n := utf8.RuneCountInString(line); n > widest {
				t.Errorf("%s: a line of %d characters: %s", c.CommandPath(), n, line)
			}
		}
		for line := range strings.Lines(c.Example) {
			if words := strings.Fields(line); len(words) > 0 && words[0] == "xvrrp" && !isCommandLine(c, words[1:]) {
				t.Errorf("%s: no such command line: %s", c.CommandPath(), line)
			}
		}
		for _, sub := range c.Commands() {
			check(sub)
		}
	}
	check(newRoot(&app{env: newCommand().env}))
}

// isCommandLine reports whether words, up to what is the shell's, are the command c with flags it has.
func isCommandLine(c *cobra.Command, words []string) bool {
	for i, w := range words {
		if strings.ContainsAny(w, "|<>&") || strings.HasPrefix(w, "'") {
			words = words[:i]
			break
		}
	}
	found, rest, err := c.Root().Find(words)
	return err == nil && found.Name() == c.Name() && found.ParseFlags(rest) == nil
}
