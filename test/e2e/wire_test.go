package e2e

import (
	"context"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// early is by how much two stamps of the kernel may disagree.
const early = 2 * time.Millisecond

// silent demands that a machine has not spoken since a mark.
func silent(t *testing.T, e *bed.Ear, mark int, m *bed.Machine) {
	t.Helper()
	if said := e.From(mark, m); len(said) > 0 {
		t.Errorf("%s spoke: %s", m.Name, said[0])
	}
}

// loyal demands that a backup has not spoken since a mark but where its master had been silent for master-down. On a
// starved machine even a living master may be.
func loyal(t *testing.T, e *bed.Ear, mark int, m, master *bed.Machine, down time.Duration) {
	t.Helper()
	var last bed.Advert // the latest of either
	for n, a := range e.All() {
		if n >= mark && a.MAC == m.MAC && last.MAC == master.MAC && a.At-last.At < down-early {
			t.Errorf("%s spoke %s after its master, which is less than %s: %s", m.Name, a.At-last.At, down, a)
		}
		if a.MAC == m.MAC || a.MAC == master.MAC {
			last = a
		}
	}
}

// within demands that a takeover came no earlier than prescribed, and before a limit that tells it from any other
// cause.
func within(t *testing.T, last, first bed.Advert, prescribed, limit time.Duration) {
	t.Helper()
	if took := first.At - last.At; took < prescribed-early || took >= limit {
		t.Errorf("took over %s after the last advert, want %s at least and less than %s", took, prescribed, limit)
	}
}

// awaitARPReply waits until a card gets an ARP reply that tells where an address is.
func awaitARPReply(t *testing.T, c *lab.Capture, addr netip.Addr) {
	t.Helper()
	const reply = 2
	ctx, cancel := context.WithTimeout(t.Context(), bed.Patience)
	defer cancel()
	_, err := c.Await(ctx, func(f lab.Frame) bool {
		b := f.Data
		return len(b) >= bed.EtherLen+28 && !f.Outgoing && binary.BigEndian.Uint16(b[12:]) == bed.EtherARP &&
			binary.BigEndian.Uint16(b[bed.EtherLen+6:]) == reply && netip.AddrFrom4([4]byte(b[bed.EtherLen+14:])) == addr
	})
	if err != nil {
		t.Errorf("no ARP reply for %s: %v", addr, err)
	}
}
