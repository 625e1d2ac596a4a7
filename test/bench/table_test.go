package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// series are measurements of one figure.
type series []float64

// quantile is the value that a share of the series does not exceed.
func (s series) quantile(share float64) float64 {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

func (s series) median() float64 { return s.quantile(0.5) }

func (s series) String() string {
	return fmt.Sprintf("%8.2f (%8.2f to %8.2f)", s.median(), s.quantile(0), s.quantile(1))
}

// figure is what was measured of each daemon, in the order of the stage's rivals.
type figure struct {
	name, unit string
	values     []series
}

func newFigure(name, unit string) *figure {
	return &figure{name, unit, make([]series, len(daemons))}
}

// add adds a measurement of a rival.
func (f *figure) add(r *rival, values ...float64) {
	i := slices.IndexFunc(daemons, func(d rival) bool { return d.name == r.name })
	f.values[i] = append(f.values[i], values...)
}

// ratio is ours to keepalived's, by their medians.
func (f *figure) ratio() float64 { return over(f.values[0].median(), f.values[1].median()) }

// over divides; nothing is as much as nothing.
func over(a, b float64) float64 {
	if a == b {
		return 1
	}
	return a / b
}

// spread are the least and the greatest ratio of a round, where each round has one measurement of each daemon.
func (f *figure) spread() (least, most float64) {
	var ratios series
	for i := range min(len(f.values[0]), len(f.values[1])) {
		ratios = append(ratios, over(f.values[0][i], f.values[1][i]))
	}
	return ratios.quantile(0), ratios.quantile(1)
}

// report prints the figures as a table, and gives them to the benchmark. A value is the median, with least and most.
func report(b *testing.B, title string, figures ...*figure) {
	b.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n%-24s %30s %30s %27s\n", title, "", "xvrrp", "keepalived", "ratio")
	for _, f := range figures {
		least, most := f.spread()
		fmt.Fprintf(&text, "%-24s %s %s %7.3f (%7.3f to %7.3f)\n", f.name+", "+f.unit, f.values[0], f.values[1], f.ratio(), least, most)
		b.ReportMetric(f.values[0].median(), metric(f.name, f.unit))
		if ratio := f.ratio(); !math.IsInf(ratio, 0) { // keepalived has no filter
			b.ReportMetric(ratio, metric(f.name, "ratio"))
		}
	}
	b.ReportMetric(0, "ns/op") // of the whole series, which says nothing
	b.Log("\n" + text.String())
}

// metric is a unit as testing.B takes it.
func metric(name, unit string) string { return strings.ReplaceAll(name+"-"+unit, " ", "_") }
