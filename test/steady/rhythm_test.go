package steady

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

// best is the priority of the backup that waits least for a silent master, the owner of the addresses aside.
const best = 254

// voice is a router as it is heard.
type voice struct {
	segment string
	vrid    uint8
}

func (v voice) String() string { return fmt.Sprintf("VRID %d on %s", v.vrid, v.segment) }

// phase is a part of a test, between two instants.
type phase struct {
	name     string
	from, to time.Duration
}

// rhythm is how regularly a router spoke in a phase.
type rhythm struct {
	voice    voice
	interval time.Duration // that it announces
	adverts  int
	missing  int           // adverts that the interval asks for and that were not sent
	silence  time.Duration // the longest one, be it cut short by the end of the phase
}

// late is by how much the longest silence was longer than the interval.
func (r rhythm) late() time.Duration { return max(0, r.silence-r.interval) }

// rhythm measures a router by all of its adverts. The silence during which a phase begins belongs to it.
func (p phase) rhythm(v voice, said []bed.Advert) rhythm {
	after := func(at time.Duration) int {
		n, _ := slices.BinarySearchFunc(said, at, func(a bed.Advert, at time.Duration) int { return cmp.Compare(a.At, at) })
		return n
	}
	said = said[max(0, after(p.from)-1):after(p.to)]
	if len(said) < 2 {
		return rhythm{voice: v, silence: p.to - p.from}
	}
	first, last := said[0], said[len(said)-1]
	r := rhythm{voice: v, interval: first.Interval, adverts: len(said) - 1, silence: p.to - last.At}
	for i, a := range said[1:] {
		r.silence = max(r.silence, a.At-said[i].At)
	}
	r.missing = max(0, int((last.At-first.At+r.interval/2)/r.interval)-r.adverts)
	return r
}

// rhythms measures routers in a phase.
func (s *scene) rhythms(p phase, voices []voice) []rhythm {
	said := make(map[voice][]bed.Advert)
	for _, segment := range s.segments {
		for _, a := range s.EarOn(segment).All() {
			v := voice{segment, a.VRID}
			said[v] = append(said[v], a)
		}
	}
	var all []rhythm
	for _, v := range voices {
		all = append(all, p.rhythm(v, said[v]))
	}
	return all
}

// latest is the rhythms of a phase, the latest first.
func (s *scene) latest(p phase, voices []voice) []rhythm {
	all := s.rhythms(p, voices)
	slices.SortFunc(all, func(a, b rhythm) int { return cmp.Compare(b.late(), a.late()) })
	return all
}

// keepTime demands that routers sent every advert of a phase and were never silent for as long as their best backup
// waits. What the machine itself did to adverts is not held against them: the witness tells. It returns by how much the
// latest advert was late.
func (s *scene) keepTime(t *testing.T, p phase, voices []voice) time.Duration {
	t.Helper()
	allowed := max(s.usual, s.stall(p))
	all := s.latest(p, voices)
	var faults []string
	for _, r := range all {
		if fault := r.fault(allowed); fault != "" {
			faults = append(faults, fault)
		}
	}
	if len(faults) > 0 {
		t.Errorf("%s: %s; %d of %d routers were not on time", p.name, faults[0], len(faults), len(all))
	}
	s.tell(t, p, all)
	return all[0].late()
}

// fault says what is wrong with a rhythm beyond what is allowed; it is empty if all is well.
func (r rhythm) fault(allowed time.Duration) string {
	switch down := bed.Down(3, best, r.interval); {
	case r.adverts == 0:
		return fmt.Sprintf("%s said nothing for %s", r.voice, r.silence)
	case r.silence >= down+allowed:
		return fmt.Sprintf("%s was silent for %s: a backup of priority %d takes over after %s", r.voice, r.silence, best, down)
	case time.Duration(r.missing)*r.interval > 2*allowed:
		return fmt.Sprintf("%s left out %d of %d adverts, one was late by %s", r.voice, r.missing, r.missing+r.adverts, r.late())
	}
	return ""
}

// tell reports the figures of a phase, whose rhythms are sorted by lateness.
func (s *scene) tell(t *testing.T, p phase, all []rhythm) {
	t.Helper()
	adverts, missing := 0, 0
	for _, r := range all {
		adverts += r.adverts
		missing += r.missing
	}
	t.Logf("%s: %s, %d routers, %d adverts, %d missing; late by %s at most (%s), the median router by %s, the witness by %s",
		p.name, p.to-p.from, len(all), adverts, missing, all[0].late(), all[0].voice, all[len(all)/2].late(), s.stall(p))
}
