package host

import (
	"net/netip"
	"sync"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// order is what the loop wants of a router on one link. It is complete in itself: the latest counts.
type order struct {
	id              vrrp.ID
	name            string
	source          netip.Addr // of the router's adverts: never taken off the host
	addrs           []Address  // on this link, in the order they are added
	garpGap, gnaGap time.Duration
	held            bool // the addresses are to be on the link
	rounds          int  // of announcements, once they are
}

// mail is what came in since the worker last looked.
type mail struct {
	orders []*order // one per router, in the order of their first mention
	lost   []addrKey
	audit  bool // deletions may have gone unseen
	sweep  bool // remove what a killed daemon left
}

// mailbox takes orders from the loop and news from the watcher without making them wait. Since orders of one
// router replace each other, it holds no more than there are routers; what is lost is bounded by the addresses.
type mailbox struct {
	kick chan struct{} // size 1: something is in the box

	mu   sync.Mutex
	byID map[vrrp.ID]*order
	mail mail
}

func newMailbox() *mailbox {
	return &mailbox{kick: make(chan struct{}, 1), byID: make(map[vrrp.ID]*order)}
}

// order puts an order in. Announcements still waiting survive a newer order, unless it is a release.
func (b *mailbox) order(o order) {
	b.put(func() {
		waiting, ok := b.byID[o.id]
		if !ok {
			b.byID[o.id] = &o
			b.mail.orders = append(b.mail.orders, &o)
			return
		}
		if o.held {
			o.rounds = max(o.rounds, waiting.rounds)
		}
		*waiting = o
	})
}

func (b *mailbox) lost(k addrKey) { b.put(func() { b.mail.lost = append(b.mail.lost, k) }) }
func (b *mailbox) audit()         { b.put(func() { b.mail.audit = true }) }
func (b *mailbox) sweep()         { b.put(func() { b.mail.sweep = true }) }

func (b *mailbox) put(f func()) {
	b.mu.Lock()
	f()
	b.mu.Unlock()
	select {
	case b.kick <- struct{}{}:
	default:
	}
}

// take empties the box.
func (b *mailbox) take() mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.mail
	b.mail = mail{}
	clear(b.byID)
	return m
}
