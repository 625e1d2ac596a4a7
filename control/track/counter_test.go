package track

import (
	"strings"
	"testing"
)

// TestCounter writes results as + and -, and the standing after each as u(p), d(own); capitals mark a turn.
func TestCounter(t *testing.T) {
	tests := map[string]struct {
		rise, fall int
		initFail   bool
		results    string
		want       string
	}{
		"first success decides":          {3, 3, false, "+", "U"},
		"first failure decides":          {3, 3, false, "-", "D"},
		"falls at the third failure":     {1, 3, false, "+---", "UuuD"},
		"a success starts over":          {1, 3, false, "+--+---", "UuuuuuD"},
		"rises at the third success":     {3, 1, false, "-+++", "DddU"},
		"a failure starts over":          {3, 1, false, "-++-+++", "DdddddU"},
		"rise and fall":                  {2, 2, false, "+--++--", "UuDdUuD"},
		"a first failure is not counted": {1, 3, false, "-+", "DU"},
		"one is enough":                  {1, 1, false, "+-+-", "UDUD"},
		"init_fail needs all":            {3, 1, true, "+++", "ddU"},
		"init_fail, failure":             {3, 1, true, "++-+++", "dddddU"},
		"init_fail, no turn at failure":  {1, 1, true, "-+", "dU"},
		"nonsense counts as one":         {0, -1, false, "+-", "UD"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCounter(test.rise, test.fall, test.initFail)
			var got strings.Builder
			for _, r := range test.results {
				turned, standing := c.count(r == '+'), "d"
				if c.up {
					standing = "u"
				}
				if turned {
					standing = strings.ToUpper(standing)
				}
				got.WriteString(standing)
			}
			if got.String() != test.want {
				t.Errorf("%s gives %s, want %s", test.results, &got, test.want)
			}
		})
	}
}
