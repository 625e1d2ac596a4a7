package config

import (
	"strings"
	"testing"
)

// TestReference: docs/config.md and the man page are what the schema says. They are written by go generate.
func TestReference(t *testing.T) {
	golden(t, "../../docs/config.md", markdown())
	golden(t, "../../docs/xvrrp.conf.5", manPage())
}

// TestSchema: every row can be read by people, and no two rows of a block have one name.
func TestSchema(t *testing.T) {
	visit("", top, func(path string, r *row) {
		if r.name == "" || r.help == "" {
			t.Errorf("%s %s: no name or no help", path, r.name)
		}
		if (r.why == "") != (r.status == carried || r.status == skipped) {
			t.Errorf("%s %s is %s, why: %q", path, r.name, r.status, r.why)
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

// manual is what both documents say beside the schema. Between backquotes stands what is written as it is.
var manual = struct {
	intro, times, mistakes string
	language               []entryText
	statuses               []entryText
	addresses              string
	routes                 string
	rules                  string
	commands               string
	weights                string
}{
	intro: "xvrrp reads keepalived.conf. `xvrrp check FILE` names everything in a file that is repaired, not understood or not " +
		"carried out, with its place and a remedy.",
	language: []entryText{
		{"# text", "comment to the end of the line, as after `!`; `\\#` and `\\!` stand for themselves"},
		{"keyword value ...", "a statement; blanks separate words, double quotes group them"},
		{"keyword value { ... }", "a block; braces may stand anywhere"},
		{"@ID text", "text is kept if the config-id is ID: the host name up to its first dot. `@^ID` is the opposite"},
		{"@xvrrp text", "kept by xvrrp, skipped by keepalived: for xvrrp's own keywords in a file that serves both. `@^xvrrp` is the opposite"},
		{"$NAME=value", "a definition; `${NAME}`, or `$NAME` before a blank, comma, closing parenthesis or the end, is replaced by it where it is used"},
		{"$NAME= \\", "a definition of several lines, each but the last ends in a backslash; an empty line ends it, too; used at the end of a line"},
		{"${_PWD} ${_INSTANCE} ${_ENV NAME} ${_RANDOM MIN MAX} ${_HASH} ${_BANG}",
			"directory of the file, config-id, environment, a random number, # and !"},
		{"~SEQ(NAME, FIRST, STEP, LAST) text", "text once for every number; STEP, or FIRST and STEP, may be left out; `~SEQx` writes hexadecimal"},
		{"~LST(NAME, A, B) text", "text once for every value; `~LST({N,M}, {A,B}, {C,D}) text` has several names"},
		{"include PATTERN", "other files in this place"},
	},
	times: "Times are seconds with up to six decimals. A switch (`on|off`) is also written true, false, yes, no; the keyword alone means on.",
	mistakes: "A mistake is repaired as keepalived repairs it and said as a warning. What keepalived stops for as a whole (a router " +
		"without VRID, a VRID used twice on a link) keeps the one router from running and no other.",
	commands: "A command is one word, between double quotes if it has arguments; in it, single quotes keep blanks in one argument. No shell " +
		"runs it. Behind it may stand the user and group it runs as.",
	weights: "A tracker without weight, or with weight 0, is a fault while it is down. With another weight it changes the priority: a positive " +
		"one is added while the tracker is up, a negative one while it is down, and reverse turns the sign. The sum stays between 1 and 254. " +
		"Weights of what a member of a sync group tracks do not count without sync_group_tracking_weight, nor do they with priority 255.",
	statuses: []entryText{
		{carried.String(), "it has its meaning"},
		{harmless.String(), "nothing is missing without it; its entry says why"},
		{refused.String(), "what it asks for is not done; its entry says why, and a warning names it in the file"},
		{skipped.String(), "it belongs to keepalived's LVS side; one notice names all of them"},
	},
	addresses: "A line of `virtual_ipaddress`, `virtual_ipaddress_excluded` and `static_ipaddress` is `ADDRESS[/LENGTH] [OPTION ...]`; without " +
		"a length it is the longest, 32 or 128.",
	routes: "A line of `virtual_routes` and `static_routes` is `[TYPE] PREFIX|default [OPTION ...]`, in any order, with the words of " +
		"ip-route(8) in full. TYPE is unicast, local, broadcast, multicast, anycast, blackhole, unreachable, prohibit or throw. Names of tables, " +
		"scopes, protocols and realms come from /etc/iproute2. The metrics mtu, window, rtt, rttvar, ssthresh, cwnd, advmss, reordering, " +
		"hoplimit, initcwnd, rto_min, initrwnd, quickack and fastopen_no_cookie take `[lock] N`.",
	rules: "A line of `virtual_rules` and `static_rules` holds options in any order, with the words of ip-rule(8) in full: one of them says " +
		"where the rule leads. A rule without preference is given one, from 16384 downwards.",
}

// entryText is a form and its meaning.
type entryText struct{ form, meaning string }
