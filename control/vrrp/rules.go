package vrrp

import (
	"net/netip"
	"time"
)

// Versions is the set of protocol versions a router receives.
type Versions uint8

// The versions; both together are the interoperation mode of RFC 9568 8.4.
const (
	V2 Versions = 1 << 2
	V3 Versions = 1 << 3
)

func (v Versions) String() string {
	switch v {
	case V2:
		return "2"
	case V3:
		return "3"
	case V2 | V3:
		return "2 or 3"
	}
	return "none"
}

// Checksum says how the checksum of a version 3 message over IPv4 covers the pseudo header. RFC 5798 could be
// read both ways; RFC 9568 5.2.8 leaves it out, keepalived and FRR include it by default.
type Checksum uint8

// The forms.
const (
	Either     Checksum = iota // any of them; what is sent is never Either
	Plain                      // message only (RFC 9568)
	Pseudo                     // with an IPv4 pseudo header (keepalived, FRR)
	OldUnicast                 // a pseudo header to 224.0.0.18 in unicast mode (keepalived before 1.3.7)
)

// TrailerRule says whether the trailer of auth_hmac may follow a message.
type TrailerRule uint8

// The rules.
const (
	TrailerRefused TrailerRule = iota
	TrailerAllowed
	TrailerRequired
)

// Mismatch says what becomes of an advert whose address list differs from ours (vrrp_address_mismatch).
type Mismatch uint8

// The policies.
const (
	DropDisjoint   Mismatch = iota // no address in common: another cluster on our VRID
	AcceptMismatch                 // RFC 9568 7.1: log only
	DropMismatch                   // RFC 3768 7.1: drop unless the sender's priority is 255
)

// Peer is one unicast neighbour and the range of TTLs its adverts may arrive with.
type Peer struct {
	Addr           netip.Addr
	MinTTL, MaxTTL uint8
}

// Rules is what one router demands of an advert before it counts: the receive checks of RFC 9568 7.1 with this
// router's values. The loader writes them into the filter; Judge applies them in Go.
type Rules struct {
	ID       ID // whose destination is ListensOn
	Versions Versions
	Owner    bool          // priority 255: version 2 ignores other masters
	Interval time.Duration // version 2: must equal the advert's
	Checksum Checksum      // version 3 over IPv4
	Auth     Auth          // version 2
	Trailer  TrailerRule   // unless refused, no advert is coalesced: a Verifier is to see each
	Addrs    []netip.Addr  // the virtual addresses we advertise, in order
	Mismatch Mismatch
	AnyFirst bool       // IPv6: take lists that do not begin with a link-local address (FRR)
	Own      netip.Addr // the source of our own adverts: coming back they are a loop
	Group    netip.Addr // multicast destination; not used when Peers is not empty
	Peers    []Peer     // unicast mode: adverts come to Own from one of these
	PassOn   bool       // adverts that we take go on to the stack as well (vrrp_pass_adverts)

	// Followed is the master this router follows in backup. SkipAddrs leaves the address list of its adverts
	// unchecked (vrrp_skip_check_adv_addr).
	Followed  netip.Addr
	SkipAddrs bool
}

// ListensOn is the destination of adverts for the router.
func (r *Rules) ListensOn() netip.Addr {
	if len(r.Peers) != 0 {
		return r.Own
	}
	return r.Group
}
