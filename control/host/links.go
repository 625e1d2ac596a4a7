package host

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
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

const (
	// eventBuffer is the receive buffer for events; it holds the deletion of some ten thousand addresses.
	eventBuffer = 8 << 20
	// eventBurst is how many datagrams are taken before the picture is renewed, even if more are waiting.
	eventBurst = 256
	// costlyRefresh is the time above which renewing the picture is followed by a rest of equal length, so that
	// a storm of events costs half a core at most.
	costlyRefresh = 2 * time.Millisecond
)

var subscriptions = []int{unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR}

var tableSubscriptions = []int{
	unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE, unix.RTNLGRP_IPV4_RULE, unix.RTNLGRP_IPV6_RULE,
}

// withoutNewRoutes lets every message pass whose type, at offset 4 in host order, is not RTM_NEWROUTE.
var withoutNewRoutes = func() unix.SockFprog {
	newRoute := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.RTM_NEWROUTE)) // as BPF loads it
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_H | unix.BPF_ABS, K: 4},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(newRoute), Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 1 << 20},
	}
	return unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
}()

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

	links   map[int]Link
	dirty   map[int]bool // links whose addresses are to be read again
	changed bool         // since the last publication

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
		changes: make(chan struct{}, 1),
	}
	if err := w.resync(); err != nil {
		w.close()
		return nil, err
	}
	w.publish()
	return w, nil
}

func subscribe() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open link events: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("bind link events: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, eventBuffer); err != nil {
		// Without CAP_NET_ADMIN the system's limit holds; an overflow is noticed and made good.
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, eventBuffer)
	}
	for _, group := range subscriptions {
		if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, group); err != nil {
			unix.Close(fd)
			return nil, fmt.Errorf("subscribe to link events: %w", err)
		}
	}
	return os.NewFile(uintptr(fd), "rtnetlink events"), nil
}

// watchTables subscribes to routes and rules. Routes that are added are of no interest, and a router with a full
// table has many: the kernel filters them.
func (w *watcher) watchTables() error {
	conn, err := w.events.SyscallConn()
	if err != nil {
		return err
	}
	var refused error
	err = conn.Control(func(fd uintptr) {
		refused = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &withoutNewRoutes)
		for _, group := range tableSubscriptions {
			refused = errors.Join(refused, unix.SetsockoptInt(int(fd), unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, group))
		}
	})
	if err := errors.Join(err, refused); err != nil {
		return fmt.Errorf("subscribe to routes: %w", err)
	}
	return nil
}

func (w *watcher) close() error { return errors.Join(w.events.Close(), w.query.close()) }

// run keeps the picture until ctx ends.
func (w *watcher) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = w.events.SetReadDeadline(time.Unix(0, 0)) })
	defer stop()
	for {
		err := w.take()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("watch links: %w", err)
		}
		started := Now()
		if err := w.refresh(); err != nil {
			return fmt.Errorf("watch links: %w", err)
		}
		w.publish()
		if took := Now() - started; took > costlyRefresh {
			rest(ctx, took)
		}
	}
}

// take waits for events and notes what they are about. After an overrun it throws away what is left: until the buffer
// is empty the kernel does not tell of another one.
func (w *watcher) take() error {
	conn, err := w.events.SyscallConn()
	if err != nil {
		return err
	}
	overrun, taken := false, 0
	var failure error
	err = conn.Read(func(fd uintptr) bool {
		for overrun || taken < eventBurst {
			n, from, err := unix.Recvfrom(int(fd), w.buf, unix.MSG_DONTWAIT)
			switch {
			case err == unix.EINTR:
			case err == unix.EAGAIN:
				return taken > 0
			case err == unix.ENOBUFS:
				overrun = true
				taken++
			case err != nil:
				failure = err
				return true
			default:
				taken++
				if fromKernel(from) && !overrun {
					w.note(w.buf[:n])
				}
			}
		}
		return true
	})
	if err := errors.Join(err, failure); err != nil {
		return err
	}
	if overrun {
		w.log.Debug("link events were lost, reading everything anew")
		if err := w.resync(); err != nil {
			return err
		}
		w.onResync()
	}
	return nil
}

// note takes one datagram of events.
func (w *watcher) note(b []byte) {
	msgs, err := syscall.ParseNetlinkMessage(b)
	if err != nil {
		w.log.Warn("unreadable link event", "err", err)
		return
	}
	for _, m := range msgs {
		switch m.Header.Type {
		case unix.RTM_NEWLINK, unix.RTM_DELLINK:
			w.noteLink(m)
		case unix.RTM_NEWADDR, unix.RTM_DELADDR:
			e, ok := parseAddr(m)
			if !ok {
				continue
			}
			w.dirty[e.link] = true
			if m.Header.Type == unix.RTM_DELADDR {
				w.onLost(e.link, e.key)
			}
		case unix.RTM_DELROUTE, unix.RTM_DELRULE:
			if s, ok := parseTableEvent(m); ok {
				w.onRemoved(s)
			}
		}
	}
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

// refresh reads the addresses of the links that events named.
func (w *watcher) refresh() error {
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

// rest waits for d or the end of ctx.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
