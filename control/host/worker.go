package host

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// worker does the slow work of one link, in order: addresses and announcements. Everything in it but the mailbox
// belongs to its goroutine. It works in small batches and looks into the mailbox between them, so that a release
// does not wait for a long acquisition or burst.
type worker struct {
	log      *slog.Logger
	link     int
	marks    bool // the kernel keeps our mark on addresses
	watch    *watcher
	failures *failures
	box      *mailbox
	cancel   context.CancelFunc // ends run; nil before it was started

	nl     *rtnl
	herald *herald

	tenants  map[vrrp.ID]*tenant
	held     map[addrKey]*holding
	restores []addrKey // held ones that vanished
	removals []Address // to be taken off the link
	todo     []*tenant // to be given their addresses, then announced
	sweeping bool      // when todo is done: what is held by then is not left behind
}

// tenant is a router with addresses on the link.
type tenant struct {
	order
	next   int  // place in addrs of the first address not looked at yet
	queued bool // in todo
}

// openWorker takes its sockets in the calling thread's network namespace.
func (h *Host) openWorker(link int) (*worker, error) {
	nl, err := openRTNL()
	if err != nil {
		return nil, err
	}
	herald, err := openHerald()
	if err != nil {
		nl.close()
		return nil, err
	}
	return &worker{
		log: h.log, link: link, marks: h.marks, watch: h.watch, failures: h.failures, box: newMailbox(),
		nl: nl, herald: herald,
		tenants: make(map[vrrp.ID]*tenant),
		held:    make(map[addrKey]*holding),
	}, nil
}

func (w *worker) close() {
	w.nl.close()
	w.herald.socket.close()
}

// run works until ctx ends, then takes every address of ours off the link.
func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		w.readMail()
		if !w.work() {
			w.wait(ctx)
		}
	}
	w.readMail() // what was released before the end is not put back
	w.vacate()
}

// work does one batch of what there is to do, and tells whether there was anything.
func (w *worker) work() bool {
	_, announcing := w.herald.next(Now())
	switch {
	case len(w.removals) > 0:
		w.removeBatch()
	case announcing:
		w.announceBatch()
	case len(w.todo) > 0:
		w.addBatch()
	case w.sweeping:
		w.sweeping = false
		w.sweep()
	default:
		return false
	}
	return true
}

// wait waits for mail, the next announcement or the end of ctx.
func (w *worker) wait(ctx context.Context) {
	var alarm <-chan time.Time
	now := Now()
	if at, _ := w.herald.next(now); at != never {
		timer := time.NewTimer(at - now)
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-w.box.kick:
	case <-alarm:
	case <-ctx.Done():
	}
}

func (w *worker) readMail() {
	m := w.box.take()
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
	for _, o := range m.orders {
		w.obey(*o)
	}
	w.sweeping = w.sweeping || m.sweep
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
	t.order, t.next = o, 0
	if o.held {
		t.rounds = rounds
		w.enqueue(t)
		return
	}
	w.herald.cancel(t)
	if t.queued {
		w.todo = slices.DeleteFunc(w.todo, func(other *tenant) bool { return other == t })
	}
	t.rounds, t.queued = 0, false
	if len(o.addrs) == 0 {
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
	if t.rounds > 0 {
		w.herald.start(t, t.rounds)
		t.rounds = 0
	}
}

// announceBatch sends what is due. Links without ARP have nobody who would have to be told.
func (w *worker) announceBatch() {
	l := w.watch.link(w.link)
	if l == nil || l.NoARP || l.Loopback || !l.ethernet {
		w.herald.cancelAll()
		return
	}
	w.herald.send(l, w.holds, w.failures)
}

// holds tells whether the tenant's address is on the link.
func (w *worker) holds(t *tenant, a *Address) bool {
	h := w.held[a.key()]
	return h != nil && slices.Contains(h.users, t.id)
}
