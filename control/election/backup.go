package election

import (
	"fmt"
	"net/netip"
	"time"
)

// backup is the role backup (RFC 9568 6.4.2). Its deadline is never stored: it follows from when the timer was
// started, the learned interval and the priority in force, so that a new priority shifts it by itself.
type backup struct {
	started  time.Duration // instant the timer runs from
	before   time.Duration // what started was until the kernel last reported a repeat
	resigned bool          // the timer is Skew_Time: the master said goodbye
	waits    int           // how often the time was up, but a sync group had us wait for the others
	interval time.Duration // Active_Adver_Interval
	why      Reason        // of the takeover, should the timer run out
	cause    netip.Addr    // whose goodbye or lower priority that is
	handed   bool          // we were master and handed over

	master    netip.Addr    // last accepted; zero when unknown
	priority  uint8         // the master's
	heard     time.Duration // instant of the master's last advert
	following bool          // repeats of the master's advert are kept back in the kernel
	follow    Effect        // Follow{master}, kept because an interface value costs an allocation

	// hold is the instant from which a master lower than us is left to die (RFC 8347: hold time; keepalived:
	// preempt_delay); Never while none is known. While we follow one it is a deadline.
	hold time.Duration
}

func newBackup(r *Router, now time.Duration) *backup {
	return &backup{started: now, interval: r.config.Interval, why: Silence, hold: Never}
}

func (b *backup) name() Role    { return Backup }
func (b *backup) enter(*Router) {}

func (b *backup) leave(r *Router) { b.unfollow(r) }

func (b *backup) deadline(r *Router) (at time.Duration, why string) {
	at, why = b.runsOut(r)
	if b.following && b.hold < at {
		return b.hold, "preempt"
	}
	return at, why
}

// runsOut is when the takeover is due.
func (b *backup) runsOut(r *Router) (at time.Duration, why string) {
	if b.resigned {
		return b.started + r.skew(b.interval), "skew"
	}
	return b.started + r.down(b.interval), "master-down"
}

func (b *backup) step(r *Router, now time.Duration, in Input) {
	switch in := in.(type) {
	case Stop:
		r.become(now, idle{}, Shutdown, "")
	case Failed:
		r.fail(now, in.Cause)
	case Heard:
		b.hear(r, now, in)
	case Refreshed:
		b.refresh(r, now)
	case Tick:
		b.tick(r, now)
	case Weighed:
		b.review(r, now)
	case Reconfigured:
		b.reconfigure(r, now, in.Config)
	case lifted:
		b.lift(r, now, in)
	case Start, HandOver, Cleared, Renumbered, pulled, contested:
	}
}

// hear is the part of RFC 9568 6.4.2 about adverts. Addresses are not compared: equal priority is accepted from
// anybody. An advert from before the last one that counted is void: that one has undone whatever it did.
func (b *backup) hear(r *Router, now time.Duration, h Heard) {
	if now < b.heard || !r.admits(now, h) {
		return
	}
	p := h.Advert.Priority
	switch {
	case p == 0:
		b.resign(r, now, h.Src)
	case !r.outranks(p):
		b.hold = Never
		b.accept(r, now, h)
	case b.holds(r, now, h):
		b.accept(r, now, h)
	default:
		b.discard(r, now, h)
	}
}

// resign: any master's goodbye starts Skew_Time of the learned interval; nothing is learned from it.
func (b *backup) resign(r *Router, now time.Duration, src netip.Addr) {
	b.started, b.resigned = now, true
	b.why, b.cause = Resigned, src
	b.unfollow(r)
	b.master, b.priority = netip.Addr{}, 0
}

// holds reports whether preempt_delay still protects a master that we outrank; the first advert of one starts it.
func (b *backup) holds(r *Router, now time.Duration, h Heard) bool {
	if b.hold == Never && r.preemptDelay() > 0 {
		b.startHold(r, now, h.Src, h.Advert.Priority)
	}
	return b.hold != Never && now < b.hold
}

func (b *backup) startHold(r *Router, now time.Duration, lower netip.Addr, priority uint8) {
	b.hold = now + r.preemptDelay()
	if r.preemptDelay() > 0 {
		r.note(Held, fmt.Sprintf("%v with priority %d is preempted after %v", lower, priority, r.preemptDelay()))
	}
}

// accept takes the sender for master: its interval is learned and the timer starts anew. The advert was handed
// over because it differs from what the kernel holds to be a repeat, so Follow is said each time.
func (b *backup) accept(r *Router, now time.Duration, h Heard) {
	if b.follow == nil || b.master != h.Src {
		b.follow = Follow{Master: h.Src}
	}
	b.master, b.priority, b.heard = h.Src, h.Advert.Priority, now
	b.started, b.before, b.resigned, b.waits, b.why = now, now, false, 0, Silence
	b.following = true
	r.emit(b.follow)
	r.noteTwoOwners(h)
	b.learn(r, h)
}

// learn takes over the master's interval. Version 2 has nothing to learn: a different interval is refused.
func (b *backup) learn(r *Router, h Heard) {
	interval := h.Advert.Interval
	if r.config.Version == 2 || interval == b.interval {
		return
	}
	b.interval = interval
	if interval != r.config.Interval {
		r.note(Interval, fmt.Sprintf("%v advertises every %v, we are set to %v", h.Src, interval, r.config.Interval))
	}
}

// discard leaves the timer running: the sender is about to be preempted.
func (b *backup) discard(r *Router, now time.Duration, h Heard) {
	if b.master == h.Src {
		b.priority = h.Advert.Priority
		b.forsake(r, now)
	}
	b.why, b.cause = Preempted, h.Src
	r.noteLower(h)
}

// refresh: the kernel saw the followed master repeat itself. Old news and news of somebody no longer followed
// change nothing.
func (b *backup) refresh(r *Router, now time.Duration) {
	if b.renew(r, now) || !b.following || now <= b.heard {
		return
	}
	b.see(r, now)
	b.forsake(r, now)
	b.why, b.cause = Preempted, b.master
}

// renew starts the timer anew for a repeat of the followed master, unless that is no news or no longer counts.
func (b *backup) renew(r *Router, now time.Duration) bool {
	if !b.following || now <= b.heard || b.hold <= now {
		return false
	}
	b.see(r, now)
	b.started, b.why = now, Silence
	return true
}

// see keeps when the followed master was last seen.
func (b *backup) see(r *Router, now time.Duration) {
	b.heard, b.before = now, b.started
	r.twin.refresh(now, b.master, r.down(b.interval))
}

// forsake stops following a master whose advert at instant now no longer counts. The kernel may have kept back
// repeats that still did: the last of them came an interval ago, and before the hold ended. What the kernel has
// reported of this very instant was no repeat.
func (b *backup) forsake(r *Router, now time.Duration) {
	if !b.following {
		return
	}
	if now == b.heard {
		b.started = b.before
	}
	b.started = max(b.started, min(now-b.interval, b.hold))
	b.unfollow(r)
}

func (b *backup) unfollow(r *Router) {
	if b.following {
		b.following = false
		r.emit(followNobody)
	}
}

func (b *backup) tick(r *Router, now time.Duration) {
	at, _ := b.runsOut(r)
	switch {
	case now >= at && r.group != nil:
		b.wait(r, now)
	case now >= at:
		r.takeOver(now, b.why, b.tell(r, now))
	case b.following && now >= b.hold:
		b.unfollow(r)
		b.why, b.cause = Preempted, b.master
	}
}

// wait starts the timer anew: the router is ready for when all other members of the sync group are. The master's next
// advert ends that, so it must be handed over.
func (b *backup) wait(r *Router, now time.Duration) {
	b.waits++
	b.started, b.resigned = now, false
	b.unfollow(r)
}

// lift takes over with the sync group.
func (b *backup) lift(r *Router, now time.Duration, in lifted) {
	if in.detail != "" {
		r.takeOver(now, Grouped, in.detail)
		return
	}
	r.takeOver(now, b.why, b.tell(r, now))
}

// reconfigure changes what this role derives from the configuration: the interval where nobody else's was learned,
// and a hold in progress, which a new preempt_delay starts anew.
func (b *backup) reconfigure(r *Router, now time.Duration, c Config) {
	old := r.reconfigure(c)
	if r.config.Version == 2 || !b.master.IsValid() && !b.resigned {
		b.interval = r.config.Interval
	}
	if r.config.PreemptDelay != old.PreemptDelay {
		b.hold = Never
	}
	if r.deaf() {
		b.unfollow(r)
	}
	b.review(r, now)
}

// review asks whether the followed master stands differently under a new priority in force. Its repeats are in
// the kernel, so what its next advert would have started or ended has to happen here.
func (b *backup) review(r *Router, now time.Duration) {
	switch {
	case !b.following:
	case !r.outranks(b.priority):
		b.hold = Never
	case b.hold == Never:
		b.startHold(r, now, b.master, b.priority)
	}
}

// tell says what led to a takeover at instant now.
func (b *backup) tell(r *Router, now time.Duration) string {
	switch {
	case b.why == Ownership:
		return ""
	case b.why == Resigned:
		return fmt.Sprintf("%v resigned", b.cause)
	case b.why == Preempted:
		return fmt.Sprintf("%v has a lower priority than our %d", b.cause, r.priority)
	case !b.master.IsValid() && b.handed:
		return "nobody else took over"
	case !b.master.IsValid():
		return "no master was heard"
	}
	return fmt.Sprintf("%v was last heard %v ago", b.master, (now - b.heard).Round(100*time.Microsecond))
}
