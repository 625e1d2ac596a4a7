package control

import (
	"time"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/host"
)

// damper holds back news of one link going up or down (interface_up_down_delays): a change counts once it has
// lasted.
type damper struct {
	down, up time.Duration
	shown    bool          // what counts: up
	due      time.Duration // when the present state counts; Never while it is the one shown
}

// newDampers starts with the links as they are.
func newDampers(delays []config.LinkDelay, links map[string]*host.Link) map[string]*damper {
	out := make(map[string]*damper, len(delays))
	for _, c := range delays {
		l := links[c.Interface]
		out[c.Interface] = &damper{down: c.Down, up: c.Up, shown: l != nil && l.Up, due: election.Never}
	}
	return out
}

// see takes note of a link's state at an instant, and tells which one counts.
func (m *damper) see(up bool, now time.Duration) bool {
	wait := m.down
	if up {
		wait = m.up
	}
	switch {
	case up == m.shown:
		m.due = election.Never
	case m.due == election.Never:
		m.due = now + wait
	}
	if m.due <= now {
		m.shown, m.due = up, election.Never
	}
	return m.shown
}

// dampen shows the links with delays as they count.
func (d *daemon) dampen(links map[string]*host.Link) {
	for name, m := range d.dampers {
		l := links[name]
		if l == nil {
			m.shown, m.due = false, election.Never // to be gone is not to be down: it counts at once
			continue
		}
		if shown := m.see(l.Up, d.now()); shown != l.Up {
			as := *l
			as.Up = shown
			links[name] = &as
		}
	}
}

// nextDamped is when a delayed change of a link counts.
func (d *daemon) nextDamped() time.Duration {
	at := election.Never
	for _, m := range d.dampers {
		at = min(at, m.due)
	}
	return at
}
