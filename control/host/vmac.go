package host

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"

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

// EnsureVMAC makes the macvlan unless it is there, gives it its sysctls and returns its index. What it made, or took
// over from a daemon that was killed, is removed by RemoveVMAC or when Run ends. It is idempotent and takes some
// milliseconds.
func (h *Host) EnsureVMAC(v VMAC) (index int, err error) { return h.vmacs.ensure(v) }

// RemoveVMAC removes a macvlan of EnsureVMAC's.
func (h *Host) RemoveVMAC(name string) error { return h.vmacs.removeNamed(name) }

// What the link below a macvlan needs, so that it does not answer for the virtual addresses with its own MAC
// (arp_ignore) nor ask for others in their name (arp_announce).
var parentKnobs = map[string]int{"arp_ignore": 1, "arp_announce": 2}

// vmacs are the macvlans that we made, or took over from a daemon that was killed.
type vmacs struct {
	log     *slog.Logger
	nl      *netlink.Handle
	watch   *watcher
	sysctls *sysctls

	mu     sync.Mutex
	byName map[string]*macvlan
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
	return &vmacs{log: log, nl: nl, watch: w, sysctls: s, byName: make(map[string]*macvlan)}, nil
}

// ensure makes a macvlan unless it is there and returns its index.
func (v *vmacs) ensure(want VMAC) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if have := v.byName[want.Name]; have != nil {
		if have.VMAC == want {
			return have.index, nil
		}
		if err := v.remove(have); err != nil {
			return 0, err
		}
	}
	index, err := v.make(want)
	if err != nil {
		return 0, fmt.Errorf("macvlan %s: %w", want.Name, err)
	}
	v.byName[want.Name] = &macvlan{VMAC: want, index: index, seen: v.watch.link(index) != nil}
	for name, least := range parentKnobs {
		v.sysctls.raise(knob{link: want.Parent, name: name}, least)
	}
	return index, nil
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
	v.mu.Lock()
	defer v.mu.Unlock()
	for name, m := range v.byName {
		if m.index != link {
			continue
		}
		disable := 1
		if on {
			disable = 0
		}
		v.sysctls.set(name, knob{name: "disable_ipv6", v6: true}, disable)
	}
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
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, m := range v.byName {
		is := links.byIndex[m.index]
		if is == nil && m.seen {
			v.forget(m)
		}
		m.seen = is != nil
	}
}

func (v *vmacs) removeNamed(name string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if m := v.byName[name]; m != nil {
		return v.remove(m)
	}
	return nil
}

// removeAll removes every macvlan of ours.
func (v *vmacs) removeAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, m := range v.byName {
		if err := v.remove(m); err != nil {
			v.log.Error("a macvlan could not be removed; remove it by hand", "err", err)
		}
	}
}

// remove takes a macvlan away, unless it is gone already.
func (v *vmacs) remove(m *macvlan) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Index = m.index
	err := v.nl.LinkDel(&netlink.Macvlan{LinkAttrs: attrs})
	if err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("remove macvlan %s: %w", m.Name, err)
	}
	v.forget(m)
	return nil
}

func (v *vmacs) forget(m *macvlan) {
	delete(v.byName, m.Name)
	for name := range parentKnobs {
		v.sysctls.release(knob{link: m.Parent, name: name})
	}
}

func (v *vmacs) close() { v.nl.Close() }
