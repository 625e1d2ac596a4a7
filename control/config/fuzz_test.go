package config

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// fuzzLimits keep a single input cheap.
var fuzzLimits = limits{fileBytes: 1 << 20, lineBytes: 4096, passes: 20, depth: 10, includeDepth: 4, files: 50, lines: 5000, bytes: 1 << 20}

// FuzzLoad: no input may panic or go on for ever, problems are sorted and lie within the files, and what is said to
// run can run.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*.conf")
	if err != nil || len(files) == 0 {
		f.Fatalf("testdata: %d files, %v", len(files), err)
	}
	for _, path := range files {
		f.Add(read(f, path))
	}
	f.Fuzz(func(t *testing.T, text string) {
		fsys := fstest.MapFS{"x.conf": {Data: []byte(text)}, "include.d/a.inc": {Data: []byte("priority 5 }\ninclude ../x.conf\n")}}
		cfg, problems := load(fsys, "x.conf", Options{ID: "host", Name: "x.conf", Env: strings.ToUpper}, fuzzLimits)
		checkProblems(t, fsys, problems)
		for _, r := range cfg.Routers {
			checkRouter(t, r)
		}
		if err := Print(&strings.Builder{}, problems); err != nil {
			t.Fatal(err)
		}
	})
}

func checkProblems(t *testing.T, fsys fstest.MapFS, problems []Problem) {
	t.Helper()
	order := map[string]int{"x.conf": 0, "include.d/a.inc": 1}
	last := Pos{}
	for _, p := range problems {
		if p.Message == "" || strings.ContainsAny(p.Message, "\n") {
			t.Errorf("%+v: message of no or several lines", p)
		}
		if p.Pos == (Pos{}) {
			continue
		}
		data, known := fsys[p.Pos.File]
		if !known {
			t.Fatalf("%s: no such file", p)
		}
		if p.Pos.Line == 0 {
			continue
		}
		lines := strings.Split(string(data.Data), "\n")
		if p.Pos.Line < 1 || p.Pos.Line > len(lines) || p.Pos.Column < 1 || p.Pos.Column > len(lines[p.Pos.Line-1])+1 {
			t.Errorf("%s: no such place", p)
		}
		if p.Pos.File == last.File && (p.Pos.Line < last.Line || p.Pos.Line == last.Line && p.Pos.Column < last.Column) || order[p.Pos.File] < order[last.File] {
			t.Errorf("%s comes after %s", p, last)
		}
		last = p.Pos
	}
}

// checkRouter: what a router that runs may rely on.
func checkRouter(t *testing.T, r Router) {
	t.Helper()
	if r.Fault != "" {
		return
	}
	switch {
	case r.Name == "" && r.Pos == Pos{}, r.Interface == "", r.VRID == 0, r.Priority == 0, r.Interval <= 0, r.DownAdverts < 1:
		t.Errorf("router cannot run: %+v", r)
	case r.Version != 2 && r.Version != 3, r.V6 && r.Version == 2, r.Version == 3 && len(r.Addresses) == 0:
		t.Errorf("version %d with %d addresses, IPv6 %t", r.Version, len(r.Addresses), r.V6)
	case r.Group.Is6() != r.V6, !r.Group.IsMulticast(), r.Source.IsValid() && r.Source.Is6() != r.V6:
		t.Errorf("from %s to %s, IPv6 %t", r.Source, r.Group, r.V6)
	}
	for _, a := range r.Addresses {
		if a.Prefix.Addr().Is6() != r.V6 || !a.Prefix.IsValid() {
			t.Errorf("address %s in a router with IPv6 %t", a.Prefix, r.V6)
		}
	}
	for _, p := range r.Peers {
		if p.Addr.Is6() != r.V6 || p.MinTTL > p.MaxTTL {
			t.Errorf("peer %v", p)
		}
	}
}
