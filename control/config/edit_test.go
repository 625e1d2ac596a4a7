package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestEdit plays testdata/edit/*.txt and compares what comes of it with the .golden file beside each. A script begins
// with a file; lines "-- add", "-- set NAME", "-- remove NAME ..." and "-- reset NAME ..." each begin an edit, whose
// text follows. Edits without an error are put in force before the next one.
func TestEdit(t *testing.T) {
	scripts, err := filepath.Glob("testdata/edit/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	for _, path := range scripts {
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		t.Run(name, func(t *testing.T) {
			golden(t, strings.TrimSuffix(path, ".txt")+".golden", playEdits(t, read(t, path)))
		})
	}
}

func playEdits(t *testing.T, script string) string {
	t.Helper()
	parts := strings.Split("\n"+script, "\n-- ")
	cfg, problems := loadText(strings.TrimPrefix(parts[0], "\n"), nil)
	var out strings.Builder
	if err := Print(&out, problems); err != nil {
		t.Fatal(err)
	}
	for _, part := range parts[1:] {
		head, text, _ := strings.Cut(part, "\n")
		words := strings.Fields(head)
		verb := map[string]Verb{"add": AddRouters, "set": SetRouter, "remove": RemoveRouters, "reset": ResetRouters}[words[0]]
		edited, problems := cfg.Edit(Edit{Verb: verb, Names: words[1:], Text: text, Label: "argument"})
		fmt.Fprintf(&out, "\n-- %s\n", head)
		if err := Print(&out, problems); err != nil {
			t.Fatal(err)
		}
		if Worst(problems) == Error {
			continue
		}
		describeEdit(&out, edited)
		cfg = edited.Config
		edited.Commit()
		checkReloaded(t, parts[0], cfg, edited)
	}
	return out.String()
}

func describeEdit(out *strings.Builder, e *Edited) {
	for _, r := range e.Routers {
		fmt.Fprintf(out, "router %s: vrid %d priority %d interval %v group %q %v\n", r.Name, r.VRID, r.Priority, r.Interval, r.SyncGroup, prefixes(r))
	}
	for _, name := range e.Removed {
		fmt.Fprintf(out, "removed %s\n", name)
	}
	for _, g := range e.SyncGroups {
		fmt.Fprintf(out, "group %s: %q\n", g.Name, g.Members)
	}
	for _, o := range e.Overrides {
		fmt.Fprintf(out, "override:\n%s", o.Masked())
	}
	for _, name := range e.Dropped {
		fmt.Fprintf(out, "no override of %s\n", name)
	}
}

func prefixes(r *Router) (out []string) {
	for _, a := range r.Addresses {
		out = append(out, a.Prefix.String())
	}
	return out
}

// checkReloaded: the file, read again under the overrides, says the same as the edit.
func checkReloaded(t *testing.T, file string, cfg *Config, e *Edited) {
	t.Helper()
	again, problems := loadText(strings.TrimPrefix(file, "\n"), cfg.Overrides())
	if Worst(problems) == Error {
		t.Fatalf("after the edit the file reads with errors: %v", problems)
	}
	for _, want := range e.Routers {
		i := slices.IndexFunc(again.Routers, func(r Router) bool { return r.Name == want.Name })
		if i < 0 || !want.Same(&again.Routers[i]) {
			t.Errorf("%s is not the same after the file was read again", want.Name)
		}
	}
	for _, name := range e.Removed {
		if slices.ContainsFunc(again.Routers, func(r Router) bool { return r.Name == name }) {
			t.Errorf("%s is back after the file was read again", name)
		}
	}
	if got := groupNames(again); got != groupNames(cfg) {
		t.Errorf("groups are %s after the file was read again, %s by the edits", got, groupNames(cfg))
	}
}

func groupNames(c *Config) string {
	var out []string
	for _, g := range c.SyncGroups {
		out = append(out, fmt.Sprintf("%s%q", g.Name, g.Members))
	}
	slices.Sort(out)
	return fmt.Sprint(out)
}

func loadText(text string, overrides []Override) (*Config, []Problem) {
	return Load(fstest.MapFS{"x.conf": {Data: []byte(text)}}, "x.conf", Options{ID: "host", Name: "x.conf", Overrides: overrides})
}

// What is written down of overrides is read back as it was.
func TestOverridesAreReadAsWritten(t *testing.T) {
	want := []Override{
		{Name: "VI_1"},
		{Name: "site #1 {north}"},
		{Name: "VI_2", Block: "vrrp_instance VI_2 {\n    interface eth0\n    notify \"/bin/x # not a comment\"\n    authentication {\n        auth_pass a\\#b\\!c\n    }\n}\n"},
	}
	var text strings.Builder
	for _, o := range want {
		text.WriteString(o.String())
	}
	got, problems := ReadOverrides(text.String(), "routers.conf")
	if len(problems) > 0 || !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q\n%v", got, want, problems)
	}
}

// What is no override is reported with its place and left out.
func TestOverridesWithMistakes(t *testing.T) {
	for _, c := range []struct{ name, text, place string }{
		{"another block", "vrrp_script x {\n}\n", "routers.conf:1:1"},
		{"twice", "remove VI_1\nremove VI_1\n", "routers.conf:2:8"},
		{"no name", "remove\n", "routers.conf:1:1"},
		{"include", "include /etc/shadow\n", "routers.conf:1:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := ReadOverrides(c.text, "routers.conf")
			if len(problems) != 1 || problems[0].Severity != Error || problems[0].Pos.String() != c.place {
				t.Errorf("got %v, want an error at %s", problems, c.place)
			}
		})
	}
}

// FuzzOverrides: what was read is written, and then read as it was.
func FuzzOverrides(f *testing.F) {
	for _, name := range []string{"lexical", "braces", "definitions", "repetition", "notify", "conditions", "routes"} {
		f.Add(read(f, "testdata/"+name+".conf"))
	}
	f.Add("remove VI_1\nvrrp_instance VI_2 {\n notify \"a # b\" c\\#d\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		want, _ := readOverrides(text, "x", fuzzLimits)
		var written strings.Builder
		for _, o := range want {
			written.WriteString(o.String())
		}
		got, problems := readOverrides(written.String(), "y", fuzzLimits)
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q\n%v", got, want, problems)
		}
	})
}

// An edit costs the same however many routers there are.
func BenchmarkEdit(b *testing.B) {
	for _, n := range []int{100, 2500, 10000} {
		b.Run(fmt.Sprintf("of-%d", n), func(b *testing.B) {
			cfg, _ := loadText(manyRouters(n), nil)
			for b.Loop() {
				_, problems := cfg.Edit(Edit{Verb: AddRouters, Label: "argument", Text: "vrrp_instance NEW {\ninterface eth99\nvirtual_router_id 7\nvirtual_ipaddress {\n10.9.9.9/24\n}\n}\n"})
				if Worst(problems) == Error {
					b.Fatal(problems)
				}
			}
		})
	}
}

func manyRouters(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "vrrp_instance VI_%d {\n    interface eth%d\n    virtual_router_id %d\n    virtual_ipaddress {\n        10.%d.%d.1/24\n    }\n}\n",
			i, i/250, i%250+1, i/250, i%250)
	}
	return b.String()
}
