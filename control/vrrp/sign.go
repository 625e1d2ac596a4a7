package vrrp

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// Signer gives a router's adverts their trailers. What it remembers is the last sequence it used.
type Signer struct {
	conf   HMAC
	last   sequence
	signed bool // last means something
}

// NewSigner is for a router that starts; one that is reconfigured keeps its Signer.
func NewSigner(h *HMAC) *Signer { return &Signer{conf: *h} }

// Reconfigure changes keys and rules. Sequences go on rising.
func (s *Signer) Reconfigure(h *HMAC) { s.conf = *h }

// Sign sets the trailer of an advert that is to be sent from src at an instant of the wall clock. It stays right for
// every destination, as long as nothing else of the advert is changed.
func (s *Signer) Sign(a *Advert, src netip.Addr, wall time.Time) {
	a.Trailer = nil
	pdu := a.AppendTo(nil, src, src, Plain) // the checksum is not signed
	head := []byte{trailerType, s.conf.Active, 0, 0}
	head = binary.BigEndian.AppendUint64(head, uint64(s.next(wall)))
	a.Trailer = append(head, digest(s.conf.Keys[s.conf.Active], pdu, head, src)...)
}

// next is the clock, or one more than the last sequence where the clock has not moved on. A clock that was set back by
// more than the window is followed at once, since receivers that follow it would find us ahead of time.
func (s *Signer) next(wall time.Time) sequence {
	clock := sequenceAtTime(wall)
	next := s.last + 1
	if !s.signed || clock.after(next) || !s.conf.Monotonic && next.ahead(clock) > s.conf.Window {
		next = clock
	}
	s.last, s.signed = next, true
	return next
}
