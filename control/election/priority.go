package election

// Which priority is in force, and what it entitles us to. What weighs on it is the business of those who track.

import "time"

// ownerPriority belongs to the router that owns the addresses (RFC 9568 6.1).
const ownerPriority = 255

// owner reports whether the addresses are ours. Tracking never moves an owner's priority.
func (r *Router) owner() bool { return r.config.Priority == ownerPriority }

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
