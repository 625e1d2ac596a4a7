package vrrp

import (
	"crypto/hmac"
	"net/netip"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/loader/verdict"
)

// multicastSenders is how many senders of a group are told apart: it bounds what must be remembered.
const multicastSenders = 4

// Verifier checks the trailers of the adverts that a router receives. It remembers the last sequence of each sender.
type Verifier struct {
	conf  HMAC
	room  int    // most marks
	marks []mark // the sender heard last comes first
	skew  time.Duration
}

// mark is the last sequence of a sender whose signature was right.
type mark struct {
	src netip.Addr
	seq sequence
}

// NewVerifier is for a router that starts. peers is the number of its unicast peers, 0 in multicast mode: among the
// marks of senders that are not known beforehand the one unheard for longest makes room for a fifth.
func NewVerifier(h *HMAC, peers int) *Verifier {
	v := &Verifier{}
	v.Reconfigure(h, peers)
	return v
}

// Reconfigure changes keys, rules and the number of peers. The marks stay.
func (v *Verifier) Reconfigure(h *HMAC, peers int) {
	v.conf, v.room = *h, peers
	if peers == 0 {
		v.room = multicastSenders
	}
	v.marks = v.marks[:min(len(v.marks), v.room)]
}

// Check judges the trailer of a message that came from src at an instant of the wall clock: Delivered, or the HMAC
// verdict on the first defect. The message is one that Parse delivers.
func (v *Verifier) Check(message []byte, src netip.Addr, wall time.Time) verdict.Verdict {
	pdu, b := Split(message, src.Is6())
	if b == nil {
		if v.conf.Mode == HMACEnforce {
			return verdict.HMACMissing
		}
		return verdict.Delivered
	}
	t, ok := readTrailer(b)
	if !ok {
		return verdict.HMACMalformed
	}
	now := sequenceAtTime(wall)
	key, known := v.conf.Keys[t.key]
	switch {
	case !v.fresh(t.seq, now):
		return verdict.HMACStale
	case !known:
		return verdict.HMACKey
	case !hmac.Equal(digest(key, pdu, b[:digestAt], src), t.digest):
		return verdict.HMACInvalid
	case !v.advance(src, t.seq, now):
		return verdict.HMACReplay
	}
	v.skew = t.seq.ahead(now)
	return verdict.Delivered
}

// Skew is how far the sender of the last message whose trailer was right is ahead of our clock; it is large if that is
// more than half the window, which is a warning: beyond the whole window no advert is taken.
func (v *Verifier) Skew() (ahead time.Duration, large bool) {
	return v.skew, !v.conf.Monotonic && v.skew.Abs() > v.conf.Window/2
}

// fresh reports whether a sequence lies in the window around now.
func (v *Verifier) fresh(seq, now sequence) bool {
	return v.conf.Monotonic || seq.ahead(now).Abs() <= v.conf.Window
}

// advance moves a sender's mark; false if the sequence is not above it. A mark outside the window does not count: what
// it could still refuse is stale, unless a clock was set back, which must not shut a sender out.
func (v *Verifier) advance(src netip.Addr, seq, now sequence) bool {
	i := slices.IndexFunc(v.marks, func(m mark) bool { return m.src == src })
	if i < 0 {
		if len(v.marks) < v.room {
			v.marks = append(v.marks, mark{})
		}
		i = len(v.marks) - 1
	} else if last := v.marks[i].seq; v.fresh(last, now) && !seq.after(last) {
		return false
	}
	copy(v.marks[1:], v.marks[:i])
	v.marks[0] = mark{src, seq}
	return true
}
