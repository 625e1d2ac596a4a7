package host

import (
	"sync"
	"sync/atomic"
	"time"
)

// SetPaceGroups says which links share the gaps between announcements (garp_group).
func (h *Host) SetPaceGroups(groups []PaceGroup) { h.paces.set(groups) }

// pace is the gap between announcements that links keep together: those of a garp_group, and a macvlan with the
// link below it, for the switch sees both on one port.
type pace struct {
	group *PaceGroup // whose gaps override those of bindings; nil: none

	mu   sync.Mutex
	next [2]time.Duration // earliest instant of the next announcement, by kind
}

// The kinds of announcement.
const (
	kindARP = iota
	kindNA
)

// gap is the pause behind an announcement of this kind for this order.
func (p *pace) gap(kind int, o *order) time.Duration {
	switch {
	case p.group != nil && kind == kindARP:
		return p.group.GARPGap
	case p.group != nil:
		return p.group.GNAGap
	case kind == kindARP:
		return o.garpGap
	default:
		return o.gnaGap
	}
}

// due is the earliest instant of the next announcement.
func (p *pace) due(kind int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next[kind]
}

// claim takes the turn for one announcement at instant now, and tells whether it could be had.
func (p *pace) claim(kind int, now, gap time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now < p.next[kind] {
		return false
	}
	if gap > 0 {
		p.next[kind] = now + gap
	}
	return true
}

// delay makes gaps begin when the frames have left, which took that long.
func (p *pace) delay(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for kind := range p.next {
		p.next[kind] += took
	}
}

// paces finds the pace of a link. The loop sets the groups, the workers ask.
type paces struct {
	watch  *watcher
	groups atomic.Pointer[map[string]*pace] // by name of link

	mu     sync.Mutex
	byLink map[int]*pace
}

func newPaces(w *watcher) *paces {
	p := &paces{watch: w, byLink: make(map[int]*pace)}
	p.groups.Store(new(map[string]*pace))
	return p
}

func (p *paces) set(groups []PaceGroup) {
	byName := make(map[string]*pace)
	for i := range groups {
		shared := &pace{group: &groups[i]}
		for _, name := range groups[i].Links {
			byName[name] = shared
		}
	}
	p.groups.Store(&byName)
}

// of is the pace of a link.
func (p *paces) of(index int) *pace {
	if l := p.watch.link(index); l != nil {
		base := p.base(l)
		groups := *p.groups.Load()
		for _, l := range []*Link{l, base} {
			if shared := groups[l.Name]; shared != nil {
				return shared
			}
		}
		index = base.Index
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byLink[index] == nil {
		p.byLink[index] = new(pace)
	}
	return p.byLink[index]
}

// base is the link whose port the switch sees.
func (p *paces) base(l *Link) *Link {
	if l.Kind != kindMacvlan {
		return l
	}
	if parent := p.watch.link(l.Parent); parent != nil {
		return parent
	}
	return l
}

// forget drops what is known of a link that is gone.
func (p *paces) forget(index int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byLink, index)
}
