package control

import (
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/story"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// mostSenders bounds what a router remembers; who was not heard for longest goes first.
const mostSenders = 8

// sender is a host that sends valid adverts to a router of ours.
type sender struct {
	last       *story.Advert // the newest that was handed over
	first, run time.Duration // when it was first heard, and since when without a long pause
	adverts    uint64        // handed over
	repeats    uint64        // kept back by the filter while it was the followed master
	from       uint64        // the router's number of repeats up to which that is so
	repeated   time.Duration // when the last of those came
	broke      bool          // its first advert outranked a living master
}

// is reports whether it has sent an advert.
func (s *sender) is(a *story.Advert) bool { return s.last.Src == a.Src && s.last.MAC == a.MAC }

// pause is how long a sender may be silent before it counts as having stopped.
func pause(interval time.Duration) time.Duration { return 4 * max(interval, 10*time.Millisecond) }

// meet remembers who sent a valid advert. The election has not heard of it yet.
func (r *router) meet(a *story.Advert, adv *vrrp.Advert) {
	st := r.core.State()
	r.book(&st)
	i := slices.IndexFunc(r.senders, func(s sender) bool { return s.is(a) })
	if i < 0 {
		if len(r.senders) == mostSenders {
			oldest := slices.MinFunc(r.senders, func(a, b sender) int { return int(a.last.At - b.last.At) })
			r.senders = slices.DeleteFunc(r.senders, func(s sender) bool { return s.last == oldest.last })
		}
		i = len(r.senders)
		r.senders = append(r.senders, sender{first: a.At, run: a.At, broke: r.breaksIn(a, adv)})
	}
	s := &r.senders[i]
	if s.adverts > 0 && a.At-s.last.At > pause(adv.Interval) {
		s.run = a.At
	}
	s.last, s.from = a, r.repeats()
	s.adverts++
}

// book credits what the filter has kept back to whom the router followed in a state. It is done before the filter follows
// somebody else.
func (r *router) book(st *election.State) {
	s := r.followed(st)
	if s == nil || r.stamp == nil {
		return
	}
	repeats := r.stamp.Repeats()
	s.repeats += since(s.from, repeats)
	s.from = repeats
	s.repeated = max(s.repeated, r.stamp.Seen())
}

// heard is when it was last heard, as far as its repeats are booked.
func (s *sender) heard() time.Duration { return max(s.last.At, s.repeated) }

// followed is the sender whose repeats the filter keeps back in a state, nil if there is none.
func (r *router) followed(st *election.State) (found *sender) {
	if st.Role != election.Backup {
		return nil
	}
	for i := range r.senders {
		if s := &r.senders[i]; s.last.Src == st.Master && (found == nil || s.last.At > found.last.At) {
			found = s
		}
	}
	return found
}

// breaksIn reports whether an advert outranks a master that lives: this router, or the one it follows.
func (r *router) breaksIn(a *story.Advert, adv *vrrp.Advert) bool {
	st := r.core.State()
	switch st.Role {
	case election.Master:
		return adv.Priority > st.Priority || adv.Priority == st.Priority && a.Src.Compare(st.Master) > 0
	case election.Backup:
		lives := st.Master.IsValid() && a.At-st.LastHeard < st.MasterInterval*3/2
		return lives && st.Master != a.Src && adv.Priority >= st.MasterPriority
	}
	return false
}

// repeats is how many adverts the kernel kept back of the masters that the router followed.
func (r *router) repeats() uint64 {
	if r.stamp == nil {
		return 0
	}
	return r.stamp.Repeats()
}

// since is how many repeats there were from one count to another, which starts anew when a router is bound anew.
func since(from, to uint64) uint64 {
	if to < from {
		return to
	}
	return to - from
}
