package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/test/bed"
)

const (
	manyClients  = 100
	crowdRouters = 20
	crowdPhase   = 3 * time.Second

	crowdInterval = 100 * time.Millisecond
	crowdMemory   = 96 << 20 // bytes that a crowd may cost at most
)

// TestCrowd lets many clients, broken and slow ones among them, have a go at a master's socket. Its adverts come as
// they came before, its memory stays bounded, and who does not read is dropped.
func TestCrowd(t *testing.T) {
	t.Parallel()
	s := newSite(t, "crowd")
	m, b := s.Add("m"), s.Add("b")
	var masters, backups []bed.Instance
	for n := range crowdRouters {
		i := bed.Instance{Name: fmt.Sprintf("VI_%d", n), VRID: uint8(n + 1), Priority: 200, Interval: crowdInterval}
		masters = append(masters, i)
		i.Priority = 100
		backups = append(backups, i)
	}
	m.Run("xdp", nil, masters...)
	if _, err := m.Ask("status", "--wait", "master", "--timeout", bed.Patience.String()); err != nil {
		t.Fatal(err)
	}
	b.Run("xdp", nil, backups...)
	b.AwaitStart()
	socket := filepath.Join(m.Path("run"), "xvrrp.sock")
	deaf := dialSocket(t, socket)
	if _, err := io.WriteString(deaf, strings.Repeat("GET /v1/status HTTP/1.1\r\nHost: xvrrp\r\n\r\n", 400)); err != nil {
		t.Fatal(err)
	}

	quiet := gapsOf(s.Ear, m, crowdPhase)
	before := residentBytes(t, m, "VmRSS")
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", m.Running.PID()), []byte("5"), 0); err != nil { // VmHWM begins anew
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var crowd sync.WaitGroup
	var answers, refusals atomic.Int64
	for range manyClients {
		crowd.Go(func() { askOn(ctx, t, m.Path("run"), &answers, &refusals) })
	}
	for _, spoil := range spoilers {
		crowd.Go(func() {
			for ctx.Err() == nil {
				spoil(ctx, socket)
			}
		})
	}
	busy := gapsOf(s.Ear, m, crowdPhase)
	cancel()
	crowd.Wait()
	cost := residentBytes(t, m, "VmHWM") - before

	t.Logf("gaps between adverts of %d masters: %s alone, %s among %d clients and %d spoilers; %d answers, %d refusals; %d KiB of memory",
		crowdRouters, quiet, busy, manyClients, len(spoilers), answers.Load(), refusals.Load(), cost>>10)
	if answers.Load() < manyClients {
		t.Errorf("%d answers for %d clients", answers.Load(), manyClients)
	}
	// Whoever listens here is late, too: what was heard last is not counted on.
	if missing := busy.missing(); len(busy) < len(quiet)/2 || missing > len(busy)/10 {
		t.Errorf("%d adverts with a crowd, among which %d are missing; %d without", len(busy), missing, len(quiet))
	}
	if cost > crowdMemory {
		t.Errorf("the crowd cost %d MiB", cost>>20)
	}
	if n := m.Snapshot().Routers[0].Stats.LeftMaster; n != 0 {
		t.Errorf("lost mastership %d times", n)
	}
	bed.Until(t, "the end of a client that never reads", bed.Patience, func() bool { return hungUp(t, deaf) })
}

// gaps are the times between two adverts of a router, shortest first.
type gaps []time.Duration

func (g gaps) String() string {
	return fmt.Sprintf("half within %v, 99%% within %v, the longest %v", g[len(g)/2], g[len(g)*99/100], g[len(g)-1])
}

// missing is how many adverts would have made the gaps as short as they are to be.
func (g gaps) missing() (n int) {
	for _, gap := range g {
		n += max(0, int((gap+crowdInterval/2)/crowdInterval)-1)
	}
	return n
}

// gapsOf listens to a machine's adverts for a while.
func gapsOf(e *bed.Ear, m *bed.Machine, while time.Duration) (found gaps) {
	mark := e.Mark()
	time.Sleep(while)
	last := make(map[uint8]time.Duration)
	for _, a := range e.From(mark, m) {
		if at, known := last[a.VRID]; known {
			found = append(found, (a.At - at).Round(10*time.Microsecond))
		}
		last[a.VRID] = a.At
	}
	slices.Sort(found)
	return found
}

// askOn is a client that asks all there is, over and over.
func askOn(ctx context.Context, t *testing.T, dir string, answers, refusals *atomic.Int64) {
	c := api.NewClient(dir)
	for ctx.Err() == nil {
		_, err := c.Status(ctx)
		for _, evErr := range c.Events(ctx, 0, false) {
			err = errors.Join(err, evErr)
		}
		switch {
		case err == nil:
			answers.Add(1)
		case errors.Is(err, api.ErrBusy):
			refusals.Add(1)
		case ctx.Err() == nil:
			t.Errorf("a client got %v", err)
			return
		}
	}
}

// spoilers are clients that no daemon deserves. Each returns when it is dropped or has had enough.
var spoilers = []func(ctx context.Context, socket string){
	spoil("GET /v1/status HTTP/1.1\r\nHost: xvrrp\r\n\r\n", false),
	spoil("", true),
	spoil("GET /v1/status HTTP/1.1\r\nHost:", true),
	spoil("GET /v1/status HTTP/1.1\r\nHost: xvrrp\r\nContent-Length: 1000000\r\n\r\n", true),
	spoil("POST /v1/routers HTTP/1.1\r\nHost: xvrrp\r\nContent-Length: 60000000\r\n\r\n", true),
	spoil("POST /v1/routers HTTP/1.1\r\nHost: xvrrp\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", true),
	spoil("GET /v1/status HTTP/1.1\r\nX: "+strings.Repeat("x", 8<<20), true),
	spoil(strings.Repeat("GET /v1/events?follow=1 HTTP/1.1\r\nHost: xvrrp\r\n\r\n", 10), true),
	spoil(strings.Repeat("GET /v1/status HTTP/1.1\r\nHost: xvrrp\r\n\r\n", 1000), true),
	spoil(noise(64<<10), true),
}

// spoil is a client that says something and then, unless it stays, leaves.
func spoil(says string, stays bool) func(ctx context.Context, socket string) {
	return func(ctx context.Context, socket string) {
		c, err := net.Dial("unix", socket)
		if err != nil {
			return
		}
		defer context.AfterFunc(ctx, func() { c.Close() })()
		defer c.Close()
		io.WriteString(c, says) // it may be hung up on
		for stays && ctx.Err() == nil {
			if _, err := c.Write([]byte("x")); err != nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// noise is bytes of any kind.
func noise(n int) string {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{7})
	r.Read(b)
	return string(b)
}

func dialSocket(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// hungUp reports whether the other end of a connection has closed it, without reading from it.
func hungUp(t *testing.T, c *net.UnixConn) bool {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var fds [1]unix.PollFd
	err = raw.Control(func(fd uintptr) {
		fds[0].Fd = int32(fd)
		_, err = unix.Poll(fds[:], 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	return fds[0].Revents&unix.POLLHUP != 0
}

// residentBytes is a figure of proc_pid_status(5).
func residentBytes(t *testing.T, m *bed.Machine, field string) (n int64) {
	t.Helper()
	_, after, _ := strings.Cut(read(t, fmt.Sprintf("/proc/%d/status", m.Running.PID())), field+":")
	if _, err := fmt.Sscan(after, &n); err != nil {
		t.Fatalf("%s: %v", field, err)
	}
	return n << 10
}

// TestAccess has users ask and change a daemon that lets one group look and another change.
func TestAccess(t *testing.T) {
	t.Parallel()
	const readers, admins = 4711, 4712
	s := newSite(t, "access")
	m := s.Add("m")
	for _, dir := range []string{filepath.Dir(bed.Program), s.Dir} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m.Spawn("--config", m.Configure(nil, bed.Instance{Priority: 100}), "--attach", "tc",
		"--socket-group", fmt.Sprint(readers), "--admin-group", fmt.Sprint(admins))
	m.AwaitRole(bed.Only, "master")
	const privilege = 4 // exit code
	for _, c := range []struct {
		name   string
		uid    uint32
		groups []uint32
		looks  int
		reload int
		says   string
	}{
		{"root", 0, nil, 0, 0, ""},
		{"a stranger", 1000, nil, privilege, privilege, "may not be used by this user"},
		{"a reader", 1000, []uint32{readers}, 0, privilege, "root, the daemon's own user and members of the group 4712 may"},
		{"an admin", 1000, []uint32{readers, admins}, 0, 0, ""},
		{"an admin who may not look", 1000, []uint32{admins}, privilege, privilege, "may not be used by this user"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for command, want := range map[string]int{"status": c.looks, "reload": c.reload} {
				cmd := exec.Command(bed.Program, command, "--runtime-dir", m.Path("run"))
				cmd.Dir = "/"
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: c.uid, Gid: c.uid, Groups: c.groups}}
				out, _ := cmd.CombinedOutput()
				if got := cmd.ProcessState.ExitCode(); got != want || want != 0 && !strings.Contains(string(out), c.says) {
					t.Errorf("%s: exit code %d, %q; want %d and %q", command, got, out, want, c.says)
				}
			}
		})
	}
}
