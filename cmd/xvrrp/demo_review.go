package main

import (
	"net/netip"
	"slices"
	"time"
)

// passage is one failover as the client's link heard it. An instant is zero if it was not heard.
type passage struct {
	lastAdvert  time.Time // of the old master
	firstAdvert time.Time // of the new one
	claimed     time.Time // the new master's first gratuitous ARP for the address
	answered    time.Time // the new master's first reply to the client
	pings, lost int
	wait        time.Duration // the longest time from a ping to the next reply, be it to a later ping
}

// review finds a failover in what was heard. Pings that were sent too late to be answered in time are left out.
func review(told []heardFrame, old, heir netip.Addr, address netip.Addr) passage {
	p := passage{lastAdvert: lastAdvert(told, old)}
	var heirMAC [6]byte
	for _, h := range told {
		if h.what == advert && h.addr == heir {
			p.firstAdvert, heirMAC = h.at, h.mac
			break
		}
	}
	for _, h := range told {
		mine := h.mac == heirMAC && h.addr == address
		switch {
		case h.what == claim && mine && p.claimed.IsZero():
			p.claimed = h.at
		case h.what == pong && mine && p.answered.IsZero():
			p.answered = h.at
		}
	}
	p.countPings(told)
	return p
}

// lastAdvert is when a host was last heard to advertise.
func lastAdvert(told []heardFrame, from netip.Addr) (at time.Time) {
	for _, h := range told {
		if h.what == advert && h.addr == from {
			at = h.at
		}
	}
	return at
}

// inFlight is how long a reply may take; a ping sent less than this before the end says nothing.
const inFlight = 100 * time.Millisecond

// countPings goes backwards, so that the next answer is known at each ping.
func (p *passage) countPings(told []heardFrame) {
	if len(told) == 0 {
		return
	}
	end := told[len(told)-1].at.Add(-inFlight)
	answered := make(map[uint16]bool)
	var next time.Time
	for _, h := range slices.Backward(told) {
		switch {
		case h.what == pong:
			answered[h.seq], next = true, h.at
		case h.what == ping && !h.at.After(end):
			p.pings++
			if !answered[h.seq] {
				p.lost++
			}
			if !next.IsZero() {
				p.wait = max(p.wait, next.Sub(h.at))
			}
		}
	}
}
