// Package story tells why a virtual router changed its role. It is pure: facts that were recorded when it happened
// go in, words come out. It decides nothing and asks nobody; what was not recorded is not told.
package story

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// Facts are what was known of a change of role when it happened. Instants are those of CLOCK_MONOTONIC.
type Facts struct {
	Router  string
	Version uint8
	Epoch   time.Time // time of day at the instant 0, when it happened

	Changed  election.Changed // with the router's standing before
	At       time.Duration    // instant of the change, as the election has it
	Served   time.Duration    // when the loop carried it out
	Priority uint8            // in force after it

	Adverts []Advert        // the last that the kernel handed over, oldest first
	Repeats uint64          // adverts of the followed master that the kernel kept back, since the router was bound
	Gaps    []time.Duration // before the last of those, oldest first
	Events  []Event         // what else happened to the router, oldest first
	Pauses  []Pause         // of the whole process, oldest first
	Reason  Event           // what is being done to the router by somebody, and changed its role; zero: nothing

	Lead  string // the member of the sync group that moved it; empty: none
	Moved string // and why that one changed, as its own story sums it up
}

// Advert is one that the kernel handed over.
type Advert struct {
	At       time.Duration // the kernel's stamp
	Src, Dst netip.Addr
	VLAN     vrrp.VLAN
	MAC      [6]byte // Ethernet source
	TTL      uint8   // or hop limit
	Message  []byte  // whole; not to be changed
}

// Repeats reports whether an advert says again what another one of the same sender said.
func (a *Advert) Repeats(other *Advert) bool {
	return a.Src == other.Src && a.MAC == other.MAC && bytes.Equal(a.Message, other.Message)
}

// priority is the third byte of a message; what was handed over is long enough.
func (a Advert) priority() uint8 { return a.Message[2] }

// Kind says what sort of thing happened to a router beside adverts.
type Kind uint8

// The kinds of events.
const (
	OfNothing  Kind = iota
	OfLink          // its link, the filter on it, or its macvlan
	OfAddress       // its addresses and what else it keeps on the host
	OfTracker       // something that is tracked
	OfConfig        // its configuration, by a reload
	OfOperator      // an operator's command
	OfRescue        // its deadline had come, but the kernel had seen its master in time
)

// Event is something that happened to a router.
type Event struct {
	At   time.Duration
	Kind Kind
	Text string // what happened, in words that can follow a time of day

	Fault    string // the cause of fault that this brought or took; empty: none
	Lifted   bool   // it took it
	Was, Now uint8  // priority before and after; equal: it did not change
}

// Pause is a time in which the whole process did not run although it was due.
type Pause struct {
	Ran   time.Duration // when it last ran before
	Due   time.Duration // when it was to run again
	Until time.Duration // when it did
}
