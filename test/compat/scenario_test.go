package compat

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// beat is the advertisement interval of the scenarios: so long that the stalls of a busy machine are small beside it.
const beat = 400 * time.Millisecond

// tolerance is by how much two daemons may differ in time. It is less than any skew that matters here, and so far less
// than master-down.
const tolerance = beat / 2

// looks is how often a difference must be seen to count, each time with both daemons playing anew: a stall of the
// machine does not come that often at one place.
const looks = 3

// lan is the first segment of every stage, and wan the second one of those that have two.
const (
	lan = lab.Segment
	wan = "wan"
)

// scenario is a play for the routers a and b, of which a is the better one.
type scenario struct {
	name      string
	tolerance time.Duration                         // tolerance if 0
	segments  []string                              // of every router; lan alone if empty
	conf      func(st *stage, router string) string // written once, read by either daemon
	play      func(st *stage)
	differs   []difference
}

// difference is one that is meant to be.
type difference struct {
	step    string // in which it shows
	what    string // regular expression for the event it is about
	chance  bool   // it need not show each time
	section string // heading in docs/compatibility.md that argues it
}

// cast says which daemon plays which router.
type cast map[string]string

const (
	keepalived = "keepalived"
	xvrrp      = "xvrrp"
)

// casts are compared with the first one.
var casts = []struct {
	name string
	cast cast
}{
	{"keepalived alone", cast{"a": keepalived, "b": keepalived}},
	{"xvrrp plays a", cast{"a": xvrrp, "b": keepalived}},
	{"xvrrp plays b", cast{"a": keepalived, "b": xvrrp}},
	{"xvrrp alone", cast{"a": xvrrp, "b": xvrrp}},
}

// run plays the scenario with every cast and compares what happened.
func (s scenario) run(t *testing.T) {
	t.Parallel()
	if len(s.segments) == 0 {
		s.segments = []string{lan}
	}
	records := make([]*record, len(casts))
	t.Run("casts", func(t *testing.T) {
		for i, c := range casts {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				records[i] = s.record(t, fmt.Sprintf("%d", i), c.cast)
			})
		}
	})
	defer func() {
		for i, c := range casts {
			if records[i] != nil && (t.Failed() || testing.Verbose()) {
				fmt.Fprintf(t.Output(), "%s:\n%s", c.name, records[i])
			}
		}
	}()
	if t.Failed() || slices.Contains(records, nil) {
		return
	}
	used := make([]bool, len(s.differs))
	for i, c := range casts[1:] {
		argued, rest := s.sort(records[0], records[i+1])
		for look := 2; look <= looks && len(rest) > 0; look++ {
			base := s.record(t, fmt.Sprintf("%dbase%d", i+1, look), casts[0].cast)
			own := s.record(t, fmt.Sprintf("%dlook%d", i+1, look), c.cast)
			more, again := s.sort(base, own)
			argued = append(argued, more...)
			rest = slices.DeleteFunc(rest, func(d line) bool { return !slices.ContainsFunc(again, d.isLike) })
		}
		for _, n := range argued {
			used[n] = true
		}
		for _, d := range rest {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	for i, d := range s.differs {
		if !used[i] && !d.chance {
			t.Errorf("no cast shows %q in step %q any more: see %q", d.what, d.step, d.section)
		}
	}
}

// sort compares two records: which of the differences that are meant to be show, and what else differs.
func (s scenario) sort(base, own *record) (argued []int, rest []line) {
	for _, d := range base.compare(own, cmp.Or(s.tolerance, tolerance)) {
		if n := s.argued(d); n >= 0 {
			argued = append(argued, n)
		} else {
			rest = append(rest, d)
		}
	}
	return argued, rest
}

// argued is the place of a difference among those that are meant to be, or -1.
func (s scenario) argued(d line) int {
	return slices.IndexFunc(s.differs, func(known difference) bool {
		return known.step == d.step && regexp.MustCompile(known.what).MatchString(d.what)
	})
}

var scenarios = slices.Concat(elections, trackings, groups)

// TestScenarios plays them all.
func TestScenarios(t *testing.T) {
	bed.NeedRoot(t)
	for _, s := range scenarios {
		t.Run(s.name, s.run)
	}
}

// TestDifferencesAreArgued looks for the sections that scenarios refer to.
func TestDifferencesAreArgued(t *testing.T) {
	b, err := os.ReadFile("../../docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios {
		for _, d := range s.differs {
			if !strings.Contains(string(b), "\n### "+d.section+"\n") {
				t.Errorf("%s: docs/compatibility.md has no section %q", s.name, d.section)
			}
		}
	}
}
