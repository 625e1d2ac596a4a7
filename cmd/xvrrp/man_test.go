package main

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestManPageHasEveryOption keeps the page and the table of options together.
func TestManPageHasEveryOption(t *testing.T) {
	page, err := os.ReadFile("../../docs/man/xvrrp-keepalived.8")
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

// TestManPageOfRouter keeps the page and the commands together.
func TestManPageOfRouter(t *testing.T) {
	page, err := os.ReadFile("../../docs/man/xvrrp-router.8")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), `\-`, "-")
	for _, c := range newRouter(new(app)).Commands() {
		if !strings.Contains(text, "\n.B xvrrp router "+c.Name()+"\n") {
			t.Errorf("router %s is missing", c.Name())
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(text, "--"+f.Name) {
				t.Errorf("--%s is missing", f.Name)
			}
		})
	}
}
