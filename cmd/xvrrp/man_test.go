package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const manDir = "../../docs/man"

// TestManPageHasEveryOption keeps the page of the other name, which is written by hand, and the table of options together.
func TestManPageHasEveryOption(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(manDir, "xvrrp-keepalived.8"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), `\-`, "-")
	for _, o := range keepalivedOptions {
		if !strings.Contains(text, "--"+o.long) {
			t.Errorf("--%s is missing", o.long)
		}
		if o.short != 0 && !strings.Contains(text, "-"+string(o.short)+" ") {
			t.Errorf("-%c is missing", o.short)
		}
	}
}

// TestManPages: docs/man holds what the commands say, and no page of a command that is no more. It is written by
// go generate.
func TestManPages(t *testing.T) {
	pages := manPages()
	there, err := filepath.Glob(filepath.Join(manDir, "*.8"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range there {
		name := filepath.Base(path)
		if _, ours := pages[name]; ours || name == "xvrrp-keepalived.8" {
			continue
		}
		if !*update {
			t.Errorf("%s is of no command: go generate ./cmd/xvrrp", path)
		} else if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range pages {
		path := filepath.Join(manDir, name)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is not what the command says: go generate ./cmd/xvrrp", path)
		}
	}
}

// TestManPagesFormat has groff set every page; it warns of nothing.
func TestManPagesFormat(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff is not installed")
	}
	pages, err := filepath.Glob(filepath.Join(manDir, "*.8"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages in %s: %v", manDir, err)
	}
	for _, page := range pages {
		if out, err := exec.Command(groff, "-t", "-man", "-Tutf8", "-ww", "-z", page).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", page, err, out)
		}
	}
}
