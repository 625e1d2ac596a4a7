package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/xvrrp/xvrrp/test/bed"
)

// TestScheduling starts the daemon in both modes: all its threads are real-time and its memory is locked, its scripts are
// ordinary processes, an overrun makes it ordinary, and a reload puts other priorities in force.
func TestScheduling(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"xvrrp", "keepalived"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "sched-"+mode)
			m := s.Add("m")
			configure := func(global string) string {
				return m.File("xvrrp.conf", "global_defs {\n"+global+"\n}\nvrrp_script child {\n    script \"/bin/sh -c 'cat /proc/self/stat >"+
					m.Path("child")+"'\"\n    user root\n}\n"+bed.Instance{Priority: 100, Lines: []string{"track_script {", "child", "}"}}.Text())
			}
			conf := configure("")
			if mode == "keepalived" {
				k := newKeepalived(m)
				k.conf = conf
				k.Start("keepalived", k.line("-n")...)
			} else {
				m.Spawn("--config", conf)
			}
			m.AwaitRole(bed.Only, "master")
			awaitThreads(m, "rr 10", "real-time priority 10, memory locked")
			if status := read(t, fmt.Sprintf("/proc/%d/status", m.Running.PID())); !strings.Contains(status, "VmLck:") || strings.Contains(status, "VmLck:\t       0 kB") {
				t.Errorf("memory is not locked:\n%s", status)
			}
			os.Remove(m.Path("child"))
			bed.Until(t, "a run of the script", bed.Patience, func() bool { b, _ := os.ReadFile(m.Path("child")); return len(b) > 0 })
			if got := policyOf(read(t, m.Path("child"))); got != "normal 0" {
				t.Errorf("the script's process is %s", got)
			}

			if err := syscall.Kill(m.Running.PID(), syscall.SIGXCPU); err != nil { // as the kernel does with one that outruns its limit
				t.Fatal(err)
			}
			awaitThreads(m, "normal -20", "niceness -20, memory locked")

			configure("vrrp_priority -7")
			if err := syscall.Kill(m.Running.PID(), syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			awaitThreads(m, "normal -7", "niceness -7, memory locked")
		})
	}
}

// awaitThreads waits until every thread of the machine's daemon has a policy and status says so.
func awaitThreads(m *bed.Machine, policy, standing string) {
	t := m.Site.T
	t.Helper()
	bed.UntilNone(t, "threads that are "+policy, func() string {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", m.Running.PID()))
		if err != nil || len(tasks) == 0 {
			t.Fatal(tasks, err)
		}
		for _, path := range tasks {
			b, err := os.ReadFile(path)
			if err != nil {
				continue // it has ended
			}
			if got := policyOf(string(b)); got != policy {
				return path + ": " + got
			}
		}
		if got := m.Snapshot().Scheduling; got != standing {
			return "status: " + got
		}
		return ""
	})
}

// policyOf reads proc_pid_stat(5): 18 priority, 19 nice, 40 rt_priority, 41 policy.
func policyOf(stat string) string {
	_, after, _ := strings.Cut(stat, ") ")
	f := strings.Fields(after)
	if f[38] == "2" {
		return "rr " + f[37]
	}
	return map[string]string{"0": "normal ", "1": "fifo "}[f[38]] + f[16]
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
