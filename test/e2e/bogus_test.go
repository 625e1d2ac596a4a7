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
	"github.com/xvrrp/xvrrp/test/bed"
)

// TestLoop reflects every advert of a master back to it (T-10, RX-20): it goes on at its own rate, and the filter
// knows where they came from.
func TestLoop(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		s := newSite(t, "loop-"+hook)
		m, mirror := s.Add("m"), s.Add("mirror")
		m.Run(hook, nil, bed.Instance{Priority: 100})
		m.AwaitRole(bed.Only, "master")

		own, err := m.Capture(bed.NIC)
		if err != nil {
			t.Fatal(err)
		}
		const long = 3 * time.Second
		start, reflected := lab.Now(), uint64(0)
		for seen := 0; lab.Now()-start < long; time.Sleep(time.Millisecond) {
			frames := own.Frames()
			for _, f := range frames[seen:] {
				if _, ok := bed.ReadAdvert(f); ok && f.Outgoing {
					inject(mirror, f.Data)
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
		m.AwaitDrops("self_source", reflected)
		if n := m.Drops()["self_source"]; n != reflected {
			t.Errorf("%d adverts under self_source, want the %d reflected ones", n, reflected)
		}
		if r := m.Router(); r.Role != "master" || r.Stats.LeftMaster != 0 {
			t.Errorf("%s, left %d times, want master throughout", r.Role, r.Stats.LeftMaster)
		}
	})
}

// TestInvalidAdvertsDoNotDelayTakeover kills the master while adverts that would win every election, but are
// invalid, keep coming (T-12): the backup takes over as if they did not exist.
func TestInvalidAdvertsDoNotDelayTakeover(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		s := newSite(t, "invalid-"+hook)
		master, backup, forger := s.Add("master"), s.Add("backup"), s.Add("forger")
		low := bed.Instance{Priority: 100}
		master.Run(hook, nil, bed.Instance{Priority: 200})
		master.AwaitRole(bed.Only, "master")
		backup.Run(hook, nil, low)
		backup.AwaitFollowing(master)

		var frames [][]byte
		wrongs := bogus(forger, backup)
		for _, f := range wrongs {
			frames = append(frames, f.frame())
		}
		// Past the bridge, which may drop packets with a broken IP header itself.
		keepInjecting(t, s.Lab.Wire, backup.Port(bed.NIC), 20*time.Millisecond, frames...)
		for verdict := range wrongs {
			backup.AwaitDrops(verdict, 1)
		}
		loyal(t, s.Ear, 0, backup, master, low.Down())
		backup.AwaitFollowing(master)
		mark := s.Ear.Mark()
		master.Running.Kill()
		last, first := s.Ear.Takeover(mark, master, backup)
		within(t, last, first, low.Down(), 2*low.Down())
		backup.AwaitVIPs(true, bed.VIP)
		if r := backup.Router(); r.Stats.Received > uint64(len(s.Ear.From(0, master))) {
			t.Errorf("the backup took %d adverts, its master sent %d", r.Stats.Received, len(s.Ear.From(0, master)))
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
			s := newSite(t, "flood-"+hook)
			master, backup, forger := s.Add("master"), s.Add("backup"), s.Add("forger")
			master.Run(hook, nil, bed.Instance{Priority: 200})
			master.AwaitRole(bed.Only, "master")
			backup.Run(hook, nil, bed.Instance{Priority: 100})
			backup.AwaitFollowing(master)

			verdicts, frames := everyWrong(forger, backup)
			before := backup.Drops()
			lines, busy, lost := lineCount(backup), cpu(t, backup), backup.Link(bed.NIC).Statistics.RxDropped
			sent, err := flood(s.Lab.Wire, backup.Port(bed.NIC), long, frames)
			if err != nil {
				t.Fatal(err)
			}
			busy, lines = cpu(t, backup)-busy, lineCount(backup)-lines
			lost = backup.Link(bed.NIC).Statistics.RxDropped - lost

			total := compareCounts(t, verdicts, sent, before, backup.Drops(), lost)
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
			if r := backup.Router(); r.Role != "backup" || r.Stats.BecameMaster != 0 || r.Stats.Sent != 0 {
				t.Errorf("%s, became master %d times, sent %d adverts: want backup throughout",
					r.Role, r.Stats.BecameMaster, r.Stats.Sent)
			}
		})
	}
}

// everyWrong is each kind of bogus advert once, and many foreign ones from as many sources, with the verdict of each.
func everyWrong(by, victim *bed.Machine) (verdicts []string, frames [][]byte) {
	for verdict, f := range bogus(by, victim) {
		verdicts, frames = append(verdicts, verdict), append(frames, f.frame())
	}
	for n := range uint8(250) {
		f := forge(by, 100)
		f.VRID, f.Src = n&63+bed.VRID+1, netip.AddrFrom4([4]byte{172, 160, 181, n})
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

func lineCount(m *bed.Machine) int { return strings.Count(m.Running.Written(), "\n") }

// cpu is the processor time that the machine's daemon has taken, proc(5).
func cpu(t *testing.T, m *bed.Machine) time.Duration {
	t.Helper()
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every architecture
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", m.Running.PID()))
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
