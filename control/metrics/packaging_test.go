package metrics

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	rulesPath     = "../../packaging/prometheus/xvrrp.rules.yml"
	rulesTestPath = "../../packaging/prometheus/xvrrp.rules.test.yml"
	dashboardPath = "../../packaging/grafana/xvrrp.json"
)

var (
	metricName = regexp.MustCompile(`\b(xvrrp_[a-z0-9_]+)\b(?:{([^}]*)})?`)
	labelName  = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)`)
	grouping   = regexp.MustCompile(`\b(?:by|on|without|ignoring)\s*\(([^)]*)\)`)
	template   = regexp.MustCompile(`{{\s*(?:\$labels\.)?([a-z_]+)\s*}}`)
	added      = []string{"job", "instance", "le", "alertname"} // by Prometheus itself
)

// What rules and dashboard ask for is told: every metric exists, and has the labels it is asked by.
func TestPackagingAsksForWhatIsTold(t *testing.T) {
	labels := make(map[string][]string) // by metric
	known := slices.Clone(added)
	for _, f := range families(Options{}) {
		names := []string{f.name}
		if f.kind == histogram {
			names = []string{f.name + "_bucket", f.name + "_sum", f.name + "_count"}
		}
		for _, name := range names {
			labels[name] = slices.Concat(f.labels, added)
		}
		known = append(known, f.labels...)
	}
	for _, path := range []string{rulesPath, rulesTestPath, dashboardPath} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		asked := strings.ReplaceAll(string(text), `\"`, `"`)
		found := metricName.FindAllStringSubmatch(asked, -1)
		if len(found) < 10 {
			t.Errorf("%s asks for %d metrics only", path, len(found))
		}
		for _, m := range found {
			of, told := labels[m[1]]
			if !told {
				t.Errorf("%s asks for %s, which is not told", path, m[1])
			}
			for _, l := range labelName.FindAllStringSubmatch(m[2], -1) {
				if told && !slices.Contains(of, l[1]) {
					t.Errorf("%s asks for %s by %s, which it does not have", path, m[1], l[1])
				}
			}
		}
		var loose []string
		for _, g := range grouping.FindAllStringSubmatch(asked, -1) {
			loose = append(loose, strings.Split(g[1], ",")...)
		}
		for _, l := range template.FindAllStringSubmatch(asked, -1) {
			loose = append(loose, l[1])
		}
		for _, l := range loose {
			if !slices.Contains(known, strings.TrimSpace(l)) {
				t.Errorf("%s uses the label %s, which no metric has", path, l)
			}
		}
	}
}

// The dashboard is one that Grafana loads: JSON with panels that have a title, a place and a query each.
func TestDashboardLoads(t *testing.T) {
	text, err := os.ReadFile(dashboardPath)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		UID, Title    string
		SchemaVersion int
		Panels        []struct {
			ID          int
			Title, Type string
			GridPos     struct{ X, Y, W, H int }
			Targets     []struct{ Expr, RefID string }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if d.UID == "" || d.Title == "" || d.SchemaVersion < 30 || len(d.Panels) == 0 {
		t.Errorf("dashboard %+v", d)
	}
	taken := make(map[[2]int]string) // cells of the grid
	ids := make(map[int]bool)
	for _, p := range d.Panels {
		if p.Title == "" || p.Type == "" || ids[p.ID] || len(p.Targets) == 0 {
			t.Errorf("panel %+v", p)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			if q.Expr == "" || q.RefID == "" {
				t.Errorf("%s: query %+v", p.Title, q)
			}
		}
		if p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%s reaches over the edge", p.Title)
		}
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if taken[cell] != "" {
					t.Errorf("%s lies on %s", p.Title, taken[cell])
				}
				taken[cell] = p.Title
			}
		}
	}
}
