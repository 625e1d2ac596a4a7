package control

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// One router in full, for those who ask for it.

// Detail asks the loop for everything about a router. It is for other goroutines.
func (d *daemon) Detail(ctx context.Context, name string) (api.Detail, error) {
	return askOf(ctx, d, name, d.detail)
}

// askOf has question run by the loop on the router of a name.
func askOf[T any](ctx context.Context, d *daemon, name string, question func(*router) T) (answer T, err error) {
	unknown, err := ask(ctx, d, func() error {
		r, err := d.called(name)
		if err == nil {
			answer = question(r)
		}
		return err
	})
	return answer, cmp.Or(err, unknown)
}

func (d *daemon) detail(r *router) api.Detail {
	if r.core.Role() == election.Backup {
		d.refresh(r) // so that its deadline is the one that counts
	}
	st := r.core.State()
	out := api.Detail{Schema: api.DetailSchema, Now: time.Now(), Scheduling: d.scheduling,
		Router: d.routerSnapshot(r, d.countsOf(r)), PeersHeard: d.peersHeard(r, &st), Influences: d.influences(r)}
	r.addVIPs(&out.Router, present(d.host.Links()))
	if l := d.links[r.iface]; l != nil {
		out.Link = l.snapshot()
	}
	if r.group != nil {
		g := r.group.snapshot(d)
		out.Group = &g
	}
	if st.Due != election.Never {
		out.Deadline = &api.Deadline{Time: d.wall(st.Due), In: (st.Due - d.now()).Seconds(), Timer: st.Timer}
	}
	if st.Announce != election.Never {
		next := d.wall(st.Announce)
		out.Announcements.Next = &next
	}
	if r.rounds > 0 {
		last := d.wall(r.announced)
		out.Announcements.Rounds, out.Announcements.Last = r.rounds, &last
	}
	return out
}

// influences tell what each tracker does to a router's priority.
func (d *daemon) influences(r *router) []api.Influence {
	out := []api.Influence{}
	for _, t := range r.tracks() {
		w := d.tracked[trackKey(t.Kind, t.Name)]
		i := api.Influence{Track: api.Track{Kind: t.Kind.String(), Name: t.Name, Weight: t.Weight, Reverse: t.Reverse, State: w.standing()}}
		if w.known {
			i.Detail = w.last.Detail
			i.Points, i.Fault = w.tracked(t).Points()
		}
		if r.conf.Priority == 255 {
			i.Points = 0 // an owner's priority stands
		}
		out = append(out, i)
	}
	return out
}

// tracked is what a tracker says, as the election weighs it.
func (w *tracked) tracked(t config.Track) election.Tracked {
	return election.Tracked{Cause: w.cause(), Weight: t.Weight, Reverse: t.Reverse, Up: w.last.Up,
		File: t.Kind == config.TrackFile, Value: w.last.Value}
}

// peersHeard are those whose valid adverts reached the election.
func (d *daemon) peersHeard(r *router, st *election.State) []api.Peer {
	out, total := make([]api.Peer, 0, len(r.senders)), uint64(0)
	for i := range r.senders {
		p := d.peer(r, &r.senders[i], st)
		total += p.Adverts
		out = append(out, p)
	}
	for i := range out {
		out[i].Share = float64(out[i].Adverts) / float64(total)
	}
	slices.SortStableFunc(out, func(a, b api.Peer) int { return cmp.Compare(a.Address, b.Address) })
	return out
}

func (d *daemon) peer(r *router, s *sender, st *election.State) api.Peer {
	a := s.last
	adv, _ := vrrp.Parse(a.Message, a.Src, a.Dst)
	out := api.Peer{Address: a.Src.String(), MAC: mac(a.MAC), First: d.wall(s.first), Last: d.wall(s.heard()), Adverts: s.adverts + s.repeats,
		Version: adv.Version, Priority: adv.Priority, Interval: adv.Interval.Seconds(), Addresses: adv.Addrs,
		Checksum: vrrp.ChecksumForm(a.Message, a.Src, a.Dst), Auth: adv.AuthKind()}
	if s == r.followed(st) {
		heard := st.LastHeard
		if r.stamp != nil {
			heard = max(heard, r.stamp.Seen())
		}
		margin := (heard + st.Down - d.now()).Seconds()
		out.Adverts += since(s.from, r.repeats())
		out.Followed, out.Last, out.Margin = true, d.wall(heard), &margin
	}
	return out
}
