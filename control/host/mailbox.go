package host

import (
	"net/netip"
	"sync"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// bell wakes the owner of a mailbox and guards what is in it. Putting mail in never waits for the owner.
type bell struct {
	kick chan struct{} // size 1: something is in the box
	mu   sync.Mutex
}

func newBell() bell { return bell{kick: make(chan struct{}, 1)} }

// put runs f on the contents, then wakes the owner.
func (b *bell) put(f func()) {
	b.mu.Lock()
	f()
	b.mu.Unlock()
	select {
	case b.kick <- struct{}{}:
	default:
	}
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
}

// mailbox takes orders and news for a link's worker. What is lost is bounded by the addresses.
type mailbox struct {
	bell
	mail mail
}

func newMailbox() *mailbox { return &mailbox{bell: newBell()} }

// order puts an order in. Announcements still waiting survive a newer order, unless it is a release.
func (b *mailbox) order(o order) {
	b.put(func() {
		b.mail.orders.put(o.id, o, func(next, waiting *order) {
			if next.held {
				next.rounds = max(next.rounds, waiting.rounds)
			}
		})
	})
}

func (b *mailbox) lost(k addrKey) { b.put(func() { b.mail.lost = append(b.mail.lost, k) }) }
func (b *mailbox) audit()         { b.put(func() { b.mail.audit = true }) }
func (b *mailbox) sweep()         { b.put(func() { b.mail.sweep = true }) }
func (b *mailbox) review()        { b.put(func() { b.mail.review = true }) }

// take empties the box.
func (b *mailbox) take() mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.mail
	b.mail = mail{}
	return m
}
