// Package host is the Linux side of a router: its virtual addresses, routes, rules and MAC, its adverts on the wire,
// gratuitous ARP and unsolicited NA, and the watch on links and addresses.
//
// Four parties share a Host. The loop, one goroutine, calls every method but Run, Close, Links, Failures and Changes,
// and is never made to wait. The crew, another one, has workers do what may take time: one for routes and rules, which
// passes on what concerns addresses and announcements to one per link. A third makes and removes macvlans. The watcher
// keeps a picture of links and addresses and tells the workers what was taken from them. Run runs the latter three.
// Every socket is taken in the network namespace of the thread that called Open.
package host

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// Host carries out what routers ask. Advertise and Flush are for the control loop and never block on address
// work; Acquire, Release and Announce are queued to the workers, in order.
type Host struct {
	log      *slog.Logger
	ns       *namespace
	watch    *watcher
	failures *failures
	sysctls  *sysctls
	vmacs    *vmacs
	paces    *paces
	crew     *crew
	tables   *tables
	tally    *tallier
	marks    bool // the kernel keeps our mark on addresses

	// The loop's.
	tx       *transmitter
	groups   *groups
	bound    map[vrrp.ID]*bound
	watching bool // routes and rules, too

	mu      sync.Mutex      // guards what follows
	workers map[int]*worker // by link
}

// bound is a router and what is wanted of it now.
type bound struct {
	*Binding
	sender *Sender
	held   bool
}

// Open takes the sockets Host needs in the calling thread's network namespace. It needs CAP_NET_ADMIN and
// CAP_NET_RAW.
func Open(log *slog.Logger) (*Host, error) {
	h := &Host{
		log: log, failures: newFailures(), tally: newTallier(), marks: kernelMarks(),
		bound: make(map[vrrp.ID]*bound), workers: make(map[int]*worker),
	}
	if err := h.open(); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func (h *Host) open() (err error) {
	if h.ns, err = currentNamespace(); err != nil {
		return err
	}
	if h.watch, err = openWatcher(h.log); err != nil {
		return err
	}
	h.sysctls, h.paces = newSysctls(h.log, h.ns, h.watch), newPaces(h.watch)
	if h.vmacs, err = openVMACs(h.log, h.watch, h.sysctls); err != nil {
		return err
	}
	if h.crew, err = openCrew(); err != nil {
		return err
	}
	h.tables = h.newTables()
	h.crew.tables = h.tables
	h.watch.onLost, h.watch.onRemoved, h.watch.onLinks, h.watch.onResync =
		h.addressLost, h.tableLost, h.linksChanged, h.eventsLost
	if h.tx, err = openTransmitter(h.watch, h.failures); err != nil {
		return err
	}
	h.groups, err = openGroups(h.ns)
	return err
}

// Run watches links and addresses and runs the crew until ctx ends; then it removes every rule, route, address
// and macvlan that is still held and returns.
func (h *Host) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { h.failures.run(ctx) })
	running.Go(func() { h.crew.run(ctx, h.dismissWorkers) })
	running.Go(func() { h.vmacs.run(ctx) })
	err := h.watch.run(ctx)
	cancel()
	running.Wait()
	h.vmacs.removeAll()
	return err
}

// Close frees the sockets. Run must have returned.
func (h *Host) Close() error {
	if h.groups != nil {
		h.groups.close()
	}
	if h.tx != nil {
		h.tx.close()
	}
	if h.crew != nil {
		h.crew.close()
	}
	if h.vmacs != nil {
		h.vmacs.close()
	}
	if h.watch != nil {
		h.watch.close()
	}
	if h.ns != nil {
		return h.ns.close()
	}
	return nil
}

// Bind introduces a router or changes its binding; what is held and no longer bound is removed, what is new added,
// and then everything announced. Its adverts leave with the new binding from then on. An error leaves everything as
// it was. The binding is not to be changed any more.
func (h *Host) Bind(b *Binding) error {
	if err := h.check(b); err != nil {
		return fmt.Errorf("router %s: %w", b.Name, err)
	}
	for _, link := range linksOf(b) {
		if _, err := h.worker(link); err != nil {
			return fmt.Errorf("router %s: %w", b.Name, err)
		}
	}
	if len(b.Peers) == 0 {
		if err := h.groups.join(membershipOf(b)); err != nil {
			return fmt.Errorf("router %s: %w", b.Name, err)
		}
	}
	next := &bound{Binding: b}
	if old := h.bound[b.ID]; old != nil {
		next.held = old.held
		h.tx.forget(old.sender)
		next.sender = NewSender(b, old.sender)
		h.leave(old.Binding)
	} else {
		next.sender = NewSender(b, nil)
	}
	h.bound[b.ID] = next
	h.watchTables(b)
	h.tables.box.wish(wish{binding: b, bound: true, held: next.held})
	return nil
}

// Unbind forgets a router, removing what it holds.
func (h *Host) Unbind(id vrrp.ID) error {
	b := h.bound[id]
	if b == nil {
		return nil
	}
	delete(h.bound, id)
	h.tx.forget(b.sender)
	h.leave(b.Binding)
	h.tables.box.wish(wish{binding: b.Binding})
	return nil
}

// Sweep removes virtual addresses, routes and rules that a daemon left which was killed: those of routers that are
// bound and have not acquired them. Meant for the start, once all routers are bound.
func (h *Host) Sweep() error {
	h.tables.box.sweep()
	return nil
}

// Sender is that of a router, nil if it is not bound.
func (h *Host) Sender(id vrrp.ID) *Sender {
	if b := h.bound[id]; b != nil {
		return b.sender
	}
	return nil
}

// Advertise queues a router's adverts with this priority. Errors come through Failures.
func (h *Host) Advertise(s *Sender, priority uint8) { h.tx.queueAdverts(s, priority) }

// Flush sends everything queued in as few system calls as possible.
func (h *Host) Flush() { h.tx.flush() }

// Expect says that the router is about to acquire. The crew is told once more what it knows: it wakes up, and what was
// touched lately is found sooner.
func (h *Host) Expect(id vrrp.ID) {
	if b := h.bound[id]; b != nil {
		h.want(id, b.held, 0, 0)
	}
}

// Acquire adds the router's addresses, then its routes, then its rules, and keeps them: what somebody deletes is put
// back at once, unless it is marked NoTrack. What is there already and not ours counts as held; it is not removed
// later.
func (h *Host) Acquire(id vrrp.ID) {
	var asked time.Duration
	if b := h.bound[id]; b != nil && !b.held {
		asked = Now()
	}
	h.want(id, true, asked, 0)
}

// Release removes them in the opposite order, and cancels announcements that are still to be sent.
func (h *Host) Release(id vrrp.ID) { h.want(id, false, 0, 0) }

// Announce sends gratuitous ARP and unsolicited NA, repeat rounds over all addresses. It needs a router that has
// acquired, and waits for its addresses. A burst still under way is made as long as the new one.
func (h *Host) Announce(id vrrp.ID, repeat int) {
	if b := h.bound[id]; b != nil && b.held {
		h.want(id, true, 0, repeat)
	}
}

// Failures reports effects that failed: of several of one kind in one router that nobody has read yet, the latest.
func (h *Host) Failures() <-chan Failure { return h.failures.out }

// Changes fires, coalesced, when a link, an address or Missing changed.
func (h *Host) Changes() <-chan struct{} { return h.watch.changes }

// Links is the present state of all links. It is shared: callers must not change it.
func (h *Host) Links() []Link { return h.watch.table.Load().all }

// Held reports which of a router's addresses are on the host now, whoever put them there.
func (h *Host) Held(id vrrp.ID) []netip.Prefix {
	b := h.bound[id]
	if b == nil {
		return nil
	}
	type place struct {
		link   int
		prefix netip.Prefix
	}
	there := make(map[place]bool)
	for _, link := range linksOf(b.Binding) {
		if l := h.watch.link(link); l != nil {
			for _, a := range l.Addrs {
				there[place{link, a.Prefix}] = true
			}
		}
	}
	var held []netip.Prefix
	for i := range b.Addrs {
		if a := &b.Addrs[i]; there[place{a.Link, a.Shown()}] {
			held = append(held, a.Prefix)
		}
	}
	return held
}

// want tells the workers what a router is to hold from now on. asked is the instant at which it began to, if it does.
func (h *Host) want(id vrrp.ID, held bool, asked time.Duration, rounds int) {
	if b := h.bound[id]; b != nil {
		b.held = held
		h.tables.box.wish(wish{binding: b.Binding, bound: true, held: held, asked: asked, rounds: rounds})
	}
}

// watchTables makes the watcher tell of routes and rules once there are any.
func (h *Host) watchTables(b *Binding) {
	if h.watching || len(b.Routes)+len(b.Rules) == 0 {
		return
	}
	h.watching = true
	if err := h.watch.watchTables(); err != nil {
		h.log.Error("virtual routes and rules that are deleted will not be put back", "err", err)
	}
}

func (h *Host) leave(b *Binding) {
	if len(b.Peers) == 0 {
		h.groups.leave(membershipOf(b))
	}
}

func membershipOf(b *Binding) membership {
	return membership{link: b.ID.Link, group: b.ID.ListensOn(), tagged: b.ID.VLAN != 0}
}

// linksOf are the links that carry the binding's addresses.
func linksOf(b *Binding) []int {
	var links []int
	for i := range b.Addrs {
		links = union(links, []int{b.Addrs[i].Link})
	}
	return links
}

// union appends to a what it lacks of b.
func union(a, b []int) []int {
	for _, link := range b {
		if !slices.Contains(a, link) {
			a = append(a, link)
		}
	}
	return a
}
