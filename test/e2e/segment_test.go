package e2e

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/xvrrp/xvrrp/control/lab"
)

// nic is the card of every host, named as in the tutorial.
const nic = "ens160"

// patience is how long anything but a protocol deadline may take on a busy machine.
const patience = 20 * time.Second

// until polls a condition; what it waits for is named if it never comes.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no sign in %s of: %s", patience, what)
		}
	}
}

// segment is one network of a test: hosts .46, .47 and so on of the tutorial's subnet, and an observer.
type segment struct {
	t    *testing.T
	lab  *lab.Lab
	ear  *ear
	dir  string // for configurations, logs and sockets, whose paths must be short
	next byte   // last octet of the next host
}

// newSegment makes a segment whose namespaces are called xv-e2e-NAME-HOST.
func newSegment(t *testing.T, name string) *segment {
	t.Helper()
	needRoot(t)
	dir, err := os.MkdirTemp("", "xv-e2e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := lab.New("e2e-" + name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close the lab: %v", err)
		}
	})
	return &segment{t: t, lab: l, dir: dir, next: 46}
}

// machine is a host of the segment.
type machine struct {
	*lab.Host
	segment *segment
	v4      netip.Addr
	mac     [6]byte
	running *process // the latest xvrrp
}

func (s *segment) add(name string) *machine {
	s.t.Helper()
	v4 := netip.AddrFrom4([4]byte{172, 160, 180, s.next})
	s.next++
	h, err := s.lab.AddHost(name, lab.NIC{Name: nic, Addrs: []netip.Prefix{netip.PrefixFrom(v4, 24)}})
	if err != nil {
		s.t.Fatal(err)
	}
	m := &machine{Host: h, segment: s, v4: v4}
	s.do(h, func() error {
		card, err := net.InterfaceByName(nic)
		if err == nil {
			m.mac = [6]byte(card.HardwareAddr)
		}
		return err
	})
	if s.ear == nil { // the bridge exists with the first host
		s.ear = listen(s.t, s.lab.Wire, lab.Segment)
	}
	return m
}

// do runs f inside a host.
func (s *segment) do(h *lab.Host, f func() error) {
	s.t.Helper()
	if err := h.Do(f); err != nil {
		s.t.Fatal(err)
	}
}

func (m *machine) path(name string) string { return filepath.Join(m.segment.dir, m.Name+"-"+name) }

// holds tells how often the card has an address.
func (m *machine) holds(addr netip.Addr) int {
	m.segment.t.Helper()
	addrs, err := m.Addrs(nic)
	if err != nil {
		m.segment.t.Fatal(err)
	}
	n := 0
	for _, p := range addrs {
		if p.Addr() == addr {
			n++
		}
	}
	return n
}

// awaitVIP waits until the card has the virtual address, or has it no longer.
func (m *machine) awaitVIP(held bool) {
	m.segment.t.Helper()
	what := "the virtual address on " + m.Name
	if !held {
		what = m.Name + " without the virtual address"
	}
	until(m.segment.t, what, func() bool { return m.HasAddr(nic, vip.Addr()) == held })
}

// statistics are the kernel's counters of the card.
func (m *machine) statistics() *netlink.LinkStatistics {
	var stats *netlink.LinkStatistics
	m.segment.do(m.Host, func() error {
		l, err := netlink.LinkByName(nic)
		if err == nil {
			stats = l.Attrs().Statistics
		}
		return err
	})
	return stats
}

// port is the name of the bridge's end of the card's cable.
func (m *machine) port() string {
	m.segment.t.Helper()
	var peer int
	m.segment.do(m.Host, func() error {
		l, err := netlink.LinkByName(nic)
		if err == nil {
			peer = l.Attrs().ParentIndex
		}
		return err
	})
	var name string
	m.segment.do(m.segment.lab.Wire, func() error {
		l, err := netlink.LinkByIndex(peer)
		if err == nil {
			name = l.Attrs().Name
		}
		return err
	})
	return name
}
