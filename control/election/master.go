package election

import (
	"fmt"
	"time"
)

// master is the role master (RFC 9568 6.4.3). Its deadlines are instants; Never where nothing is planned.
type master struct {
	sent    time.Duration // instant of the last advert
	advert  time.Duration // Adver_Timer
	second  time.Duration // second burst of announcements after the takeover
	refresh time.Duration // periodic announcements
	lower   time.Duration // second burst of announcements after a losing advert

	// From these instants on what is heard is answered again: a losing advert with an advert and with announcements, and
	// a goodbye.
	answers, announces, goodbyes time.Duration
}

// announcesAgain is how long the announcements after a losing advert count at least, whatever garp_lower_prio_delay.
const announcesAgain = time.Second

func newMaster(r *Router, now time.Duration) *master {
	m := &master{sent: now, advert: r.after(now), second: Never, refresh: Never, lower: Never}
	if r.config.AnnounceDelay > 0 {
		m.second = now + r.config.AnnounceDelay
	}
	if r.config.AnnounceRefresh > 0 {
		m.refresh = now + r.config.AnnounceRefresh
	}
	return m
}

func (m *master) name() Role { return Master }

func (m *master) enter(r *Router) {
	r.emit(Acquire{})
	r.emit(Announce{Repeat: r.config.AnnounceRepeat})
}

func (m *master) leave(r *Router) { r.emit(Release{}) }

func (m *master) deadline(*Router) (at time.Duration, why string) {
	at, why = m.advert, "advert"
	if m.second < at {
		at, why = m.second, "announce"
	}
	if m.refresh < at {
		at, why = m.refresh, "announce-refresh"
	}
	if m.lower < at {
		at, why = m.lower, "announce-lower"
	}
	return at, why
}

func (m *master) step(r *Router, now time.Duration, in Input) {
	switch in := in.(type) {
	case Stop:
		r.emit(adverts[0])
		r.become(now, idle{}, Shutdown, "")
	case Failed:
		r.emit(adverts[0])
		r.fail(now, in.Cause)
	case HandOver:
		m.handOver(r, now, in.Detail)
	case Heard:
		m.hear(r, now, in)
	case Tick:
		m.tick(r, now)
	case Reconfigured:
		m.reconfigure(r, now, in.Config)
	case pulled:
		r.become(now, newBackup(r, now), Grouped, in.detail)
	case contested:
		m.announceLower(r, now)
	case Start, Refreshed, Weighed, Cleared, Renumbered, lifted:
	}
}

// handOver resigns in favour of whoever is there.
func (m *master) handOver(r *Router, now time.Duration, detail string) {
	if r.owner() {
		return
	}
	r.emit(adverts[0])
	b := newBackup(r, now)
	b.handed = true
	r.become(now, b, HandedOver, detail)
}

// hear is the part of RFC 9568 6.4.3 about adverts. Whether we preempt is not asked here.
func (m *master) hear(r *Router, now time.Duration, h Heard) {
	if !r.admits(now, h) {
		return
	}
	p := h.Advert.Priority
	switch {
	case p == 0:
		m.outlive(r, now)
	case m.late(r, now):
		m.giveUp(r, now).hear(r, now, h)
	case p > r.priority:
		m.yield(r, now, h, Outranked, fmt.Sprintf("%v has priority %d, we have %d", h.Src, p, r.priority))
	case p == r.priority && r.self.Less(plain(h.Src)):
		m.yield(r, now, h, TieLost, fmt.Sprintf("%v has priority %d too and the higher address", h.Src, p))
	default:
		m.assert(r, now, h)
	}
}

// yield steps down to the sender of a better advert.
func (m *master) yield(r *Router, now time.Duration, h Heard, why Reason, detail string) {
	if r.config.HigherSendAdvert {
		r.emit(adverts[r.priority])
	}
	b := newBackup(r, now)
	r.become(now, b, why, detail)
	b.accept(r, now, h)
}

// assert answers a losing advert. Version 3 does so at once, which turns bridges that learned the other's
// place (RFC 9568 6.4.3); version 2 keeps silent (RFC 3768 6.4.3). The schedule of our adverts stays as it is.
func (m *master) assert(r *Router, now time.Duration, h Heard) {
	if !m.mayAnswer(r, now) {
		return
	}
	if r.config.Version != 2 && !r.config.LowerNoAdvert {
		m.advertise(r, now)
	}
	m.announceLower(r, now)
	r.noteTwoOwners(h)
	r.noteLower(h)
}

// outlive answers the goodbye of another master: without an advert, the backups take over after their skew. Eight in an
// interval are answered, which is more than masters that can leave.
func (m *master) outlive(r *Router, now time.Duration) {
	if now < m.goodbyes {
		return
	}
	m.goodbyes = now + r.config.Interval/8
	m.advertise(r, now)
	m.advert = r.after(now)
}

// mayAnswer reports whether what was heard is answered, and takes it as done. Once in an interval is enough: the next
// advert that is due answers whatever comes until then, and nobody can make us send more than twice as much.
func (m *master) mayAnswer(r *Router, now time.Duration) bool {
	if now < m.answers {
		return false
	}
	m.answers = now + r.config.Interval
	return true
}

// announceLower turns hosts and bridges that a losing master has won over. While it goes on, a burst follows the one
// before by garp_lower_prio_delay.
func (m *master) announceLower(r *Router, now time.Duration) {
	if r.config.LowerRepeat == 0 || now < m.announces {
		return
	}
	m.burst(r, now)
	if r.config.LowerDelay > 0 {
		m.lower = now + r.config.LowerDelay
	}
}

func (m *master) burst(r *Router, now time.Duration) {
	r.emit(Announce{Repeat: r.config.LowerRepeat})
	m.announces = now + max(r.config.LowerDelay, announcesAgain)
}

func (m *master) advertise(r *Router, now time.Duration) {
	r.emit(adverts[r.priority])
	m.sent = now
}

// late reports whether we were silent for so long that a backup has taken over meanwhile. A router that does not
// preempt must not take mastership back by its next advert, if it has been told how long the others wait
// (keepalived: timer_expired_backup).
func (m *master) late(r *Router, now time.Duration) bool {
	c := r.config
	return c.TimerExpired > 0 && !c.Preempt && !r.owner() && now-m.sent >= r.downOf(c.TimerExpired, c.Interval)
}

// giveUp steps down without a word.
func (m *master) giveUp(r *Router, now time.Duration) *backup {
	b := newBackup(r, now)
	r.become(now, b, Late, fmt.Sprintf("no advert was sent for %v, a backup of priority %d waits no longer than %v",
		(now-m.sent).Round(100*time.Microsecond), r.config.TimerExpired, r.downOf(r.config.TimerExpired, r.config.Interval)))
	return b
}

// reconfigure changes what was planned by the old configuration. A new interval or priority is told at once.
func (m *master) reconfigure(r *Router, now time.Duration, c Config) {
	old := r.reconfigure(c)
	if r.config.Interval != old.Interval || r.config.Priority != old.Priority {
		m.advert = now
	}
	if r.config.AnnounceRefresh != old.AnnounceRefresh {
		m.refresh = Never
		if r.config.AnnounceRefresh > 0 {
			m.refresh = now + r.config.AnnounceRefresh
		}
	}
	if r.config.LowerRepeat == 0 {
		m.lower = Never
	}
}

// beat notes that the advert that was due has been sent, and plans the next.
func (m *master) beat(r *Router, now time.Duration) {
	m.sent = now
	if m.advert = r.after(kept(m.advert, now, r.config.Interval)); m.advert <= now {
		m.advert = r.after(now) // brought forward into its phase it has been missed, too
	}
}

// tick does what is due, the advert first.
func (m *master) tick(r *Router, now time.Duration) {
	if m.late(r, now) {
		m.giveUp(r, now)
		return
	}
	if now >= m.advert {
		r.emit(adverts[r.priority])
		m.beat(r, now)
	}
	if now >= m.second {
		r.emit(Announce{Repeat: r.config.AnnounceRepeat})
		m.second = Never
	}
	if now >= m.refresh {
		r.emit(Announce{Repeat: r.config.AnnounceRefreshRepeat})
		m.refresh = kept(m.refresh, now, r.config.AnnounceRefresh) + r.config.AnnounceRefresh
	}
	if now >= m.lower {
		m.burst(r, now)
		m.lower = Never
	}
}
