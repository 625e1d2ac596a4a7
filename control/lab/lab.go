// Package lab builds throw-away networks: hosts, each a network namespace, whose cards are cabled to bridges. It
// serves demonstrations and tests; nothing it makes outlives Close, and what a killed run left is removed by the
// next one of the same name. It needs root and nothing but the kernel and nsenter of util-linux.
package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// prefix begins the names of all namespaces and locks of labs.
const prefix = "xv-"

// lockDir holds a lock for each lab in use, so that a running lab is not taken for one that was left behind.
const lockDir = "/run"

// wireName is the host name of the namespace with the bridges.
const wireName = "wire"

// Segment is the name of a bridge: the network that cards are on unless they say otherwise.
const Segment = "lan"

// Lab is a network under construction or in use. Its methods are for one goroutine; those of its hosts are not.
type Lab struct {
	// Wire is the namespace with the bridges, for captures of a whole segment.
	Wire *Host

	name     string
	lock     *os.File
	segments map[string]bool
	hosts    []*Host
	ports    int // cards cabled so far
}

// NIC is a card of a host.
type NIC struct {
	Name    string         // in the host, such as ens160
	Segment string         // bridge it is cabled to; Segment when empty
	Addrs   []netip.Prefix // in the order they are added
}

// New starts a lab whose namespaces are called xv-NAME-HOST.
func New(name string) (*Lab, error) {
	lock, err := takeLock(name)
	if err != nil {
		return nil, err
	}
	l := &Lab{name: name, lock: lock, segments: make(map[string]bool)}
	if err := l.start(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lab) start() (err error) {
	if err := sweep(l.name); err != nil {
		return err
	}
	if l.Wire, err = newHost(prefix+l.name+"-"+wireName, wireName); err != nil {
		return err
	}
	return l.Wire.Sysctl("net.ipv6.conf.default.disable_ipv6", "1")
}

// Sweep removes what a killed run of this name left: namespaces and the processes in them. It refuses while
// another process uses the lab.
func Sweep(name string) error {
	lock, err := takeLock(name)
	if err != nil {
		return err
	}
	return errors.Join(sweep(name), dropLock(lock))
}

// Close ends every process in the lab and removes the lab.
func (l *Lab) Close() error {
	var errs []error
	for _, h := range l.hosts {
		errs = append(errs, h.close())
	}
	if l.Wire != nil {
		errs = append(errs, l.Wire.close())
	}
	return errors.Join(append(errs, dropLock(l.lock))...)
}

// AddHost adds a host with these cards and waits until they can be used. Cards get rising Ethernet addresses, and
// so rising IPv6 link-local addresses, in the order they are added.
func (l *Lab) AddHost(name string, nics ...NIC) (*Host, error) {
	if strings.Contains(name, "-") {
		return nil, fmt.Errorf("host name %s has a hyphen, which ends the lab's name in the namespace's", name)
	}
	h, err := newHost(prefix+l.name+"-"+name, name)
	if err != nil {
		return nil, err
	}
	l.hosts = append(l.hosts, h)
	for _, nic := range nics {
		if err := l.plug(h, nic); err != nil {
			return nil, fmt.Errorf("plug %s into host %s: %w", nic.Name, name, err)
		}
	}
	return h, nil
}

// plug cables a new card of h to its segment.
func (l *Lab) plug(h *Host, nic NIC) error {
	l.ports++
	c := cable{nic: nic.Name, port: fmt.Sprintf("port%d", l.ports), segment: nic.Segment}
	if c.segment == "" {
		c.segment = Segment
	}
	err := l.Wire.nl.LinkAdd(&netlink.Veth{
		LinkAttrs:        netlink.LinkAttrs{Name: c.port, TxQLen: -1},
		PeerName:         nic.Name,
		PeerNamespace:    netlink.NsFd(h.ns.Fd()),
		PeerHardwareAddr: net.HardwareAddr{2, 'x', 'v', 0, byte(l.ports >> 8), byte(l.ports)},
	})
	if err != nil {
		return fmt.Errorf("add cable: %w", err)
	}
	h.cables = append(h.cables, c)
	for _, addr := range nic.Addrs {
		if err := h.AddAddr(nic.Name, addr); err != nil {
			return err
		}
	}
	if err := errors.Join(l.Wire.SetLink(c.port, true), h.SetLink(nic.Name, true)); err != nil {
		return err
	}
	return errors.Join(h.awaitReady(nic.Name), l.join(c))
}

// bridge returns the segment's bridge, which is made when it is first asked for. It floods multicast, as a switch
// does that does not snoop.
func (l *Lab) bridge(segment string) (netlink.Link, error) {
	if !l.segments[segment] {
		snooping := false
		b := netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: segment, TxQLen: -1}, MulticastSnooping: &snooping}
		if err := l.Wire.nl.LinkAdd(&b); err != nil {
			return nil, fmt.Errorf("add bridge %s: %w", segment, err)
		}
		if err := l.Wire.SetLink(segment, true); err != nil {
			return nil, err
		}
		l.segments[segment] = true
	}
	return l.Wire.link(segment)
}

// Cut stops all traffic of the host's cards on their segments, by unplugging them at the bridge. The cards keep
// their carrier: what the host sees is silence.
func (l *Lab) Cut(h *Host) error {
	for _, c := range h.cables {
		port, err := l.Wire.link(c.port)
		if err != nil {
			return err
		}
		if err := l.Wire.nl.LinkSetNoMaster(port); err != nil {
			return fmt.Errorf("cut host %s: %w", h.Name, err)
		}
	}
	return nil
}

// Heal undoes Cut.
func (l *Lab) Heal(h *Host) error {
	for _, c := range h.cables {
		if err := l.join(c); err != nil {
			return fmt.Errorf("heal host %s: %w", h.Name, err)
		}
	}
	return nil
}

// join puts the bridge's end of a cable on the bridge.
func (l *Lab) join(c cable) error {
	port, err := l.Wire.link(c.port)
	if err != nil {
		return err
	}
	bridge, err := l.bridge(c.segment)
	if err != nil {
		return err
	}
	if err := l.Wire.nl.LinkSetMaster(port, bridge); err != nil {
		return fmt.Errorf("put %s on bridge %s: %w", c.port, c.segment, err)
	}
	err = l.Wire.Do(func() error { return forward(c.port) })
	if err != nil && !errors.Is(err, unix.ENETDOWN) { // a card that is down forwards when it comes up
		return fmt.Errorf("let bridge port %s forward: %w", c.port, err)
	}
	return nil
}

// takeLock takes the lab's name, which a dead process no longer holds.
func takeLock(name string) (*os.File, error) {
	path := fmt.Sprintf("%s/%s%s.lock", lockDir, prefix, name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock lab %s: %w", name, err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("lab %s is in use by another process: %w", name, err)
	}
	return f, nil
}

func dropLock(f *os.File) error { return errors.Join(os.Remove(f.Name()), f.Close()) }

// sweep removes the namespaces of a lab that nobody uses. The last hyphen tells lab and host apart: what belongs to a
// lab whose name goes on where this one ends stays.
func sweep(name string) error {
	entries, err := os.ReadDir(namespaceDir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list namespaces: %w", err)
	}
	var errs []error
	for _, e := range entries {
		if host, ours := strings.CutPrefix(e.Name(), prefix+name+"-"); ours && !strings.Contains(host, "-") {
			errs = append(errs, removeNamespace(e.Name()))
		}
	}
	return errors.Join(errs...)
}
