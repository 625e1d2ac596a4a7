package e2e

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

// TestRouterVerbs adds, changes and removes routers of a running daemon. The wire shows what comes of each verb, and
// that the router beside them sends every advert.
func TestRouterVerbs(t *testing.T) {
	t.Parallel()
	s := newSite(t, "verbs")
	m, peer := s.Add("m"), s.Add("peer")
	here := bed.Instance{Name: "HERE", Priority: 100}
	added := bed.Instance{Name: "NEW", VRID: 57, Priority: 90, VIPs: []netip.Prefix{netip.PrefixFrom(other, 24)}}
	theirs := added
	theirs.Priority = 100
	file := m.Configure(nil, here)
	start := func() {
		m.Spawn("--config", file, "--attach", "tc", "--state-file", m.Path("routers.conf"))
		m.AwaitRole("HERE", "master")
	}
	start()
	peer.Run("xdp", nil, theirs)
	peer.AwaitRole("NEW", "master")
	calm := s.Ear.Mark()

	verb(t, m, "add", added.Text())
	bed.Until(t, "the new router to follow", bed.Patience, func() bool { return m.RouterNamed("NEW").Master == peer.V4.String() })

	mark := s.Ear.Mark()
	verb(t, m, "set", "NEW", "priority 150")
	var first []bed.Advert
	bed.Until(t, "adverts of the new router", bed.Patience, func() bool {
		first = ofVRID(s.Ear.From(mark, m), added.VRID)
		return len(first) > 0
	})
	if first[0].Priority != 150 {
		t.Errorf("the first advert is %s, want priority 150", first[0])
	}
	peer.AwaitRole("NEW", "backup")
	m.AwaitVIPs(true, added.VIPs...)

	mark = s.Ear.Mark()
	verb(t, m, "remove", "NEW")
	m.AwaitVIPs(false, added.VIPs...)
	peer.AwaitRole("NEW", "master")
	last := ofVRID(s.Ear.From(mark, m), added.VRID)
	if len(last) == 0 || last[len(last)-1].Priority != 0 {
		t.Errorf("the last adverts are %v, want priority 0 at the end", last)
	}

	refused(t, m, "did you mean priority?", "add", strings.Replace(added.Text(), "priority", "priorty", 1))
	second := added
	second.Name, second.VRID = "SECOND", bed.VRID
	refused(t, m, "belongs to HERE", "add", added.Text()+second.Text())
	if r := m.Snapshot().Routers; len(r) != 1 {
		t.Errorf("%d routers after two refusals, want 1", len(r))
	}
	steady(t, ofVRID(s.Ear.From(calm, m), bed.VRID), here)

	verb(t, m, "add", "--keep", added.Text())
	verb(t, m, "set", "--keep", "HERE", "priority 120")
	verb(t, m, "set", "NEW", "priority 95")
	m.Running.Stop()
	start()
	if got := [2]uint8{m.RouterNamed("HERE").Base, m.RouterNamed("NEW").Base}; got != [2]uint8{120, 90} {
		t.Errorf("priorities %v after a restart, want 120 and 90", got)
	}
	verb(t, m, "reset", "HERE", "NEW")
	if r := m.Router(); r.Name != "HERE" || r.Base != 100 {
		t.Errorf("%s of priority %d after reset, want HERE of 100", r.Name, r.Base)
	}
}

// verb runs xvrrp router.
func verb(t *testing.T, m *bed.Machine, args ...string) {
	t.Helper()
	if _, err := m.Ask(append([]string{"router"}, args...)...); err != nil {
		t.Fatal(err)
	}
}

// refused runs xvrrp router with a mistake.
func refused(t *testing.T, m *bed.Machine, says string, args ...string) {
	t.Helper()
	out, err := m.Ask(append([]string{"router"}, args...)...)
	if err == nil || !strings.Contains(string(out), says) {
		t.Errorf("xvrrp router %s: %v, said %s; want an error and %q", args[0], err, out, says)
	}
}

func ofVRID(adverts []bed.Advert, vrid uint8) []bed.Advert {
	return slices.DeleteFunc(slices.Clone(adverts), func(a bed.Advert) bool { return a.VRID != vrid })
}

// steady checks that no backup would have taken over meanwhile.
func steady(t *testing.T, adverts []bed.Advert, i bed.Instance) {
	t.Helper()
	var longest time.Duration
	for n := 1; n < len(adverts); n++ {
		longest = max(longest, adverts[n].At-adverts[n-1].At)
	}
	if len(adverts) == 0 || longest > i.Down() {
		t.Errorf("%d adverts with a gap of %v, want none above %v", len(adverts), longest, i.Down())
	}
}
