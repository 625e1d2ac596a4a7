package host

import (
	"net/netip"
	"sync"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// desk is where mail for the crew comes in. Leaving mail never waits for the crew.
type desk struct {
	latch latch

	mu     sync.Mutex // guards all boxes
	mailed []job      // with mail that was not read yet, by age
}

// sort returns the jobs with mail and forgets them.
func (d *desk) sort() []job {
	d.mu.Lock()
	defer d.mu.Unlock()
	mailed := d.mailed
	d.mailed = nil
	return mailed
}

// box is a job's place on the desk.
type box[T any] struct {
	desk  *desk
	owner job
	mail  T
	full  bool // the owner is among those with mail
}

// put runs f on the contents, then wakes the crew.
func (b *box[T]) put(f func(mail *T)) {
	b.desk.mu.Lock()
	f(&b.mail)
	if !b.full {
		b.full = true
		b.desk.mailed = append(b.desk.mailed, b.owner)
	}
	b.desk.mu.Unlock()
	b.desk.latch.open()
}

// take empties the box.
func (b *box[T]) take() T {
	b.desk.mu.Lock()
	defer b.desk.mu.Unlock()
	var empty T
	mail := b.mail
	b.mail, b.full = empty, false
	return mail
}

// latest keeps the newest word per router, in the order of their first mention, so that it holds no more than there
// are routers.
type latest[T any] struct {
	byID map[vrrp.ID]*T
	list []*T
}

// put keeps v, after renew had a look at what it replaces.
func (l *latest[T]) put(id vrrp.ID, v T, renew func(next, waiting *T)) {
	if waiting, ok := l.byID[id]; ok {
		renew(&v, waiting)
		*waiting = v
		return
	}
	if l.byID == nil {
		l.byID = make(map[vrrp.ID]*T)
	}
	l.byID[id] = &v
	l.list = append(l.list, &v)
}

// order is what the loop wants of a router on one link. It is complete in itself: the latest counts.
type order struct {
	id              vrrp.ID
	name            string
	source          netip.Addr // of the router's adverts: never taken off the host
	addrs           []Address  // on this link, in the order they are added
	garpGap, gnaGap time.Duration
	extra           time.Duration // pause between announcements of its own accord; 0: none
	promote         bool          // promote_secondaries is set while the addresses are held
	held            bool          // the addresses are to be on the link
	asked           time.Duration // instant of the Acquire if it is one, for the tally; a tenant's until it is announced
	rounds          int           // of announcements, once they are
	receipt         uint64        // to be named to the routing worker when the addresses are there; 0: not wanted
}

// mail is what came in for a link's worker since it last looked.
type mail struct {
	orders latest[order]
	lost   []addrKey
	audit  bool // deletions may have gone unseen
	sweep  bool // remove what a killed daemon left
	review bool // the link came up or has another MAC: announce again
	leave  bool // the link is gone
}

// mailbox takes orders and news for a link's worker. What is lost is bounded by the addresses.
type mailbox struct{ box[mail] }

// order puts an order in. Announcements still waiting survive a newer order, unless it is a release.
func (b *mailbox) order(o order) {
	b.put(func(m *mail) {
		m.orders.put(o.id, o, func(next, waiting *order) {
			if next.held {
				next.rounds, next.asked = max(next.rounds, waiting.rounds), max(next.asked, waiting.asked)
			}
		})
	})
}

func (b *mailbox) lost(k addrKey) { b.put(func(m *mail) { m.lost = append(m.lost, k) }) }
func (b *mailbox) audit()         { b.put(func(m *mail) { m.audit = true }) }
func (b *mailbox) sweep()         { b.put(func(m *mail) { m.sweep = true }) }
func (b *mailbox) review()        { b.put(func(m *mail) { m.review = true }) }
func (b *mailbox) leave()         { b.put(func(m *mail) { m.leave = true }) }
