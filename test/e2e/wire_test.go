package e2e

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
)

const (
	etherLen = 14
	ipv4Len  = 20
	headLen  = 8 // of a VRRP message
	protocol = 112

	etherIPv4 = 0x0800
	etherARP  = 0x0806

	centisecond = 10 * time.Millisecond
)

// advert is an IPv4 advert as the segment saw it. It is read here without package vrrp, so that a mistake there
// cannot hide itself.
type advert struct {
	at             time.Duration // the kernel's stamp
	mac            [6]byte       // Ethernet source
	src, dst       netip.Addr
	ttl, version   uint8
	vrid, priority uint8
	interval       time.Duration
	addrs          []netip.Addr
}

func (a advert) String() string {
	return fmt.Sprintf("%s %x %s VRID %d priority %d", a.at, a.mac, a.src, a.vrid, a.priority)
}

// readAdvert reads an untagged frame; ok is false if it holds no whole VRRP message over IPv4.
func readAdvert(f lab.Frame) (a advert, ok bool) {
	b := f.Data
	if len(b) < etherLen+ipv4Len+headLen || binary.BigEndian.Uint16(b[12:]) != etherIPv4 || b[etherLen+9] != protocol {
		return a, false
	}
	ip := b[etherLen:]
	m := ip[ipv4Len:]
	a = advert{at: f.At, mac: [6]byte(b[6:12]), src: netip.AddrFrom4([4]byte(ip[12:])), dst: netip.AddrFrom4([4]byte(ip[16:])),
		ttl: ip[8], version: m[0] >> 4, vrid: m[1], priority: m[2]}
	if a.version == 2 {
		a.interval = time.Duration(m[5]) * time.Second
	} else {
		a.interval = time.Duration(binary.BigEndian.Uint16(m[4:])&0xfff) * centisecond
	}
	for list := m[headLen:]; len(a.addrs) < int(m[3]) && len(list) >= 4; list = list[4:] {
		a.addrs = append(a.addrs, netip.AddrFrom4([4]byte(list)))
	}
	return a, true
}

// ear hears the adverts of a card, or on a bridge those of a whole segment.
type ear struct {
	t       *testing.T
	capture *lab.Capture
	frames  int // of the capture that were read
	heard   []advert
}

func listen(t *testing.T, h *lab.Host, device string) *ear {
	t.Helper()
	c, err := h.Capture(device)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close the capture: %v", err)
		}
	})
	return &ear{t: t, capture: c}
}

// all are the adverts so far, oldest first.
func (e *ear) all() []advert {
	frames := e.capture.Frames()
	for _, f := range frames[e.frames:] {
		if a, ok := readAdvert(f); ok {
			e.heard = append(e.heard, a)
		}
	}
	e.frames = len(frames)
	return e.heard
}

// mark is the end of what was heard so far, for since.
func (e *ear) mark() int { return len(e.all()) }

// since are the adverts after a mark.
func (e *ear) since(mark int) []advert { return e.all()[mark:] }

// from are those adverts after a mark that left a machine's card.
func (e *ear) from(mark int, m *machine) (found []advert) {
	for _, a := range e.since(mark) {
		if a.mac == m.mac {
			found = append(found, a)
		}
	}
	return found
}

// await waits for n adverts of a machine after a mark and returns them all.
func (e *ear) await(mark, n int, m *machine) []advert {
	e.t.Helper()
	until(e.t, fmt.Sprintf("%d adverts of %s", n, m.Name), func() bool { return len(e.from(mark, m)) >= n })
	return e.from(mark, m)
}

// takeover waits until one machine speaks instead of another, and returns the last advert of the one and the first
// of the other. Strangers are not listened to.
func (e *ear) takeover(mark int, from, to *machine) (last, first advert) {
	e.t.Helper()
	first = e.await(mark, 1, to)[0]
	for _, a := range e.from(0, from) {
		if a.at < first.at {
			last = a
		}
	}
	if last.at == 0 {
		e.t.Fatalf("%s spoke without %s having spoken before", to.Name, from.Name)
	}
	return last, first
}

// silent demands that a machine has not spoken since a mark.
func (e *ear) silent(mark int, m *machine) {
	e.t.Helper()
	if said := e.from(mark, m); len(said) > 0 {
		e.t.Errorf("%s spoke: %s", m.Name, said[0])
	}
}

// loyal demands that a backup has not spoken since a mark but where its master had been silent for master-down. On a
// starved machine even a living master may be.
func (e *ear) loyal(mark int, m, master *machine, down time.Duration) {
	e.t.Helper()
	var last advert // the latest of either
	for n, a := range e.all() {
		if n >= mark && a.mac == m.mac && last.mac == master.mac && a.at-last.at < down-early {
			e.t.Errorf("%s spoke %s after its master, which is less than %s: %s", m.Name, a.at-last.at, down, a)
		}
		if a.mac == m.mac || a.mac == master.mac {
			last = a
		}
	}
}

// early is by how much two stamps of the kernel may disagree.
const early = 2 * time.Millisecond

// within demands that a takeover came no earlier than prescribed, and before a limit that tells it from any other
// cause.
func within(t *testing.T, last, first advert, prescribed, limit time.Duration) {
	t.Helper()
	if took := first.at - last.at; took < prescribed-early || took >= limit {
		t.Errorf("took over %s after the last advert, want %s at least and less than %s", took, prescribed, limit)
	}
}

// awaitARPReply waits until a card gets an ARP reply that tells where an address is.
func awaitARPReply(t *testing.T, c *lab.Capture, addr netip.Addr) {
	t.Helper()
	const reply = 2
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := c.Await(ctx, func(f lab.Frame) bool {
		b := f.Data
		return len(b) >= etherLen+28 && !f.Outgoing && binary.BigEndian.Uint16(b[12:]) == etherARP &&
			binary.BigEndian.Uint16(b[etherLen+6:]) == reply && netip.AddrFrom4([4]byte(b[etherLen+14:])) == addr
	})
	if err != nil {
		t.Errorf("no ARP reply for %s: %v", addr, err)
	}
}
