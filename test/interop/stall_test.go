package interop

import (
	"context"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

// TestStalledBackup stops backups for longer than master-down while the master goes on, and then starves every
// process of the machine. The kernel saw the master all the time, so nobody may take over.
func TestStalledBackup(t *testing.T) {
	const rounds = 20
	i := instance{version: 3, interval: 100 * time.Millisecond, priority: 160}
	s := newSite(t, "stall")
	master := newSide(t, s, "master", xvrrp{"xdp"})
	backups := []*side{newSide(t, s, "xdp", xvrrp{"xdp"}), newSide(t, s, "tc", xvrrp{"tc"})}
	master.start(t, i)
	bed.Until(t, "a first advert", bed.Patience, func() bool { return s.Ear.Mark() > 0 })
	i.priority = 100
	for _, b := range backups {
		b.start(t, i)
		b.AwaitFollowing(master.Machine)
		i.priority -= 10
	}

	mark := s.Ear.Mark() - 1
	for range rounds {
		for _, b := range backups {
			b.Running.Signal(syscall.SIGSTOP)
		}
		time.Sleep(2 * i.down())
		for _, b := range backups {
			b.Running.Signal(syscall.SIGCONT)
		}
		time.Sleep(i.interval)
	}
	if a, _ := takeover(t, s, mark, master, backups); a != nil {
		t.Fatalf("a stopped backup takes over from a master that is alive: %s", a)
	}

	for range attempts {
		mark = s.Ear.Mark() - 1
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

// takeover returns the first advert of a backup after mark, if any, and how long the master had been silent. The
// backups follow the master again when it returns.
func takeover(t testing.TB, s *bed.Site, mark int, master *side, backups []*side) (*bed.Advert, time.Duration) {
	t.Helper()
	for _, b := range backups {
		b.AwaitFollowing(master.Machine)
		r := b.Router()
		t.Logf("%s became master %d times and cancelled %d takeovers", b.Name, r.Stats.BecameMaster, r.Stats.Rescued)
	}
	return interruption(s.Ear.Since(mark), master.source())
}

// starve runs busy loops for a while, no nicer than the daemons.
func starve(t testing.TB, loops int, during time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	for range loops {
		hog := exec.CommandContext(ctx, "nice", "-n", "-15", "sh", "-c", "while :; do :; done")
		if err := hog.Start(); err != nil {
			t.Fatal(err)
		}
		defer hog.Wait() // ended by ctx
	}
	<-ctx.Done()
}
