package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file of keepalived's with everything that migration is about, and what comes of it.
func TestMigrate(t *testing.T) {
	m, err := Migrate(os.DirFS("testdata/migrate"), "keepalived.conf", Options{ID: "host", Name: "keepalived.conf"})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/migrate/xvrrp.golden", m.Text)
	var report strings.Builder
	for _, s := range m.Steps {
		fmt.Fprintf(&report, "%d: %s\n", s.Line, s.What)
	}
	if err := Print(&report, m.Left); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/migrate/report.golden", report.String())
}

// Whatever the file, what it means stays, no warning comes by it, and there is nothing to do a second time.
func TestMigrateChangesNoMeaning(t *testing.T) {
	for _, path := range append(layouts(t), "testdata/migrate/keepalived.conf") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			o := optionsOf(t, path)
			dir, name := os.DirFS(filepath.Dir(path)), filepath.Base(path)
			m, err := Migrate(dir, name, o)
			if err != nil {
				t.Fatal(err)
			}
			was, problems := Load(dir, name, o)
			o.Text = m.Text
			if is, _ := Load(dir, name, o); !was.Same(is) {
				t.Errorf("the configuration is another one: %q\n%s", was.Differences(is), m.Text)
			}
			if len(m.Left) > len(problems) {
				t.Errorf("problems were\n%v\nand are\n%v", problems, m.Left)
			}
			again, err := Migrate(dir, name, o)
			if err != nil || again.Text != m.Text {
				t.Errorf("migrated again it is\n%s\nand was\n%s", again.Text, m.Text)
			}
		})
	}
}
