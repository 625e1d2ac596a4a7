// Package election decides who is master. It is pure: a Router is told what happened and when, and answers
// with effects; it holds no timer, socket, logger or lock.
//
// The caller's contract:
//
//  1. Step is called from one goroutine. Its instant says when the thing happened: an advert's is the kernel's
//     receive stamp, everything else happens now. An instant may lag the last one; deadlines follow the one
//     given.
//  2. Effects are carried out in order, before the next Step of the same router; the slice is valid until then.
//     An effect that fails comes back as Failed, and as Cleared once it is worth another try.
//  3. Follow with an address answers a Heard: from here on the kernel keeps repeats of that very advert to
//     itself and only stamps them. Any other advert is handed over. Follow without an address ends this. The
//     stamp is that of the followed master: it starts anew with each Follow.
//  4. What was kept back is told by Refreshed: before a backup is given a Heard or a Tick, the caller asks the
//     kernel when the followed master was last seen, and gives a stamp newer than State.LastHeard as
//     Step(stamp, Refreshed{}), or as Refresh(stamp) first. It may do so at any time.
//  5. When a backup's Deadline has come, the caller asks as above, then hands over every advert that the kernel
//     has passed up, each as Heard, and asks once more. If the deadline is still due after that, and only
//     then, it calls Step(now, Tick{}). So our own lateness never counts as the master's silence. A master is
//     ticked without ado, by Beat(now) first or by Step; a late tick is made up for without a burst, an early one does
//     nothing.
//  6. A router without a source address is kept in fault by the caller: Failed before Start or when the
//     address goes, then Renumbered, then Cleared.
//  7. Noted may come once per advert. The caller counts every one and limits what it logs.
//  8. Members of a sync group are stepped by Group.Step in place of Router.Step. It may move all of them: each Action
//     names the router whose effect it is, and whose Deadline is read anew beside that of the member stepped. What
//     4 and 5 ask for is asked for the member that is stepped; one that waits for the others follows nobody, so
//     nothing is kept back from it. Regroup follows a change of the members.
//  9. Reconfigured is followed by Weighed, at the same instant, where trackers weigh on the router. A master whose
//     interval or base priority has changed wants a Tick at once, so that the others learn both together.
//
// Instants are durations since the epoch of CLOCK_MONOTONIC.
package election

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Config is what a router needs to know to take part in an election.
type Config struct {
	Version      uint8         // 2 or 3: selects the timers (RFC 3768 6.1, RFC 9568 6.1)
	Interop      bool          // version 3 that also speaks version 2 (RFC 9568 8.4.2)
	Priority     uint8         // base priority; 255 owns the addresses
	Interval     time.Duration // our own Advertisement_Interval
	Preempt      bool
	PreemptDelay time.Duration
	Self         netip.Addr // source of our adverts, the tie-breaker
	StartMaster  bool       // keepalived's `state MASTER`: with priority 255 the first deadline is at once
	DownAdverts  int        // intervals of silence before takeover; 0 means 3

	AnnounceRepeat        int           // garp_master_repeat; at least 1
	AnnounceDelay         time.Duration // garp_master_delay: the second burst; 0 for none
	AnnounceRefresh       time.Duration // garp_master_refresh: periodic; 0 for never
	AnnounceRefreshRepeat int           // garp_master_refresh_repeat; at least 1
	LowerRepeat           int           // garp_lower_prio_repeat: burst on hearing a losing advert; 0 for none
	LowerDelay            time.Duration // garp_lower_prio_delay: the second such burst
	LowerNoAdvert         bool          // lower_prio_no_advert: a losing advert is not answered
	HigherSendAdvert      bool          // higher_prio_send_advert: one last advert before stepping down
	OwnerIgnore           bool          // owner_ignore_adverts: with priority 255, other masters are not noticed
	TimerExpired          uint8         // timer_expired_backup: a master late by these peers' master-down gives up; 0: never
}

// Router is one virtual router's election.
type Router struct {
	config   *Config    // never changed: see Share
	priority uint8      // in force
	self     netip.Addr // as plain returns it
	phase    Phase
	causes   []string // of fault, sorted
	twin     twin
	group    *Group  // that has the say; nil for a router by itself
	member   *member // of it
	barred   string  // the one of causes that is another member's; empty for none
	role     role
	since    time.Duration
	why      Reason
	effects  []Effect
	advert   [1]Effect // holds effects where there is but an advert, so that it costs no allocation
}

// role is one of the four roles. Each carries its own deadlines, so that none outlives it, and answers every
// input. Entry and exit work belongs to the role, never to a pair of roles.
type role interface {
	name() Role
	enter(r *Router)
	step(r *Router, now time.Duration, in Input)
	leave(r *Router)
	deadline(r *Router) (at time.Duration, why string)
}

// New returns a router in init.
func New(c Config) *Router {
	r := &Router{config: new(c.completed()), self: plain(c.Self), role: idle{}}
	r.weigh(c.Priority)
	return r
}

// Share has a router that is configured like another one keep no configuration of its own: of thousands most are alike.
func (r *Router) Share(with *Router) {
	if *r.config == *with.config {
		r.config = with.config
	}
}

// completed fills in what was left out.
func (c Config) completed() Config {
	if c.DownAdverts < 1 {
		c.DownAdverts = 3
	}
	c.AnnounceRepeat = max(c.AnnounceRepeat, 1)
	c.AnnounceRefreshRepeat = max(c.AnnounceRefreshRepeat, 1)
	return c
}

// Step tells the router what happened at instant now and returns what to do about it, in order. The slice is
// valid until the next Step. An instant may lag the last one: deadlines follow the one given.
func (r *Router) Step(now time.Duration, in Input) []Effect {
	r.effects = r.advert[:0]
	r.record(in)
	r.role.step(r, now, in)
	return r.effects
}

// record keeps the facts that hold in whatever role.
func (r *Router) record(in Input) {
	switch in := in.(type) {
	case Start:
		r.phase = in.Phase
	case Weighed:
		r.weigh(in.Priority)
	case Renumbered:
		r.self = plain(in.Self)
	case Failed:
		if i, known := slices.BinarySearch(r.causes, in.Cause); !known {
			r.causes = slices.Insert(r.causes, i, in.Cause)
		}
	case Cleared:
		if i, known := slices.BinarySearch(r.causes, in.Cause); known {
			r.causes = slices.Delete(r.causes, i, i+1)
		}
	}
}

// Deadline is the next instant at which the router wants a Tick, and why; Never when it waits for nothing.
func (r *Router) Deadline() (at time.Duration, why string) { return r.role.deadline(r) }

// Role is where the router stands.
func (r *Router) Role() Role { return r.role.name() }

// Refresh is Step with Refreshed, for where nothing follows but a later deadline, which it returns: the rule, and
// without the price of a Step. Where something else may follow it does nothing and reports false.
func (r *Router) Refresh(at time.Duration) (deadline time.Duration, done bool) {
	b, is := r.role.(*backup)
	if !is || !b.renew(r, at) {
		return 0, false
	}
	deadline, _ = b.deadline(r)
	return deadline, true
}

// Beat is Step with Tick, for where nothing follows but a master's advert, of which it returns the priority, and a later
// deadline, which it returns, too: the rule, and without the price of a Step. Where something else may follow it does
// nothing and reports false.
func (r *Router) Beat(now time.Duration) (priority uint8, deadline time.Duration, done bool) {
	m, is := r.role.(*master)
	if !is || r.group != nil || now < m.advert || now >= min(m.second, m.refresh, m.lower) || m.late(r, now) {
		return 0, 0, false
	}
	m.beat(r, now)
	deadline, _ = m.deadline(r)
	return r.priority, deadline, true
}

// Patience is how often a backup expects its master's adverts, and how long it bears silence.
func (r *Router) Patience() (interval, down time.Duration) {
	interval = r.config.Interval
	if b, is := r.role.(*backup); is {
		interval = b.interval
	}
	return interval, r.down(interval)
}

// State is a router's standing, for snapshots.
type State struct {
	Role           Role
	Since          time.Duration // instant of the last change of role
	Priority       uint8         // in force
	Master         netip.Addr    // the last one accepted, or ourselves; zero when unknown
	MasterPriority uint8
	MasterInterval time.Duration // Active_Adver_Interval
	LastHeard      time.Duration // instant of the followed master's last advert
	Skew, Down     time.Duration
	Causes         []string      // of fault, sorted
	Why            Reason        // of the last change
	Due            time.Duration // as Deadline has it
	Timer          string        // likewise: what it is for
	Rival          netip.Addr    // whose goodbye or lower priority has a backup take over; zero: nobody's
	Announce       time.Duration // when a master announces its addresses next; Never when nothing is planned
}

// State reports the router's standing.
func (r *Router) State() State {
	s := State{Role: r.role.name(), Since: r.since, Priority: r.priority, MasterInterval: r.config.Interval,
		Causes: slices.Clone(r.causes), Why: r.why, Announce: Never}
	s.Due, s.Timer = r.role.deadline(r)
	switch role := r.role.(type) {
	case *backup:
		s.Master, s.MasterPriority, s.MasterInterval, s.LastHeard = role.master, role.priority, role.interval, role.heard
		if role.why != Silence {
			s.Rival = role.cause
		}
	case *master:
		s.Master, s.MasterPriority = r.self, r.priority
		s.Announce = min(role.second, role.refresh, role.lower)
	}
	s.Skew, s.Down = r.skew(s.MasterInterval), r.down(s.MasterInterval)
	return s
}

// begin is RFC 9568 6.4.1, on start and on recovery from fault alike. A sync group begins in backup, its owners
// ready from the start.
func (r *Router) begin(now time.Duration, why Reason, detail string) {
	atOnce := r.owner() && r.config.StartMaster
	switch {
	case len(r.causes) > 0:
		r.fail(now, r.causes[0])
	case atOnce && r.group == nil:
		r.takeOver(now, Ownership, "")
	default:
		b := newBackup(r, now)
		if atOnce {
			b.waits, b.why = 1, Ownership
		}
		r.become(now, b, why, detail)
	}
}

// reconfigure puts a configuration in force and returns the old one. Only a new base priority replaces the one in
// force: trackers weigh on the old base as before.
func (r *Router) reconfigure(c Config) (old *Config) {
	old = r.config
	c.Version = old.Version
	r.config = new(c.completed())
	if c.Priority != old.Priority {
		r.weigh(c.Priority)
	}
	return old
}

// fail enters fault.
func (r *Router) fail(now time.Duration, cause string) {
	why := Faulted
	if cause == r.barred {
		why = Grouped
	}
	r.become(now, faulty{}, why, cause)
}

// takeOver becomes master. The advert goes before everything else (RFC 9568 6.4.1, 6.4.2): it is what keeps the
// other backups quiet.
func (r *Router) takeOver(now time.Duration, why Reason, detail string) {
	r.emit(adverts[r.priority])
	r.become(now, newMaster(r, now), why, detail)
}

// become leaves one role for another and reports it.
func (r *Router) become(now time.Duration, to role, why Reason, detail string) {
	was := r.State()
	r.role.leave(r)
	r.role = to
	to.enter(r)
	r.since, r.why = now, why
	r.emit(Changed{From: was.Role, To: to.name(), Why: why, Detail: detail, Was: was})
}

func (r *Router) emit(e Effect) { r.effects = append(r.effects, e) }

func (r *Router) note(why Reason, detail string) { r.emit(Noted{Why: why, Detail: detail}) }

func (r *Router) noteLower(h Heard) {
	if h.Advert.Priority == r.priority {
		r.note(LowerIgnored, fmt.Sprintf("%v advertises priority %d too, from the lower address", h.Src, r.priority))
		return
	}
	r.note(LowerIgnored, fmt.Sprintf("%v advertises priority %d, we have %d", h.Src, h.Advert.Priority, r.priority))
}

// noteTwoOwners speaks up when somebody else claims to own our addresses (RFC 9568 8.3.2).
func (r *Router) noteTwoOwners(h Heard) {
	if r.owner() && h.Advert.Priority == ownerPriority {
		r.note(TwoOwners, fmt.Sprintf("%v advertises priority 255 as well: one of us is misconfigured", h.Src))
	}
}

// admits sorts out the adverts that no role may act on: those under our own source address, which would turn a
// loop into a storm, all of them where an owner wants none, and version 2 copies of what was heard in version 3.
func (r *Router) admits(now time.Duration, h Heard) bool {
	if plain(h.Src) == r.self {
		r.note(Duplicate, "another host sends adverts from our address "+h.Src.String())
		return false
	}
	if r.deaf() {
		r.noteTwoOwners(h)
		return false
	}
	return !r.config.Interop || r.twin.admits(now, h, r.down(h.Advert.Interval))
}

// plain strips what must not take part in a comparison of addresses: the zone of a link-local one, and the
// mapping of IPv4 into IPv6.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
