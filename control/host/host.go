// Package host is the Linux side of a router: its virtual addresses, its adverts on the wire, gratuitous ARP
// and unsolicited NA, and the watch on links and addresses.
//
// Three parties share a Host. The loop, one goroutine, calls every method but Run, Close, Links, Failures and
// Changes, and is never made to wait. A worker per link does what may take time: addresses and announcements.
// The watcher keeps a picture of links and addresses and tells the workers what was taken from them. Run runs the
// latter two. Every socket is taken in the network namespace of the thread that called Open.
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

// Binding is what a router needs of the host.
type Binding struct {
	ID              vrrp.ID
	Name            string        // of the router, for messages
	Source          netip.Addr    // of adverts
	Group           netip.Addr    // destination in multicast mode
	Peers           []netip.Addr  // destinations in unicast mode
	TTL             uint8         // of unicast adverts; 0 means 255
	Adverts         []Form        // one, or two in interop mode
	Addrs           []Address     // in the order they are added; advertised ones and excluded ones
	GARPGap, GNAGap time.Duration // least gap between two announcements on one link
}

// Form is one shape of a router's advert; the priority is filled in when it is sent.
type Form struct {
	Advert   vrrp.Advert
	Checksum vrrp.Checksum
}

// Address is one virtual address on a link of this host.
type Address struct {
	Prefix            netip.Prefix
	Link              int
	Broadcast         netip.Addr
	Scope             int // -1: the kernel's choice
	Label             string
	Peer              netip.Prefix
	Flags             int   // IFA_F_*
	PreferredLifetime int64 // seconds; -1 for ever; 0 keeps IPv6 from choosing it as a source
}

// Failure is an effect that could not be carried out.
type Failure struct {
	ID  vrrp.ID
	Op  string // "advertise", "acquire", "announce"
	Err error
}

// Link is a network interface as routers see it.
type Link struct {
	Index, Parent int
	Name, Kind    string // Kind as in `ip -d link`: "", "veth", "vlan", ...
	MAC           [6]byte
	MTU           int
	Up            bool // IFF_UP and IFF_RUNNING
	Multicast     bool
	Loopback      bool
	NoARP         bool
	VLAN          uint16     // of a VLAN device
	Addrs         []LinkAddr // in the kernel's order: the first IPv4 one is primary

	ethernet bool
}

// LinkAddr is an address of a link.
type LinkAddr struct {
	Prefix                          netip.Prefix
	Secondary, Tentative, DADFailed bool
}

// Host carries out what routers ask. Advertise and Flush are for the control loop and never block on address
// work; Acquire, Release and Announce are queued to one worker per link, in order.
type Host struct {
	log      *slog.Logger
	ns       *namespace
	watch    *watcher
	failures *failures
	marks    bool // the kernel keeps our mark on addresses

	// The loop's.
	tx     *transmitter
	groups *groups
	bound  map[vrrp.ID]*bound

	mu      sync.Mutex // guards what follows
	workers map[int]*worker
	start   func(*worker) // nil unless Run is running
}

// bound is a router and what is wanted of it now.
type bound struct {
	Binding
	held bool
}

// Open takes the sockets Host needs in the calling thread's network namespace. It needs CAP_NET_ADMIN and
// CAP_NET_RAW.
func Open(log *slog.Logger) (*Host, error) {
	h := &Host{
		log: log, failures: newFailures(), marks: kernelMarks(),
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
	h.watch.onLost, h.watch.onGone, h.watch.onResync = h.addressLost, h.linkGone, h.eventsLost
	if h.tx, err = openTransmitter(h.watch, h.failures); err != nil {
		return err
	}
	h.groups, err = openGroups(h.ns)
	return err
}

// Run watches links and addresses and runs the workers until ctx ends; then it removes every address that is
// still held and returns.
func (h *Host) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { h.failures.run(ctx) })
	h.startWorkers(func(w *worker) {
		ctx, cancel := context.WithCancel(ctx)
		w.cancel = cancel
		running.Go(func() {
			defer w.close()
			w.run(ctx)
		})
	})
	err := h.watch.run(ctx)
	h.forgetWorkers()
	cancel()
	running.Wait()
	return err
}

// Close frees the sockets. Run must have returned.
func (h *Host) Close() error {
	for _, w := range h.workers {
		w.close() // it was never started
	}
	if h.groups != nil {
		h.groups.close()
	}
	if h.tx != nil {
		h.tx.close()
	}
	if h.watch != nil {
		h.watch.close()
	}
	if h.ns != nil {
		return h.ns.close()
	}
	return nil
}

// Bind introduces a router or changes its binding; a held address that is no longer bound is removed, a new one
// added. Its adverts leave with the new binding from then on. An error leaves everything as it was.
func (h *Host) Bind(b Binding) error {
	if err := h.check(&b); err != nil {
		return fmt.Errorf("router %s: %w", b.Name, err)
	}
	links := linksOf(&b)
	for _, link := range links {
		if _, err := h.worker(link); err != nil {
			return fmt.Errorf("router %s: %w", b.Name, err)
		}
	}
	if len(b.Peers) == 0 {
		if err := h.groups.join(membershipOf(&b)); err != nil {
			return fmt.Errorf("router %s: %w", b.Name, err)
		}
	}
	b.Addrs = slices.Clone(b.Addrs)
	next := &bound{Binding: b}
	if old := h.bound[b.ID]; old != nil {
		next.held = old.held
		links = union(links, linksOf(&old.Binding))
		h.leave(&old.Binding)
	}
	h.bound[b.ID] = next
	h.tx.bind(&next.Binding)
	return h.order(next, links, 0)
}

// Unbind forgets a router, removing held addresses.
func (h *Host) Unbind(id vrrp.ID) error {
	b := h.bound[id]
	if b == nil {
		return nil
	}
	delete(h.bound, id)
	h.tx.unbind(id)
	h.leave(&b.Binding)
	links := linksOf(&b.Binding)
	b.held, b.Addrs = false, nil
	return h.order(b, links, 0)
}

// Sweep removes virtual addresses that a daemon left which was killed: those of routers that are bound and have
// not acquired them. Meant for the start, once all routers are bound.
func (h *Host) Sweep() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.workers {
		w.box.sweep()
	}
	return nil
}

// Advertise queues the router's adverts with this priority. Errors come through Failures.
func (h *Host) Advertise(id vrrp.ID, priority uint8) { h.tx.queueAdverts(id, priority) }

// Flush sends everything queued in as few system calls as possible.
func (h *Host) Flush() { h.tx.flush() }

// Acquire adds the router's addresses and keeps them: one that somebody deletes is put back at once. An address
// that is there already and not ours counts as held; it is not removed later.
func (h *Host) Acquire(id vrrp.ID) { h.want(id, true, 0) }

// Release removes them, and cancels announcements that are still to be sent.
func (h *Host) Release(id vrrp.ID) { h.want(id, false, 0) }

// Announce sends gratuitous ARP and unsolicited NA, repeat rounds over all addresses. It needs a router that has
// acquired, and waits for its addresses. A burst still under way is made as long as the new one.
func (h *Host) Announce(id vrrp.ID, repeat int) {
	if b := h.bound[id]; b != nil && b.held {
		h.want(id, true, repeat)
	}
}

// Failures reports effects that failed: of several of one kind in one router that nobody has read yet, the latest.
func (h *Host) Failures() <-chan Failure { return h.failures.out }

// Changes fires, coalesced, when a link or an address changed.
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
	for _, link := range linksOf(&b.Binding) {
		if l := h.watch.link(link); l != nil {
			for _, a := range l.Addrs {
				there[place{link, a.Prefix}] = true
			}
		}
	}
	var held []netip.Prefix
	for i := range b.Addrs {
		if a := &b.Addrs[i]; there[place{a.Link, a.key().prefix()}] {
			held = append(held, a.Prefix)
		}
	}
	return held
}

// want tells the workers what a router's addresses are to be from now on.
func (h *Host) want(id vrrp.ID, held bool, rounds int) {
	b := h.bound[id]
	if b == nil {
		return
	}
	b.held = held
	if err := h.order(b, linksOf(&b.Binding), rounds); err != nil {
		h.failures.report(id, opAcquire, err)
	}
}

// order sends the router's present wishes to the workers of links.
func (h *Host) order(b *bound, links []int, rounds int) error {
	for _, link := range links {
		o := order{
			id: b.ID, name: b.Name, source: b.Source, garpGap: b.GARPGap, gnaGap: b.GNAGap,
			held: b.held, rounds: rounds,
		}
		for _, a := range b.Addrs {
			if a.Link == link {
				o.addrs = append(o.addrs, a)
			}
		}
		o.held = o.held && len(o.addrs) > 0
		w, err := h.worker(link)
		if err != nil {
			return fmt.Errorf("router %s: %w", b.Name, err)
		}
		w.box.order(o)
	}
	return nil
}

// worker is the link's worker; a new one is started if Run is running.
func (h *Host) worker(link int) (*worker, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w := h.workers[link]; w != nil {
		return w, nil
	}
	var w *worker
	err := h.ns.do(func() (err error) {
		w, err = h.openWorker(link)
		return err
	})
	if err != nil {
		return nil, err
	}
	h.workers[link] = w
	if h.start != nil {
		h.start(w)
	}
	return w, nil
}

func (h *Host) startWorkers(start func(*worker)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.start = start
	for _, w := range h.workers {
		start(w)
	}
}

func (h *Host) forgetWorkers() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.start = nil
	clear(h.workers)
}

// addressLost passes on that an address was deleted, by whomever.
func (h *Host) addressLost(link int, k addrKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w := h.workers[link]; w != nil {
		w.box.lost(k)
	}
}

// linkGone ends the worker of a link that was removed: its index does not come back, and its addresses went with it.
func (h *Host) linkGone(link int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w := h.workers[link]; w != nil {
		delete(h.workers, link)
		w.cancel()
	}
}

func (h *Host) eventsLost() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.workers {
		w.box.audit()
	}
}

func (h *Host) leave(b *Binding) {
	if len(b.Peers) == 0 {
		h.groups.leave(membershipOf(b))
	}
}

func membershipOf(b *Binding) membership {
	return membership{link: b.ID.Link, group: b.Group, tagged: b.ID.VLAN != 0}
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
