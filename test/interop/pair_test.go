package interop

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
)

// side is one half of a pair: a daemon on its machine.
type side struct {
	daemon
	*machine
	running *process
	runs    instance
}

func newSide(t testing.TB, s *segment, name string, d daemon) *side {
	t.Helper()
	m := s.add(name)
	d.prepare(t, m)
	return &side{daemon: d, machine: m}
}

func (s *side) start(t testing.TB, i instance) {
	t.Helper()
	s.runs, s.running = i, s.daemon.start(t, s.machine, i)
}

func (s *side) stop(t testing.TB) {
	t.Helper()
	s.running.stop(t)
}

func (s *side) source() netip.Addr { return s.daemon.source(s.machine, s.runs.v6) }

// holds tells how many of the virtual addresses `ip addr` would show on the card.
func (s *side) holds(t testing.TB) int {
	t.Helper()
	addrs, err := s.Addrs(nic)
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, vip := range s.runs.vips() {
		if slices.Contains(addrs, vip) {
			held++
		}
	}
	return held
}

// pair is two routers of one virtual router. The first has the higher priority.
type pair struct {
	t             testing.TB
	segment       *segment
	first, second *side
}

func newPair(t testing.TB, name string, first, second daemon) *pair {
	t.Helper()
	s := newSegment(t, name)
	return &pair{t, s, newSide(t, s, "first", first), newSide(t, s, "second", second)}
}

// settled is after how many adverts in a row a master is taken to be alone. The other side has heard them, too.
const settled = 3

// awaitMaster waits until the segment hears one side alone, and the virtual addresses are where they belong.
func (p *pair) awaitMaster(master, other *side) {
	p.t.Helper()
	mark := p.segment.ear.now()
	until(p.t, master.Name+" being the only master", 2*master.runs.down()+patience, func() bool {
		heard := p.segment.ear.since(mark)
		if len(heard) < settled {
			return false
		}
		return !slices.ContainsFunc(heard[len(heard)-settled:], func(a onWire) bool {
			return a.src != master.source() || a.priority == 0
		})
	})
	p.awaitVIP(master, true)
	if !other.running.ended() {
		p.awaitVIP(other, false)
	}
}

func (p *pair) awaitVIP(s *side, held bool) {
	p.t.Helper()
	if !s.addsVIP() {
		return
	}
	what, want := s.Name+" with the virtual addresses", len(s.runs.vips())
	if !held {
		what, want = s.Name+" without the virtual addresses", 0
	}
	until(p.t, what, patience, func() bool { return s.holds(p.t) == want })
}

// slack is how late xvrrp may take over on a machine that does other things, too; what it can do on a quiet one is
// the benchmark's matter. How late a peer is, is the peer's.
const slack = time.Second

// awaitHandover waits until `to` speaks instead of `from`, and compares the time between the last advert of the
// one and the first of the other with what the protocol prescribes.
func (p *pair) awaitHandover(mark int, from, to *side, prescribed time.Duration, why election.Reason) handover {
	p.t.Helper()
	var h handover
	until(p.t, to.Name+" taking over", prescribed+patience, func() (found bool) {
		var err error
		if h, found, err = findHandover(p.segment.ear.since(mark), from.source(), to.source()); err != nil {
			p.t.Fatal(err)
		}
		return found
	})
	if early := 2*time.Millisecond + to.grain(); h.took() < prescribed-early {
		p.t.Errorf("%s took over %s after the last advert of %s, want no less than %s", to.Name, h.took(), from.Name, prescribed)
	}
	p.awaitVIP(to, true)
	if _, ours := to.daemon.(xvrrp); ours {
		if h.took() > prescribed+slack {
			p.t.Errorf("%s took over %s after the last advert of %s, want %s", to.Name, h.took(), from.Name, prescribed)
		}
		if r, err := to.standing(); err != nil || r.Why != string(why) {
			p.t.Errorf("%s took over because of %q, want %q (%v)", to.Name, r.Why, why, err)
		}
	}
	return h
}

// crash kills the master as a power cut would: the other side takes over after master-down.
func (p *pair) crash(from, to *side) {
	p.t.Helper()
	mark := p.segment.ear.now() - 1
	from.running.kill()
	if h := p.awaitHandover(mark, from, to, to.runs.down(), election.Silence); h.last.priority == 0 {
		p.t.Errorf("%s said goodbye: %s", from.Name, h.last)
	}
}

// leave ends the master in order: it resigns with priority 0, and the other side takes over after its skew.
func (p *pair) leave(from, to *side) {
	p.t.Helper()
	mark := p.segment.ear.now() - 1
	from.stop(p.t)
	if h := p.awaitHandover(mark, from, to, to.runs.skew(), election.Resigned); h.last.priority != 0 {
		p.t.Errorf("%s left without priority 0: %s", from.Name, h.last)
	}
	p.awaitVIP(from, false)
}

// staysBackup watches a router that came back beside a lower master, for two master-down intervals.
func (p *pair) staysBackup(s, master *side) {
	p.t.Helper()
	p.awaitVIP(s, false) // also one that a killed run has left
	mark := p.segment.ear.now() - 1
	time.Sleep(2 * s.runs.down())
	if a, silence := interruption(p.segment.ear.since(mark), master.source()); a != nil && silence < s.runs.down()-s.grain() {
		p.t.Fatalf("%s came back as backup with nopreempt, but speaks %s after its master: %s", s.Name, silence, a)
	}
}

// run takes the pair through every failover: crash, return with nopreempt, return by preemption, orderly end.
func (p *pair) run(high, low, polite instance) {
	p.t.Helper()
	p.second.start(p.t, low)
	p.first.start(p.t, high)
	p.awaitMaster(p.first, p.second)

	p.crash(p.first, p.second)
	p.first.start(p.t, polite)
	p.staysBackup(p.first, p.second)
	p.first.stop(p.t)

	p.first.start(p.t, high)
	p.awaitMaster(p.first, p.second)
	p.leave(p.first, p.second)
	p.second.stop(p.t)
	p.awaitVIP(p.second, false)
}
