package host

import (
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// tables is the crew's worker for the routing tables: it holds routes and rules. Every wish of the loop passes it on
// the way to the workers of links, because routes and rules need the addresses: they come when those are there, and
// go before them. Everything in it but the mailbox belongs to the crew.
//
// Nothing is looked up in the tables. What is there already the kernel refuses to add once more, and what is not
// ours it refuses to remove (protoKeepalived), so that putting back and taking over are adding, and sweeping is
// removing.
type tables struct {
	log      *slog.Logger
	watch    *watcher
	failures *failures
	box      *tablesBox
	nl       *rtnl
	forward  func(link int, o order) error // to the link's worker
	sweepAll func()                        // by the workers of all links

	residents map[vrrp.ID]*resident
	entries   map[string]*entry             // wanted by a router that holds, by key of the item
	signs     map[tableSign]map[*entry]bool // entries by what an event says of them
	todo      []*entry                      // to be added
	restores  map[vrrp.ID]bool              // routers to be run through again
	swept     bool                          // nothing need be known any more of routers that hold nothing
	receipts  uint64
	protocols [256]atomic.Bool // those our routes and rules ever had, for the watcher

	changed bool          // what is published may have changed
	retry   time.Duration // instant of the next attempt to add what is not there; 0: none is due
	missing []lack        // of what is static, as last published
	public  atomic.Pointer[tablesState]
}

const (
	// putBackPatience is how long something that was deleted may resist being put back: a link may be on its way
	// down or up, of which the kernel tells piece by piece.
	putBackPatience = time.Second
	// retryLost is the pause between attempts to put something back.
	retryLost = 50 * time.Millisecond
	// retryMissing is the pause between attempts to add what is static.
	retryMissing = 2 * time.Second
)

// resident is a router with what is wanted of it.
type resident struct {
	wish
	items   []tableItem
	repeat  int            // rounds of the last announcement that was asked for
	links   []int          // that were given orders
	waiting map[int]uint64 // receipts of orders that are not carried out yet, by link
	lacking map[int][]lack // static addresses, by link
}

func (r *resident) holds() bool { return r.held }

func (h *Host) newTables() *tables {
	t := &tables{
		log: h.log, watch: h.watch, failures: h.failures, nl: h.crew.nl,
		forward: h.order, sweepAll: h.sweepLinks,
		residents: make(map[vrrp.ID]*resident), entries: make(map[string]*entry),
		signs: make(map[tableSign]map[*entry]bool), restores: make(map[vrrp.ID]bool),
	}
	t.box = &tablesBox{box[tablesMail]{desk: &h.crew.desk, owner: t}}
	t.public.Store(new(tablesState))
	return t
}

// work adds one batch of what is to be added, and shows others what came of it after the last.
func (t *tables) work() progress {
	if t.retry != 0 && t.retry <= Now() {
		t.again()
	}
	if len(t.todo) > 0 {
		t.addBatch()
		return pressing
	}
	t.publish()
	return resting
}

func (t *tables) alarm() time.Duration {
	if t.retry == 0 {
		return never
	}
	return t.retry
}

// vacate takes every route and rule of ours out of the tables.
func (t *tables) vacate() {
	var removals []tableItem
	for _, r := range t.residents {
		removals = append(removals, t.giveUp(r, nil)...)
	}
	t.remove(removals)
}

// again attempts once more to add what is static or lost and not there.
func (t *tables) again() {
	t.retry = 0
	if len(t.missing) > 0 {
		t.restores[staticID] = true
	}
	for _, e := range t.entries {
		if e.state == lost {
			for _, id := range e.users {
				t.restores[id] = true
			}
		}
	}
	t.restore()
}

func (t *tables) retryIn(pause time.Duration) {
	if at := Now() + pause; t.retry == 0 || at < t.retry {
		t.retry = at
	}
}

func (t *tables) readMail() {
	m := t.box.take()
	for _, s := range m.lost {
		t.miss(s)
	}
	for _, id := range m.restored {
		t.renew(id)
	}
	t.review(m.links, m.audit)
	t.restore()
	t.obey(m.wishes.list)
	for _, s := range m.settled {
		t.settle(s)
	}
	if m.sweep {
		t.sweep()
	}
}

// obey carries wishes out: what is no longer wanted is removed, then the links' workers get their orders.
func (t *tables) obey(wishes []*wish) {
	var removals []tableItem
	for _, w := range wishes {
		r := t.residents[w.binding.ID]
		if r == nil {
			r = new(resident)
			t.residents[w.binding.ID] = r
		}
		items := r.items
		if r.binding != w.binding {
			items = tableItems(w.binding.Routes, w.binding.Rules)
			t.watchFor(items)
		}
		keep := items
		if !w.held {
			keep = nil
		}
		removals = append(removals, t.giveUp(r, keep)...)
		r.renew(w)
		r.items = items
	}
	t.remove(removals)
	for _, w := range wishes {
		r := t.residents[w.binding.ID]
		t.instruct(r, w.rounds)
		r.asked = 0 // what else it is told does not begin
		if !w.bound || t.swept && !w.held {
			delete(t.residents, w.binding.ID)
		}
	}
}

// renew makes a wish the present one. If it adds addresses to those that are held, all are announced.
func (r *resident) renew(w *wish) {
	if r.held && w.held && r.binding != w.binding && gained(r.binding.Addrs, w.binding.Addrs) {
		w.rounds = max(w.rounds, r.repeat)
	}
	r.repeat = max(r.repeat, w.rounds)
	if !w.held {
		r.repeat = 0
	}
	r.wish = *w
}

// gained tells whether there is an address now that was not there before.
func gained(before, now []Address) bool {
	had := make(map[Address]bool, len(before))
	for _, a := range before {
		had[a] = true
	}
	return slices.ContainsFunc(now, func(a Address) bool { return !had[a] })
}

// watchFor has the watcher tell of deletions by what is to be added.
func (t *tables) watchFor(items []tableItem) {
	for i := range items {
		sign := &items[i].sign
		if t.protocols[sign.protocol].Swap(true) {
			continue
		}
		if err := t.watch.admit(sign.protocol); err != nil {
			t.log.Error("virtual routes that are deleted will not be put back", "protocol", sign.protocol, "err", err)
		}
	}
}

// instruct gives the links' workers their orders. Those whose receipt is awaited come before routes and rules.
func (t *tables) instruct(r *resident, rounds int) {
	b := r.binding
	links := linksOf(b)
	told := union(slices.Clone(links), r.links)
	r.links, r.waiting, r.lacking = links, nil, nil
	for _, link := range told {
		o := t.orderFor(r, link)
		o.rounds = rounds
		if o.held && (len(r.items) > 0 || b.ID == staticID) {
			t.receipts++
			o.receipt = t.receipts
			if r.waiting == nil {
				r.waiting = make(map[int]uint64)
			}
			r.waiting[link] = o.receipt
		}
		if err := t.forward(link, o); err != nil {
			delete(r.waiting, link)
			t.unsent(r, o, link, err)
		}
	}
	t.claimSettled(r)
}

// unsent notes that there is no worker to give an order to.
func (t *tables) unsent(r *resident, o order, link int, err error) {
	if o.id != staticID {
		t.failures.report(o.id, opAcquire, fmt.Errorf("router %s: %w", o.name, err))
		return
	}
	var lacking []lack
	for _, a := range o.addrs {
		lacking = append(lacking, lack{a.Prefix.String(), err})
	}
	t.setLacking(r, link, lacking)
}

// setLacking notes which static addresses a link does not have.
func (t *tables) setLacking(r *resident, link int, lacking []lack) {
	if r.lacking == nil {
		r.lacking = make(map[int][]lack)
	}
	r.lacking[link], t.changed = lacking, true
}

// orderFor is the router's order for one link.
func (t *tables) orderFor(r *resident, link int) order {
	b := r.binding
	o := order{id: b.ID, name: b.Name, source: b.Source, garpGap: b.GARPGap, gnaGap: b.GNAGap, promote: b.Promote}
	elsewhere := func(a Address) bool { return a.Link != link }
	switch {
	case !r.bound:
	case !slices.ContainsFunc(b.Addrs, elsewhere):
		o.addrs = b.Addrs // as nearly always; one list serves all
	default:
		o.addrs = slices.DeleteFunc(slices.Clone(b.Addrs), elsewhere)
	}
	if t.isExtra(b, link) {
		o.extra = b.ExtraEvery
	}
	o.held, o.asked = r.held && len(o.addrs) > 0, r.asked
	return o
}

// isExtra tells whether nothing else keeps switches aware of where the link's MAC is: adverts do so for their own.
func (t *tables) isExtra(b *Binding, link int) bool {
	if link == b.ID.Link {
		return false
	}
	l := t.watch.link(link)
	if l != nil && b.MAC == l.MAC {
		return false
	}
	return b.ExtraAll || l != nil && l.Kind == kindMacvlan
}

// settle notes that a link's worker has carried out an order.
func (t *tables) settle(s settlement) {
	r := t.residents[s.id]
	if r == nil {
		return
	}
	if s.id == staticID && slices.Contains(r.links, s.link) {
		t.setLacking(r, s.link, s.lacking)
	}
	if r.waiting[s.link] == s.receipt {
		delete(r.waiting, s.link)
		t.claimSettled(r)
	}
}

// claimSettled queues the router's routes and rules if its addresses are there.
func (t *tables) claimSettled(r *resident) {
	if !r.held || len(r.waiting) > 0 {
		return
	}
	for i := range r.items {
		t.claim(r.binding.ID, &r.items[i])
	}
}
