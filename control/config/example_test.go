package config

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestExamples: what the documentation shows is sound, whichever host reads it.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../../docs/examples/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatalf("docs/examples: %d files, %v", len(files), err)
	}
	for _, path := range append(files, "../../docs/example.conf") {
		if filepath.Base(path) == "tutorial.conf" {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			cfg, problems := loadFile(t, path)
			for _, p := range problems {
				t.Error(p)
			}
			if len(cfg.Routers) == 0 {
				t.Error("no router")
			}
		})
	}
}

// TestTutorialPair: the two nodes of the example are one group, and say what the tutorial's own file says.
func TestTutorialPair(t *testing.T) {
	cfg, problems := loadFile(t, "../../docs/examples/tutorial.conf")
	wantPlaces(t, problems, []string{"vrrp_garp_interval 0", "vrrp_gna_interval 0", "nopreempt does not work with state MASTER"})
	wantTutorialRouter(t, cfg)
	main := cfg.Routers[0]
	other, _ := loadFile(t, "../../docs/examples/tutorial-backup.conf")
	backup := other.Routers[0]
	if main.VRID != backup.VRID || main.Auth != backup.Auth || main.Interval != backup.Interval || main.Priority <= backup.Priority ||
		main.Addresses[0].Prefix != backup.Addresses[0].Prefix || backup.StartMaster || backup.Preempt {
		t.Errorf("main %+v\nbackup %+v", main, backup)
	}
}

// TestExampleComplete: example.conf shows every keyword and every option of an address that has its meaning.
func TestExampleComplete(t *testing.T) {
	words := make(map[string]bool)
	for _, w := range strings.FieldsFunc(read(t, "../../docs/example.conf"), func(r rune) bool {
		return strings.ContainsRune(" \t\n,;(){}:", r)
	}) {
		words[w] = true
	}
	visit("", top, func(path string, r *row) {
		if r.status == carried && !underUndone(path) && !words[r.name] {
			t.Errorf("%s %s is not shown", path, r.name)
		}
	})
	for name, o := range addressOptions {
		if !words[name] && !strings.Contains(o.help, "not carried out") && !strings.Contains(o.help, "ignored") {
			t.Errorf("option %s of an address is not shown", name)
		}
	}
}

// underUndone says whether a path of block names leads through one that is not carried out.
func underUndone(path string) bool {
	b := top
	for name := range strings.FieldsSeq(path) {
		r := b.index[name]
		if r.status != carried {
			return true
		}
		b = r.body
	}
	return false
}
