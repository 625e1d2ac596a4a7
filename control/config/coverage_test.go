package config

import (
	"strings"
	"testing"
)

// TestKeywords: every keyword of keepalived's VRRP side has its row, and one that files need is carried out unless the
// row says why not.
func TestKeywords(t *testing.T) {
	tally := make(map[string]int)
	for line := range strings.Lines(read(t, "testdata/keywords.txt")) {
		words := strings.Fields(line)
		if len(words) != 3 || words[0] == "#" {
			continue
		}
		in, name, tier := words[0], words[1], words[2]
		b := top
		if in != "-" {
			for block := range strings.SplitSeq(in, "/") {
				b = b.index[block].body
			}
		}
		r := b.index[name]
		if r == nil {
			t.Errorf("%s %s (%s) has no row", in, name, tier)
			continue
		}
		tally[tier+": "+r.status.String()]++
		switch {
		case (tier == "SKIP") != (r.status == skipped):
			t.Errorf("%s %s (%s) is %s", in, name, tier, r.status)
		case r.status != carried && r.status != skipped && r.why == "":
			t.Errorf("%s %s (%s) is %s and does not say why", in, name, tier, r.status)
		}
	}
	if len(tally) == 0 {
		t.Error("no keywords in testdata/keywords.txt")
	}
	t.Log(tally)
}
