package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// kindMacvlan is the kind of link that carries a virtual MAC.
const kindMacvlan = "macvlan"

// VMAC is a macvlan that carries the virtual addresses of a router under a MAC of their own.
type VMAC struct {
	Name   string
	Parent int
	MAC    [6]byte
	Group  uint32 // netdevice group; 0: the default
}

// ErrVMACPending says that a macvlan is being made. Changes fires when it is there, or turned out not to be possible.
var ErrVMACPending = errors.New("the interface of the virtual MAC is being made")

// EnsureVMAC has the macvlan made unless it is there, gives it its sysctls and returns its index once it is there. What
// it made, or took over from a daemon that was killed, is removed by RemoveVMAC or when Run ends. It is idempotent; each
// call that finds no macvlan tries anew, and tells meanwhile what came of the last attempt.
func (h *Host) EnsureVMAC(v VMAC) (index int, err error) { return h.vmacs.ensure(v) }

// RemoveVMAC has a macvlan of EnsureVMAC's removed.
func (h *Host) RemoveVMAC(name string) { h.vmacs.drop(name) }

// What the link below a macvlan needs, so that it does not answer for the virtual addresses with its own MAC
// (arp_ignore) nor ask for others in their name (arp_announce).
var parentKnobs = map[string]int{"arp_ignore": 1, "arp_announce": 2}

// vmacs are the macvlans that we made, or took over from a daemon that was killed.
type vmacs struct {
	log     *slog.Logger
	nl      *netlink.Handle
	watch   *watcher
	sysctls *sysctls
	kick    chan struct{} // size 1: there are wishes

	mu       sync.Mutex
	byName   map[string]*macvlan
	wishes   map[string]*VMAC // by name, what is to be there, nil: nothing; the latest counts
	order    []string         // of the wishes
	troubles map[string]error // what came of the last attempt to make one that is not there
}

// macvlan is one of ours.
type macvlan struct {
	VMAC
	index int
	seen  bool // the watcher has seen it
}

// openVMACs takes its socket in the calling thread's network namespace.
func openVMACs(log *slog.Logger, w *watcher, s *sysctls) (*vmacs, error) {
	nl, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open rtnetlink: %w", err)
	}
	return &vmacs{
		log: log, nl: nl, watch: w, sysctls: s, kick: make(chan struct{}, 1),
		byName: make(map[string]*macvlan), wishes: make(map[string]*VMAC), troubles: make(map[string]error),
	}, nil
}

// ensure asks for a macvlan unless it is there, and returns its index or why it is not there yet.
func (v *vmacs) ensure(want VMAC) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, waiting := v.wishes[want.Name]
	if have := v.byName[want.Name]; have != nil && have.VMAC == want && !waiting {
		return have.index, nil
	}
	v.wish(want.Name, &want)
	return 0, cmp.Or(v.troubles[want.Name], ErrVMACPending)
}

// drop asks for a macvlan's removal.
func (v *vmacs) drop(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.wish(name, nil)
}

func (v *vmacs) wish(name string, want *VMAC) {
	if _, waiting := v.wishes[name]; !waiting {
		v.order = append(v.order, name)
	}
	v.wishes[name] = want
	select {
	case v.kick <- struct{}{}:
	default:
	}
}

// run fulfils wishes until ctx ends, one after the other: making and removing a link takes the kernel milliseconds.
func (v *vmacs) run(ctx context.Context) {
	for ctx.Err() == nil {
		v.fulfil(ctx)
		select {
		case <-v.kick:
		case <-ctx.Done():
		}
	}
}

// fulfil fulfils all wishes there are. The loop is told at the end, and on the way now and then.
func (v *vmacs) fulfil(ctx context.Context) {
	const tellEvery = 20 * time.Millisecond
	told, news := Now(), false
	for ctx.Err() == nil {
		name, want, have := v.next()
		if name == "" {
			break
		}
		news = v.settle(name, want, have) || news
		if news && Now()-told > tellEvery {
			v.watch.notify()
			told, news = Now(), false
		}
	}
	if news {
		v.watch.notify()
	}
}

// next takes the oldest wish, and with it the macvlan that stands against it, if there is one.
func (v *vmacs) next() (name string, want *VMAC, against *macvlan) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for len(v.order) > 0 {
		name = v.order[0]
		v.order = v.order[1:]
		want = v.wishes[name]
		delete(v.wishes, name)
		have := v.byName[name]
		switch {
		case have != nil && want != nil && have.VMAC == *want, have == nil && want == nil:
			delete(v.troubles, name)
			continue
		}
		delete(v.byName, name)
		return name, want, have
	}
	return "", nil, nil
}

// settle fulfils one wish and tells whether that is news.
func (v *vmacs) settle(name string, want *VMAC, against *macvlan) bool {
	var err error
	if against != nil {
		err = v.remove(against)
	}
	if want == nil {
		if err != nil {
			v.log.Error("a macvlan could not be removed; remove it by hand", "err", err)
		}
		v.note(name, nil, nil)
		return false
	}
	if err != nil {
		return v.note(name, nil, err)
	}
	index, err := v.make(*want)
	if err != nil {
		return v.note(name, nil, fmt.Errorf("macvlan %s: %w", name, err))
	}
	for knobName, least := range parentKnobs {
		v.sysctls.raise(knob{link: want.Parent, name: knobName}, least)
	}
	return v.note(name, &macvlan{VMAC: *want, index: index, seen: v.watch.link(index) != nil}, nil)
}

// note notes what came of a wish, and tells whether that is news.
func (v *vmacs) note(name string, made *macvlan, trouble error) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	was := v.troubles[name]
	delete(v.troubles, name)
	if trouble != nil {
		v.troubles[name] = trouble
	}
	if made != nil {
		v.byName[name] = made
	}
	return made != nil || trouble != nil && (was == nil || was.Error() != trouble.Error())
}

// make makes the link or adopts the one there is, and brings it up.
func (v *vmacs) make(want VMAC) (int, error) {
	l, err := v.nl.LinkByName(want.Name)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		l, err = v.add(want)
	}
	if err != nil {
		return 0, err
	}
	if err := want.check(l); err != nil {
		return 0, err
	}
	if l.Attrs().Group != want.Group {
		if err := v.nl.LinkSetGroup(l, int(want.Group)); err != nil {
			return 0, fmt.Errorf("put into group %d: %w", want.Group, err)
		}
	}
	v.setUp(want.Name)
	if err := v.nl.LinkSetUp(l); err != nil {
		return 0, fmt.Errorf("bring up: %w", err)
	}
	return l.Attrs().Index, nil
}

func (v *vmacs) add(want VMAC) (netlink.Link, error) {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.ParentIndex, attrs.Group = want.Name, want.Parent, want.Group
	attrs.HardwareAddr = want.MAC[:]
	if err := v.nl.LinkAdd(&netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_PRIVATE}); err != nil {
		return nil, fmt.Errorf("add: %w", err)
	}
	return v.nl.LinkByName(want.Name)
}

// check refuses a link that is not the one wanted: it may be somebody else's.
func (want *VMAC) check(l netlink.Link) error {
	m, ok := l.(*netlink.Macvlan)
	mac := net.HardwareAddr(want.MAC[:]).String()
	if !ok || m.Mode != netlink.MACVLAN_MODE_PRIVATE || m.ParentIndex != want.Parent || m.HardwareAddr.String() != mac {
		return fmt.Errorf("a link of this name is there already and is no private macvlan of link %d with MAC %s; "+
			"remove it, or give use_vmac another name", want.Parent, mac)
	}
	return nil
}

// setUp prepares a macvlan for ARP and IPv6 before it comes up. It answers for its own addresses alone, takes
// packets from wherever they come, and is silent in IPv6 while it holds no IPv6 address: reports of group
// memberships, sent on every host with the same MAC, would have switches send the master's traffic elsewhere, and
// addresses made from that MAC would be duplicates.
func (v *vmacs) setUp(name string) {
	reverse := 0
	if all, err := v.sysctls.read("all", knob{name: "rp_filter"}); err == nil && all != 0 {
		reverse = 2 // the higher one of all and the link's own counts, and 2 is lenient
	}
	for _, k := range []struct {
		knob
		value int
	}{
		{knob{name: "arp_ignore"}, 1},
		{knob{name: "arp_announce"}, 2},
		{knob{name: "arp_filter"}, 0},
		{knob{name: "accept_local"}, 1},
		{knob{name: "rp_filter"}, reverse},
		{knob{name: "promote_secondaries"}, 1},
		{knob{name: "disable_ipv6", v6: true}, 1},
		{knob{name: "addr_gen_mode", v6: true}, 1}, // none
		{knob{name: "accept_ra", v6: true}, 0},
		{knob{name: "autoconf", v6: true}, 0},
	} {
		v.sysctls.set(name, k.knob, k.value)
	}
}

// setIPv6 switches IPv6 on or off if the link is one of ours. Off takes all IPv6 addresses away.
func (v *vmacs) setIPv6(link int, on bool) {
	disable := 1
	if on {
		disable = 0
	}
	if name := v.nameOf(link); name != "" {
		v.sysctls.set(name, knob{name: "disable_ipv6", v6: true}, disable)
	}
}

// nameOf is the name of the macvlan with this index, or empty.
func (v *vmacs) nameOf(link int) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	for name, m := range v.byName {
		if m.index == link {
			return name
		}
	}
	return ""
}

// awaits tells whether the link is one of ours that the watcher has not seen yet.
func (v *vmacs) awaits(link int) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, m := range v.byName {
		if m.index == link {
			return !m.seen
		}
	}
	return false
}

// review forgets macvlans that somebody has removed, to be made anew when they are asked for.
func (v *vmacs) review(links *linkTable) {
	for _, m := range v.vanished(links) {
		v.releaseKnobs(m) // may take long, and the loop asks for the lock
	}
}

// vanished are those that were seen and are no more.
func (v *vmacs) vanished(links *linkTable) (gone []*macvlan) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for name, m := range v.byName {
		is := links.byIndex[m.index]
		if is == nil && m.seen {
			delete(v.byName, name)
			gone = append(gone, m)
		}
		m.seen = is != nil
	}
	return gone
}

// removeAll removes every macvlan of ours. run must have ended.
func (v *vmacs) removeAll() {
	for _, m := range v.byName {
		if err := v.remove(m); err != nil {
			v.log.Error("a macvlan could not be removed; remove it by hand", "err", err)
		}
	}
	clear(v.byName)
}

// remove takes a macvlan away, unless it is gone already.
func (v *vmacs) remove(m *macvlan) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Index = m.index
	err := v.nl.LinkDel(&netlink.Macvlan{LinkAttrs: attrs})
	v.releaseKnobs(m)
	if err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("remove macvlan %s: %w", m.Name, err)
	}
	return nil
}

func (v *vmacs) releaseKnobs(m *macvlan) {
	for name := range parentKnobs {
		v.sysctls.release(knob{link: m.Parent, name: name})
	}
}

func (v *vmacs) close() { v.nl.Close() }
