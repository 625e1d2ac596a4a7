package election

import (
	"net/netip"
	"time"
)

// Effect is something Step asks the caller to do, in the order given. The set is closed.
type Effect interface{ effect() }

// Advertise sends one advert with this priority; 0 resigns (RFC 9568 6.4.3).
type Advertise struct{ Priority uint8 }

// Acquire adds the virtual addresses to the host.
type Acquire struct{}

// Release removes them.
type Release struct{}

// Announce sends gratuitous ARP and unsolicited NA for every virtual address, Repeat times each.
type Announce struct{ Repeat int }

// Follow names the master whose unchanged adverts need not wake us; the zero address follows nobody.
type Follow struct{ Master netip.Addr }

// Changed reports a change of role with its reason, for logs, scripts and metrics alike.
type Changed struct {
	From, To Role
	Why      Reason
	Detail   string // what an operator wants to know beside the reason, or empty
	Was      State  // the router's standing before; zero in a group's own
}

// Noted reports something worth telling that changes no role.
type Noted struct {
	Why    Reason
	Detail string
}

func (Advertise) effect() {}
func (Acquire) effect()   {}
func (Release) effect()   {}
func (Announce) effect()  {}
func (Follow) effect()    {}
func (Changed) effect()   {}
func (Noted) effect()     {}

// adverts are the Advertise effects by priority: an interface value made anew would cost an allocation.
var adverts = func() (all [256]Effect) {
	for p := range all {
		all[p] = Advertise{Priority: uint8(p)}
	}
	return all
}()

// followNobody ends what Follow began.
var followNobody Effect = Follow{}

// Role is where a router stands. RFC 9568 says Active where operators say master.
type Role uint8

// The four roles.
const (
	Init Role = iota
	Backup
	Master
	Fault
)

func (r Role) String() string { return [...]string{"init", "backup", "master", "fault"}[r] }

// Reason is why something happened: a log word, a metric label and a script argument. The values are stable.
type Reason string

// The reasons of Changed and Noted.
const (
	Startup      Reason = "startup"        // the router was started
	Shutdown     Reason = "shutdown"       // the router was stopped
	Silence      Reason = "silence"        // nothing was heard of a master for the master-down interval
	Resigned     Reason = "resigned"       // the master sent priority 0
	Preempted    Reason = "preempt"        // a lower master was outlived on purpose
	HandedOver   Reason = "failover"       // an operator asked for it
	Outranked    Reason = "outranked"      // an advert of higher priority arrived
	TieLost      Reason = "tie"            // equal priority, higher address
	Faulted      Reason = "fault"          // a cause of fault appeared
	Recovered    Reason = "recovered"      // the last cause of fault went away
	Ownership    Reason = "owner"          // priority 255 starts as master
	LowerIgnored Reason = "lower_priority" // a losing advert was heard
	TwoOwners    Reason = "two_owners"     // another router advertises priority 255 as well
	Duplicate    Reason = "duplicate"      // another host uses our source address
	Interval     Reason = "interval"       // the master's interval differs and was learned
	Held         Reason = "held"           // preemption waits for preempt_delay
	Grouped      Reason = "sync_group"     // the other members of the sync group would have it so
	Late         Reason = "late"           // a master slept longer than the others wait
)

// Never is the deadline of a router that waits for nothing.
const Never = time.Duration(1<<63 - 1)
