package election

import "time"

// idle is the role init: no part is taken (RFC 9568 6.4.1).
type idle struct{}

func (idle) name() Role    { return Init }
func (idle) enter(*Router) {}
func (idle) leave(*Router) {}

func (idle) deadline(*Router) (time.Duration, string) { return Never, "" }

func (idle) step(r *Router, now time.Duration, in Input) {
	switch in := in.(type) {
	case Start:
		r.begin(now, Startup, "")
	case Reconfigured:
		r.reconfigure(in.Config)
	case Stop, HandOver, Heard, Refreshed, Tick, Weighed, Failed, Cleared, Renumbered, lifted, pulled, contested:
	}
}

// faulty is the role fault: started, but some cause forbids taking part.
type faulty struct{}

func (faulty) name() Role    { return Fault }
func (faulty) enter(*Router) {}
func (faulty) leave(*Router) {}

func (faulty) deadline(*Router) (time.Duration, string) { return Never, "" }

func (faulty) step(r *Router, now time.Duration, in Input) {
	switch in := in.(type) {
	case Stop:
		r.become(now, idle{}, Shutdown, "")
	case Cleared:
		switch {
		case len(r.causes) > 0:
		case in.Cause == r.barred:
			r.begin(now, Grouped, "no member of the sync group is in fault")
		default:
			r.begin(now, Recovered, "")
		}
	case Reconfigured:
		r.reconfigure(in.Config)
	case Start, HandOver, Heard, Refreshed, Tick, Weighed, Failed, Renumbered, lifted, pulled, contested:
	}
}
