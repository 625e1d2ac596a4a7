package main

import (
	"os"
	"strings"
	"testing"
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
