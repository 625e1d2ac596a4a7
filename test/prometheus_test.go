package test

import (
	"os/exec"
	"testing"
)

// TestAlertRules has Prometheus' own tool check the alert rules and run their tests.
func TestAlertRules(t *testing.T) {
	if out, err := exec.Command("./peers.sh", "prometheus").CombinedOutput(); err != nil {
		t.Skipf("needs prometheus: %s", out)
	}
	for _, args := range [][]string{
		{"check", "rules", "../packaging/prometheus/xvrrp.rules.yml"},
		{"test", "rules", "../packaging/prometheus/xvrrp.rules.test.yml"},
	} {
		out, err := exec.Command("./peers.sh", append([]string{"prometheus", "promtool"}, args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("promtool %s %s: %v\n%s", args[0], args[1], err, out)
		}
	}
}
