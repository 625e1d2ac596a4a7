package interop

import (
	"context"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestStalledBackup stops backups for longer than master-down while the master goes on, and then starves every
// process of the machine. The kernel saw the master all the time, so nobody may take over.
func TestStalledBackup(t *testing.T) {
	const rounds = 20
	i := instance{version: 3, interval: 100 * time.Millisecond, priority: 160}
	s := newSegment(t, "stall")
	master := newSide(t, s, "master", xvrrp{"xdp"})
	backups := []*side{newSide(t, s, "xdp", xvrrp{"xdp"}), newSide(t, s, "tc", xvrrp{"tc"})}
	master.start(t, i)
	until(t, "a first advert", patience, func() bool { return s.ear.now() > 0 })
	i.priority = 100
	for _, b := range backups {
		b.start(t, i)
		b.awaitFollowing(t, master)
		i.priority -= 10
	}

	mark := s.ear.now() - 1
	for range rounds {
		for _, b := range backups {
			b.running.signal(t, syscall.SIGSTOP)
		}
		time.Sleep(2 * i.down())
		for _, b := range backups {
			b.running.signal(t, syscall.SIGCONT)
		}
		time.Sleep(i.interval)
	}
	if a, _ := takeover(t, s, mark, master, backups); a != nil {
		t.Fatalf("a stopped backup takes over from a master that is alive: %s", a)
	}

	for range attempts {
		mark = s.ear.now() - 1
		starve(t, 4, 5*time.Second)
		a, silence := takeover(t, s, mark, master, backups)
		if a == nil {
			return
		}
		if silence < i.down() {
			t.Fatalf("a starved backup takes over %s after an advert of its master: %s", silence, a)
		}
		t.Logf("the master itself was silent for %s: once more", silence)
	}
	t.Fatalf("in each of %d tries the starved master was silent for longer than master-down", attempts)
}

// attempts is how often a machine that is busy with other things may starve the master itself.
const attempts = 3

func (p *process) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatalf("signal %s: %v", p.name, err)
	}
}

// awaitFollowing waits until an xvrrp says it is backup and whom it follows.
func (s *side) awaitFollowing(t testing.TB, master *side) {
	t.Helper()
	until(t, s.Name+" following "+master.Name, patience, func() bool {
		r, err := s.standing()
		return err == nil && r.Role == "backup" && r.Master == master.source().String()
	})
}

// takeover returns the first advert of a backup after mark, if any, and how long the master had been silent. The
// backups follow the master again when it returns.
func takeover(t testing.TB, s *segment, mark int, master *side, backups []*side) (*onWire, time.Duration) {
	t.Helper()
	for _, b := range backups {
		b.awaitFollowing(t, master)
		r, err := b.standing()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s became master %d times and cancelled %d takeovers", b.Name, r.Stats.BecameMaster, r.Stats.Rescued)
	}
	return interruption(s.ear.since(mark), master.source())
}

// starve runs busy loops for a while.
func starve(t testing.TB, loops int, during time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	for range loops {
		hog := exec.CommandContext(ctx, "sh", "-c", "while :; do :; done")
		if err := hog.Start(); err != nil {
			t.Fatal(err)
		}
		defer hog.Wait() // ended by ctx
	}
	<-ctx.Done()
}
