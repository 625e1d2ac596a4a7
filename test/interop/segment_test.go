package interop

import (
	"fmt"
	"net/netip"
	"os"
	"testing"

	"github.com/xvrrp/xvrrp/control/lab"
)

// nic is the card of every host, named as in the tutorial.
const nic = "ens160"

// segment is one network of a test: hosts .46, .47 and so on of the tutorial's subnet, and an observer.
type segment struct {
	t    testing.TB
	lab  *lab.Lab
	ear  *ear
	dir  string // for configurations and logs
	next byte   // last octet of the next host
}

func newSegment(t testing.TB, name string) *segment {
	t.Helper()
	needRoot(t)
	l, err := lab.New("interop-" + name)
	if err != nil {
		t.Fatal(err)
	}
	s := &segment{t: t, lab: l, dir: t.TempDir(), next: 46}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close the lab: %v", err)
		}
	})
	return s
}

// machine is a host of the segment.
type machine struct {
	*lab.Host
	segment *segment
	v4, v6  netip.Addr // its own addresses; v6 is link-local
}

func (s *segment) add(name string) *machine {
	s.t.Helper()
	v4 := netip.AddrFrom4([4]byte{172, 160, 180, s.next})
	s.next++
	h, err := s.lab.AddHost(name, lab.NIC{Name: nic, Addrs: []netip.Prefix{netip.PrefixFrom(v4, 24)}})
	if err != nil {
		s.t.Fatal(err)
	}
	v6, err := h.LinkLocal(nic)
	if err != nil {
		s.t.Fatal(err)
	}
	m := &machine{h, s, v4, v6}
	if s.ear == nil { // the bridge exists with the first host
		s.ear = listen(s.t, s.lab)
	}
	return m
}

// file writes a configuration for the machine and returns its path.
func (m *machine) file(name, text string) string {
	m.segment.t.Helper()
	path := fmt.Sprintf("%s/%s-%s", m.segment.dir, m.Name, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		m.segment.t.Fatal(err)
	}
	return path
}
