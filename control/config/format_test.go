package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// layouts are the configurations that formatting must not change: those of the other tests, and the examples.
func layouts(t testing.TB) (paths []string) {
	t.Helper()
	for _, pattern := range []string{"testdata/*.conf", "testdata/include.d/*", "../../docs/*.conf", "../../cmd/xvrrp/testdata/*.conf"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		paths = append(paths, found...)
	}
	return paths
}

// Whatever the layout of a file was, what it means and what is wrong with it stay, and the new layout stays, too.
func TestFormatChangesNoMeaning(t *testing.T) {
	for _, path := range layouts(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text := read(t, path)
			laid := Format(text)
			if again := Format(laid); again != laid {
				t.Errorf("formatted again it is\n%s\nand was\n%s", again, laid)
			}
			o := optionsOf(t, path)
			dir, name := os.DirFS(filepath.Dir(path)), filepath.Base(path)
			was, problems := Load(dir, name, o)
			o.Text = laid
			is, left := Load(dir, name, o)
			if !was.Same(is) {
				t.Errorf("the configuration is another one: %q\n%s", is.Differences(was), laid)
			}
			if a, b := messages(problems), messages(left); !slices.Equal(a, b) {
				t.Errorf("problems were\n%s\nand are\n%s\nof\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"), laid)
			}
		})
	}
}

// messages are problems without their places, and without those that only concern the layout.
func messages(problems []Problem) (out []string) {
	for _, p := range problems {
		if !strings.Contains(p.Message, "byte order mark") {
			out = append(out, p.Severity.String()+": "+withoutPlaces(p.Message))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// withoutPlaces cuts file:line:column out of a message.
func withoutPlaces(message string) string {
	words := strings.Fields(message)
	for i, w := range words {
		if strings.Count(w, ":") >= 2 && strings.Contains(w, ".conf:") {
			words[i] = "PLACE"
		}
	}
	return strings.Join(words, " ")
}

func TestFormat(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"indentation", "vrrp_instance A {\nstate  MASTER\n\t\tvirtual_ipaddress {\n10.0.0.1/24\n}\n}", "vrrp_instance A {\n    state MASTER\n    virtual_ipaddress {\n        10.0.0.1/24\n    }\n}\n"},
		{"braces on lines of their own", "vrrp_instance A\n{\n}\n", "vrrp_instance A {\n}\n"},
		{"everything on one line", "vrrp_instance A { virtual_ipaddress { 10.0.0.1 } } # end\n", "vrrp_instance A {\n    virtual_ipaddress {\n        10.0.0.1\n    }\n} # end\n"},
		{"comments stay where they are", "# one\n\n\n  ! two\nvrrp_instance A { # three\n# four\n}   # five\n", "# one\n\n! two\nvrrp_instance A { # three\n    # four\n} # five\n"},
		{"a brace behind a comment is not joined", "vrrp_instance A # x\n{\n}\n", "vrrp_instance A # x\n{\n}\n"},
		{"empty lines", "\n\na\n\n\nvrrp_instance A {\n\nb\n\n\nc\n\n}\nvrrp_instance B {\n}\n\n", "a\n\nvrrp_instance A {\n    b\n\n    c\n}\n\nvrrp_instance B {\n}\n"},
		{"quotes and escapes", "script \"/bin/x  a\"  'b  c'  d\\  e   \\#f\n", "script \"/bin/x  a\" 'b  c' d\\  e \\#f\n"},
		{"conditions", "@a  vrrp_instance A {\n@^a vrrp_instance B {\npriority 1\n@a  nopreempt\n}\nx\n", "@a vrrp_instance A {\n@^a vrrp_instance B {\n    priority 1\n    @a nopreempt\n}\n\nx\n"},
		{"definitions", "$A=\\\n   x {\\\n y\\\n  }\n$B  \n$C=a   b\nz ${A}\n", "$A=\\\n    x {\\\n        y\\\n    }\n$B\n$C=a b\nz ${A}\n"},
		{"conditional definitions", "@a @^b $A=\\\nx  \\\ny\nz\n", "@a @^b $A=\\\n    x \\\n    y\nz\n"},
		{"an empty line ends a definition", "$A=\\\nx\\\n\ny\n", "$A=\\\n    x\\\n\ny\n"},
		{"a brace is missing", "vrrp_instance A {\nvirtual_ipaddress {\n10.0.0.1\nvrrp_instance B {\n}\n", "vrrp_instance A {\n    virtual_ipaddress {\n        10.0.0.1\nvrrp_instance B {\n}\n"},
		{"a brace too many", "}\n}\na\n", "}\n\n}\n\na\n"},
		{"line endings and byte order mark", "\ufeffa\r\nb\r\n", "a\nb\n"},
		{"empty", "\n\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Format(c.text)
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if again := Format(got); again != got {
				t.Errorf("formatted again\n%s\nwas\n%s", again, got)
			}
		})
	}
}

// FuzzFormat: what is formatted means what it did, and stays as it is.
func FuzzFormat(f *testing.F) {
	for _, path := range layouts(f) {
		f.Add(read(f, path))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(strings.ReplaceAll(text, "\r\n", "\n"), "\r") {
			return // of a line that ends in several the last one is cut, which makes another word of the others
		}
		laid := Format(text)
		if again := Format(laid); again != laid {
			t.Errorf("formatted again %q, was %q", again, laid)
		}
		load := func(text string) *Config {
			cfg, _ := load(fstest.MapFS{"x.conf": {Data: []byte(text)}}, "x.conf", Options{ID: "host"}, fuzzLimits)
			return cfg
		}
		if was, is := load(text), load(laid); !was.Same(is) {
			t.Errorf("%q means another thing than %q: %q", laid, text, is.Differences(was))
		}
	})
}
