package election

import (
	"fmt"
	"time"
)

// master is the role master (RFC 9568 6.4.3). Its deadlines are instants; Never where nothing is planned.
type master struct {
	advert  time.Duration // Adver_Timer
	second  time.Duration // second burst of announcements after the takeover
	refresh time.Duration // periodic announcements
	lower   time.Duration // second burst of announcements after a losing advert
}

func newMaster(r *Router, now time.Duration) *master {
	m := &master{advert: now + r.config.Interval, second: Never, refresh: Never, lower: Never}
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
		r.become(now, faulty{}, Faulted, in.Cause)
	case Heard:
		m.hear(r, now, in)
	case Tick:
		m.tick(r, now)
	case Start, Refreshed, Weighed, Cleared, Renumbered:
	}
}

// hear is the part of RFC 9568 6.4.3 about adverts. Whether we preempt is not asked here.
func (m *master) hear(r *Router, now time.Duration, h Heard) {
	if !r.admits(now, h) {
		return
	}
	p := h.Advert.Priority
	switch {
	case p == 0:
		r.emit(adverts[r.priority])
		m.advert = now + r.config.Interval
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
	if r.config.Version != 2 && !r.config.LowerNoAdvert {
		r.emit(adverts[r.priority])
	}
	if r.config.LowerRepeat > 0 {
		r.emit(Announce{Repeat: r.config.LowerRepeat})
		if r.config.LowerDelay > 0 {
			m.lower = min(m.lower, now+r.config.LowerDelay)
		}
	}
	r.noteTwoOwners(h)
	r.noteLower(h)
}

// tick does what is due, the advert first.
func (m *master) tick(r *Router, now time.Duration) {
	if now >= m.advert {
		r.emit(adverts[r.priority])
		m.advert = again(m.advert, now, r.config.Interval)
	}
	if now >= m.second {
		r.emit(Announce{Repeat: r.config.AnnounceRepeat})
		m.second = Never
	}
	if now >= m.refresh {
		r.emit(Announce{Repeat: r.config.AnnounceRefreshRepeat})
		m.refresh = again(m.refresh, now, r.config.AnnounceRefresh)
	}
	if now >= m.lower {
		r.emit(Announce{Repeat: r.config.LowerRepeat})
		m.lower = Never
	}
}
