package steady

import (
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// atRunTime adds a router to the thousand and removes it again, some times: the others send every advert on time. How
// much later than the protocol has it the new one speaks is told and judged by nothing.
func (f *fleet) atRunTime(t *testing.T) {
	mark := f.lastEvent()
	i := fleetRouter(3, 253)
	others := f.voices()
	client := api.NewClient(f.m.Path("run"))
	edit := func(e api.Edit) {
		t.Helper()
		e.Label = "request"
		if plan, err := client.Edit(t.Context(), e); err != nil || !plan.Applied {
			t.Fatalf("%s: %+v, %v", e.Verb, plan, err)
		}
	}
	var late, after []time.Duration
	for range 3 {
		began := lab.Now()
		p := f.phase("router add", others, func() {
			edit(api.Edit{Verb: api.AddRouters, Text: i.Text()})
			bed.Until(t, "an advert of the new router", bed.Patience, func() bool { return f.spoke(f.voice(i), began) > 0 })
		})
		late = append(late, f.keepTime(t, p, others))
		after = append(after, f.spoke(f.voice(i), began)-began-i.Down())
		p = f.phase("router remove", others, func() {
			edit(api.Edit{Verb: api.RemoveRouters, Names: []string{i.Name}})
			f.awaitAddr(3, i.VIPs[0], false)
		})
		late = append(late, f.keepTime(t, p, others))
		if last := f.last(f.voice(i)); last.Priority != 0 {
			t.Errorf("the last advert of the router that went is %s, want priority 0", last)
		}
	}
	slices.Sort(late)
	slices.Sort(after)
	t.Logf("the new router spoke %s later than the protocol has it, at most %s", after[len(after)/2], after[len(after)-1])
	if typical := late[len(late)/2]; typical > f.usual+hurry/4 {
		t.Errorf("verbs make adverts late by %s, want little more than the %s before", typical, f.usual)
	}
	f.steady(t, mark, i.Name)
}

// spoke is when a router spoke first since an instant, 0 if it has not.
func (s *scene) spoke(v voice, since time.Duration) time.Duration {
	for _, a := range s.EarOn(v.segment).All() {
		if a.VRID == v.vrid && a.At > since {
			return a.At
		}
	}
	return 0
}
