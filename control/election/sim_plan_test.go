package election

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// plan is all that a seed decides: the routers, their network and what will happen to them. Whatever is drawn
// during the run comes from the same source, so a seed always plays the same.
type plan struct {
	rng           *rand.Rand
	routers       []Config
	starts        []time.Duration
	phases        [maxNodes]Phase
	delay, jitter time.Duration // of a frame: the least, and the most on top
	lateness      time.Duration // the most by which a process is late to read or to wake
	duplication   float64       // of frames
	background    float64       // loss of frames on every link until calm
	loops         bool          // the switch sends everything back to its sender as well
	hasty         bool          // masters tick before they read what has arrived
	stampsAll     bool          // kernels stamp also those adverts of the followed master that they hand over
	disturbances  []disturbance
	calm, end     time.Duration // from calm on nothing more is disturbed
	slowest       time.Duration // the longest interval of all
	mostFrames    int           // more than this is a storm
}

// epoch is when a simulation begins.
const epoch = time.Hour

// disturbance is something bad, from one instant to another.
type disturbance struct {
	what        trouble
	from, until time.Duration
	node, other int
	side        int     // partition: bit i is set if node i is on the one side
	loss        float64 // of frames from node to other
	priority    uint8
}

type trouble uint8

const (
	partition trouble = iota
	lossy
	pause
	crash
	stop
	weigh
	fault
	renumber
	reload
	handOver
	troubles
)

func (t trouble) String() string {
	return [...]string{"partition", "loss", "pause", "crash", "stop", "weigh", "fault", "renumber", "reload", "handover"}[t]
}

func newPlan(seed int64) plan {
	p := plan{rng: rand.New(rand.NewPCG(uint64(seed), 0x76727270))}
	unit := []time.Duration{10, 50, 100, 1000}[p.rng.IntN(4)] * time.Millisecond
	p.drawRouters(unit)
	for i := range p.phases {
		if p.chance(0.5) {
			p.phases[i] = Phase(p.rng.IntN(1 << 16))
		}
	}
	p.tame()
	fastest := Never
	for _, c := range p.routers {
		fastest, p.slowest = min(fastest, c.Interval), max(p.slowest, c.Interval)
	}
	p.delay = p.upTo(fastest / 50)
	p.jitter = p.upTo(fastest / 20)
	p.lateness = p.upTo(fastest / 20)
	if p.chance(0.3) {
		p.duplication = 0.1
	}
	if p.chance(0.3) {
		p.background = 0.2 * p.rng.Float64()
	}
	p.loops, p.hasty, p.stampsAll = p.chance(0.1), p.chance(0.5), p.chance(0.2)
	p.drawTimes()
	for range p.rng.IntN(9) {
		p.disturbances = append(p.disturbances, p.drawDisturbance())
	}
	p.mostFrames = 4 * len(p.routers) * int((p.end-epoch)/fastest)
	return p
}

// drawRouters chooses one of three kinds of network: version 3 with any intervals; version 2, where intervals
// must be equal; and version 3 in interoperation mode beside version 2. Version 2 owners ignore all others (RFC
// 3768 7.1), so where there is version 2 there is at most one owner.
func (p *plan) drawRouters(unit time.Duration) {
	kind := p.rng.IntN(5)
	interval := time.Second * time.Duration(1+p.rng.IntN(2))
	pool := []uint8{50, 100, 100, 150, 200, 254}
	owners := 0
	host := p.rng.Perm(200)
	for i := range 2 + p.rng.IntN(maxNodes-1) {
		c := Config{Version: 3, Interval: unit * time.Duration(1+p.rng.IntN(8)), Priority: pool[p.rng.IntN(len(pool))],
			Self: address(host[i])}
		switch {
		case kind == 3:
			c.Version, c.Interval = 2, interval
		case kind == 4 && p.chance(0.5):
			c.Version, c.Interval = 2, time.Second
		case kind == 4:
			c.Interop, c.Interval = true, []time.Duration{200, 500, 1000}[p.rng.IntN(3)]*time.Millisecond
		}
		if p.chance(0.4) {
			c.Priority = uint8(1 + p.rng.IntN(254))
		}
		if p.chance(0.1) && (owners == 0 || kind < 3) {
			owners++
			c.Priority, c.StartMaster = ownerPriority, p.chance(0.8)
		}
		p.drawHabits(&c)
		p.routers = append(p.routers, c)
	}
}

func (p *plan) drawHabits(c *Config) {
	c.Preempt = p.chance(0.7)
	if p.chance(0.25) {
		c.PreemptDelay = p.upTo(10 * c.Interval)
	}
	if p.chance(0.1) {
		c.DownAdverts = 2 + p.rng.IntN(4)
	}
	if p.chance(0.2) {
		c.AnnounceDelay, c.AnnounceRefresh = c.Interval/2, 3*c.Interval
		c.LowerRepeat, c.LowerDelay = 1, c.Interval/3
	}
	c.LowerNoAdvert, c.HigherSendAdvert = p.chance(0.1), p.chance(0.1)
}

// tame takes higher_prio_send_advert away where intervals differ: the last word of a fast router makes third ones
// follow it, and give it up before the slow better master speaks again, for ever.
func (p *plan) tame() {
	for _, c := range p.routers {
		if c.Interval != p.routers[0].Interval {
			for i := range p.routers {
				p.routers[i].HigherSendAdvert = false
			}
			return
		}
	}
}

func address(host int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(host + 1)}) }

func (p *plan) drawTimes() {
	together := p.chance(0.3)
	for range p.routers {
		at := epoch
		if !together {
			at += p.upTo(6 * p.slowest)
		}
		p.starts = append(p.starts, at)
	}
	p.calm = epoch + 10*p.slowest + p.upTo(30*p.slowest)
	p.end = p.calm + 30*p.slowest
}

// drawDisturbance chooses one thing that goes wrong. Everything ends by calm; only routers other than the first
// may stay down for good.
func (p *plan) drawDisturbance() disturbance {
	d := disturbance{what: trouble(p.rng.IntN(int(troubles))), node: p.rng.IntN(len(p.routers)), other: p.rng.IntN(len(p.routers)),
		side: p.rng.IntN(1 << len(p.routers)), loss: []float64{0.1, 0.5, 1}[p.rng.IntN(3)], priority: uint8(1 + p.rng.IntN(254))}
	d.from = epoch + p.upTo(p.calm-epoch)
	d.until = min(p.calm, d.from+p.upTo(8*p.slowest))
	lasting := d.what == weigh || d.what == handOver || d.node > 0 && (d.what == crash || d.what == stop || d.what == fault)
	if lasting && p.chance(0.3) {
		d.until = Never
	}
	if d.what == renumber && p.loops {
		d.what = pause // a looped advert under the old address is one of another router
	}
	return d
}

func (p *plan) chance(of float64) bool { return of > 0 && p.rng.Float64() < of }

// upTo draws a duration from zero up to and including most.
func (p *plan) upTo(most time.Duration) time.Duration {
	return time.Duration(p.rng.Int64N(int64(most) + 1))
}

// disturb begins a disturbance.
func (w *world) disturb(d disturbance) {
	n := w.nodes[d.node]
	w.story("%v of %d begins", d.what, d.node)
	switch d.what {
	case partition:
		w.trouble++
		w.part(d.side, 1)
	case lossy:
		w.trouble++
		w.loss[d.node][d.other] = d.loss
	case pause:
		w.trouble++
		n.paused++
	case crash:
		w.kill(n)
	case stop:
		w.ask(n, Stop{})
	case weigh:
		w.ask(n, Weighed{Priority: d.priority})
	case handOver:
		w.ask(n, Weighed{Priority: 1})
		w.ask(n, HandOver{})
	case fault:
		w.ask(n, Failed{Cause: "link"})
	case renumber:
		w.ask(n, Renumbered{Self: address(200 + d.node*10 + w.rng.IntN(10))})
	case reload:
		c := n.config
		c.Priority, c.Preempt = d.priority, !c.Preempt
		if c.Version == 3 && !c.Interop {
			c.Interval = w.routers[d.other].Interval
		}
		w.ask(n, Reconfigured{Config: c})
	}
}

// relieve ends it.
func (w *world) relieve(d disturbance) {
	n := w.nodes[d.node]
	w.story("%v of %d ends", d.what, d.node)
	switch d.what {
	case partition:
		w.trouble--
		w.part(d.side, -1)
	case lossy:
		w.trouble--
		w.loss[d.node][d.other] = 0
	case pause:
		w.trouble--
		n.paused--
		n.resumed = w.now
		n.turn(w)
	case crash:
		if !n.alive {
			w.boot(n)
			w.ask(n, Start{Phase: w.phases[n.id]})
		}
	case stop:
		w.ask(n, Start{Phase: w.phases[n.id]})
	case weigh, handOver:
		w.ask(n, Weighed{Priority: n.config.Priority})
	case fault:
		w.ask(n, Cleared{Cause: "link"})
	case renumber:
	case reload:
		w.ask(n, Reconfigured{Config: w.routers[d.node]})
	}
}

// part adds a partition between the nodes whose bits in side differ, or takes one away.
func (w *world) part(side, by int) {
	for a := range w.nodes {
		for b := range w.nodes {
			if side>>a&1 != side>>b&1 {
				w.cut[a][b] += by
			}
		}
	}
}
