package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// How many routers there are, and on how many cards: an address family has 255 of them on each.
const (
	manyCards   = 4
	manyPerCard = 250
	many        = manyCards * manyPerCard
	manyEvery   = time.Second
)

// TestReloadOfMany reloads a daemon with a thousand masters of which one changes: the others send every advert on
// time, as they do without a reload, and none changes its role. It is done under a second.
func TestReloadOfMany(t *testing.T) {
	s := newSite(t, "reload")
	segments := []string{lab.Segment, "lan1", "lan2", "lan3"}
	m := s.Add("m", segments...)
	priority := 100
	conf := m.File("xvrrp.conf", manyRouters(priority))
	m.Spawn("--config", conf, "--attach", "xdp")
	bed.Until(t, "a thousand masters", bed.Patience, func() bool { return masters(m) == many })

	anybody := func(bed.Advert) bool { return true }
	quiet := worstGap(s, segments, anybody, func() { time.Sleep(4 * manyEvery) })
	var fastest time.Duration
	busy := worstGap(s, segments, anybody, func() {
		for range 3 {
			priority++
			if err := os.WriteFile(conf, []byte(manyRouters(priority)), 0o600); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			reload(t, m)
			if took := time.Since(began); fastest == 0 || took < fastest {
				fastest = took
			}
			time.Sleep(manyEvery)
		}
	})
	t.Logf("longest time between two adverts: %s, with reloads %s; a reload took %s", quiet, busy, fastest)
	if limit := max(quiet, manyEvery) + manyEvery/4; busy > limit {
		t.Errorf("an advert came %s after the one before, want %s at most", busy, limit)
	}
	if fastest > time.Second {
		t.Errorf("the fastest of three reloads took %s, want less than a second", fastest)
	}
	for i, r := range m.Snapshot().Routers {
		want := uint8(100)
		if i == 0 {
			want = uint8(priority)
		}
		if r.Role != "master" || r.Stats.BecameMaster != 1 || r.Stats.LeftMaster != 0 || r.Priority != want {
			t.Fatalf("%s is %s with priority %d, became master %d times, left %d times; want a master with %d throughout",
				r.Name, r.Role, r.Priority, r.Stats.BecameMaster, r.Stats.LeftMaster, want)
		}
	}
}

// manyRouters is a configuration of a thousand routers. The first one has a priority of its own.
func manyRouters(first int) string {
	var b strings.Builder
	for n := range many {
		card, vrid := n/manyPerCard, n%manyPerCard+1
		priority := 100
		if n == 0 {
			priority = first
		}
		fmt.Fprintf(&b, "vrrp_instance VI_%d {\n interface %s\n virtual_router_id %d\n version 3\n priority %d\n advert_int %g\n"+
			" garp_master_repeat 1\n garp_master_delay 0\n virtual_ipaddress {\n 10.1.%d.%d/32\n }\n}\n",
			n, bed.Card(card), vrid, priority, manyEvery.Seconds(), card, vrid)
	}
	return b.String()
}

func masters(m *bed.Machine) (n int) {
	out, err := m.Ask("status", "-o", "json")
	var s api.Snapshot
	if err != nil || json.Unmarshal(out, &s) != nil {
		return 0 // it is still starting
	}
	for _, r := range s.Routers {
		if r.Role == "master" {
			n++
		}
	}
	return n
}

// reload has the daemon reload and demands that the first router alone is told to change.
func reload(t *testing.T, m *bed.Machine) {
	t.Helper()
	out, err := m.Ask("reload", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var plan api.Plan
	if err := json.Unmarshal(out, &plan); err != nil {
		t.Fatal(err)
	}
	if len(plan.Changes) != 1 || plan.Changes[0].Router != "VI_0" {
		t.Fatalf("the plan is %+v, want VI_0 alone to change", plan.Changes)
	}
}

// worstGap is the longest time between two adverts of one router while something is done, of those that are wanted.
func worstGap(s *bed.Site, segments []string, wanted func(bed.Advert) bool, do func()) (worst time.Duration) {
	s.T.Helper()
	marks := make(map[string]int)
	for _, segment := range segments {
		marks[segment] = s.EarOn(segment).Mark()
	}
	do()
	for _, segment := range segments {
		last := make(map[uint8]time.Duration)
		for _, a := range s.EarOn(segment).Since(marks[segment]) {
			if !wanted(a) {
				continue
			}
			if before, heard := last[a.VRID]; heard {
				worst = max(worst, a.At-before)
			}
			last[a.VRID] = a.At
		}
		if len(last) == 0 {
			s.T.Fatalf("nothing was heard on %s", segment)
		}
		for _, at := range last {
			worst = max(worst, lab.Now()-at)
		}
	}
	return worst
}
