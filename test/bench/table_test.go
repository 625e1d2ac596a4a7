package bench

import (
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// document is a file whose tables are replaced by those of this run.
var document = flag.String("tables", "", "replace the tables in this `FILE`; whole benchmarks only")

// series are measurements of one figure.
type series []float64

// quantile is the value that a share of the series does not exceed.
func (s series) quantile(share float64) float64 {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

func (s series) median() float64 { return s.quantile(0.5) }

// table is what one benchmark has to say about some daemons, of which the first is ours.
type table struct {
	b      *testing.B
	name   string // as the document calls it
	rivals []rival
	rows   []*figure
}

func newTable(b *testing.B, name string, rivals ...rival) *table {
	return &table{b: b, name: name, rivals: rivals}
}

// goal is what our daemon is meant to reach; the zero value is none.
type goal struct {
	ratio float64 // to keepalived's figure
	value float64 // in the figure's unit
	none  bool    // it is meant to be zero
}

func (g goal) String() string {
	switch {
	case g.none:
		return "0"
	case g.ratio > 0:
		return "ratio " + number(g.ratio)
	case g.value > 0:
		return number(g.value)
	}
	return ""
}

// figure is what was measured of each daemon.
type figure struct {
	subject, name, unit string
	share               float64 // the quantile of a round's measurements that counts
	goal                goal
	rivals              []rival
	rounds              [][]series // by rival
}

// row adds a figure to the table. Of several measurements in a round the median counts.
func (t *table) row(subject, name, unit string, g goal) *figure {
	f := &figure{subject, name, unit, 0.5, g, t.rivals, make([][]series, len(t.rivals))}
	t.rows = append(t.rows, f)
	return f
}

// tail adds a figure of which the 99th percentile counts.
func (t *table) tail(subject, name, unit string, g goal) *figure {
	f := t.row(subject, name, unit, g)
	f.share = 0.99
	return f
}

// add adds what a round has measured of a rival.
func (f *figure) add(r *rival, values ...float64) {
	i := slices.IndexFunc(f.rivals, func(d rival) bool { return d.name == r.name })
	f.rounds[i] = append(f.rounds[i], values)
}

// value is a rival's figure, over the measurements of all rounds.
func (f *figure) value(rival int) float64 { return slices.Concat(f.rounds[rival]...).quantile(f.share) }

// byRound is a rival's figure in each round.
func (f *figure) byRound(rival int) (s series) {
	for _, round := range f.rounds[rival] {
		s = append(s, round.quantile(f.share))
	}
	return s
}

// ratios is ours to a rival's, in each round that both have.
func (f *figure) ratios(rival int) (s series) {
	ours, theirs := f.byRound(0), f.byRound(rival)
	for i := range min(len(ours), len(theirs)) {
		s = append(s, over(ours[i], theirs[i]))
	}
	return s
}

// over divides; nothing is as much as nothing.
func over(a, b float64) float64 {
	if a == b {
		return 1
	}
	return a / b
}

// number prints three digits, and none too many.
func number(v float64) string {
	switch size := math.Abs(v); {
	case math.IsInf(v, 0):
		return "–"
	case v == math.Trunc(v) || size >= 100:
		return fmt.Sprintf("%.0f", v)
	case size >= 10:
		return fmt.Sprintf("%.1f", v)
	case size >= 0.1:
		return fmt.Sprintf("%.2f", v)
	default:
		return fmt.Sprintf("%.3f", v)
	}
}

// cell is a value with its least and its most; bold if it misses its goal.
func cell(value float64, all series, missed bool) string {
	text := number(value)
	if missed {
		text = "**" + text + "**"
	}
	if len(all) > 1 {
		text += fmt.Sprintf(" (%s to %s)", number(all.quantile(0)), number(all.quantile(1)))
	}
	return text
}

// missed tells whether a value is above what it is meant to be.
func (g goal) missed(value float64) bool {
	return g.none && value > 0 || g.value > 0 && value > g.value
}

// line is the figure as a line of the table.
func (f *figure) line() string {
	var values, ratios strings.Builder
	for i, rounds := range f.rounds {
		if len(rounds) == 0 {
			values.WriteString(" | –")
			if i > 0 {
				ratios.WriteString(" | –")
			}
			continue
		}
		values.WriteString(" | " + cell(f.value(i), f.byRound(i), i == 0 && f.goal.missed(f.value(i))))
		if i == 0 {
			continue
		}
		ratio := over(f.value(0), f.value(i))
		if math.IsInf(ratio, 0) { // keepalived has no filter
			ratios.WriteString(" | –")
			continue
		}
		ratios.WriteString(" | " + cell(ratio, f.ratios(i), i == 1 && f.goal.ratio > 0 && ratio > f.goal.ratio))
	}
	return fmt.Sprintf("| %s: %s, %s%s%s | %s |\n", f.subject, f.name, f.unit, values.String(), ratios.String(), f.goal)
}

// String is the table in Markdown. A figure that no round has measured is left out.
func (t *table) String() string {
	var b strings.Builder
	b.WriteString("|")
	for _, r := range t.rivals {
		b.WriteString(" | " + r.name)
	}
	for _, r := range t.rivals[1:] {
		b.WriteString(" | to " + r.name + "'s")
	}
	b.WriteString(" | aim |\n" + strings.Repeat("|---", 2*len(t.rivals)+1) + "|\n")
	for _, f := range t.rows {
		if len(f.rounds[0]) > 0 {
			b.WriteString(f.line())
		}
	}
	return b.String()
}

// print prints the table, and puts it into the document.
func (t *table) print() {
	t.b.Helper()
	t.b.ReportMetric(0, "ns/op") // of the whole benchmark, which says nothing
	fmt.Printf("\n%s\n\n%s\n", t.name, t)
	if *document == "" || t.b.Failed() {
		return
	}
	text, err := os.ReadFile(*document)
	if err != nil {
		t.b.Fatal(err)
	}
	changed, err := replaceTable(string(text), t.name, t.String())
	if err != nil {
		t.b.Fatalf("%s: %v", *document, err)
	}
	if err := os.WriteFile(*document, []byte(changed), 0o644); err != nil {
		t.b.Fatal(err)
	}
}

// replaceTable replaces what stands between the marks of a table.
func replaceTable(text, name, table string) (string, error) {
	begin, end := "<!-- table "+name+" -->\n", "<!-- end -->\n"
	before, rest, found := strings.Cut(text, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("no table %s: it stands between %q and %q", name, begin, end)
	}
	return before + begin + table + end + after, nil
}
