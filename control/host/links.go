package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// The watch on links and addresses, and on routes and rules that are deleted. Events say what to look at; what is
// there is then read from the kernel, so a lost or reordered event costs time but never leaves a wrong picture. The
// exceptions are deleted addresses, routes and rules, whose event alone starts putting them back.

// The picture is renewed at once after a quiet time, and then at most every lookPause, or half of the time if renewing
// takes longer: a storm of events costs half a core at most, and wakes the loop at a bounded rate.
const lookPause = 10 * time.Millisecond

// linkTable is the picture at one moment. It is never changed once published.
type linkTable struct {
	all     []Link // by rising index
	byIndex map[int]*Link
}

// watcher keeps the picture. Its maps belong to the goroutine in run; the table is for everybody.
type watcher struct {
	log    *slog.Logger
	events *os.File
	query  *rtnl
	buf    []byte // receive buffer of events

	protocols []uint8 // whose deleted routes pass the filter; the crew's

	links   map[int]Link
	dirty   map[int]bool // links whose addresses are to be read again
	lost    bool         // everything is to be read again
	changed bool         // since the last publication

	mu    sync.Mutex
	asked map[int]bool // links that somebody wants to be looked at
	poked bool         // the wait for events is to end

	table   atomic.Pointer[linkTable]
	changes chan struct{} // size 1: a pending notice stands for all later ones

	onLost    func(link int, k addrKey)    // an address was deleted
	onRemoved func(tableSign)              // a route or rule was deleted
	onLinks   func(before, now *linkTable) // a new picture was published
	onResync  func()                       // events were lost; anything may have happened
}

// openWatcher subscribes in the calling thread's network namespace, then takes the first picture.
func openWatcher(log *slog.Logger) (*watcher, error) {
	query, err := openRTNL()
	if err != nil {
		return nil, err
	}
	events, err := subscribe()
	if err != nil {
		query.close()
		return nil, err
	}
	w := &watcher{
		log: log, events: events, query: query,
		buf:     make([]byte, 64<<10),
		dirty:   make(map[int]bool),
		asked:   make(map[int]bool),
		changes: make(chan struct{}, 1),
	}
	if err := w.resync(); err != nil {
		w.close()
		return nil, err
	}
	w.publish()
	return w, nil
}

func (w *watcher) close() error { return errors.Join(w.events.Close(), w.query.close()) }

// run keeps the picture until ctx ends.
func (w *watcher) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, w.poke)
	defer stop()
	rested := time.Duration(0) // instant from which the picture may be renewed
	for ctx.Err() == nil {
		until := never
		if w.outdated() {
			until = rested
		}
		if err := w.take(until); err != nil {
			return fmt.Errorf("watch links: %w", err)
		}
		started := Now()
		if !w.outdated() || started < rested {
			continue
		}
		if err := w.refresh(); err != nil {
			return fmt.Errorf("watch links: %w", err)
		}
		w.publish()
		rested = Now() + max(lookPause, Now()-started)
	}
	return nil
}

// outdated tells whether the picture is.
func (w *watcher) outdated() bool { return w.changed || w.lost || len(w.dirty) > 0 }

// look has the picture of a link's addresses renewed.
func (w *watcher) look(link int) {
	w.mu.Lock()
	w.asked[link] = true
	w.mu.Unlock()
	w.poke()
}

func (w *watcher) noteLink(m syscall.NetlinkMessage) {
	l, ok := parseLink(m)
	if !ok {
		return
	}
	if m.Header.Type == unix.RTM_DELLINK {
		delete(w.links, l.Index)
		w.changed = true
		return
	}
	old, known := w.links[l.Index]
	if !known {
		w.dirty[l.Index] = true
	}
	l.Addrs = old.Addrs
	if !known || !reflect.DeepEqual(old, l) {
		w.links[l.Index] = l
		w.changed = true
	}
}

// refresh reads what may have changed: everything after events were lost, else the addresses of the links that are dirty.
func (w *watcher) refresh() error {
	if w.lost {
		w.lost = false
		return w.resync()
	}
	dirty := w.dirty
	w.dirty = make(map[int]bool)
	for index := range dirty {
		l, ok := w.links[index]
		if !ok {
			continue
		}
		entries, err := w.query.listAddrs(index)
		switch {
		case errors.Is(err, unix.ENODEV):
			continue // its own event follows
		case errors.Is(err, errInterrupted):
			w.dirty[index] = true // the changes that interrupt us are events still to come
			continue
		case err != nil:
			return err
		}
		addrs := make([]LinkAddr, len(entries))
		for i := range entries {
			addrs[i] = entries[i].linkAddr()
		}
		if !slices.Equal(addrs, l.Addrs) {
			l.Addrs = addrs
			w.links[index] = l
			w.changed = true
		}
	}
	return nil
}

// resync reads everything.
func (w *watcher) resync() error {
	links := make(map[int]Link)
	reset := func() { clear(links) }
	req := nl.NewNetlinkRequest(unix.RTM_GETLINK, 0)
	req.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	err := w.query.dump(req, reset, func(m syscall.NetlinkMessage) {
		if l, ok := parseLink(m); ok {
			links[l.Index] = l
		}
	})
	if err != nil {
		return fmt.Errorf("list links: %w", err)
	}
	entries, err := w.query.listAddrs(0)
	if err != nil {
		return fmt.Errorf("list addresses: %w", err)
	}
	for i := range entries {
		if l, ok := links[entries[i].link]; ok {
			l.Addrs = append(l.Addrs, entries[i].linkAddr())
			links[l.Index] = l
		}
	}
	clear(w.dirty)
	w.changed = w.changed || !reflect.DeepEqual(w.links, links)
	w.links = links
	return nil
}

// publish shows the picture to everybody, if it changed.
func (w *watcher) publish() {
	if !w.changed {
		return
	}
	w.changed = false
	t := &linkTable{byIndex: make(map[int]*Link, len(w.links))}
	for _, index := range slices.Sorted(maps.Keys(w.links)) {
		t.all = append(t.all, w.links[index])
	}
	for i := range t.all {
		t.byIndex[t.all[i].Index] = &t.all[i]
	}
	before := w.table.Swap(t)
	if before != nil {
		w.onLinks(before, t)
	}
	w.notify()
}

// notify tells the loop to look.
func (w *watcher) notify() {
	select {
	case w.changes <- struct{}{}:
	default:
	}
}

// link is the link with this index as it was last seen, or nil.
func (w *watcher) link(index int) *Link { return w.table.Load().byIndex[index] }

// parseLink reads RTM_NEWLINK and RTM_DELLINK. A bridge tells of its ports with messages of the same types and
// another family, which are not about links coming and going.
func parseLink(m syscall.NetlinkMessage) (Link, bool) {
	isLink := m.Header.Type == unix.RTM_NEWLINK || m.Header.Type == unix.RTM_DELLINK
	if !isLink || len(m.Data) < unix.SizeofIfInfomsg || m.Data[0] != unix.AF_UNSPEC {
		return Link{}, false
	}
	header := unix.NlMsghdr(m.Header)
	parsed, err := netlink.LinkDeserialize(&header, m.Data)
	if err != nil {
		return Link{}, false
	}
	attrs := parsed.Attrs()
	l := Link{
		Index:     attrs.Index,
		Name:      attrs.Name,
		MTU:       attrs.MTU,
		Up:        attrs.RawFlags&unix.IFF_UP != 0 && attrs.RawFlags&unix.IFF_RUNNING != 0,
		Multicast: attrs.RawFlags&unix.IFF_MULTICAST != 0,
		Loopback:  attrs.RawFlags&unix.IFF_LOOPBACK != 0,
		NoARP:     attrs.RawFlags&unix.IFF_NOARP != 0,
		ethernet:  attrs.EncapType == "ether" || attrs.EncapType == "loopback",
	}
	copy(l.MAC[:], attrs.HardwareAddr)
	if kind := parsed.Type(); kind != "device" {
		l.Kind = kind
	}
	if l.Kind != "veth" && attrs.NetNsID < 0 {
		l.Parent = attrs.ParentIndex // a veth names its peer here, which is no parent and may live elsewhere
	}
	if vlan, ok := parsed.(*netlink.Vlan); ok {
		l.VLAN = uint16(vlan.VlanId)
	}
	return l, true
}
