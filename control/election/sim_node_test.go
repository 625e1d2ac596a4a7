package election

import (
	"net/netip"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// frame is one advert on the wire.
type frame struct {
	from              int
	src               netip.Addr
	version, priority uint8
	interval          time.Duration
	copied            bool // version 2 of an advert that goes out in version 3 as well
	segment           int  // of those that a group lives on
}

// hears reports whether the filter of a router lets an advert through (RFC 3768 7.1, RFC 9568 7.1). It knows
// nothing of our own source address here: what a loop brings back must be harmless even so.
func hears(c Config, f frame) bool {
	switch {
	case f.version == 2 && (c.Priority == ownerPriority || c.Version == 3 && !c.Interop):
		return false
	case f.version == 2:
		return c.Interop || f.interval == c.Interval
	}
	return c.Version == 3
}

// node is a host: a kernel with its filter, and a process that runs the loop around a router.
type node struct {
	id     int
	config Config
	alive  bool
	ledger ledger

	// The kernel: frames read while the process does not run, and what it keeps back.
	ring     []arrival
	followed frame // meaning something while following
	follows  bool
	stamp    time.Duration // of the last one kept back

	// The process.
	inbox   []Input // of its own, to be stepped at its next turn
	woken   bool    // a wake is on its way
	alarms  int     // how many alarms were set; only the last one counts
	due     time.Duration
	paused  int
	current frame // being stepped, which Follow refers to

	// For the checks.
	resumed, changed, weighed, reloaded, sent time.Duration
	oracle                                    oracle
	takeovers                                 int
}

type arrival struct {
	at    time.Duration
	frame frame
}

func (w *world) boot(n *node) {
	n.alive = true
	n.ledger = newLedger(n.config)
	n.due = Never
}

// kill is the sudden end of a host: process, kernel and addresses.
func (w *world) kill(n *node) {
	*n = node{id: n.id, config: n.config, paused: n.paused, resumed: n.resumed, alarms: n.alarms + 1, woken: n.woken}
}

func (n *node) router() *Router { return n.ledger.router }

// is reports whether the node runs and its router has this role.
func (n *node) is(r Role) bool { return n.alive && n.ledger.role == r }

// ask gives the router an input of its own host's.
func (w *world) ask(n *node, in Input) {
	if n.alive {
		n.inbox = append(n.inbox, in)
		n.wake(w)
	}
}

func (n *node) wake(w *world) {
	if !n.woken {
		n.woken = true
		w.queue.push(event{at: w.now + w.upTo(w.lateness), what: wake, node: n.id})
	}
}

// receive is the kernel's part: filter, stamp, and keep back what the process expects.
func (n *node) receive(w *world, f frame) {
	if !n.alive || !hears(n.config, f) {
		return
	}
	n.oracle.arrived(n, f, w.now)
	repeat := n.follows && f == n.followed
	if repeat || w.stampsAll && n.follows && f.src == n.followed.src {
		n.stamp = w.now
	}
	if repeat {
		return
	}
	n.ring = append(n.ring, arrival{w.now, f})
	n.wake(w)
}

// turn is one turn of the process's loop, as the caller's contract demands it.
func (n *node) turn(w *world) {
	if !n.alive || n.paused > 0 {
		return
	}
	if w.hasty && n.is(Master) {
		n.tickIfDue(w)
	}
	n.refresh(w)
	for _, a := range n.ring {
		n.current = a.frame
		n.step(w, a.at, Heard{Src: a.frame.src, Advert: vrrp.Advert{Version: a.frame.version, VRID: 1, Priority: a.frame.priority, Interval: a.frame.interval}})
	}
	n.ring = n.ring[:0]
	for _, in := range n.inbox {
		n.step(w, w.now, in)
	}
	n.inbox = n.inbox[:0]
	n.refresh(w)
	n.tickIfDue(w)
	n.setAlarm(w)
}

// refresh asks the kernel when the followed master was last seen.
func (n *node) refresh(w *world) {
	if n.is(Backup) && n.stamp > n.router().State().LastHeard {
		n.step(w, n.stamp, Refreshed{})
	}
}

func (n *node) tickIfDue(w *world) {
	if at, _ := n.router().Deadline(); at <= w.now {
		n.step(w, w.now, Tick{})
	}
}

func (n *node) setAlarm(w *world) {
	at, _ := n.router().Deadline()
	if at == n.due {
		return
	}
	n.due = at
	n.alarms++
	if at != Never {
		w.queue.push(event{at: max(w.now, at) + w.upTo(w.lateness), what: alarm, node: n.id, index: n.alarms})
	}
}

// step steps the router and carries out what it answers.
func (n *node) step(w *world, at time.Duration, in Input) {
	if w.err != nil {
		return
	}
	before := n.ledger.role
	if err := n.ledger.step(at, in); err != nil {
		w.fail("router %d: %w", n.id, err)
		return
	}
	effects := n.router().effects
	if w.tell != nil {
		w.story("%d at %v %T%v: %v; deadline %s", n.id, at, in, in, describe(effects), describeDeadline(n.router()))
	}
	switch in := in.(type) {
	case Weighed, Renumbered:
		n.weighed = w.now
	case Reconfigured:
		n.config, n.weighed, n.reloaded = in.Config, w.now, w.now
		n.oracle.interval = n.router().State().MasterInterval
	}
	for _, e := range effects {
		switch e := e.(type) {
		case Advertise:
			w.check.advertised(w, n, before, e.Priority)
			n.advertise(w, e.Priority)
		case Follow:
			n.follow(e)
		case Changed:
			n.changed = w.now
			if e.To == Master {
				n.takeovers++
			}
			n.oracle.changed(w, n, e)
		}
	}
}

func (n *node) follow(e Follow) {
	n.follows = e.Master.IsValid()
	if n.follows {
		n.followed, n.stamp = n.current, 0
	}
}

// advertise sends an advert in each version the router speaks.
func (n *node) advertise(w *world, priority uint8) {
	f := frame{from: n.id, src: n.router().self, version: n.config.Version, priority: priority, interval: n.config.Interval}
	w.send(f)
	if n.config.Interop {
		f.version, f.copied, f.interval = 2, true, max(time.Second, f.interval.Truncate(time.Second))
		w.send(f)
	}
}
