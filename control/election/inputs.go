package election

import (
	"net/netip"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// Input is something that happened to a router. The set is closed.
type Input interface{ input() }

// Start leaves init.
type Start struct{ Phase Phase }

// Phase is where in the interval a master's adverts leave, in 65536ths: masters of one phase and interval speak at one
// moment, whenever they became master. 0 is no phase: each advert is an interval after the last.
type Phase uint16

// Stop resigns and returns to init.
type Stop struct{}

// HandOver has a master resign without a cause of fault: it stays a backup, and takes over again only if nobody else
// does. Its priority is left to Weighed. An owner keeps what it owns.
type HandOver struct{ Detail string }

// Heard is a valid advert that arrived at the instant given to Step.
type Heard struct {
	Advert vrrp.Advert
	Src    netip.Addr
}

// Refreshed says that the followed master repeated its last advert at the instant given to Step.
type Refreshed struct{}

// Tick says that the instant given to Step has come; it matters when a deadline is due.
type Tick struct{}

// Weighed sets the priority in force, after tracking.
type Weighed struct{ Priority uint8 }

// Failed adds a cause of fault; the router is in fault while any cause stands.
type Failed struct{ Cause string }

// Cleared removes a cause of fault.
type Cleared struct{ Cause string }

// Renumbered sets the source address of our adverts, the tie-breaker of RFC 9568 6.4.3.
type Renumbered struct{ Self netip.Addr }

// Reconfigured replaces the configuration and keeps the role: what differs counts from now on. Version stays what
// it was, and Self is left to Renumbered. A new base priority is in force until Weighed says otherwise; without one
// the priority in force stays.
type Reconfigured struct{ Config Config }

// What a sync group tells its members.
type (
	lifted    struct{ detail string } // take over, for reasons of your own if none is told
	pulled    struct{ detail string } // step down: another member is not master
	contested struct{}                // another member, master like you, heard a losing advert
)

func (Start) input()        {}
func (Stop) input()         {}
func (HandOver) input()     {}
func (Heard) input()        {}
func (Refreshed) input()    {}
func (Tick) input()         {}
func (Weighed) input()      {}
func (Failed) input()       {}
func (Cleared) input()      {}
func (Renumbered) input()   {}
func (Reconfigured) input() {}
func (lifted) input()       {}
func (pulled) input()       {}
func (contested) input()    {}
