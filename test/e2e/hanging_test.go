package e2e

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// TestHangingThings gives a daemon checks and notify scripts that hang, with children that ignore being asked to end,
// a mail server that accepts and says nothing, and a FIFO that nobody reads; and plenty to tell them. The adverts of a
// router go on as before, and memory stays bounded.
func TestHangingThings(t *testing.T) {
	const every = 200 * time.Millisecond
	s := newSite(t, "hanging")
	m := s.Add("m")
	hang := m.File("hang", "#!/bin/sh\ntrap '' TERM\nsleep 1000 &\nsleep 1000\n")
	if err := os.Chmod(hang, 0o755); err != nil {
		t.Fatal(err)
	}
	fifo, level := m.Path("fifo"), m.File("level", "0")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	m.Do(func() error {
		server, err := net.Listen("tcp", "127.0.0.1:2525") // accepted by the kernel, read by nobody
		if err == nil {
			t.Cleanup(func() { server.Close() })
		}
		return err
	})
	globals := fmt.Sprintf("global_defs {\n router_id hanging\n script_user root\n notify_fifo %s\n"+
		" smtp_server 127.0.0.1 2525\n smtp_connect_timeout 5\n notification_email {\n admin@example.org\n }\n}\n", fifo)
	checks := fmt.Sprintf("vrrp_script sleeps {\n script \"/bin/sleep 1000\"\n interval 1\n weight 5\n}\n"+
		"vrrp_script forks {\n script %s\n interval 1\n weight 5\n}\ntrack_file level {\n file %s\n weight 0\n}\n", hang, level)
	steady := bed.Instance{Interval: every, Priority: 100, Lines: []string{"track_script {", " sleeps", " forks", "}"}}
	told := bed.Instance{Name: "TOLD", VRID: 57, Interval: every, Priority: 100, Lines: []string{
		"track_file {", " level", "}", "smtp_alert", "notify " + hang,
	}}
	m.Spawn("--attach", "xdp", "--config", m.File("xvrrp.conf", globals+checks+steady.Text()+told.Text()))
	m.AwaitRole(bed.Only, "master")
	m.AwaitRole("TOLD", "master")

	lan, ours := []string{lab.Segment}, func(a bed.Advert) bool { return a.VRID == bed.VRID }
	quiet := worstGap(s, lan, ours, func() { time.Sleep(10 * every) })
	resident := memory(t, m)
	busy := worstGap(s, lan, ours, func() {
		for n := range 100 {
			if err := os.WriteFile(level, []byte(strconv.Itoa((n+1)%2)), 0o600); err != nil {
				t.Fatal(err)
			}
			time.Sleep(every / 4)
		}
	})
	grown := memory(t, m) - resident
	t.Logf("longest time between two adverts: %s, while much hangs %s; memory grew by %d KiB", quiet, busy, grown)
	if limit := max(quiet, every) + every/2; busy > limit {
		t.Errorf("an advert came %s after the one before, want %s at most", busy, limit)
	}
	if grown > 32<<10 {
		t.Errorf("memory grew by %d KiB, want no more than 32 MiB", grown)
	}
	if r := m.RouterNamed(bed.Only); r.Role != "master" || r.Stats.LeftMaster != 0 {
		t.Errorf("%s, left %d times, want master throughout", r.Role, r.Stats.LeftMaster)
	}
	if n := strings.Count(m.Running.Written(), "(TOLD) Entering FAULT STATE"); n < 20 {
		t.Errorf("there were %d faults to tell of, want plenty", n)
	}
	m.AwaitRole("TOLD", "master")
	m.Running.Stop()
}

// memory is how much of the daemon is resident, in KiB, proc(5).
func memory(t *testing.T, m *bed.Machine) (kib int) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", m.Running.PID()))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatalf("read VmRSS: %v", err)
	}
	return kib
}
