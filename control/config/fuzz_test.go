package config

import (
	"path/filepath"
	"slices"
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
		for i := range cfg.Routers {
			checkRouter(t, cfg.Routers[i])
			checkTracks(t, cfg, cfg.Routers[i].Tracks)
			checkEntries(t, cfg.Routers[i].Routes, cfg.Routers[i].Rules)
		}
		checkGroups(t, cfg)
		checkEntries(t, cfg.Static.Routes, cfg.Static.Rules)
		checkCommands(t, cfg)
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
		if p.Pos.Line < 1 || int(p.Pos.Line) > len(lines) || p.Pos.Column < 1 || int(p.Pos.Column) > len(lines[p.Pos.Line-1])+1 {
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
	case r.Name == "" && r.Pos == Pos{}, r.Interface == "" && (len(r.Peers) == 0 || !r.Source.IsValid()), r.VRID == 0, r.Priority == 0, r.Interval <= 0, r.DownAdverts < 1:
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
	if h := r.HMAC; h != nil && (len(h.Keys[h.Active]) < 32 || h.Window <= 0 || r.Auth.Type != 0) {
		t.Errorf("HMAC %+v beside %v", h, r.Auth)
	}
	if v := r.VMAC; v != nil && (v.MAC[0]&1 != 0 || r.Interface == "") {
		t.Errorf("virtual MAC %x on %q", v.MAC, r.Interface)
	}
	for _, p := range r.Peers {
		if p.Addr.Is6() != r.V6 || p.MinTTL > p.MaxTTL {
			t.Errorf("peer %v", p)
		}
	}
}

// checkTracks: what is tracked exists, once, with a weight that can count.
func checkTracks(t *testing.T, cfg *Config, tracks []Track) {
	t.Helper()
	seen := make(map[trackerName]bool)
	for _, k := range tracks {
		key := trackerName{k.Kind, k.Name}
		if seen[key] || abs(k.Weight) > maxFactor || k.Kind != TrackInterface && !defined(cfg.Trackers, key) {
			t.Errorf("track %+v", k)
		}
		seen[key] = true
	}
}

func defined(all Trackers, key trackerName) bool {
	is := func(kind TrackKind, name string) bool { return trackerName{kind, name} == key }
	return slices.ContainsFunc(all.Scripts, func(s Script) bool { return is(TrackScript, s.Name) }) ||
		slices.ContainsFunc(all.Files, func(f File) bool { return is(TrackFile, f.Name) }) ||
		slices.ContainsFunc(all.Processes, func(p Process) bool { return is(TrackProcess, p.Name) }) ||
		slices.ContainsFunc(all.BFDs, func(b BFD) bool { return is(TrackBFD, b.Name) }) ||
		slices.ContainsFunc(all.Checks, func(c Check) bool { return is(TrackCheck, c.Name) })
}

// checkGroups: members exist and know their group.
func checkGroups(t *testing.T, cfg *Config) {
	t.Helper()
	in := make(map[string]string)
	for _, r := range cfg.Routers {
		in[r.Name] = r.SyncGroup
	}
	for _, g := range cfg.SyncGroups {
		for _, m := range g.Members {
			if in[m] != g.Name {
				t.Errorf("%s is a member of %s and in %q", m, g.Name, in[m])
			}
		}
		if len(g.Members) == 0 {
			t.Errorf("group %+v", g)
		}
		checkTracks(t, cfg, g.Tracks)
	}
}

// checkEntries: what the kernel would refuse does not come so far.
func checkEntries(t *testing.T, routes []Route, rules []Rule) {
	t.Helper()
	for _, r := range routes {
		if !r.Dst.IsValid() || r.Dst.Addr().Is6() != r.V6 || r.Dst != r.Dst.Masked() || r.Via.IsValid() && len(r.Hops) > 0 {
			t.Errorf("route %+v", r)
		}
	}
	for _, r := range rules {
		if r.Action == 0 || r.Priority == 0 || r.From.IsValid() && r.From.Addr().Is6() != r.V6 {
			t.Errorf("rule %+v", r)
		}
	}
}

// checkCommands: a command that is to be run can be named.
func checkCommands(t *testing.T, cfg *Config) {
	t.Helper()
	for _, s := range cfg.Trackers.Scripts {
		if len(s.Command.Argv) == 0 || s.Interval <= 0 || s.Timeout <= 0 || s.Rise < 1 || s.Fall < 1 {
			t.Errorf("script %+v", s)
		}
	}
	for _, k := range cfg.Trackers.Checks {
		if (k.Kind == CheckMisc) != (k.Host == "") || k.Interval <= 0 || k.Timeout <= 0 || k.Kind == CheckHTTP && len(k.URLs) == 0 {
			t.Errorf("check %+v", k)
		}
	}
	for _, r := range cfg.Routers {
		for _, c := range []*Command{r.Notify.Any, r.Notify.Master, r.Notify.Backup, r.Notify.Fault, r.Notify.Stop, r.Notify.Deleted} {
			if c != nil && len(c.Argv) == 0 {
				t.Errorf("%s tells by no command", r.Name)
			}
		}
	}
}
