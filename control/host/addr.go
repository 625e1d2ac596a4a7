package host

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vishvananda/netlink/nl"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"golang.org/x/sys/unix"
)

// Holding addresses: what is added is remembered with the routers it is for, put back when it vanishes and
// removed with the last of them. What was on the link already and is not ours is never removed.

// holding is an address on the link and the routers that hold it.
type holding struct {
	addr    *Address // in the list of the tenant that came first
	users   []vrrp.ID
	foreign bool // somebody else added it
}

func (h *holding) use(id vrrp.ID) {
	if !slices.Contains(h.users, id) {
		h.users = append(h.users, id)
	}
}

// addressBatch is the number of addresses added at once. Few are announced early, and sending more at once gains nothing.
const addressBatch = 32

// claim is an address that a tenant wants on the link.
type claim struct {
	tenant *tenant
	addr   *Address
}

// addBatch adds the addresses of the first tenants in todo.
func (w *worker) addBatch() {
	var claims []claim
	var settled []*tenant
	for len(w.todo) > 0 && len(claims) < addressBatch {
		t := w.todo[0]
		w.prepare(t)
		for ; t.next < len(t.addrs) && len(claims) < addressBatch; t.next++ {
			a := &t.addrs[t.next]
			if h := w.held[a.key()]; h != nil {
				h.use(t.id)
			} else {
				claims = append(claims, claim{t, a})
			}
		}
		if t.next < len(t.addrs) {
			break
		}
		w.todo = w.todo[1:]
		settled = append(settled, t)
	}
	w.add(claims)
	for _, t := range settled {
		w.settled(t)
	}
}

func (w *worker) add(claims []claim) {
	reqs := make([]*nl.NetlinkRequest, len(claims))
	for i, c := range claims {
		reqs[i] = addRequest(c.addr)
	}
	var present []claim
	for i, err := range w.nl.changeEach(reqs) {
		c := claims[i]
		switch {
		case err == nil:
			w.hold(c, false)
		case errors.Is(err, unix.EEXIST):
			present = append(present, c)
		default:
			w.fail(c.tenant.id, c.addr, fmt.Errorf("add %v to %s: %w", c.addr.Prefix, w.name(), err))
		}
	}
	w.adopt(present)
}

// hold notes that a tenant's address is on the link.
func (w *worker) hold(c claim, foreign bool) {
	w.changed = true
	w.held[c.addr.key()] = &holding{addr: c.addr, users: []vrrp.ID{c.tenant.id}, foreign: foreign}
	delete(w.lacking, c.addr.key())
}

// fail reports that an address cannot be had. A static one nobody is faulted for: it is lacking until it can.
func (w *worker) fail(id vrrp.ID, a *Address, err error) {
	if id == staticID {
		w.lacking[a.key()] = err
		return
	}
	w.failures.report(id, opAcquire, err)
}

// adopt takes addresses as held that the link has already: left by a killed daemon, and then ours, or not. Where
// the kernel keeps no marks they are taken for the former, as sweep does.
func (w *worker) adopt(claims []claim) {
	if len(claims) == 0 {
		return
	}
	ours := func(c claim) bool { return c.addr.Prefix.Addr() != c.tenant.source }
	if w.marks {
		marked := w.marked()
		ours = func(c claim) bool { return marked[c.addr.key()] }
	}
	for _, c := range claims {
		if h := w.held[c.addr.key()]; h != nil { // two tenants of one batch
			h.use(c.tenant.id)
			continue
		}
		w.hold(c, !ours(c))
		if !ours(c) {
			w.log.Info("the address was there already and will stay",
				"router", c.tenant.name, "link", w.name(), "address", c.addr.Prefix)
		}
	}
}

// giveUp ends the tenant's hold on addresses that the new order does not ask for, last ones first: secondary
// addresses go before the primary one of their subnet, whose removal would take them along.
func (w *worker) giveUp(t *tenant, o *order) {
	if o.held && slices.Equal(o.addrs, t.addrs) {
		return
	}
	keep := make(map[Address]bool)
	if o.held {
		for _, a := range o.addrs {
			keep[a] = true
		}
	}
	for _, a := range slices.Backward(t.addrs) {
		if !keep[a] {
			w.drop(a.key(), t.id)
		}
	}
}

// drop ends a router's hold on an address. The last one has it removed.
func (w *worker) drop(k addrKey, id vrrp.ID) {
	h := w.held[k]
	if h == nil {
		return
	}
	h.users = slices.DeleteFunc(h.users, func(user vrrp.ID) bool { return user == id })
	if len(h.users) > 0 {
		return
	}
	delete(w.held, k)
	if !h.foreign {
		w.removals = append(w.removals, *h.addr)
	}
}

// vacate takes every address of ours off the link.
func (w *worker) vacate() {
	for _, t := range w.tenants {
		w.giveUp(t, &order{id: t.id})
	}
	w.tenants = nil
	for len(w.removals) > 0 {
		w.removeBatch()
	}
	w.tidy()
}

func (w *worker) removeBatch() {
	batch := w.removals[:min(len(w.removals), rtnlBatch)]
	w.removals = w.removals[len(batch):]
	reqs := make([]*nl.NetlinkRequest, len(batch))
	for i := range batch {
		reqs[i] = removeRequest(&batch[i])
	}
	for i, err := range w.nl.changeEach(reqs) {
		if err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) && !errors.Is(err, unix.ENODEV) {
			w.log.Error("a virtual address could not be removed; remove it by hand",
				"link", w.name(), "address", batch[i].Prefix, "err", err)
		}
	}
}

// restoreBatch puts held addresses back that were deleted: by somebody, or by the kernel because the link went
// down. On a link that is gone this fails, and the address is no longer held.
func (w *worker) restoreBatch() {
	keys := w.restores[:min(len(w.restores), rtnlBatch)]
	w.restores = w.restores[len(keys):]
	keys = slices.DeleteFunc(keys, func(k addrKey) bool { return w.held[k] == nil })
	reqs := make([]*nl.NetlinkRequest, len(keys))
	for i, k := range keys {
		reqs[i] = addRequest(w.held[k].addr)
	}
	var restored, present []*holding
	for i, err := range w.nl.changeEach(reqs) {
		h := w.held[keys[i]]
		switch {
		case h == nil: // named twice
		case err == nil:
			h.foreign, w.changed = false, true
			restored = append(restored, h)
		case errors.Is(err, unix.EEXIST):
			present = append(present, h)
		default:
			delete(w.held, keys[i])
			for _, id := range h.users {
				w.fail(id, h.addr, fmt.Errorf("put %v back on %s: %w", h.addr.Prefix, w.name(), err))
			}
		}
	}
	w.recheck(present)
	w.announceRestored(restored)
	if t := w.tenants[staticID]; t != nil {
		w.acknowledge(t) // what is lacking may have changed
	}
}

// announceRestored makes the addresses known again that had been off the link.
func (w *worker) announceRestored(restored []*holding) {
	if len(restored) == 0 {
		return
	}
	w.log.Warn("virtual addresses had been deleted and were put back",
		"link", w.name(), "first", restored[0].addr.Prefix, "count", len(restored))
	users := make(map[vrrp.ID]bool)
	for _, h := range restored {
		for _, id := range h.users {
			users[id] = true
		}
	}
	for id := range users {
		w.reannounce(w.tenants[id])
		w.tables.restored(id)
	}
}

// recheck finds out whose the addresses are that came back without us.
func (w *worker) recheck(present []*holding) {
	if len(present) == 0 || !w.marks {
		return
	}
	ours := w.marked()
	for _, h := range present {
		h.foreign = !ours[h.addr.key()]
	}
}

// audit looks for held addresses that vanished unseen.
func (w *worker) audit() {
	if len(w.held) == 0 {
		return
	}
	present := make(map[addrKey]bool) // ours
	for _, e := range w.list() {
		present[e.key] = e.proto == protoVRRP
	}
	for k, h := range w.held {
		ours, there := present[k]
		switch {
		case !there:
			w.restores = append(w.restores, k)
		case w.marks:
			h.foreign = !ours // it may have changed hands unseen
		}
	}
}

// sweep removes addresses that a killed daemon left: those of routers that do not hold them, if they carry our
// mark. Kernels before 5.18 carry no marks; there every such address is taken for one, as keepalived does, except
// a router's own.
func (w *worker) sweep() {
	stale := make(map[addrKey]*tenant)
	for _, t := range w.tenants {
		for i := range t.addrs {
			if a := &t.addrs[i]; !t.held && w.held[a.key()] == nil && a.Prefix.Addr() != t.source {
				stale[a.key()] = t
			}
		}
	}
	if len(stale) == 0 {
		return
	}
	for _, e := range w.list() {
		t := stale[e.key]
		if t == nil || w.marks && e.proto != protoVRRP {
			continue
		}
		w.log.Info("removing a virtual address left by a daemon that was killed",
			"router", t.name, "link", w.name(), "address", e.key.prefix())
		w.removals = append(w.removals, e.address())
	}
}

// marked is the set of the link's addresses that carry our mark.
func (w *worker) marked() map[addrKey]bool {
	ours := make(map[addrKey]bool)
	for _, e := range w.list() {
		if e.proto == protoVRRP {
			ours[e.key] = true
		}
	}
	return ours
}

// list is what is on the link. If the kernel does not say, nothing is: then nothing is removed either, and an
// address that is put back needlessly is refused.
func (w *worker) list() []addrEntry {
	entries, err := w.nl.listAddrs(w.link)
	if err != nil && !errors.Is(err, unix.ENODEV) {
		w.log.Error("cannot list addresses", "link", w.name(), "err", err)
	}
	return entries
}

// name is the link's, for messages.
func (w *worker) name() string {
	if l := w.watch.link(w.link); l != nil {
		return l.Name
	}
	return fmt.Sprintf("link %d", w.link)
}
