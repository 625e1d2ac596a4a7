package host

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vishvananda/netlink/nl"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"golang.org/x/sys/unix"
)

// Holding routes and rules: what is wanted is remembered with the routers it is for, put back when it vanishes and
// removed with the last of them.

// entry is a route or a rule that should be there.
type entry struct {
	item   tableItem
	users  []vrrp.ID
	state  entryState
	queued bool          // in todo
	renew  bool          // is to be removed before it is added
	until  time.Duration // when lost: end of the patience, 0 before the first attempt
	why    error         // of its absence
}

type entryState uint8

const (
	absent entryState = iota // not added yet, or refused
	present
	lost // was there, but may have been deleted
)

// giveUp ends a router's hold on all items but those to keep, and returns what nobody holds any more, in the order
// it is to be removed.
func (t *tables) giveUp(r *resident, keep []tableItem) (removals []tableItem) {
	kept := make(map[string]bool, len(keep))
	for i := range keep {
		kept[keep[i].key()] = true
	}
	for i := range slices.Backward(r.items) {
		e := t.entries[r.items[i].key()]
		if e == nil || kept[r.items[i].key()] || !slices.Contains(e.users, r.binding.ID) {
			continue
		}
		e.users = slices.DeleteFunc(e.users, func(id vrrp.ID) bool { return id == r.binding.ID })
		if len(e.users) == 0 {
			t.forget(e)
			removals = append(removals, e.item)
		}
		t.changed = true
	}
	return removals
}

// claim makes a router one that wants an item, which is queued unless it is there.
func (t *tables) claim(id vrrp.ID, item *tableItem) {
	e := t.entries[item.key()]
	if e == nil {
		e = &entry{item: *item}
		t.entries[item.key()] = e
		if t.signs[item.sign] == nil {
			t.signs[item.sign] = make(map[*entry]bool)
		}
		t.signs[item.sign][e] = true
	}
	e.item = *item
	if !slices.Contains(e.users, id) {
		e.users = append(e.users, id)
		t.changed = true
	}
	if e.state != present && !e.queued {
		e.queued = true
		t.todo = append(t.todo, e)
	}
}

func (t *tables) forget(e *entry) {
	delete(t.entries, e.item.key())
	delete(t.signs[e.item.sign], e)
	if len(t.signs[e.item.sign]) == 0 {
		delete(t.signs, e.item.sign)
	}
}

// miss notes that something with this sign was deleted, and has what may have been it put back.
func (t *tables) miss(s tableSign) {
	unknown := s
	unknown.priority = 0 // the kernel chose it
	for _, sign := range []tableSign{s, unknown} {
		for e := range t.signs[sign] {
			t.suspect(e)
		}
	}
}

// suspect has an entry added again that may be gone. The router's addresses come first, which may be gone with it.
func (t *tables) suspect(e *entry) {
	if e.item.noTrack || e.state == lost {
		return
	}
	if e.state == present {
		e.state, e.until = lost, 0
	}
	for _, id := range e.users {
		t.restores[id] = true
	}
}

// renew suspects everything of a router whose addresses were off the host. From an IPv6 route the kernel takes just
// the preferred source away with the address: it has to be made anew.
func (t *tables) renew(id vrrp.ID) {
	r := t.residents[id]
	if r == nil {
		return
	}
	for i := range r.items {
		if e := t.entries[r.items[i].key()]; e != nil && !e.item.sign.rule {
			t.suspect(e)
			e.renew = e.state == lost && e.item.hasSource6
		}
	}
}

// restore runs through what suspects' routers hold, from the addresses on, and adds what is not there.
func (t *tables) restore() {
	for id := range t.restores {
		if r := t.residents[id]; r != nil && r.held {
			t.instruct(r, 0)
		}
	}
	clear(t.restores)
}

// review suspects what may have vanished without an event: the kernel tells of no IPv4 route that it drops because
// a link goes down. Rules whose priority it chose would be doubled, and do not vanish so.
func (t *tables) review(links []int, everything bool) {
	if len(links) == 0 && !everything {
		return
	}
	for _, e := range t.entries {
		if e.item.sign.rule && (!everything || e.item.sign.priority == 0) {
			continue
		}
		if everything || t.concerned(e, links) {
			t.suspect(e)
		}
	}
}

// concerned tells whether a route may lead over one of the links.
func (t *tables) concerned(e *entry, links []int) bool {
	if len(e.item.links) == 0 {
		return true // the kernel chooses the link
	}
	return slices.ContainsFunc(links, func(link int) bool { return slices.Contains(e.item.links, link) })
}

// addBatch adds the first entries in todo.
func (t *tables) addBatch() {
	batch := t.todo[:min(len(t.todo), rtnlBatch)]
	t.todo = t.todo[len(batch):]
	batch = slices.DeleteFunc(batch, func(e *entry) bool { return len(e.users) == 0 }) // given up meanwhile
	reqs := make([]*nl.NetlinkRequest, len(batch))
	var outdated []tableItem
	for i, e := range batch {
		if e.renew {
			outdated = append(outdated, e.item)
		}
		e.queued, e.renew = false, false
		reqs[i] = e.item.addRequest()
	}
	t.remove(outdated)
	for i, err := range t.nl.changeEach(reqs) {
		if err == nil || errors.Is(err, unix.EEXIST) {
			t.added(batch[i], err == nil)
		} else {
			t.failed(batch[i], err)
		}
	}
}

func (t *tables) added(e *entry, byUs bool) {
	if e.state == lost && byUs {
		t.log.Warn("a "+e.item.kind+" had been deleted and was put back", "what", e.item.text)
	}
	e.state, e.why, t.changed = present, nil, true
}

// failed notes that the kernel has refused something. As with keepalived a router goes without what cannot be added,
// but gives up when something cannot be put back. A link that is down is no reason: all is put back when it comes up.
func (t *tables) failed(e *entry, why error) {
	e.why, t.changed = why, true
	if e.state == lost && e.until == 0 {
		e.until = Now() + putBackPatience
	}
	if e.state == lost && Now() < e.until {
		t.retryIn(retryLost)
		return
	}
	was := e.state
	e.state = absent
	for _, id := range e.users {
		switch {
		case id == staticID: // published as missing, and tried again
		case was == absent:
			t.failures.report(id, e.item.kind, fmt.Errorf("add %s: %w", e.item.text, why))
		case t.up(append([]int{id.Link}, e.item.links...)):
			t.failures.report(id, opAcquire, fmt.Errorf("put %s %s back: %w", e.item.kind, e.item.text, why))
		}
	}
}

// up tells whether all of the links are.
func (t *tables) up(links []int) bool {
	return !slices.ContainsFunc(links, func(link int) bool {
		l := t.watch.link(link)
		return l == nil || !l.Up
	})
}

// remove takes items out of the tables.
func (t *tables) remove(items []tableItem) {
	for batch := range slices.Chunk(items, rtnlBatch) {
		reqs := make([]*nl.NetlinkRequest, len(batch))
		for i := range batch {
			reqs[i] = batch[i].removeRequest()
		}
		for i, err := range t.nl.changeEach(reqs) {
			if err != nil && !isGone(err) {
				t.log.Error("a "+batch[i].kind+" could not be removed; remove it by hand",
					"what", batch[i].text, "err", err)
			}
		}
	}
}

// isGone tells whether an error on removing says that there is nothing to remove, or nothing of ours: rules answer
// ENOENT, and a route over a link that is gone ENODEV.
func isGone(err error) bool {
	return errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV)
}

// sweep removes what a killed daemon left of routers that do not hold, then has the links swept.
func (t *tables) sweep() {
	wanted := make(map[string]bool)
	for _, r := range t.residents {
		for i := range r.items {
			wanted[r.items[i].key()] = wanted[r.items[i].key()] || r.held
		}
	}
	var stale []tableItem
	for _, r := range t.residents {
		for i := range slices.Backward(r.items) {
			if !wanted[r.items[i].key()] {
				stale = append(stale, r.items[i])
			}
		}
	}
	t.remove(stale)
	t.sweepAll()
	t.residents, t.swept = holders(t.residents), true
}

// holders are the residents, or tenants, that hold something. The others wait for no more than the sweep, and a map that
// was large stays so.
func holders[R interface{ holds() bool }](all map[vrrp.ID]R) map[vrrp.ID]R {
	some := make(map[vrrp.ID]R)
	for id, r := range all {
		if r.holds() {
			some[id] = r
		}
	}
	return some
}
