package election

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// groupHost is a host: a kernel with a port on each segment, and a process that runs the loop around a group.
type groupHost struct {
	id      int
	alive   bool
	ledger  *groupLedger
	ports   []*port
	inbox   []func() // what else the process has to do at its next turn
	paused  int
	alarms  int
	due     time.Duration
	weighed time.Duration // instant of the last change of its members' priority
}

// port is a router's place on its segment, and what the kernel keeps for it.
type port struct {
	router   *Router
	cut      int
	ring     []arrival
	current  frame // being stepped, which Follow refers to
	followed frame
	follows  bool
	stamp    time.Duration
	heeded   time.Duration // arrival of the last advert that forbids to take over; 0 if a goodbye came since
}

func (w *groupWorld) boot(h *groupHost) {
	var members []Member
	ports := h.ports
	h.ports = nil
	for i, interval := range w.intervals {
		c := w.configs[h.id]
		c.Interval = interval
		p := &port{router: New(c)}
		if ports != nil {
			p.cut = ports[i].cut
		}
		h.ports = append(h.ports, p)
		members = append(members, Member{fmt.Sprintf("I%d", i+1), p.router})
	}
	h.alive, h.ledger, h.due, h.inbox, h.weighed = true, newGroupLedger(members), Never, nil, 0
	w.ask(h, func() {
		for _, p := range h.ports {
			w.step(h, p, w.now, Start{})
		}
	})
}

// ask has the process do something at its next turn.
func (w *groupWorld) ask(h *groupHost, do func()) {
	if h.alive {
		h.inbox = append(h.inbox, do)
		w.wake(h)
	}
}

func (w *groupWorld) wake(h *groupHost) {
	w.queue.push(event{at: w.now + w.upTo(w.lateness), what: wake, node: h.id})
}

// receive is the kernel's part.
func (w *groupWorld) receive(h *groupHost, f frame) {
	if !h.alive || h.ports[f.segment].cut > 0 {
		return
	}
	p := h.ports[f.segment]
	switch {
	case f.priority == 0:
		p.heeded = 0
	case !p.router.outranks(f.priority):
		p.heeded = w.now
	}
	if p.follows && f == p.followed {
		p.stamp = w.now
		return
	}
	p.ring = append(p.ring, arrival{w.now, f})
	w.wake(h)
}

// turn is one turn of the process's loop, as the caller's contract demands it.
func (w *groupWorld) turn(h *groupHost) {
	if !h.alive || h.paused > 0 {
		return
	}
	var ring []arrival
	for _, p := range h.ports {
		ring = append(ring, p.ring...)
		p.ring = nil
	}
	slices.SortStableFunc(ring, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	for _, a := range ring {
		p := h.ports[a.frame.segment]
		w.refresh(h, p)
		p.current = a.frame
		w.step(h, p, a.at, Heard{Src: a.frame.src, Advert: vrrp.Advert{Version: 3, VRID: 1, Priority: a.frame.priority, Interval: a.frame.interval}})
	}
	for _, do := range h.inbox {
		do()
	}
	h.inbox = nil
	for _, p := range h.ports {
		w.tickIfDue(h, p)
	}
	due := Never
	for _, p := range h.ports {
		at, _ := p.router.Deadline()
		due = min(due, at)
	}
	if due != h.due {
		h.due = due
		h.alarms++
		if due != Never {
			w.queue.push(event{at: max(w.now, due) + w.upTo(w.lateness), what: alarm, node: h.id, index: h.alarms})
		}
	}
}

// refresh asks the kernel when the master that one member follows was last seen.
func (w *groupWorld) refresh(h *groupHost, p *port) {
	if s := p.router.State(); s.Role == Backup && p.stamp > s.LastHeard {
		w.step(h, p, p.stamp, Refreshed{})
	}
}

func (w *groupWorld) tickIfDue(h *groupHost, p *port) {
	if at, _ := p.router.Deadline(); at > w.now {
		return
	}
	w.refresh(h, p)
	if at, _ := p.router.Deadline(); at <= w.now {
		w.step(h, p, w.now, Tick{})
	}
}

// step steps a member and carries out what the group answers.
func (w *groupWorld) step(h *groupHost, p *port, at time.Duration, in Input) {
	if w.err != nil {
		return
	}
	actions, err := h.ledger.step(at, p.router, in)
	if err != nil {
		w.fail("host %d, %T%v: %w", h.id, in, in, err)
	}
	for _, a := range actions {
		segment := slices.IndexFunc(h.ports, func(p *port) bool { return p.router == a.Router })
		if w.tell != nil {
			w.tell("%12v  host %d segment %d at %v %T: %v", w.now, h.id, segment, at, in, describeEffect(a.Effect))
		}
		switch e := a.Effect.(type) {
		case Advertise:
			w.send(h, segment, e.Priority)
		case Follow:
			q := h.ports[segment]
			q.follows, q.followed, q.stamp = e.Master.IsValid(), q.current, 0
		case Changed:
			if segment < 0 {
				w.groupMoved(h, e)
			}
		}
	}
}

func (w *groupWorld) send(h *groupHost, segment int, priority uint8) {
	if h.ports[segment].cut > 0 {
		return
	}
	w.frames = append(w.frames, frame{from: h.id, src: address(h.id), version: 3, priority: priority, interval: w.intervals[segment], segment: segment})
	if len(w.frames) > 20000 {
		w.fail("a storm: more than %d adverts", len(w.frames))
	}
	for _, to := range w.hosts {
		if to != h && !(w.now < w.calm && w.chance(w.background)) {
			w.queue.push(event{at: w.now + w.upTo(time.Millisecond), what: arrive, node: to.id, index: len(w.frames) - 1})
		}
	}
}

// BenchmarkGroup is a group from start to takeover: what a member costs does not depend on how many there are.
func BenchmarkGroup(b *testing.B) {
	for _, n := range []int{20, 2000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			steps := 0
			for b.Loop() {
				var members []Member
				for i := range n {
					members = append(members, Member{fmt.Sprint(i), New(Config{Version: 3, Priority: 100, Interval: time.Second,
						Self: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})})})
				}
				g := NewGroup("g", members)
				for round, in := range []Input{Start{}, Tick{}} {
					for _, m := range members {
						g.Step(time.Duration(round)*4*time.Second, m.Router, in)
						steps++
					}
				}
				if g.Role() != Master {
					b.Fatal(g.Role())
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(steps), "ns/step")
		})
	}
}
