package host

import (
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// wish is what the loop wants of a router, on all links. It is complete in itself: the latest counts.
type wish struct {
	binding *Binding // not changed once it is here
	bound   bool     // false: the router is to be forgotten
	held    bool
	asked   time.Duration // instant of the Acquire if it is one, for the tally
	rounds  int           // of announcements
}

// settlement is a link's worker saying that an order is carried out, as far as the kernel lets it.
type settlement struct {
	id      vrrp.ID
	link    int
	receipt uint64 // of the order
	lacking []lack // static addresses that could not be added
}

// lack is something static that should be there and is not.
type lack struct {
	what string
	why  error
}

// tablesMail is what came in for the routing worker since it last looked.
type tablesMail struct {
	wishes   latest[wish]
	settled  []settlement
	lost     []tableSign // routes and rules that were deleted, by whomever
	restored []vrrp.ID   // routers whose addresses had to be put back
	links    []int       // that came up
	audit    bool        // deletions may have gone unseen
	sweep    bool        // remove what a killed daemon left
}

// tablesBox is the mailbox of the routing worker. What is settled is bounded by the orders it gave, what is lost by
// the routes and rules that were there.
type tablesBox struct{ box[tablesMail] }

// wish puts a wish in. Announcements still waiting survive a newer one, unless it is a release.
func (b *tablesBox) wish(w wish) {
	b.put(func(m *tablesMail) {
		m.wishes.put(w.binding.ID, w, func(next, waiting *wish) {
			if next.held {
				next.rounds, next.asked = max(next.rounds, waiting.rounds), max(next.asked, waiting.asked)
			}
		})
	})
}

func (b *tablesBox) settled(s settlement) {
	b.put(func(m *tablesMail) { m.settled = append(m.settled, s) })
}
func (b *tablesBox) lost(s tableSign) { b.put(func(m *tablesMail) { m.lost = append(m.lost, s) }) }
func (b *tablesBox) restored(id vrrp.ID) {
	b.put(func(m *tablesMail) { m.restored = append(m.restored, id) })
}
func (b *tablesBox) cameUp(link int) {
	b.put(func(m *tablesMail) { m.links = append(m.links, link) })
}
func (b *tablesBox) audit() { b.put(func(m *tablesMail) { m.audit = true }) }
func (b *tablesBox) sweep() { b.put(func(m *tablesMail) { m.sweep = true }) }
