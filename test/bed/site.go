package bed

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/xvrrp/xvrrp/control/lab"
)

// NIC is the first card of every host, named as in the tutorial.
const NIC = "ens160"

// Site is the network of one test: hosts .46, .47 and so on of the tutorial's subnet, and an ear on each segment.
type Site struct {
	T   testing.TB
	Lab *lab.Lab
	Dir string // for configurations, logs and sockets, whose paths must be short
	Ear *Ear   // on the first host's first segment

	ears map[string]*Ear
	next byte // last octet of the next host
}

// New makes a site whose namespaces are called xv-NAME-HOST.
func New(t testing.TB, name string) *Site {
	t.Helper()
	NeedRoot(t)
	dir, err := os.MkdirTemp("", "xv")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := lab.New(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close the lab: %v", err)
		}
	})
	return &Site{T: t, Lab: l, Dir: dir, ears: make(map[string]*Ear), next: 46}
}

// Machine is a host of a site.
type Machine struct {
	*lab.Host
	Site    *Site
	V4, V6  netip.Addr // of its first card; V6 is link-local
	MAC     [6]byte    // of its first card
	Running *Process   // the latest daemon
}

// Card is the name of a host's card on its nth segment.
func Card(n int) string { return fmt.Sprintf("ens%d", 160+n) }

// Add adds a host with a card on each of the segments named, or on one if none is.
func (s *Site) Add(name string, segments ...string) *Machine {
	s.T.Helper()
	if len(segments) == 0 {
		segments = []string{lab.Segment}
	}
	var nics []lab.NIC
	for n, segment := range segments {
		addr := netip.AddrFrom4([4]byte{172, 160, 180 + byte(n), s.next})
		nics = append(nics, lab.NIC{Name: Card(n), Segment: segment, Addrs: []netip.Prefix{netip.PrefixFrom(addr, 24)}})
	}
	s.next++
	h, err := s.Lab.AddHost(name, nics...)
	if err != nil {
		s.T.Fatal(err)
	}
	m := &Machine{Host: h, Site: s, V4: nics[0].Addrs[0].Addr()}
	if m.V6, err = h.LinkLocal(NIC); err != nil {
		s.T.Fatal(err)
	}
	m.Do(func() error {
		card, err := net.InterfaceByName(NIC)
		if err == nil {
			m.MAC = [6]byte(card.HardwareAddr)
		}
		return err
	})
	for _, segment := range segments {
		s.listen(segment)
	}
	s.Ear = s.ears[segments[0]]
	return m
}

// EarOn is the ear on a segment.
func (s *Site) EarOn(segment string) *Ear { return s.ears[segment] }

// listen puts an ear on a segment; its bridge exists with the first host on it.
func (s *Site) listen(segment string) {
	s.T.Helper()
	if s.ears[segment] == nil {
		s.ears[segment] = Listen(s.T, s.Lab.Wire, segment)
	}
}

// Do runs f inside the host.
func (m *Machine) Do(f func() error) {
	m.Site.T.Helper()
	if err := m.Host.Do(f); err != nil {
		m.Site.T.Fatal(err)
	}
}

// Path is where a file of the machine belongs.
func (m *Machine) Path(name string) string { return filepath.Join(m.Site.Dir, m.Name+"-"+name) }

// File writes a file of the machine and returns its path.
func (m *Machine) File(name, text string) string {
	m.Site.T.Helper()
	path := m.Path(name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		m.Site.T.Fatal(err)
	}
	return path
}

// Holds tells how many of the addresses, with these prefix lengths, the first card has.
func (m *Machine) Holds(vips ...netip.Prefix) (n int) {
	m.Site.T.Helper()
	addrs, err := m.Addrs(NIC)
	if err != nil {
		m.Site.T.Fatal(err)
	}
	for _, a := range addrs {
		if slices.Contains(vips, a) {
			n++
		}
	}
	return n
}

// AwaitVIPs waits until the first card has all of these addresses, or none of them.
func (m *Machine) AwaitVIPs(held bool, vips ...netip.Prefix) {
	m.Site.T.Helper()
	what, want := fmt.Sprintf("%s with the addresses %s", m.Name, vips), len(vips)
	if !held {
		what, want = fmt.Sprintf("%s without the addresses %s", m.Name, vips), 0
	}
	Until(m.Site.T, what, Patience, func() bool { return m.Holds(vips...) == want })
}

// Link is the kernel's view of a card.
func (m *Machine) Link(card string) *netlink.LinkAttrs {
	m.Site.T.Helper()
	var attrs *netlink.LinkAttrs
	m.Do(func() error {
		l, err := netlink.LinkByName(card)
		if err == nil {
			attrs = l.Attrs()
		}
		return err
	})
	return attrs
}

// Port is the name of the bridge's end of a card's cable.
func (m *Machine) Port(card string) string {
	m.Site.T.Helper()
	peer := m.Link(card).ParentIndex
	var name string
	err := m.Site.Lab.Wire.Do(func() error {
		l, err := netlink.LinkByIndex(peer)
		if err == nil {
			name = l.Attrs().Name
		}
		return err
	})
	if err != nil {
		m.Site.T.Fatal(err)
	}
	return name
}
