package control

import (
	"context"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/story"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// Stories tells why a router changed its role. The loop hands over what it has recorded; the words are found by who
// asks. It is for other goroutines.
func (d *daemon) Stories(ctx context.Context, name string) (api.Stories, error) {
	var tales []tale
	out, err := askOf(ctx, d, name, func(r *router) api.Stories {
		st := r.core.State()
		if r.flight != nil {
			for _, t := range r.flight.tales {
				tales = append(tales, *t) // what a tale refers to does not change any more
			}
		}
		if len(tales) == 0 && r.hasBegun(&st) {
			tales = append(tales, tale{Facts: d.beginning(r, &st)})
		}
		return api.Stories{Schema: api.StorySchema, Router: name, Role: st.Role.String(), Since: d.wall(st.Since),
			Why: string(st.Why), Now: time.Now(), Stories: []api.Story{}}
	})
	for i := range tales {
		out.Stories = append(out.Stories, tales[i].api())
	}
	return out, err
}

// hasBegun reports whether the last change of role was one that isPlain needed no record of.
func (r *router) hasBegun(st *election.State) bool {
	switch st.Why {
	case election.Startup, election.Ownership:
		return true
	case election.Silence:
		return r.last == nil
	}
	return false
}

// beginning is what is known of such a change.
func (d *daemon) beginning(r *router, st *election.State) story.Facts {
	was := election.State{Due: election.Never}
	if st.Role == election.Master && st.Why == election.Silence {
		was = election.State{Role: election.Backup, Since: st.Since - st.Down, MasterInterval: st.MasterInterval, Skew: st.Skew,
			Down: st.Down, Due: st.Since, Timer: "master-down"}
	}
	return story.Facts{Router: r.conf.Name, Version: r.conf.Version, Epoch: time.Now().Add(-d.now()), At: st.Since,
		Served: st.Since, Priority: st.Priority, Changed: election.Changed{From: was.Role, To: st.Role, Why: st.Why, Was: was}}
}

func (t *tale) api() api.Story {
	told := t.Tell()
	c, n := &t.Changed, &told.Numbers
	out := api.Story{Event: t.seq, Time: t.wall(t.At), From: c.From.String(), To: c.To.String(), Cause: string(told.Cause),
		Why: string(c.Why), Summary: told.Summary, Rule: told.Rule, Lines: []api.StoryLine{}, Adverts: []api.RawAdvert{},
		Numbers: api.StoryNumbers{Silence: n.Silence.Seconds(), Interval: n.Interval.Seconds(), Down: n.Down.Seconds(),
			Skew: n.Skew.Seconds(), Missing: n.Missing, Gap: n.Gap.Seconds(), Margin: n.Margin.Seconds(),
			Late: n.Late.Seconds(), Paused: n.Paused.Seconds()}}
	for _, l := range told.Lines {
		out.Lines = append(out.Lines, api.StoryLine{Time: t.wall(l.At), Text: l.Text})
	}
	for i := range t.Adverts {
		out.Adverts = append(out.Adverts, t.advert(&t.Adverts[i]))
	}
	return out
}

// wall is the time of day of an instant, as the clock was set at the change.
func (t *tale) wall(at time.Duration) time.Time { return t.Epoch.Add(at) }

func (t *tale) advert(a *story.Advert) api.RawAdvert {
	adv, _ := vrrp.Parse(a.Message, a.Src, a.Dst)
	out := api.RawAdvert{Time: t.wall(a.At), Stamp: int64(a.At), Source: a.Src, Destination: a.Dst, MAC: mac(a.MAC), TTL: a.TTL, Version: adv.Version,
		Priority: adv.Priority, Interval: adv.Interval.Seconds(), Addresses: adv.Addrs, Message: a.Message}
	if a.VLAN != 0 {
		out.VLAN = a.VLAN.String()
	}
	return out
}
