package election

// Which priority is in force, and what it entitles us to. What weighs on it is the business of those who track.

import "time"

// ownerPriority belongs to the router that owns the addresses (RFC 9568 6.1).
const ownerPriority = 255

// owner reports whether the addresses are ours. Tracking never moves an owner's priority.
func (r *Router) owner() bool { return r.config.Priority == ownerPriority }

// deaf reports whether no advert counts (keepalived: owner_ignore_adverts).
func (r *Router) deaf() bool { return r.config.OwnerIgnore && r.owner() }

// weigh puts a priority in force: 1 to 254 for everybody but the owner. 0 and 255 have meanings of their own on
// the wire.
func (r *Router) weigh(priority uint8) {
	if r.owner() {
		r.priority = ownerPriority
		return
	}
	r.priority = min(max(priority, 1), ownerPriority-1)
}

// outranks reports whether a master with this priority is one to preempt. The owner always preempts (RFC 9568
// 6.1).
func (r *Router) outranks(priority uint8) bool {
	return priority < r.priority && (r.config.Preempt || r.owner())
}

// preemptDelay is how long a lower master is left alone; an owner never waits.
func (r *Router) preemptDelay() time.Duration {
	if r.owner() {
		return 0
	}
	return r.config.PreemptDelay
}

// Tracked is what one tracker says, and what weight that has (keepalived.conf: track_script and its like).
type Tracked struct {
	Cause   string // what to call it as a cause of fault
	Weight  int    // 0: down is a fault; above: added while up; below: subtracted while down
	Reverse bool   // turns the weight's sign, or with weight 0 makes up the fault
	Up      bool
	File    bool // the tracker holds a number, Value, of which Weight is a factor; Up is not looked at
	Value   int
}

// What the value of a file may do: from worst on it is a fault, and it adds no more than best.
const (
	worst = -(ownerPriority - 1)
	best  = ownerPriority - 2
)

// Weigh adds what trackers say to a base priority. With a base of 255 no weight counts; faults do.
func Weigh(base uint8, tracked []Tracked) (priority uint8, faults []string) {
	total := int(base)
	for _, t := range tracked {
		points, fault := t.Points()
		if fault {
			faults = append(faults, t.Cause)
			continue
		}
		total += points
	}
	if base == ownerPriority {
		return base, faults
	}
	return uint8(min(max(total, 1), ownerPriority-1)), faults
}

// Points is what a tracker adds to the priority, unless it means a fault.
func (t Tracked) Points() (points int, fault bool) {
	switch {
	case t.File:
		return t.filePoints()
	case t.Weight == 0:
		return 0, t.Up == t.Reverse
	case t.Up == (t.Weight > 0):
		return t.signed(t.Weight), false
	}
	return 0, false
}

// filePoints is Points for a file. Without a weight every number but 0 is a fault.
func (t Tracked) filePoints() (points int, fault bool) {
	if t.Weight == 0 {
		return 0, (t.Value != 0) != t.Reverse
	}
	value := min(max(t.Value, worst), -worst) // no factor can bring back what lies outside
	points = t.signed(value * t.Weight)
	return min(points, best), points <= worst
}

func (t Tracked) signed(n int) int {
	if t.Reverse {
		return -n
	}
	return n
}
