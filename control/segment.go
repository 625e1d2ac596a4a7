package control

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Who uses which VRID on a segment, be it a router of ours or not. Like a snapshot this is drawn by whoever asks, of
// pieces that the loop hands over.

const sightingsInPiece = 64

// survey is what is known of the segments.
type survey struct {
	now    time.Duration
	wall   time.Time
	spaces map[space]*listened
	heard  []heard // whom no router of ours took
	ours   []ours
	links  map[string]*link // copies
	flags  bool             // the router is that of a command line, not of a file
}

// space is where a VRID means one thing.
type space struct {
	link string
	vlan vrrp.VLAN
	v6   bool
}

// listened is what was heard in a space, and for how long it has been listened to.
type listened struct {
	since time.Duration
	used  [256]bool // VRIDs
	heard []api.Sighting
}

// heard is a copy of a sighting.
type heard struct {
	sightingKey
	sighting
}

// ours is what a router of ours knows of itself and of those who send to it.
type ours struct {
	conf    *config.Router
	space   space
	id      vrrp.ID // zero while it is not bound
	own     netip.Addr
	mac     [6]byte // its adverts come from
	state   election.State
	heard   time.Duration // when its master was last
	sent    uint64
	senders []sender
}

// Segments asks who uses which VRID. It is for other goroutines.
func (d *daemon) Segments(ctx context.Context) (api.Segments, error) {
	s, err := d.survey(ctx)
	if err != nil {
		return api.Segments{}, err
	}
	return s.segments(), nil
}

func (d *daemon) survey(ctx context.Context) (s *survey, err error) {
	s = d.drawSurvey(func(piece func()) bool {
		_, err = ask(ctx, d, func() bool { piece(); return true })
		return err == nil
	})
	return s, err
}

// drawSurvey draws one. Only what is given to turn, which reports whether to go on, is run by the loop.
func (d *daemon) drawSurvey(turn func(piece func()) bool) *survey {
	s := &survey{spaces: make(map[space]*listened), flags: d.o.ConfigPath == ""}
	var routers []*router
	var keys []sightingKey
	ok := turn(func() {
		s.now, s.wall = d.now(), time.Now()
		routers, keys = slices.Clone(d.routers), slices.Collect(maps.Keys(d.sightings))
		s.links = d.listening()
	})
	for ok && len(routers) > 0 {
		n := min(len(routers), routersInPiece)
		ok = turn(func() { s.askRouters(routers[:n]) })
		routers = routers[n:]
	}
	for ok && len(keys) > 0 {
		n := min(len(keys), sightingsInPiece)
		ok = turn(func() { s.askSightings(d.sightings, keys[:n]) })
		keys = keys[n:]
	}
	s.arrange()
	return s
}

// listening is a copy of the links that the filter sits on.
func (d *daemon) listening() map[string]*link {
	out := make(map[string]*link)
	for name, l := range d.links {
		if l.attached.Mode != "" {
			out[name] = &link{name: name, since: l.since, segments: maps.Clone(l.segments)}
		}
	}
	return out
}

func (s *survey) askRouters(routers []*router) {
	for _, r := range routers {
		if r.retired {
			continue // since the survey was begun
		}
		st := r.core.State()
		r.book(&st)
		o := ours{conf: r.conf, space: space{r.iface, r.conf.VLAN, r.conf.V6}, state: st, sent: r.stats.sent,
			senders: slices.Clone(r.senders)}
		if r.bound != nil {
			o.id, o.own, o.mac = r.bound.id(), r.bound.host.Source, cmp.Or(advertMAC(r.conf), r.bound.mac)
		}
		if o.heard = o.state.LastHeard; r.stamp != nil {
			o.heard = max(o.heard, r.stamp.Seen())
		}
		s.ours = append(s.ours, o)
	}
}

func (s *survey) askSightings(all sightings, keys []sightingKey) {
	for _, k := range keys {
		if seen := all[k]; seen != nil && k.id.VRID != 0 {
			s.heard = append(s.heard, heard{k, *seen})
		}
	}
}

// at is the time of day of an instant.
func (s *survey) at(instant time.Duration) time.Time { return s.wall.Add(instant - s.now) }

// in is what was heard in a space, which is made if need be.
func (s *survey) in(at space) *listened {
	l := s.spaces[at]
	if l == nil {
		l = &listened{since: s.now}
		if link := s.links[at.link]; link != nil {
			l.since = link.since
		}
		s.spaces[at] = l
	}
	return l
}

// add puts a sender into its space.
func (s *survey) add(at space, h api.Sighting) {
	l := s.in(at)
	l.used[h.VRID] = true
	l.heard = append(l.heard, h)
}

// arrange sorts everything by space.
func (s *survey) arrange() {
	byID := make(map[vrrp.ID]*ours, len(s.ours))
	for i := range s.ours {
		o := &s.ours[i]
		byID[o.id] = o
		s.add(o.space, s.self(o))
		for j := range o.senders {
			s.add(o.space, s.peer(o, &o.senders[j]))
		}
	}
	for i := range s.heard {
		h := &s.heard[i]
		h.Present = stillThere(s.now, h.sighting.at, h.advert.Interval)
		if o := byID[h.id]; o != nil && h.Router == "" {
			h.Router = o.conf.Name // it came later
		}
		s.add(space{h.link, h.id.VLAN, h.id.V6}, h.Sighting)
	}
	for _, l := range s.links {
		for vlan := range l.segments {
			if s.spaces[space{l.name, vlan, true}] == nil {
				s.in(space{l.name, vlan, false}) // nobody speaks IPv4 there, but it was listened to
			}
		}
	}
}

// self is how others hear a router of ours.
func (s *survey) self(o *ours) api.Sighting {
	c := o.conf
	a := vrrp.Advert{Version: c.Version, Priority: o.state.Priority, Interval: c.Interval, Addrs: listed(c.Addresses), Auth: c.Auth}
	h := sightingOf(o.space.link, vrrp.ID{VLAN: c.VLAN, V6: c.V6, VRID: c.VRID}, o.own, o.mac, &a)
	h.Checksum = vrrp.ChecksumMessage
	if c.V6 || c.Version == 3 && c.SendChecksum == vrrp.Pseudo {
		h.Checksum = vrrp.ChecksumPseudo
	}
	if c.HMAC != nil {
		h.Auth = "hmac"
	}
	if o.id == (vrrp.ID{}) {
		h.Source, h.MAC = "", ""
	}
	h.Self, h.Role, h.Router, h.Samples = true, o.state.Role.String(), c.Name, o.sent
	h.First, h.Last = s.at(o.state.Since), s.at(o.state.Since)
	if o.state.Role == election.Master {
		h.Present, h.Last = true, s.wall
	}
	return h
}

// peer is a sender of valid adverts.
func (s *survey) peer(o *ours, from *sender) api.Sighting {
	dst := o.id.ListensOn()
	a, _ := vrrp.Parse(from.last.Message, from.last.Src, dst)
	h := sightingOf(o.space.link, o.id, from.last.Src, from.last.MAC, &a)
	h.VRID, h.Family = o.conf.VRID, vrrp.ID{V6: o.conf.V6}.Family()
	h.Checksum = vrrp.ChecksumForm(from.last.Message, from.last.Src, dst)
	h.Verdict, h.Samples, h.Router = verdict.Delivered.String(), from.adverts+from.repeats, o.conf.Name
	last := o.lastOf(from)
	h.First, h.Last = s.at(from.first), s.at(last)
	h.Present = a.Priority != 0 && stillThere(s.now, last, a.Interval)
	return h
}

// lastOf is when a sender was last heard, repeats of a followed master included.
func (o *ours) lastOf(from *sender) time.Duration {
	if o.follows(from) {
		return max(o.heard, from.last.At)
	}
	return from.heard()
}

// follows reports whether a sender is the master whom the router follows.
func (o *ours) follows(from *sender) bool {
	return o.state.Role == election.Backup && o.state.Master == from.last.Src
}

func (s *survey) segments() api.Segments {
	out := api.Segments{Schema: api.SegmentsSchema, Now: s.wall, Segments: []api.Segment{}}
	for at, l := range s.spaces {
		if at.link == "" {
			continue // a unicast router whose link is not known yet
		}
		seg := api.Segment{Interface: at.link, Family: vrrp.ID{V6: at.v6}.Family(), Listening: (s.now - l.since).Seconds(),
			Heard: append([]api.Sighting{}, l.heard...), Free: l.free()}
		if at.vlan != 0 {
			seg.VLAN = at.vlan.String()
		}
		slices.SortFunc(seg.Heard, func(a, b api.Sighting) int {
			return cmp.Or(cmp.Compare(a.VRID, b.VRID), cmp.Compare(b.Router, a.Router), cmp.Compare(a.Source, b.Source),
				cmp.Compare(a.Verdict, b.Verdict))
		})
		out.Segments = append(out.Segments, seg)
	}
	slices.SortFunc(out.Segments, func(a, b api.Segment) int {
		return cmp.Or(cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.VLAN, b.VLAN), cmp.Compare(a.Family, b.Family))
	})
	return out
}

// free are the VRIDs that nobody uses.
func (l *listened) free() []int {
	out := []int{}
	for vrid := 1; vrid <= 255; vrid++ {
		if !l.used[vrid] {
			out = append(out, vrid)
		}
	}
	return out
}

// freeAfter is the free VRID that follows one, as on a ring; 0 if there is none.
func (l *listened) freeAfter(vrid uint8) int {
	for n := 1; n < 255; n++ {
		if next := (int(vrid)+n-1)%255 + 1; !l.used[next] {
			return next
		}
	}
	return 0
}
