package e2e

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
)

// TestLoop reflects every advert of a master back to it (T-10, RX-20): it goes on at its own rate, and the filter
// knows where they came from.
func TestLoop(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		s := newSegment(t, "loop-"+hook)
		m, mirror := s.add("m"), s.add("mirror")
		m.run(hook, nil, instance{priority: 100})
		m.awaitRole(only, "master")

		own, err := m.Capture(nic)
		if err != nil {
			t.Fatal(err)
		}
		const long = 3 * time.Second
		start, reflected := lab.Now(), uint64(0)
		for seen := 0; lab.Now()-start < long; time.Sleep(time.Millisecond) {
			frames := own.Frames()
			for _, f := range frames[seen:] {
				if _, ok := readAdvert(f); ok && f.Outgoing {
					mirror.inject(f.Data)
					reflected++
				}
			}
			seen = len(frames)
		}
		took := lab.Now() - start
		if err := own.Close(); err != nil {
			t.Error(err)
		}
		// A stalled machine skips adverts; a loop that feeds itself makes more.
		if most := uint64(took/interval) + 1; reflected > most || reflected < most/2 {
			t.Errorf("%d adverts in %s with an interval of %s", reflected, took, interval)
		}
		m.awaitDrops("self_source", reflected)
		if n := m.drops()["self_source"]; n != reflected {
			t.Errorf("%d adverts under self_source, want the %d reflected ones", n, reflected)
		}
		if r := m.router(); r.Role != "master" || r.Stats.LeftMaster != 0 {
			t.Errorf("%s, left %d times, want master throughout", r.Role, r.Stats.LeftMaster)
		}
	})
}

// TestInvalidAdvertsDoNotDelayTakeover kills the master while adverts that would win every election, but are
// invalid, keep coming (T-12): the backup takes over as if they did not exist.
func TestInvalidAdvertsDoNotDelayTakeover(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		s := newSegment(t, "invalid-"+hook)
		master, backup, forger := s.add("master"), s.add("backup"), s.add("forger")
		low := instance{priority: 100}
		master.run(hook, nil, instance{priority: 200})
		master.awaitRole(only, "master")
		backup.run(hook, nil, low)
		backup.awaitFollowing(master)

		var frames [][]byte
		wrongs := bogus(forger, backup)
		for _, f := range wrongs {
			frames = append(frames, f.frame())
		}
		// Past the bridge, which may drop packets with a broken IP header itself.
		keepInjecting(t, s.lab.Wire, backup.port(), 20*time.Millisecond, frames...)
		for verdict := range wrongs {
			backup.awaitDrops(verdict, 1)
		}
		s.ear.loyal(0, backup, master, low.down())
		backup.awaitFollowing(master)
		mark := s.ear.mark()
		master.running.kill()
		last, first := s.ear.takeover(mark, master, backup)
		within(t, last, first, low.down(), 2*low.down())
		backup.awaitVIP(true)
		if r := backup.router(); r.Stats.Received > uint64(len(s.ear.from(0, master))) {
			t.Errorf("the backup took %d adverts, its master sent %d", r.Stats.Received, len(s.ear.from(0, master)))
		}
	})
}

// TestFlood sends bogus adverts of our VRID and valid ones of foreign VRIDs as fast as the kernel takes them, next
// to a valid master (T-13, RX-18): nobody takes over, every frame is counted once and under its verdict, and
// neither log nor processor notice.
func TestFlood(t *testing.T) {
	const long = 3 * time.Second
	for _, hook := range []string{"xdp", "tc"} { // one after the other, and alone: each takes a processor
		t.Run(hook, func(t *testing.T) {
			s := newSegment(t, "flood-"+hook)
			master, backup, forger := s.add("master"), s.add("backup"), s.add("forger")
			master.run(hook, nil, instance{priority: 200})
			master.awaitRole(only, "master")
			backup.run(hook, nil, instance{priority: 100})
			backup.awaitFollowing(master)

			verdicts, frames := everyWrong(forger, backup)
			before := backup.drops()
			lines, busy, lost := lineCount(backup), cpu(t, backup), backup.statistics().RxDropped
			sent, err := flood(s.lab.Wire, backup.port(), long, frames)
			if err != nil {
				t.Fatal(err)
			}
			busy, lines = cpu(t, backup)-busy, lineCount(backup)-lines
			lost = backup.statistics().RxDropped - lost

			total := compareCounts(t, verdicts, sent, before, backup.drops(), lost)
			t.Logf("%d frames in %s, %d lost before the filter, %d lines logged, %s of processor time",
				total, long, lost, lines, busy)
			if total < 30000 {
				t.Errorf("%d frames in %s are no flood", total, long)
			}
			if lines < 10 || lines > 100 {
				t.Errorf("%d lines logged, want some for each wrong, and no flood of them", lines)
			}
			if busy > long/5 {
				t.Errorf("the daemon took %s of processor time in %s", busy, long)
			}
			if r := backup.router(); r.Role != "backup" || r.Stats.BecameMaster != 0 || r.Stats.Sent != 0 {
				t.Errorf("%s, became master %d times, sent %d adverts: want backup throughout",
					r.Role, r.Stats.BecameMaster, r.Stats.Sent)
			}
		})
	}
}

// everyWrong is each kind of bogus advert once, and many foreign ones from as many sources, with the verdict of each.
func everyWrong(by, victim *machine) (verdicts []string, frames [][]byte) {
	for verdict, f := range bogus(by, victim) {
		verdicts, frames = append(verdicts, verdict), append(frames, f.frame())
	}
	for n := range uint8(250) {
		f := by.forge(100)
		f.vrid, f.src = n&63+vrid+1, netip.AddrFrom4([4]byte{172, 160, 181, n})
		verdicts, frames = append(verdicts, "foreign"), append(frames, f.frame())
	}
	return verdicts, frames
}

// compareCounts demands that every frame sent, but for those lost before the filter, was counted under its verdict,
// and returns how many were sent.
func compareCounts(t *testing.T, verdicts []string, sent []uint64, before, after map[string]uint64, lost uint64) (total uint64) {
	t.Helper()
	want := make(map[string]uint64)
	for i, n := range sent {
		want[verdicts[i]] += n
		total += n
	}
	got, counted := make(map[string]uint64), uint64(0)
	for verdict, n := range after {
		n -= before[verdict]
		counted += n
		if verdict == "flood" {
			verdict = "foreign" // above the rate
		}
		got[verdict] += n
	}
	for verdict, n := range want {
		if got[verdict] > n || got[verdict]+lost < n {
			t.Errorf("%d frames under %s, want %d", got[verdict], verdict, n)
		}
	}
	if counted+lost != total {
		t.Errorf("%d frames counted and %d lost before the filter, want %d together", counted, lost, total)
	}
	return total
}

func lineCount(m *machine) int { return strings.Count(m.running.written(), "\n") }

// cpu is the processor time that the machine's daemon has taken, proc(5).
func cpu(t *testing.T, m *machine) time.Duration {
	t.Helper()
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every architecture
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", m.running.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), ") ") // after the name, which may hold blanks
	fields := strings.Fields(rest)
	var ticks int
	for _, field := range fields[11:13] { // utime, stime
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick
}
