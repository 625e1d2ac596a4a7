package interop

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/test/bed"
)

// side is one half of a pair: a daemon on its machine.
type side struct {
	daemon
	*bed.Machine
	runs instance
}

func newSide(t testing.TB, s *bed.Site, name string, d daemon) *side {
	t.Helper()
	m := s.Add(name)
	d.prepare(t, m)
	return &side{daemon: d, Machine: m}
}

func (s *side) start(t testing.TB, i instance) {
	t.Helper()
	s.runs = i
	s.daemon.start(t, s.Machine, i)
}

func (s *side) source() netip.Addr { return s.daemon.source(s.Machine, s.runs.v6) }

// lacks tells what of the virtual addresses is not as it should be on the card; it is empty if all is well.
func (s *side) lacks(held bool) string {
	if !s.addsVIP() {
		return ""
	}
	vips := s.runs.vips()
	switch has := s.Holds(vips...); {
	case held && has < len(vips):
		return fmt.Sprintf("%s has %d of the addresses %s", s.Name, has, vips)
	case !held && has > 0:
		return fmt.Sprintf("%s still has %d of the addresses %s", s.Name, has, vips)
	}
	return ""
}

// pair is two routers of one virtual router. The first has the higher priority.
type pair struct {
	t             testing.TB
	site          *bed.Site
	first, second *side
}

func newPair(t testing.TB, name string, first, second daemon) *pair {
	t.Helper()
	s := newSite(t, name)
	return &pair{t, s, newSide(t, s, "first", first), newSide(t, s, "second", second)}
}

// settled is after how many adverts in a row a master is taken to be alone. The other side has heard them, too.
const settled = 3

// awaitMaster waits until the segment hears one side alone, and the virtual addresses are where they belong.
func (p *pair) awaitMaster(master, other *side) {
	p.t.Helper()
	mark := p.site.Ear.Mark()
	bed.UntilNone(p.t, master.Name+" being the only master", func() string {
		heard := p.site.Ear.Since(mark)
		heard = heard[max(0, len(heard)-settled):]
		stranger := slices.ContainsFunc(heard, func(a bed.Advert) bool { return a.Src != master.source() || a.Priority == 0 })
		switch {
		case len(heard) < settled || stranger:
			return fmt.Sprintf("the last adverts are %v", heard)
		case other.Running.Ended():
			return master.lacks(true)
		}
		return cmp.Or(master.lacks(true), other.lacks(false))
	})
}

func (p *pair) awaitVIP(s *side, held bool) {
	p.t.Helper()
	bed.UntilNone(p.t, fmt.Sprintf("the virtual addresses of %s being held: %t", s.Name, held), func() string { return s.lacks(held) })
}

// slack is how late xvrrp may take over on a machine that does other things, too; what it can do on a quiet one is
// the benchmark's matter. How late a peer is, is the peer's.
const slack = time.Second

// awaitHandover waits until `to` speaks instead of `from`, and compares the time between the last advert of the
// one and the first of the other with what the protocol prescribes.
func (p *pair) awaitHandover(mark int, from, to *side, prescribed time.Duration, why election.Reason) handover {
	p.t.Helper()
	var h handover
	bed.Until(p.t, to.Name+" taking over", prescribed+bed.Patience, func() (found bool) {
		var err error
		if h, found, err = findHandover(p.site.Ear.Since(mark), from.source(), to.source()); err != nil {
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
		if r := to.Router(); r.Why != string(why) {
			p.t.Errorf("%s took over because of %q, want %q", to.Name, r.Why, why)
		}
	}
	return h
}

// crash kills the master as a power cut would: the other side takes over after master-down.
func (p *pair) crash(from, to *side) {
	p.t.Helper()
	mark := p.site.Ear.Mark() - 1
	from.Running.Kill()
	if h := p.awaitHandover(mark, from, to, to.runs.down(), election.Silence); h.last.Priority == 0 {
		p.t.Errorf("%s said goodbye: %s", from.Name, h.last)
	}
}

// leave ends the master in order: it resigns with priority 0, and the other side takes over after its skew.
func (p *pair) leave(from, to *side) {
	p.t.Helper()
	mark := p.site.Ear.Mark() - 1
	from.Running.Stop()
	if h := p.awaitHandover(mark, from, to, to.runs.skew(), election.Resigned); h.last.Priority != 0 {
		p.t.Errorf("%s left without priority 0: %s", from.Name, h.last)
	}
	p.awaitVIP(from, false)
}

// staysBackup watches a router that came back beside a lower master, for two master-down intervals.
func (p *pair) staysBackup(s, master *side) {
	p.t.Helper()
	p.awaitVIP(s, false) // also one that a killed run has left
	mark := p.site.Ear.Mark() - 1
	time.Sleep(2 * s.runs.down())
	if a, silence := interruption(p.site.Ear.Since(mark), master.source()); a != nil && silence < s.runs.down()-s.grain() {
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
	p.first.Running.Stop()

	p.first.start(p.t, high)
	p.awaitMaster(p.first, p.second)
	p.leave(p.first, p.second)
	p.second.Running.Stop()
	p.awaitVIP(p.second, false)
}
