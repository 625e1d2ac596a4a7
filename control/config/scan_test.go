package config

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestUncomment(t *testing.T) {
	for name, c := range map[string]struct {
		raw, want string
		open      bool
	}{
		"plain":                    {raw: " \t a  b\v\f", want: "a  b"},
		"number sign":              {raw: "a # b", want: "a"},
		"exclamation mark":         {raw: "a!b", want: "a"},
		"comment alone":            {raw: "  # b", want: ""},
		"inside quotes":            {raw: `a "# !" # c`, want: `a "# !"`},
		"escaped":                  {raw: `a\#b\!c # d`, want: "a#b!c"},
		"escaped in quotes":        {raw: `a "\#"`, want: `a "\#"`},
		"other backslash":          {raw: `a\b \ # c`, want: `a\b \`},
		"quote not closed":         {raw: `a "b # c`, want: `a "b # c`, open: true},
		"quote inside a comment":   {raw: `a # "`, want: "a"},
		"single quote is ordinary": {raw: `a '# b'`, want: "a '"},
	} {
		t.Run(name, func(t *testing.T) {
			got, open := uncomment(&source{raw: c.raw})
			if got.s != c.want || open != c.open {
				t.Errorf("got %q, open %t; want %q, %t", got.s, open, c.want, c.open)
			}
		})
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[string][]string{
		"a b\tc":       {"a", "b", "c"},
		`"a b" c`:      {"a b", "c"},
		`a"b c"d`:      {"a", "b c", "d"},
		`a ""`:         {"a", ""},
		`a 'b c'`:      {"a", "'b", "c'"},
		`a "b \" c"`:   {"a", `b \`, "c", ""},
		`a "b c`:       {"a", "b c"},
		"":             nil,
		" \f\v ":       nil,
		`a\ b`:         {`a\`, "b"},
		`"a""b"`:       {"a", "b"},
		"a=b,c {d} #e": {"a=b,c", "{d}", "#e"},
	} {
		var got []string
		for _, w := range appendWords(nil, in) {
			got = append(got, w.s)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestShellWords(t *testing.T) {
	for in, c := range map[string]struct {
		want []string
		open bool
	}{
		`/bin/a b  c`:         {want: []string{"/bin/a", "b", "c"}},
		`"/bin/a b" c`:        {want: []string{"/bin/a b", "c"}},
		`abcd" efg "x`:        {want: []string{"abcd efg x"}},
		`'a "b"' "c 'd'"`:     {want: []string{`a "b"`, "c 'd'"}},
		`a\ b \"c\"`:          {want: []string{"a b", `"c"`}},
		`\a\b\E\f\n\r\t\v`:    {want: []string{"\a\b\x1b\f\n\r\t\v"}},
		`\101\x42\x0043\cA\c`: {want: []string{"AB" + "C" + "\x01c"}},
		`\7\18\x`:             {want: []string{"\a\x018x"}},
		`""  ''`:              {want: []string{"", ""}},
		`a\`:                  {want: []string{`a\`}},
		`"a`:                  {want: []string{"a"}, open: true},
		`a 'b`:                {want: []string{"a", "b"}, open: true},
		"":                    {},
	} {
		got, open := shellWords(in)
		if !slices.Equal(got, c.want) || open != c.open {
			t.Errorf("%q: got %q, open %t; want %q, %t", in, got, open, c.want, c.open)
		}
	}
}

func TestReferences(t *testing.T) {
	for in, want := range map[string]string{
		"a ${B} c":         "B",
		"$B":               "B",
		"$B c":             "B",
		"$B,$C)":           "B C",
		"$B.c":             "",
		"${B}${C}":         "B C",
		"${B":              "",
		"$1 ${1} $ $$ ${}": "",
		"${_RANDOM 1 6}x":  "_RANDOM(1 6)",
		"${_ENV  A }":      "_ENV(A)",
		"${B-c}":           "",
		"${${B}}":          "B",
		"$_a1":             "_a1",
	} {
		var got []string
		for i := 0; ; {
			r, ok := nextReference(in, i)
			if !ok {
				break
			}
			if r.args != "" {
				r.name += "(" + r.args + ")"
			}
			got = append(got, r.name)
			i = r.to
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// TestPlaces: a place is where a byte was written, whatever was put before it.
func TestPlaces(t *testing.T) {
	for name, c := range map[string]struct {
		text, want string
		width      int
		via        []Pos
	}{
		"as written":              {text: "global_defs {\n\tnonsense x\n}", want: "x.conf:2:2", width: 8},
		"behind an escape":        {text: `global_defs { router_id a\#b wrong }`, want: "x.conf:1:30", width: 5},
		"behind a definition":     {text: "$A=router_id\nglobal_defs { ${A} x wrong }", want: "x.conf:2:22", width: 5},
		"of a definition":         {text: "$A=nonsense\nglobal_defs {\n  ${A} x\n}", want: "x.conf:3:3", width: 4},
		"of a nested definition":  {text: "$B=nonsense\n$A=${B}\nglobal_defs {\n  ${A} x\n}", want: "x.conf:4:3", width: 4},
		"behind an empty one":     {text: "$A=\nglobal_defs {\n  ${A}nonsense x\n}", want: "x.conf:3:7", width: 8},
		"behind a condition":      {text: "@host global_defs { nonsense }", want: "x.conf:1:21", width: 8},
		"behind a repetition":     {text: "~SEQ(A, 1, 1) global_defs { nonsense }", want: "x.conf:1:29", width: 8},
		"in a definition's lines": {text: "$A= \\\n nonsense \\\n\tother\n  $A\n", want: "x.conf:2:2", width: 8, via: []Pos{{"x.conf", 4, 3}}},
		"joined with its lines":   {text: "$A= \\\nsense \\\n\n$B=non\n ${B}$A\n", want: "x.conf:5:2", width: 4},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := load1(c.text)
			i := slices.IndexFunc(problems, func(p Problem) bool { return !strings.Contains(p.Message, "definition") })
			if i < 0 {
				t.Fatal("no problem")
			}
			p := problems[i]
			if p.Pos.String() != c.want || p.Width != c.width || !slices.Equal(p.Via, c.via) {
				t.Errorf("at %s, %d bytes, via %v: %s; want %s, %d bytes, via %v", p.Pos, p.Width, p.Via, p.Message, c.want, c.width, c.via)
			}
		})
	}
}

func TestParseSeconds(t *testing.T) {
	for in, c := range map[string]struct {
		want  time.Duration
		exact bool
		ok    bool
	}{
		"1":          {time.Second, true, true},
		"0.92":       {920 * time.Millisecond, true, true},
		".5":         {500 * time.Millisecond, true, true},
		"3.":         {3 * time.Second, true, true},
		"0.000001":   {time.Microsecond, true, true},
		"0.0000004":  {0, false, true},
		"0.0000005":  {time.Microsecond, false, true},
		"1.0000000":  {time.Second, true, true},
		"999999999":  {999999999 * time.Second, true, true},
		"1000000000": {},
		"":           {},
		".":          {},
		"-1":         {},
		"+1":         {},
		"1e3":        {},
		"1.2.3":      {},
		"0x10":       {},
		" 1":         {},
	} {
		got, exact, ok := parseSeconds(in)
		if ok != c.ok || ok && (got != c.want || exact != c.exact) {
			t.Errorf("%q: got %s, exact %t, ok %t; want %s, %t, %t", in, got, exact, ok, c.want, c.exact, c.ok)
		}
	}
}

func TestNearest(t *testing.T) {
	instance := top.index["vrrp_instance"].body
	for in, want := range map[string]string{
		"virtual_ipadress": "virtual_ipaddress",
		"pirority":         "priority",
		"nopremt":          "nopreempt",
		"garp_master_dely": "garp_master_delay",
		"vrrp_version":     "version",
		"authentification": "authentication",
		"verson":           "version",
		"x":                "",
		"nonsense":         "",
		"notify_mster":     "notify_master",
		"interfaces":       "interface",
	} {
		if got := instance.nearest(in); got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"abc", "abc", 0}, {"abc", "", 3}, {"abc", "abd", 1}, {"abc", "acb", 1}, {"abc", "xabc", 1}, {"kitten", "sitting", 3},
	} {
		if got := distance(c.a, c.b); got != c.want || distance(c.b, c.a) != c.want {
			t.Errorf("%q to %q: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestAlternatives(t *testing.T) {
	for in, want := range map[string]string{
		"a":                "a",
		"a{b,c}d":          "abd acd",
		"a{b,c{d,e}}":      "ab acd ace",
		"{foo/{,cat},bar}": "foo/ foo/cat bar",
		"a{b":              "a{b",
		"{a,b}{c,d}":       "ac ad bc bd",
		"a{}b":             "ab",
	} {
		if got := strings.Join(alternatives(in), " "); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// TestGlob: wildcards follow the shell.
func TestGlob(t *testing.T) {
	fsys := fstest.MapFS{"d/a.conf": {}, "d/b.conf": {}, "d/.c.conf": {}, "d/e.txt": {}, ".h/f.conf": {}}
	e := &expander{fsys: fsys}
	for in, want := range map[string]string{
		"d/*.conf":    "d/a.conf d/b.conf",
		"d/.*.conf":   "d/.c.conf",
		"*/?.conf":    "d/a.conf d/b.conf",
		"d/[!a].conf": "d/b.conf",
		"d/[ab].conf": "d/a.conf d/b.conf",
		"d/a.conf":    "d/a.conf",
		".h/*":        ".h/f.conf",
		"none/*":      "",
		"d/[":         "",
	} {
		if got := strings.Join(e.glob(in), " "); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// TestSecrets: no password reaches a problem, however it is written.
func TestSecrets(t *testing.T) {
	for name, lines := range map[string]string{
		"too long":          "authentication { auth_type PASS\n auth_pass topsecret }",
		"misspelt keyword":  "authentication { auth_pas topsecret }",
		"with a block":      "authentication { auth_pass topsecret { x } }",
		"with blanks":       "authentication { auth_pass topsecret topsecret }",
		"in a comment":      "authentication { auth_pass topsecret # topsecret\n}",
		"defined":           "$PASSWORD=topsecret \\\n\n authentication { auth_pass $PASSWORD }",
		"outside its block": "auth_pass topsecret",
		"of an HMAC":        "auth_hmac { key 1 topsecret\n key 2 topsecret topsecret\n}",
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := load1(router1(lines))
			var b strings.Builder
			if err := Print(&b, problems); err != nil {
				t.Fatal(err)
			}
			if len(problems) == 0 || strings.Contains(b.String(), "topsecret") {
				t.Errorf("%d problems:\n%s", len(problems), &b)
			}
		})
	}
}

// TestPrint: control characters do not reach a terminal, and the mark stands under its words.
func TestPrint(t *testing.T) {
	_, problems := load1("\x1b[31m{ }\n")
	problems = append(problems, Problem{Pos: Pos{"x", 3, 10}, Message: "m", Source: "\täöü wörd # " + strings.Repeat("x", 100), Width: 5, Hint: "h"})
	var b strings.Builder
	if err := Print(&b, problems); err != nil {
		t.Fatal(err)
	}
	want := "x.conf:1:1: warning: unknown keyword .[31m; block skipped\n" +
		"    1 | .[31m{ }\n" +
		"      | ^^^^^\n" +
		"x:3:10: notice: m\n" +
		"    3 | \täöü wörd # " + strings.Repeat("x", 58) + "...\n" +
		"      | \t     ^^^^\n" +
		"      = hint: h\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
}
