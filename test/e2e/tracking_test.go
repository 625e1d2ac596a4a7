package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xvrrp/xvrrp/test/bed"
)

// TestTrackedProcess kills and restarts a process that a router tracks, in a network namespace, where the kernel does
// not tell of processes: with a weight the priority on the wire follows, without one the router is in fault.
func TestTrackedProcess(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, weight string
		well, ill    uint8 // priority on the wire; 0: silent, in fault
	}{
		{"weight", "weight -60", 150, 90},
		{"fault", "weight 0", 150, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "process-"+c.name)
			m := s.Add("m")
			name := "w" + filepath.Base(s.Dir) // /proc shows those of other tests, too
			program := filepath.Join(s.Dir, name)
			if out, err := exec.Command("cp", "/bin/sleep", program).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			worker := m.Start("the worker", program, "1h")
			i := bed.Instance{Priority: c.well, Lines: []string{"track_process {", "    worker", "}"}}
			m.Spawn("--attach", "xdp", "--config", m.File("xvrrp.conf",
				"vrrp_track_process worker {\n    process "+name+"\n    "+c.weight+"\n}\n"+i.Text()))
			for range 2 {
				m.AwaitRole(bed.Only, "master")
				awaitPriority(s, m, c.well)
				worker.Kill()
				if c.ill == 0 {
					m.AwaitRole(bed.Only, "fault")
					if faults := strings.Join(m.Router().Faults, "\n"); !strings.Contains(faults, "worker") {
						t.Errorf("fault %q does not name what is tracked", faults)
					}
				} else {
					awaitPriority(s, m, c.ill)
				}
				worker = m.Start("the worker", program, "1h")
			}
		})
	}
}

// awaitPriority waits until a machine advertises a priority.
func awaitPriority(s *bed.Site, m *bed.Machine, priority uint8) {
	s.T.Helper()
	mark := s.Ear.Mark()
	bed.Until(s.T, fmt.Sprintf("adverts with priority %d", priority), bed.Patience, func() bool {
		heard := s.Ear.From(mark, m)
		return len(heard) > 0 && heard[len(heard)-1].Priority == priority
	})
}
