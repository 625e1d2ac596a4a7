package interop

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
)

// onWire is an advert as the segment saw it. It is read here without package vrrp, so that a mistake there cannot
// hide itself.
type onWire struct {
	at             time.Time // the kernel's stamp
	src            netip.Addr
	vrid, priority uint8
}

func (a onWire) String() string {
	return fmt.Sprintf("%s %s VRID %d priority %d", a.at.Format("05.0000"), a.src, a.vrid, a.priority)
}

// readAdvert reads an untagged frame; ok is false if it is no VRRP.
func readAdvert(at time.Time, frame []byte) (a onWire, ok bool) {
	const protocol = 112
	if len(frame) < 14 {
		return a, false
	}
	packet, message := frame[14:], []byte(nil)
	switch binary.BigEndian.Uint16(frame[12:]) {
	case 0x0800:
		if len(packet) < 20 || packet[9] != protocol {
			return a, false
		}
		a.src = netip.AddrFrom4([4]byte(packet[12:16]))
		message = packet[int(packet[0]&15)*4:]
	case 0x86dd:
		if len(packet) < 40 || packet[6] != protocol {
			return a, false
		}
		a.src = netip.AddrFrom16([16]byte(packet[8:24]))
		message = packet[40:]
	}
	if len(message) < 8 {
		return a, false
	}
	a.at, a.vrid, a.priority = at, message[1], message[2]
	return a, true
}

// ear hears every advert of a segment from its first host on.
type ear struct {
	capture *lab.Capture
	frames  int // of the capture that were read
	heard   []onWire
}

func listen(t testing.TB, l *lab.Lab) *ear {
	t.Helper()
	c, err := l.Wire.Capture(lab.Segment)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close the capture: %v", err)
		}
	})
	return &ear{capture: c}
}

// now marks the end of what was heard so far.
func (e *ear) now() int { return len(e.all()) }

// since returns the adverts after a mark.
func (e *ear) since(mark int) []onWire { return e.all()[mark:] }

func (e *ear) all() []onWire {
	frames := e.capture.Frames()
	for _, f := range frames[e.frames:] {
		if a, ok := readAdvert(f.Wall, f.Data); ok {
			e.heard = append(e.heard, a)
		}
	}
	e.frames = len(frames)
	return e.heard
}

// handover is the moment a segment changed its master.
type handover struct {
	last  onWire // of the old master, priority 0 when it resigned
	first onWire // of the new one
}

func (h handover) took() time.Duration { return h.first.at.Sub(h.last.at) }

// findHandover looks for the first advert of `to` that follows one of `from`. Adverts of anybody else, or of `from`
// after the handover, are an error: two masters.
func findHandover(heard []onWire, from, to netip.Addr) (h handover, found bool, err error) {
	for _, a := range heard {
		switch {
		case a.src != from && a.src != to:
			return h, found, fmt.Errorf("a third router speaks: %s", a)
		case a.src == from && found:
			return h, found, fmt.Errorf("%s speaks after %s took over: %s", from, to, a)
		case a.src == from:
			h.last = a
		case h.last.src.IsValid() && !found:
			h.first, found = a, true
		}
	}
	return h, found, nil
}

// interruption is the first advert of somebody else than the master, and how long the master had been silent then.
// The first of the adverts given is the master's.
// On a machine busy enough a master may miss its own deadlines; then a backup is right to speak.
func interruption(heard []onWire, master netip.Addr) (a *onWire, silence time.Duration) {
	var last time.Time
	for i := range heard {
		if heard[i].src != master {
			return &heard[i], heard[i].at.Sub(last)
		}
		last = heard[i].at
	}
	return nil, 0
}

// skew is Skew_Time and down Active_Down_Interval of a router (RFC 3768 6.1, RFC 9568 6.1), with the learned
// interval of its master.
func skew(version, priority uint8, interval time.Duration) time.Duration {
	unit := interval
	if version == 2 {
		unit = time.Second
	}
	return time.Duration(256-int(priority)) * unit / 256
}

func down(version, priority uint8, interval time.Duration) time.Duration {
	return 3*interval + skew(version, priority, interval)
}
