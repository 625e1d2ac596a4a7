package host

import (
	"log/slog"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// worker does the slow work of one link, in order: addresses and announcements. Everything in it but the mailbox
// belongs to the crew. It works in small batches, and mail is read between them, so that a release does not wait for
// a long acquisition or burst.
type worker struct {
	log      *slog.Logger
	link     int
	marks    bool // the kernel keeps our mark on addresses
	watch    *watcher
	failures *failures
	tally    *tallier
	sysctls  *sysctls
	paces    *paces
	vmacs    *vmacs
	tables   *tablesBox // of the worker for routes and rules, which wants to know what is settled
	box      *mailbox
	nl       *rtnl
	herald   *herald

	tenants  map[vrrp.ID]*tenant // that hold addresses; before the sweep also those that will
	held     map[addrKey]*holding
	restores []addrKey // held ones that vanished
	removals []Address // to be taken off the link
	todo     []*tenant // to be given their addresses, then announced
	sweeping bool      // when todo is done: what is held by then is not left behind
	swept    bool
	promoted bool              // promote_secondaries is set
	speaks6  bool              // a macvlan of ours has IPv6 switched on
	lacking  map[addrKey]error // static addresses that could not be added, and why
	changed  bool              // since the watcher was last asked to look
	left     bool              // the link is gone
}

// tenant is a router with addresses on the link.
type tenant struct {
	order
	next      int           // place in addrs of the first address not looked at yet
	queued    bool          // in todo
	fresh     bool          // it was not settled since it was acquired
	repeat    int           // rounds of the last announcement that was asked for
	nextExtra time.Duration // instant of the next announcement of its own accord, if extra asks for any
}

func (t *tenant) holds() bool { return t.held }

func (h *Host) newWorker(link int) *worker {
	w := &worker{
		log: h.log, link: link, marks: h.marks, watch: h.watch, failures: h.failures, tally: h.tally,
		sysctls: h.sysctls, paces: h.paces, vmacs: h.vmacs, tables: h.tables.box,
		nl: h.crew.nl, herald: newHerald(h.crew.voice, h.tally),
		tenants: make(map[vrrp.ID]*tenant),
		held:    make(map[addrKey]*holding),
		lacking: make(map[addrKey]error),
	}
	w.box = &mailbox{box[mail]{desk: &h.crew.desk, owner: w}}
	return w
}

// work does one batch of what there is to do. What was added is announced once before more is added; all else that is
// to be announced waits until every link has its addresses.
func (w *worker) work() progress {
	pace, now := w.paces.of(w.link), Now()
	switch {
	case w.left:
		return resting
	case len(w.removals) > 0:
		w.removeBatch()
	case w.herald.next(pace, true) <= now:
		w.announceBatch(pace, true)
	case len(w.todo) > 0:
		w.addBatch()
	case w.sweeping:
		w.sweep()
		w.tenants, w.sweeping, w.swept = holders(w.tenants), false, true
	case w.herald.next(pace, false) <= now:
		w.announceBatch(pace, false)
		return calm
	case w.repeatExtras(now):
	default:
		w.tidy()
		return resting
	}
	return pressing
}

// alarm is when the next announcement is to be sent.
func (w *worker) alarm() time.Duration {
	if w.left {
		return never
	}
	next := w.herald.next(w.paces.of(w.link), false)
	for _, t := range w.tenants {
		if t.repeats() {
			next = min(next, t.nextExtra)
		}
	}
	return next
}

func (w *worker) readMail() {
	m := w.box.take()
	if w.left {
		return
	}
	for _, k := range m.lost {
		if w.held[k] != nil {
			w.restores = append(w.restores, k)
		}
	}
	if m.audit {
		w.audit()
	}
	for len(w.restores) > 0 {
		w.restoreBatch() // before a release: what somebody has added meanwhile must not be removed
	}
	for _, o := range m.orders.list {
		w.obey(*o)
	}
	if m.review {
		for _, t := range w.tenants {
			w.reannounce(t)
		}
	}
	w.sweeping = w.sweeping || m.sweep
	if m.leave {
		w.left = true
		w.vacate()
	}
}

// obey makes an order the router's present one and queues what it asks for.
func (w *worker) obey(o order) {
	t := w.tenants[o.id]
	if t == nil {
		t = &tenant{order: order{id: o.id}}
		w.tenants[o.id] = t
	}
	w.giveUp(t, &o)
	rounds := max(o.rounds, t.rounds) // some may still wait for the addresses
	if t.nextExtra == 0 || o.extra != t.extra {
		t.nextExtra = Now() + o.extra
	}
	if t.held {
		o.asked = t.asked
	} else {
		t.fresh = true
	}
	t.order, t.next = o, 0
	if o.held {
		t.rounds, t.repeat = rounds, max(o.rounds, t.repeat)
		w.enqueue(t)
		return
	}
	w.herald.cancel(t)
	if t.queued {
		w.todo = slices.DeleteFunc(w.todo, func(other *tenant) bool { return other == t })
	}
	t.rounds, t.repeat, t.queued = 0, 0, false
	if len(o.addrs) == 0 || w.swept {
		delete(w.tenants, o.id)
	}
}

func (w *worker) enqueue(t *tenant) {
	if !t.queued {
		t.queued = true
		w.todo = append(w.todo, t)
	}
}

// settled ends a tenant's turn in todo: its addresses are there, as far as the kernel lets them.
func (w *worker) settled(t *tenant) {
	t.queued = false
	if t.fresh && t.asked != 0 {
		w.tally.held(Now() - t.asked)
	}
	t.fresh = false
	if t.rounds > 0 {
		w.herald.start(t, t.rounds)
		t.rounds, t.asked = 0, 0
	}
	w.acknowledge(t)
}

// acknowledge tells the worker for routes and rules that an order is carried out, if it wants to know.
func (w *worker) acknowledge(t *tenant) {
	if t.receipt == 0 {
		return
	}
	s := settlement{id: t.id, link: w.link, receipt: t.receipt}
	if t.id == staticID {
		for i := range t.addrs {
			if a := &t.addrs[i]; !w.holds(t, a) {
				s.lacking = append(s.lacking, lack{a.Prefix.String(), w.lacking[a.key()]})
			}
		}
	}
	w.tables.settled(s)
}

// reannounce repeats the announcement of a tenant whose hosts and switches may have forgotten it.
func (w *worker) reannounce(t *tenant) {
	switch {
	case t.repeat == 0: // nothing was announced yet
	case t.queued:
		t.rounds = max(t.rounds, t.repeat)
	default:
		w.herald.start(t, t.repeat)
	}
}

// repeats tells whether the tenant is announced of its own accord now and then (garp_extra_if).
func (t *tenant) repeats() bool { return t.held && t.extra > 0 }

// repeatExtras starts such announcements that are due, and tells whether there are any.
func (w *worker) repeatExtras(now time.Duration) (any bool) {
	for _, t := range w.tenants {
		if t.repeats() && t.nextExtra <= now {
			w.herald.start(t, 1)
			t.nextExtra = now + t.extra
			any = true
		}
	}
	return any
}

// announceBatch sends what is due. Links without ARP have nobody who would have to be told, and to one that is
// down everything is announced when it comes up.
func (w *worker) announceBatch(p *pace, first bool) {
	l := w.watch.link(w.link)
	if l == nil || l.NoARP || l.Loopback || !l.ethernet || !l.Up {
		w.herald.cancelAll()
		return
	}
	w.herald.send(l, p, first, w.holds, w.failures)
}

// tidy takes back what prepare did, when all else is done and nothing is held that needs it.
func (w *worker) tidy() {
	if w.changed { // of what we add no events come
		w.changed = false
		w.watch.look(w.link)
	}
	if w.promoted && !w.promotes() {
		w.sysctls.release(knob{link: w.link, name: "promote_secondaries"})
		w.promoted = false
	}
	if w.speaks6 && !w.holds6() {
		w.vmacs.setIPv6(w.link, false)
		w.speaks6 = false
	}
}

func (w *worker) promotes() bool {
	for _, t := range w.tenants {
		if t.held && t.promote {
			return true
		}
	}
	return false
}

// prepare sets the link's sysctls for the addresses of a tenant.
func (w *worker) prepare(t *tenant) {
	if t.promote && !w.promoted {
		w.promoted = true
		w.sysctls.raise(knob{link: w.link, name: "promote_secondaries"}, 1)
	}
	if !w.speaks6 && slices.ContainsFunc(t.addrs, func(a Address) bool { return a.Prefix.Addr().Is6() }) {
		w.speaks6 = true
		w.vmacs.setIPv6(w.link, true)
	}
}

func (w *worker) holds6() bool {
	for k := range w.held {
		if k.local.Is6() {
			return true
		}
	}
	return false
}

// holds tells whether the tenant's address is on the link.
func (w *worker) holds(t *tenant, a *Address) bool {
	h := w.held[a.key()]
	return h != nil && slices.Contains(h.users, t.id)
}
