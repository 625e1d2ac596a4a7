package election

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestGroupSimulator runs two or three hosts in virtual time, each with a sync group of two or three routers on as
// many segments, and cuts, crashes and pauses them until the calm. A group is never split (see groupLedger), and it
// moves only when it may and has a master soon after the network is whole: see groupWorld.groupMoved, vacancy and
// settled.
func TestGroupSimulator(t *testing.T) {
	if *replay >= 0 {
		w := &groupWorld{tell: t.Logf}
		if err := w.run(*replay); err != nil {
			t.Error(err)
		}
		return
	}
	failures := 0
	for seed := range int64(seedCount(t) / 2) {
		w := &groupWorld{}
		if err := w.run(seed); err != nil {
			t.Errorf("seed %d at %v: %v\n\treplay: go test ./control/election -run TestGroupSimulator -v -seed %d", seed, w.now, err, seed)
			if failures++; failures == 5 {
				return
			}
		}
	}
}

// groupWorld is some hosts and the segments between them.
type groupWorld struct {
	groupPlan
	now    time.Duration
	queue  queue
	frames []frame
	hosts  []*groupHost
	vacant time.Duration // since when no group is master though the network is whole
	moved  time.Duration // instant of the last change of a group's role
	err    error
	tell   func(format string, args ...any) // nil, or where the story goes
}

// groupPlan is what a seed decides.
type groupPlan struct {
	rng               *rand.Rand
	configs           []Config        // of a host's members, by host
	intervals         []time.Duration // by segment
	slowest, lateness time.Duration
	background        float64 // loss of frames until calm
	calm, end         time.Duration
	disturbances      []groupDisturbance
}

// groupDisturbance is something bad, from one instant to another.
type groupDisturbance struct {
	what          trouble // partition (of one port), fault (of one port), weigh or handOver (all members), crash or pause
	host, segment int
	priority      uint8
	from, until   time.Duration
}

func newGroupPlan(seed int64) groupPlan {
	p := groupPlan{rng: rand.New(rand.NewPCG(uint64(seed), 0x67726f7570))}
	for range 2 + p.rng.IntN(2) {
		p.intervals = append(p.intervals, time.Duration(1+p.rng.IntN(5))*100*time.Millisecond)
	}
	p.slowest = slices.Max(p.intervals)
	p.lateness = p.upTo(5 * time.Millisecond)
	if p.chance(0.3) {
		p.background = 0.3 * p.rng.Float64()
	}
	hosts := 2 + p.rng.IntN(2)
	owner := p.rng.IntN(4 * hosts)
	for i := range hosts {
		c := Config{Version: 3, Priority: uint8(50 * (1 + p.rng.IntN(4))), Preempt: p.chance(0.7), StartMaster: true,
			LowerRepeat: p.rng.IntN(2), Self: address(i)}
		if i == owner {
			c.Priority = ownerPriority
		}
		if p.chance(0.2) {
			c.PreemptDelay = p.upTo(5 * p.slowest)
		}
		if p.chance(0.3) {
			c.TimerExpired = 254
		}
		p.configs = append(p.configs, c)
	}
	p.calm = epoch + 20*p.slowest + p.upTo(40*p.slowest)
	p.end = p.calm + 60*p.slowest
	for range p.rng.IntN(10) {
		p.disturbances = append(p.disturbances, p.drawDisturbance(hosts))
	}
	return p
}

func (p *groupPlan) drawDisturbance(hosts int) groupDisturbance {
	d := groupDisturbance{what: []trouble{partition, partition, fault, weigh, handOver, crash, pause}[p.rng.IntN(7)], host: p.rng.IntN(hosts),
		segment: p.rng.IntN(len(p.intervals)), priority: uint8(1 + p.rng.IntN(254)), from: epoch + p.upTo(p.calm-epoch)}
	d.until = min(p.calm, d.from+p.upTo(12*p.slowest))
	if d.host > 0 && (d.what == crash || d.what == fault) && p.chance(0.2) {
		d.until = Never
	}
	return d
}

func (p *groupPlan) chance(of float64) bool { return of > 0 && p.rng.Float64() < of }

func (p *groupPlan) upTo(most time.Duration) time.Duration {
	return time.Duration(p.rng.Int64N(int64(most) + 1))
}

// run simulates one seed.
func (w *groupWorld) run(seed int64) error {
	*w = groupWorld{groupPlan: newGroupPlan(seed), tell: w.tell, vacant: Never}
	for i := range w.configs {
		w.hosts = append(w.hosts, &groupHost{id: i})
		w.queue.push(event{at: epoch + w.upTo(6*w.slowest), what: begin, node: i})
	}
	for i, d := range w.disturbances {
		w.queue.push(event{at: d.from, what: disturb, index: i})
		w.queue.push(event{at: d.until, what: relieve, index: i})
	}
	for w.err == nil {
		e, ok := w.queue.pop()
		if !ok || e.at > w.end {
			break
		}
		w.now = e.at
		w.happen(e)
		w.vacancy()
	}
	w.settled()
	return w.err
}

func (w *groupWorld) happen(e event) {
	switch h := w.hosts[e.node]; e.what {
	case begin:
		w.boot(h)
	case arrive:
		w.receive(h, w.frames[e.index])
	case wake:
		w.turn(h)
	case alarm:
		if h.alarms == e.index {
			w.turn(h)
		}
	case disturb:
		w.disturb(w.disturbances[e.index])
	case relieve:
		w.relieve(w.disturbances[e.index])
	}
}

func (w *groupWorld) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

func (w *groupWorld) disturb(d groupDisturbance) {
	h := w.hosts[d.host]
	if w.tell != nil {
		w.tell("%12v  %v of host %d segment %d begins", w.now, d.what, d.host, d.segment)
	}
	switch d.what {
	case partition:
		if h.ports != nil {
			h.ports[d.segment].cut++
		}
	case fault:
		w.ask(h, func() { w.step(h, h.ports[d.segment], w.now, Failed{Cause: "link"}) })
	case weigh:
		w.ask(h, func() { w.weigh(h, d.priority) })
	case handOver:
		w.ask(h, func() {
			w.weigh(h, 1)
			w.step(h, h.ports[d.segment], w.now, HandOver{})
		})
	case crash:
		h.alive = false
	case pause:
		h.paused++
	}
}

func (w *groupWorld) relieve(d groupDisturbance) {
	h := w.hosts[d.host]
	if w.tell != nil {
		w.tell("%12v  %v of host %d segment %d ends", w.now, d.what, d.host, d.segment)
	}
	switch d.what {
	case partition:
		if h.ports != nil {
			h.ports[d.segment].cut = max(0, h.ports[d.segment].cut-1)
		}
	case fault:
		w.ask(h, func() { w.step(h, h.ports[d.segment], w.now, Cleared{Cause: "link"}) })
	case weigh, handOver:
		w.ask(h, func() { w.weigh(h, w.configs[h.id].Priority) })
	case crash:
		if !h.alive {
			w.boot(h)
		}
	case pause:
		h.paused--
		w.wake(h)
	}
}

// weigh puts a priority in force for all members.
func (w *groupWorld) weigh(h *groupHost, priority uint8) {
	for _, p := range h.ports {
		w.step(h, p, w.now, Weighed{Priority: priority})
	}
	h.weighed = w.now
}

// groupMoved: a group takes over only if none of its members has heard of a better master for its master-down.
func (w *groupWorld) groupMoved(h *groupHost, c Changed) {
	w.moved = w.now
	if c.To != Master || w.now-h.weighed < 4*w.slowest {
		return
	}
	for i, p := range h.ports {
		if down := p.router.down(w.intervals[i]); p.heeded > 0 && w.now-p.heeded < down {
			w.fail("host %d takes over, but heard of a better master on segment %d %v ago, master-down is %v", h.id, i, w.now-p.heeded, down)
		}
	}
}

// vacancy: once the network is whole, a group that is neither master nor hears one is ready within the longest
// master-down of its members.
func (w *groupWorld) vacancy() {
	candidates := 0
	for _, h := range w.hosts {
		switch {
		case h.alive && h.ledger.role == Master:
			w.vacant = Never
			return
		case h.alive && h.ledger.role == Backup:
			candidates++
		}
	}
	if w.now < w.calm || candidates == 0 {
		w.vacant = Never
		return
	}
	w.vacant = min(w.vacant, w.now)
	longest := 4*w.slowest + 4*(w.lateness+time.Millisecond)
	if since := max(w.vacant, w.moved); w.now-since > longest {
		w.fail("no group has been master for %v", w.now-since)
	}
}

// settled: in the end one group is master, every other knows it, and none has moved for long.
func (w *groupWorld) settled() {
	var master *groupHost
	backups := 0
	for _, h := range w.hosts {
		switch {
		case !h.alive || h.ledger.role == Fault:
		case h.ledger.role == Master && master != nil:
			w.fail("hosts %d and %d are both master in the end", master.id, h.id)
		case h.ledger.role == Master:
			master = h
		default:
			backups++
		}
	}
	if master == nil {
		if backups > 0 {
			w.fail("no group is master in the end")
		}
		return
	}
	for _, h := range w.hosts {
		if !h.alive || h.ledger.role != Backup {
			continue
		}
		for i, p := range h.ports {
			if p.router.outranks(master.ports[i].router.priority) {
				w.fail("host %d preempts and outranks master %d, but stays backup", h.id, master.id)
			}
			if got := p.router.State().Master; got != address(master.id) {
				w.fail("on segment %d host %d follows %v, but %d is master", i, h.id, got, master.id)
			}
		}
	}
	if w.now-w.moved < 30*w.slowest {
		w.fail("a group has moved %v before the end", w.now-w.moved)
	}
}
