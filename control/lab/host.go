package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// readyPatience is how long a card may take until it can be used.
const readyPatience = 10 * time.Second

// quiet keeps a host from sending what a test has not asked for, and from waiting before it uses an address.
var quiet = [][2]string{
	{"net.ipv6.conf.all.accept_dad", "0"},
	{"net.ipv6.conf.default.accept_dad", "0"},
	{"net.ipv6.conf.default.accept_ra", "0"},
	{"net.ipv6.conf.default.router_solicitations", "0"},
	{"net.ipv6.conf.default.addr_gen_mode", "0"}, // link-local addresses from the Ethernet address
}

// Host is a machine of a lab: a network namespace.
type Host struct {
	Name      string
	Namespace string // as `ip netns` shows it

	ns     *os.File
	nl     *netlink.Handle
	cables []cable
}

// cable leads from a card of a host to a bridge.
type cable struct {
	nic     string
	port    string // its end in the namespace of the bridges
	segment string // the bridge
}

func newHost(namespace, name string) (*Host, error) {
	ns, err := makeNamespace(namespace)
	if err != nil {
		return nil, err
	}
	h := &Host{Name: name, Namespace: namespace, ns: ns}
	if err := h.start(); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (h *Host) start() (err error) {
	if h.nl, err = netlink.NewHandleAt(netns.NsHandle(h.ns.Fd()), unix.NETLINK_ROUTE); err != nil {
		return fmt.Errorf("open rtnetlink in %s: %w", h.Namespace, err)
	}
	for _, knob := range quiet {
		if err := h.Sysctl(knob[0], knob[1]); err != nil {
			return err
		}
	}
	return h.SetLink("lo", true)
}

// close removes the host. Its cards are deleted explicitly: a namespace lives on while a socket in it is open.
func (h *Host) close() error {
	if h.nl != nil {
		for _, c := range h.cables {
			if l, err := h.nl.LinkByName(c.nic); err == nil {
				_ = h.nl.LinkDel(l) // it may have been moved or removed
			}
		}
		h.nl.Close()
	}
	return errors.Join(h.ns.Close(), removeNamespace(h.Namespace))
}

// Do runs f on a thread inside the host. Sockets that f opens belong to the host for good; goroutines it starts
// run elsewhere.
func (h *Host) Do(f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(h.ns.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter %s: %w", h.Namespace, err)
		}
		return f()
	})
}

// Command prepares a program to run inside the host, to be used like any other of os/exec: the process is the
// program itself. One that still runs when the lab closes is killed.
func (h *Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	enter := "--net=" + filepath.Join(namespaceDir, h.Namespace)
	return exec.CommandContext(ctx, "nsenter", append([]string{enter, "--", name}, args...)...)
}

// Sysctl sets a network sysctl of the host, such as net.ipv4.ip_forward.
func (h *Host) Sysctl(name, value string) error {
	path := "/proc/sys/" + strings.ReplaceAll(name, ".", "/")
	return h.Do(func() error {
		if err := os.WriteFile(path, []byte(value), 0); err != nil {
			return fmt.Errorf("set sysctl on host %s: %w", h.Name, err)
		}
		return nil
	})
}

// AddAddr adds an address, without a broadcast address and without duplicate address detection. On a card that is
// up it can be used at once.
func (h *Host) AddAddr(nic string, addr netip.Prefix) error {
	if err := h.changeAddr(nic, addr, "add", h.nl.AddrAdd); err != nil {
		return err
	}
	if l, err := h.link(nic); err != nil || !running(l) {
		return err
	}
	return h.await(nic, func(_ netlink.Link, addrs []netlink.Addr) bool { return settled(addrs) })
}

// DelAddr deletes an address.
func (h *Host) DelAddr(nic string, addr netip.Prefix) error {
	return h.changeAddr(nic, addr, "delete", h.nl.AddrDel)
}

func (h *Host) changeAddr(nic string, addr netip.Prefix, verb string,
	change func(netlink.Link, *netlink.Addr) error) error {
	l, err := h.link(nic)
	if err != nil {
		return err
	}
	a, err := netlink.ParseAddr(addr.String())
	if err != nil {
		return fmt.Errorf("%s %v: %w", verb, addr, err)
	}
	if addr.Addr().Is4() {
		a.Broadcast = netip.IPv4Unspecified().AsSlice() // none, where the netlink package would guess one
	} else {
		a.Flags = unix.IFA_F_NODAD
	}
	if err := change(l, a); err != nil {
		return fmt.Errorf("%s %v on %s of host %s: %w", verb, addr, nic, h.Name, err)
	}
	return nil
}

// Addrs are the addresses of a card, in the kernel's order.
func (h *Host) Addrs(nic string) ([]netip.Prefix, error) {
	l, err := h.link(nic)
	if err != nil {
		return nil, err
	}
	list, err := h.nl.AddrList(l, netlink.FAMILY_ALL)
	if err != nil {
		return nil, fmt.Errorf("list addresses of %s on host %s: %w", nic, h.Name, err)
	}
	var addrs []netip.Prefix
	for _, a := range list {
		addr, _ := netip.AddrFromSlice(a.IP)
		bits, _ := a.Mask.Size()
		addrs = append(addrs, netip.PrefixFrom(addr.Unmap(), bits))
	}
	return addrs, nil
}

// HasAddr tells whether a card has an address, with whatever prefix length. A card that is not there has none.
func (h *Host) HasAddr(nic string, addr netip.Addr) bool {
	addrs, err := h.Addrs(nic)
	return err == nil && slices.ContainsFunc(addrs, func(p netip.Prefix) bool { return p.Addr() == addr })
}

// LinkLocal is the IPv6 link-local address of a card.
func (h *Host) LinkLocal(nic string) (netip.Addr, error) {
	addrs, err := h.Addrs(nic)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, p := range addrs {
		if p.Addr().Is6() && p.Addr().IsLinkLocalUnicast() {
			return p.Addr(), nil
		}
	}
	return netip.Addr{}, fmt.Errorf("%s of host %s has no IPv6 link-local address", nic, h.Name)
}

// SetLink takes a card up or down.
func (h *Host) SetLink(nic string, up bool) error {
	l, err := h.link(nic)
	if err != nil {
		return err
	}
	set, verb := h.nl.LinkSetDown, "down"
	if up {
		set, verb = h.nl.LinkSetUp, "up"
	}
	if err := set(l); err != nil {
		return fmt.Errorf("take %s of host %s %s: %w", nic, h.Name, verb, err)
	}
	return nil
}

// NICs are the names of the host's cards.
func (h *Host) NICs() []string {
	names := make([]string, len(h.cables))
	for i, c := range h.cables {
		names[i] = c.nic
	}
	return names
}

func (h *Host) link(nic string) (netlink.Link, error) {
	l, err := h.nl.LinkByName(nic)
	if err != nil {
		return nil, fmt.Errorf("find %s on host %s: %w", nic, h.Name, err)
	}
	return l, nil
}

// awaitReady waits until a card has its carrier and its link-local address, and can use all addresses.
func (h *Host) awaitReady(nic string) error {
	return h.await(nic, func(l netlink.Link, addrs []netlink.Addr) bool {
		linkLocal := slices.ContainsFunc(addrs, func(a netlink.Addr) bool { return a.IP.IsLinkLocalUnicast() })
		return running(l) && linkLocal && settled(addrs)
	})
}

func (h *Host) await(nic string, ok func(netlink.Link, []netlink.Addr) bool) error {
	for end := time.Now().Add(readyPatience); ; time.Sleep(time.Millisecond) {
		l, err := h.link(nic)
		if err != nil {
			return err
		}
		addrs, err := h.nl.AddrList(l, netlink.FAMILY_ALL)
		if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
			return fmt.Errorf("list addresses of %s on host %s: %w", nic, h.Name, err)
		}
		if err == nil && ok(l, addrs) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s of host %s is not ready after %v", nic, h.Name, readyPatience)
		}
	}
}

func running(l netlink.Link) bool { return l.Attrs().RawFlags&unix.IFF_RUNNING != 0 }

// settled tells whether all addresses can be used. Even without detection an IPv6 address is tentative at first.
func settled(addrs []netlink.Addr) bool {
	return !slices.ContainsFunc(addrs, func(a netlink.Addr) bool { return a.Flags&unix.IFA_F_TENTATIVE != 0 })
}

// AwaitAddr waits until a card has an address, or with present false until it has it no longer, and returns the
// instant at which that was seen.
func (h *Host) AwaitAddr(ctx context.Context, nic string, addr netip.Addr, present bool) (time.Duration, error) {
	ns := netns.NsHandle(h.ns.Fd())
	updates, done := make(chan netlink.AddrUpdate), make(chan struct{})
	err := netlink.AddrSubscribeWithOptions(updates, done, netlink.AddrSubscribeOptions{Namespace: &ns})
	if err != nil {
		return 0, fmt.Errorf("watch addresses of host %s: %w", h.Name, err)
	}
	defer func() {
		close(done)
		go func() { // the sender closes the channel once it got rid of what it still has
			for range updates {
			}
		}()
	}()
	for h.HasAddr(nic, addr) != present {
		select {
		case _, ok := <-updates:
			if !ok {
				return 0, fmt.Errorf("watch addresses of host %s: too many changes at once", h.Name)
			}
		case <-ctx.Done():
			return 0, fmt.Errorf("wait for %v on %s of host %s: %w", addr, nic, h.Name, ctx.Err())
		}
	}
	return Now(), nil
}
