package vrrp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"time"
)

// HMAC is the authentication of adverts by a trailer behind the message (keepalived's auth_hmac,
// draft-cassen-vrrp-auth-hmac).
type HMAC struct {
	Keys      map[uint8][]byte // by id; 32 to 64 bytes each
	Active    uint8            // id of the key we sign with
	Monotonic bool             // anti_replay monotonic: no window of time, only rising sequences
	Window    time.Duration    // time_window
	Mode      HMACMode
}

// HMACMode is what becomes of adverts without a trailer, and whether ours have one.
type HMACMode uint8

// The modes.
const (
	HMACEnforce     HMACMode = iota // ours have one; others without are refused
	HMACPermissive                  // ours have one; others without are taken
	HMACReceiveOnly                 // ours have none; others without are taken
)

// Signs reports whether our adverts have a trailer. It may be asked of nil, which is no auth_hmac.
func (h *HMAC) Signs() bool { return h != nil && h.Mode != HMACReceiveOnly }

// Rule is what the filter must make of trailers. It may be asked of nil.
func (h *HMAC) Rule() TrailerRule {
	switch {
	case h == nil:
		return TrailerRefused
	case h.Mode == HMACEnforce:
		return TrailerRequired
	}
	return TrailerAllowed
}

// The trailer: type, key id, two reserved bytes, the sequence (seconds, 1/65536 seconds, counter) and the digest.
const (
	TrailerLen  = 28 // bytes
	trailerType = 1
	sequenceAt  = 4
	digestAt    = 12
	digestLen   = TrailerLen - digestAt
)

// trailer is one that was read.
type trailer struct {
	key    uint8
	seq    sequence
	digest []byte
}

// readTrailer reads a trailer; false if its type is another or reserved bits are set.
func readTrailer(b []byte) (trailer, bool) {
	if len(b) != TrailerLen || b[0] != trailerType || b[2] != 0 || b[3] != 0 {
		return trailer{}, false
	}
	return trailer{key: b[1], seq: sequence(binary.BigEndian.Uint64(b[sequenceAt:])), digest: b[digestAt:]}, true
}

// MaxMessage is the longest message with its trailer that we take, in bytes. Only 254 IPv6 addresses with a trailer
// are more.
const MaxMessage = 4095

// Split parts a message from the trailer behind it, which is nil if there is none.
func Split(message []byte, v6 bool) (pdu, trailer []byte) {
	if len(message) < headerLen || len(message) > MaxMessage {
		return message, nil
	}
	n := messageLen(message[0]>>4, message[3], v6)
	if len(message) != n+TrailerLen {
		return message, nil
	}
	return message[:n:n], message[n:]
}

// digest signs a message and the head of its trailer, up to where the digest is. What is signed begins with family,
// version, VRID and source, and has zeros for the checksum and for the digest itself. The destination is not part of
// it: one signature serves every unicast peer.
func digest(key, pdu, head []byte, src netip.Addr) []byte {
	var before [20]byte
	before[0], before[1], before[2] = 4, pdu[0]>>4, pdu[1]
	if src.Is6() {
		before[0] = 6
	}
	copy(before[4:], src.AsSlice())
	var zeros [digestLen]byte
	mac := hmac.New(sha256.New, key)
	for _, part := range [][]byte{before[:], pdu[:6], zeros[:2], pdu[headerLen:], head, zeros[:]} {
		mac.Write(part)
	}
	return mac.Sum(nil)[:digestLen]
}

// sequence is an instant of the wall clock in 1/65536 seconds since 1970, modulo 2³² seconds, over a counter of 16
// bits that tells signatures of one instant apart.
type sequence uint64

func sequenceAtTime(t time.Time) sequence {
	fraction := uint64(t.Nanosecond()) << 16 / uint64(time.Second)
	return sequence(uint64(uint32(t.Unix()))<<32 | fraction<<16)
}

// time is the second of a sequence, before the year 2106.
func (s sequence) time() time.Time { return time.Unix(int64(s>>32), 0).UTC() }

// after compares as RFC 1982 does: the shorter way round decides.
func (s sequence) after(t sequence) bool { return int64(s-t) > 0 }

// ahead is how much later s is than t.
func (s sequence) ahead(t sequence) time.Duration {
	d := int64(s - t)
	return time.Duration(d>>32)*time.Second + time.Duration(uint64(uint32(d))*uint64(time.Second)>>32)
}
