package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// TestDeletedAddressIsPutBack deletes the virtual address under a master, as a careless operator or a network
// manager does.
func TestDeletedAddressIsPutBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, "deleted")
	m := s.Add("m")
	m.Run("xdp", nil, bed.Instance{Priority: 100})
	m.AwaitRole(bed.Only, "master")
	m.AwaitVIPs(true, bed.VIP)
	for range 3 {
		if err := m.DelAddr(bed.NIC, bed.VIP); err != nil {
			t.Fatal(err)
		}
		deleted := lab.Now()
		limit, cancel := context.WithTimeout(t.Context(), bed.Patience)
		back, err := m.AwaitAddr(limit, bed.NIC, bed.VIP.Addr(), true)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if took := back - deleted; took > time.Second {
			t.Errorf("back after %s, want at once", took)
		}
	}
	if r := m.Router(); r.Role != "master" || r.Stats.LeftMaster != 0 {
		t.Errorf("%s, left %d times, want master throughout", r.Role, r.Stats.LeftMaster)
	}
	m.Running.Stop()
	if n := m.Holds(bed.VIP); n != 0 {
		t.Errorf("the virtual address is there %d times after the stop", n)
	}
}

// TestKilledDaemonLeavesNothingInTheWay kills a master. Its address, its socket and its filter must neither stop nor
// mislead the next start, which comes up as backup.
func TestKilledDaemonLeavesNothingInTheWay(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		s := newSite(t, "killed-"+hook)
		first, second := s.Add("first"), s.Add("second")
		high := bed.Instance{Priority: 200}
		first.Run(hook, nil, high)
		first.AwaitRole(bed.Only, "master")
		second.Run(hook, nil, bed.Instance{Priority: 100})
		second.AwaitFollowing(first)
		first.AwaitVIPs(true, bed.VIP)

		mark := s.Ear.Mark()
		first.Running.Kill()
		second.AwaitRole(bed.Only, "master")
		second.AwaitVIPs(true, bed.VIP)
		if n := first.Holds(bed.VIP); n != 1 {
			t.Fatalf("a killed daemon left the virtual address %d times, want 1", n)
		}
		s.Ear.Await(mark, 1, second)

		high.Lines = []string{"nopreempt"}
		mark = s.Ear.Mark()
		first.Run(hook, nil, high)
		first.AwaitVIPs(false, bed.VIP)
		first.AwaitFollowing(second)
		if n := second.Holds(bed.VIP); n != 1 {
			t.Errorf("the master holds the virtual address %d times, want 1", n)
		}
		loyal(t, s.Ear, mark, first, second, high.Down())
	})
}

// TestOneDaemonPerRuntimeDirectory starts a second daemon where one is running: it names the other and ends. In
// directories of their own, daemons of two hosts do not meet.
func TestOneDaemonPerRuntimeDirectory(t *testing.T) {
	t.Parallel()
	s := newSite(t, "twice")
	m, neighbour := s.Add("m"), s.Add("neighbour")
	first := m.Run("xdp", nil, bed.Instance{Priority: 100})
	m.AwaitRole(bed.Only, "master")

	second := m.Spawn("--attach", "tc", "--iface", bed.NIC, "--vrid", "57", "--vip", other.String()+"/24")
	if code := second.Await(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if pid := fmt.Sprint(first.PID()); !strings.Contains(second.Written(), pid) {
		t.Errorf("%q does not name process %s", second.Written(), pid)
	}
	if pid := m.Snapshot().PID; pid != first.PID() {
		t.Errorf("process %d answers, want %d", pid, first.PID())
	}

	neighbour.Run("xdp", nil, bed.Instance{VRID: 57, Priority: 100, Name: "NEIGHBOUR"})
	neighbour.AwaitRole("NEIGHBOUR", "master")
	if r := m.Router(); r.Name != bed.Only || r.Role != "master" {
		t.Errorf("%s is %s, want %s to be master", r.Name, r.Role, bed.Only)
	}
}
