package election

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	seeds  = flag.Int("seeds", 0, "how many networks to simulate; 0 means $XVRRP_SEEDS, or 3000")
	replay = flag.Int64("seed", -1, "simulate this network only, and tell what happens")
)

// TestSimulator runs networks of two to five routers in virtual time, each built and disturbed as its seed says,
// and checks the invariants of sim_check_test.go all along.
func TestSimulator(t *testing.T) {
	if *replay >= 0 {
		w := &world{tell: t.Logf}
		if err := w.run(*replay); err != nil {
			t.Error(err)
		}
		return
	}
	count := seedCount(t)
	began := time.Now()
	var next, frames, failures atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			w := new(world)
			for failures.Load() < 5 {
				seed := next.Add(1) - 1
				if seed >= int64(count) {
					return
				}
				if err := w.run(seed); err != nil {
					failures.Add(1)
					t.Errorf("%v\n\treplay: go test ./control/election -run TestSimulator -v -seed %d", err, seed)
				}
				frames.Add(int64(len(w.frames)))
			}
		})
	}
	workers.Wait()
	t.Logf("%d networks, %d adverts in %v", count, frames.Load(), time.Since(began).Round(time.Millisecond))
}

func seedCount(t *testing.T) int {
	if *seeds > 0 {
		return *seeds
	}
	if s := os.Getenv("XVRRP_SEEDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("XVRRP_SEEDS: %v", err)
		}
		return n
	}
	if testing.Short() {
		return 300
	}
	return 3000
}

// world is one simulated network: routers, links, time and what disturbs them.
type world struct {
	plan
	now     time.Duration
	queue   queue
	frames  []frame
	nodes   []*node
	loss    [maxNodes][maxNodes]float64 // from, to
	cut     [maxNodes][maxNodes]int     // number of partitions between them
	trouble int                         // disturbances of the network going on; 0: it is whole
	check   checks
	err     error
	tell    func(format string, args ...any) // nil, or where the story goes
}

const maxNodes = 5

// run simulates one seed.
func (w *world) run(seed int64) error {
	if err := w.play(newPlan(seed)); err != nil {
		return fmt.Errorf("seed %d at %v: %w", seed, w.now, err)
	}
	return nil
}

// play simulates a plan from start to end.
func (w *world) play(p plan) error {
	*w = world{plan: p, queue: w.queue.emptied(), frames: w.frames[:0], tell: w.tell}
	w.check.vacant = Never
	for i, c := range w.routers {
		n := &node{id: i, config: c}
		w.nodes = append(w.nodes, n)
		w.boot(n)
		w.queue.push(event{at: w.starts[i], what: begin, node: i})
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
		w.check.always(w)
	}
	if w.err == nil {
		w.now = w.end
		w.check.settled(w)
	}
	return w.err
}

func (w *world) happen(e event) {
	switch e.what {
	case begin:
		w.ask(w.nodes[e.node], Start{Phase: w.phases[e.node]})
	case arrive:
		w.nodes[e.node].receive(w, w.frames[e.index])
	case wake:
		w.nodes[e.node].woken = false
		w.nodes[e.node].turn(w)
	case alarm:
		if n := w.nodes[e.node]; n.alarms == e.index {
			n.turn(w)
		}
	case disturb:
		w.disturb(w.disturbances[e.index])
	case relieve:
		w.relieve(w.disturbances[e.index])
	}
}

func (w *world) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

func (w *world) story(format string, args ...any) {
	if w.tell != nil {
		w.tell("%12v  %s", w.now, fmt.Sprintf(format, args...))
	}
}

// send puts a frame on every link of its sender.
func (w *world) send(f frame) {
	w.frames = append(w.frames, f)
	index := len(w.frames) - 1
	if index > w.mostFrames {
		w.fail("a storm: more than %d adverts", w.mostFrames)
	}
	for to := range w.nodes {
		if to == f.from && !w.loops {
			continue
		}
		if to != f.from && w.lost(f.from, to) {
			w.check.disturbed(w, f.from, to)
			continue
		}
		w.queue.push(event{at: w.now + w.travel(), what: arrive, node: to, index: index})
		if w.chance(w.duplication) {
			w.queue.push(event{at: w.now + w.travel() + w.travel(), what: arrive, node: to, index: index})
		}
	}
}

func (w *world) lost(from, to int) bool {
	return w.cut[from][to] > 0 || w.chance(w.loss[from][to]) || w.now < w.calm && w.chance(w.background)
}

// travel is how long one frame takes.
func (w *world) travel() time.Duration { return w.delay + w.upTo(w.jitter) }

// kind is what an event is.
type kind uint8

const (
	begin   kind = iota // a router is started
	arrive              // frame index comes in at a node
	wake                // a process has something to read
	alarm               // a process's timer goes off, if it is still the index-th one set
	disturb             // disturbance index begins
	relieve             // and ends
)

type event struct {
	at    time.Duration
	order int // among events of one instant
	index int
	node  int
	what  kind
}

// queue is a heap of events by instant, then in the order they were pushed.
type queue struct {
	heap   []event
	pushed int
}

func (q queue) emptied() queue { return queue{heap: q.heap[:0]} }

func (a event) before(b event) bool {
	return a.at < b.at || a.at == b.at && a.order < b.order
}

func (q *queue) push(e event) {
	q.pushed++
	e.order = q.pushed
	q.heap = append(q.heap, e)
	i := len(q.heap) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !e.before(q.heap[parent]) {
			break
		}
		q.heap[i] = q.heap[parent]
		i = parent
	}
	q.heap[i] = e
}

func (q *queue) pop() (event, bool) {
	if len(q.heap) == 0 {
		return event{}, false
	}
	first, last := q.heap[0], q.heap[len(q.heap)-1]
	q.heap = q.heap[:len(q.heap)-1]
	n := len(q.heap)
	if n == 0 {
		return first, true
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= n {
			break
		}
		if child+1 < n && q.heap[child+1].before(q.heap[child]) {
			child++
		}
		if !q.heap[child].before(last) {
			break
		}
		q.heap[i] = q.heap[child]
		i = child
	}
	q.heap[i] = last
	return first, true
}
