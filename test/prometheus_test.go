package test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// promtool runs Prometheus' own tool, from the distribution's package.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("./peers.sh", "prometheus").CombinedOutput(); err != nil {
		t.Skipf("needs prometheus: %s", out)
	}
	out, err := exec.Command("./peers.sh", append([]string{"prometheus", "promtool"}, args...)...).CombinedOutput()
	if err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestAlertRules(t *testing.T) {
	promtool(t, "check", "rules", "../packaging/prometheus/xvrrp.rules.yml")
	promtool(t, "test", "rules", "../packaging/prometheus/xvrrp.rules.test.yml")
}

// TestDashboardQueries has every query of the dashboard parsed: as rules, with Grafana's variables filled in.
func TestDashboardQueries(t *testing.T) {
	text, err := os.ReadFile("../packaging/grafana/xvrrp.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	rules := "groups:\n  - name: dashboard\n    rules:\n"
	variables := strings.NewReplacer("$__rate_interval", "1m", "$__range", "3h")
	for i, p := range dashboard.Panels {
		for j, q := range p.Targets {
			rules += fmt.Sprintf("      - {record: 'panel_%d_%d', expr: %q}\n", i, j, variables.Replace(q.Expr))
		}
	}
	path := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(path, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", path)
}
