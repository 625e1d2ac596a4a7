package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
)

// TestDeletedAddressIsPutBack deletes the virtual address under a master, as a careless operator or a network
// manager does.
func TestDeletedAddressIsPutBack(t *testing.T) {
	t.Parallel()
	s := newSegment(t, "deleted")
	m := s.add("m")
	m.run("xdp", nil, instance{priority: 100})
	m.awaitRole(only, "master")
	m.awaitVIP(true)
	for range 3 {
		if err := m.DelAddr(nic, vip); err != nil {
			t.Fatal(err)
		}
		deleted := lab.Now()
		limit, cancel := context.WithTimeout(t.Context(), patience)
		back, err := m.AwaitAddr(limit, nic, vip.Addr(), true)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if took := back - deleted; took > time.Second {
			t.Errorf("back after %s, want at once", took)
		}
	}
	if r := m.router(); r.Role != "master" || r.Stats.LeftMaster != 0 {
		t.Errorf("%s, left %d times, want master throughout", r.Role, r.Stats.LeftMaster)
	}
	m.running.stop()
	if n := m.holds(vip.Addr()); n != 0 {
		t.Errorf("the virtual address is there %d times after the stop", n)
	}
}

// TestKilledDaemonLeavesNothingInTheWay kills a master. Its address, its socket and its filter must neither stop nor
// mislead the next start, which comes up as backup.
func TestKilledDaemonLeavesNothingInTheWay(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		s := newSegment(t, "killed-"+hook)
		first, second := s.add("first"), s.add("second")
		high := instance{priority: 200}
		first.run(hook, nil, high)
		first.awaitRole(only, "master")
		second.run(hook, nil, instance{priority: 100})
		second.awaitFollowing(first)
		first.awaitVIP(true)

		mark := s.ear.mark()
		first.running.kill()
		second.awaitRole(only, "master")
		second.awaitVIP(true)
		if n := first.holds(vip.Addr()); n != 1 {
			t.Fatalf("a killed daemon left the virtual address %d times, want 1", n)
		}
		s.ear.await(mark, 1, second)

		high.lines = []string{"nopreempt"}
		mark = s.ear.mark()
		first.run(hook, nil, high)
		first.awaitVIP(false)
		first.awaitFollowing(second)
		if n := second.holds(vip.Addr()); n != 1 {
			t.Errorf("the master holds the virtual address %d times, want 1", n)
		}
		s.ear.loyal(mark, first, second, high.down())
	})
}

// TestOneDaemonPerRuntimeDirectory starts a second daemon where one is running: it names the other and ends. In
// directories of their own, daemons of two hosts do not meet.
func TestOneDaemonPerRuntimeDirectory(t *testing.T) {
	t.Parallel()
	s := newSegment(t, "twice")
	m, neighbour := s.add("m"), s.add("neighbour")
	first := m.run("xdp", nil, instance{priority: 100})
	m.awaitRole(only, "master")

	second := m.spawn("--attach", "tc", "--iface", nic, "--vrid", "57", "--vip", other.String()+"/24")
	if code := second.await(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if pid := fmt.Sprint(first.cmd.Process.Pid); !strings.Contains(second.written(), pid) {
		t.Errorf("%q does not name process %s", second.written(), pid)
	}
	if pid := m.snapshot().PID; pid != first.cmd.Process.Pid {
		t.Errorf("process %d answers, want %d", pid, first.cmd.Process.Pid)
	}

	neighbour.run("xdp", nil, instance{vrid: 57, priority: 100, name: "NEIGHBOUR"})
	neighbour.awaitRole("NEIGHBOUR", "master")
	if r := m.router(); r.Name != only || r.Role != "master" {
		t.Errorf("%s is %s, want %s to be master", r.Name, r.Role, only)
	}
}
