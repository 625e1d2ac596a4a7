package steady

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// beat is the interval of routers that are in a hurry.
const beat = 100 * time.Millisecond

// quiet is how long nothing happens at first.
const quiet = 2 * time.Second

// aside is the segment of the witness.
const aside = "aside"

// scene is a daemon to be disturbed, and beside it a witness: a daemon that nothing is done to, whose adverts tell
// when it was the machine that was held up.
type scene struct {
	*bed.Site
	m        *bed.Machine
	segments []string // of m and of the witness

	usual time.Duration // by how much adverts were late before anything happened
}

// newScene makes a scene; the host to be disturbed has a card on each of the segments.
func newScene(t *testing.T, name string, segments ...string) *scene {
	t.Helper()
	s := &scene{Site: bed.New(t, "steady-"+name), segments: append(segments, aside)}
	s.m = s.Add("m", segments...)
	witness := s.Add("witness", aside)
	witness.Run("auto", nil, bed.Instance{Priority: 255, Interval: beat})
	witness.AwaitRole(bed.Only, "master")
	return s
}

// stall is by how much the witness was late in a phase.
func (s *scene) stall(p phase) time.Duration {
	return s.rhythms(p, []voice{{aside, bed.VRID}})[0].late()
}

// phase does something and ends when every router has been heard once more, so that no silence is still open.
func (s *scene) phase(name string, voices []voice, act func()) phase {
	s.T.Helper()
	p := phase{name: name, from: lab.Now()}
	act()
	s.rollCall(voices)
	p.to = lab.Now()
	return p
}

// rollCall waits until every router has spoken once more.
func (s *scene) rollCall(voices []voice) {
	s.T.Helper()
	waiting, marks := make(map[voice]bool, len(voices)), make(map[string]int)
	for _, v := range voices {
		waiting[v] = true
	}
	for _, segment := range s.segments {
		marks[segment] = s.EarOn(segment).Mark()
	}
	bed.UntilNone(s.T, "every router speaking", func() string {
		for _, segment := range s.segments {
			heard := s.EarOn(segment).Since(marks[segment])
			for _, a := range heard {
				delete(waiting, voice{segment, a.VRID})
			}
			marks[segment] += len(heard)
		}
		if len(waiting) == 0 {
			return ""
		}
		return fmt.Sprintf("%d silent, among them %s", len(waiting), slices.Collect(maps.Keys(waiting))[0])
	})
}

// baseline measures the routers while nothing happens. It is the measure of what follows and judged by nothing: how
// late a daemon is that is left alone is the machine's matter.
func (s *scene) baseline(t *testing.T, voices []voice) {
	t.Helper()
	p := s.phase("before", voices, func() { s.listen(voices, quiet) })
	all := s.latest(p, voices)
	s.usual = all[0].late()
	s.tell(t, p, all)
}

// listen listens to all routers for some time.
func (s *scene) listen(voices []voice, during time.Duration) {
	s.T.Helper()
	for end := lab.Now() + during; lab.Now() < end; {
		s.rollCall(voices)
	}
}

// last is the latest advert of a router.
func (s *scene) last(v voice) bed.Advert {
	s.T.Helper()
	for _, a := range slices.Backward(s.EarOn(v.segment).All()) {
		if a.VRID == v.vrid {
			return a
		}
	}
	s.T.Fatalf("%s was never heard", v)
	return bed.Advert{}
}

// awaitMasters waits until all routers of the daemon are masters.
func (s *scene) awaitMasters() {
	s.T.Helper()
	s.m.AwaitStart()
	bed.UntilNone(s.T, "every router being master", func() string {
		for _, r := range s.m.Snapshot().Routers {
			if r.Role != "master" {
				return fmt.Sprintf("%s is %s", r.Name, r.Role)
			}
		}
		return ""
	})
}

// loyal demands that routers have become master once and never left.
func loyal(t *testing.T, routers []api.Router) {
	t.Helper()
	for _, r := range routers {
		if r.Role != "master" || r.Stats.BecameMaster != 1 || r.Stats.LeftMaster != 0 {
			t.Errorf("%s is %s, became master %d times and left %d times, want master throughout",
				r.Name, r.Role, r.Stats.BecameMaster, r.Stats.LeftMaster)
		}
	}
}
