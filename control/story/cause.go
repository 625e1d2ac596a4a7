package story

import (
	"net/netip"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
)

// Cause is why a router changed its role, as far back as this host can know: where the election says that an advert of
// higher priority came, it may be that our own had fallen. The values are stable.
type Cause string

// The causes.
const (
	Start      Cause = "start"           // the router was started
	Stop       Cause = "stop"            // it was stopped
	Owner      Cause = "owner"           // it owns its addresses
	NoMaster   Cause = "no_master"       // nobody was master
	Silence    Cause = "master_silent"   // the master fell silent
	Goodbye    Cause = "master_resigned" // the master sent priority 0
	Preemption Cause = "preemption"      // it outranked the master
	Outranked  Cause = "outranked"       // another router outranked it
	Tie        Cause = "tie"             // another router of the same priority has the higher address
	Paused     Cause = "paused"          // this daemon did not run, and another router took over meanwhile
	Late       Cause = "late"            // this daemon was late with its own adverts
	Link       Cause = "link"            // its link, or the filter on it
	Address    Cause = "address"         // its addresses
	Tracker    Cause = "tracker"         // something that it tracks
	Config     Cause = "configuration"   // a reload
	Operator   Cause = "operator"        // a command
	Fault      Cause = "fault"           // of another kind
	Group      Cause = "sync_group"      // another member of its sync group
)

// byKind are the causes that events of a kind are.
var byKind = map[Kind]Cause{OfLink: Link, OfAddress: Address, OfTracker: Tracker, OfConfig: Config, OfOperator: Operator}

// byReason are the causes where the election's reason says it all.
var byReason = map[election.Reason]Cause{election.Startup: Start, election.Shutdown: Stop, election.Ownership: Owner,
	election.Silence: Silence, election.Resigned: Goodbye, election.Preempted: Preemption, election.Outranked: Outranked,
	election.TieLost: Tie, election.Late: Late, election.HandedOver: Operator, election.Faulted: Fault, election.Recovered: Fault, election.Grouped: Group}

// origin is the cause, and the event that it is if it is one.
func (f *Facts) origin() (Cause, *Event) {
	if c := byKind[f.Reason.Kind]; c != "" {
		return c, &f.Reason
	}
	cause := byReason[f.Changed.Why]
	var e *Event
	switch cause {
	case Silence:
		if !f.Changed.Was.Master.IsValid() {
			cause = NoMaster
		}
	case Outranked, Tie, Late:
		if f.pause() != nil {
			return Paused, nil
		}
		e = f.fell()
	case Preemption:
		e = f.rose()
	case Fault:
		e = f.fault()
	}
	if e != nil && byKind[e.Kind] != "" {
		return byKind[e.Kind], e
	}
	return cause, nil
}

// pause is the one in which this master was silent for longer than others wait; nil if there was none.
func (f *Facts) pause() *Pause {
	was := &f.Changed.Was
	for i := range f.Pauses {
		p := &f.Pauses[i]
		// An interval had passed before an advert was due; others wait for the rest, and their skew.
		if p.Until-p.Due >= was.Down-was.Skew-was.MasterInterval && p.Ran <= f.At && f.At-p.Until <= was.MasterInterval {
			return p
		}
	}
	return nil
}

// fell is what took our priority below that of the advert which outranked us; nil if it had been below before.
func (f *Facts) fell() *Event {
	last := f.last(f.rival())
	if last == nil {
		return nil
	}
	return f.moved(func(e *Event) bool { return e.Was >= last.priority() && e.Now <= last.priority() && e.Now < e.Was })
}

// rose is what took our priority above the master's that we preempt.
func (f *Facts) rose() *Event {
	theirs := f.Changed.Was.MasterPriority
	if last := f.last(f.rival()); last != nil {
		theirs = last.priority()
	}
	return f.moved(func(e *Event) bool { return e.Was <= theirs && e.Now > theirs })
}

// moved is the last change of priority in the role that ended which is so.
func (f *Facts) moved(is func(*Event) bool) *Event {
	for i := len(f.Events) - 1; i >= 0; i-- {
		if e := &f.Events[i]; e.Was != e.Now && e.At >= f.Changed.Was.Since {
			if is(e) {
				return e
			}
			return nil
		}
	}
	return nil
}

// fault is what brought the fault that the router fell into, or took the last that it came out of.
func (f *Facts) fault() *Event {
	out := f.Changed.Why == election.Recovered
	for i := len(f.Events) - 1; i >= 0; i-- {
		if e := &f.Events[i]; e.Fault != "" && e.Lifted == out && (out || e.Fault == f.Changed.Detail) {
			return e
		}
	}
	return nil
}

// rival is the other router that the change was about; zero for none.
func (f *Facts) rival() netip.Addr {
	was := &f.Changed.Was
	switch f.Changed.Why {
	case election.Resigned, election.Preempted:
		return was.Rival
	case election.Silence:
		return was.Master
	case election.Outranked, election.TieLost, election.Late:
		if n := len(f.Adverts); n > 0 {
			return f.Adverts[n-1].Src // it came with this one
		}
	}
	return netip.Addr{}
}

// last is the last advert from an address, nil for none.
func (f *Facts) last(src netip.Addr) *Advert {
	for i := len(f.Adverts) - 1; i >= 0; i-- {
		if f.Adverts[i].Src == src {
			return &f.Adverts[i]
		}
	}
	return nil
}

// late is how long after its deadline a change that waited for one was carried out.
func (f *Facts) late() time.Duration {
	if f.Changed.Was.Due == election.Never {
		return 0
	}
	return max(f.Served-f.Changed.Was.Due, 0)
}
