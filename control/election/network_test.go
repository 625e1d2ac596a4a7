package election

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestNetworks plays networks whose course is known: who is master in the end, and how often each took over.
func TestNetworks(t *testing.T) {
	router := func(host int, priority uint8, interval time.Duration) Config {
		return Config{Version: 3, Priority: priority, Interval: interval, Preempt: true, Self: address(host)}
	}
	modest := func(c Config) Config {
		c.Preempt = false
		return c
	}
	const (
		s  = time.Second
		ms = time.Millisecond
	)
	for _, c := range []struct {
		name         string
		routers      []Config
		starts       []time.Duration
		disturbances []disturbance
		master       int
		takeovers    []int
	}{
		{
			name:    "SM-29: equal priorities started together end with the higher address",
			routers: []Config{router(1, 100, s), router(2, 100, s)},
			starts:  []time.Duration{0, 0},
			master:  1, takeovers: []int{1, 1},
		}, {
			name:    "SM-20: an equal newcomer with the higher address stays backup",
			routers: []Config{router(1, 100, s), router(2, 100, s)},
			starts:  []time.Duration{0, 6 * s},
			master:  0, takeovers: []int{1, 0},
		}, {
			name:    "SM-22: the better newcomer preempts",
			routers: []Config{router(1, 100, s), router(2, 200, s)},
			starts:  []time.Duration{0, 6 * s},
			master:  1, takeovers: []int{1, 1},
		}, {
			name:    "SM-23: a better newcomer that does not preempt waits for the master's goodbye",
			routers: []Config{router(1, 100, s), modest(router(2, 200, s))},
			starts:  []time.Duration{0, 6 * s},
			master:  0, takeovers: []int{1, 0},
		}, {
			name:         "SM-23: and takes over then",
			routers:      []Config{router(1, 100, s), modest(router(2, 200, s))},
			starts:       []time.Duration{0, 6 * s},
			disturbances: []disturbance{{what: stop, node: 0, from: 20 * s, until: 30 * s}},
			master:       1, takeovers: []int{1, 1},
		}, {
			name:    "TM-12: a slow better router and a fast worse one settle with the first advert of the slow one",
			routers: []Config{router(1, 200, 2*s), router(2, 100, 300*ms)},
			starts:  []time.Duration{0, 0},
			master:  0, takeovers: []int{1, 1},
		}, {
			name:    "TM-11: a backup stopped for two master-downs does not take over",
			routers: []Config{router(1, 200, 100*ms), router(2, 100, 100*ms)},
			starts:  []time.Duration{0, 0},
			disturbances: []disturbance{
				{what: pause, node: 1, from: 2 * s, until: 2800 * ms},
				{what: pause, node: 1, from: 3 * s, until: 3800 * ms},
				{what: pause, node: 1, from: 4 * s, until: 4800 * ms},
			},
			master: 0, takeovers: []int{1, 0},
		}, {
			name:    "three routers started worst first: each better one takes over once",
			routers: []Config{router(1, 10, s), router(2, 20, s), router(3, 30, s)},
			starts:  []time.Duration{0, 10 * s, 20 * s},
			master:  2, takeovers: []int{1, 1, 1},
		}, {
			name:    "three routers started together: only the best one ever sends",
			routers: []Config{router(1, 10, s), router(2, 20, s), router(3, 30, s)},
			starts:  []time.Duration{0, 0, 0},
			master:  2, takeovers: []int{0, 0, 1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := plan{rng: rand.New(rand.NewPCG(1, 1)), routers: c.routers, delay: 100 * time.Microsecond, jitter: 100 * time.Microsecond,
				lateness: 100 * time.Microsecond, disturbances: c.disturbances, calm: 40 * s, end: 2 * time.Minute, slowest: 2 * s, mostFrames: 2000}
			p.starts = c.starts
			w := &world{}
			if err := w.play(p); err != nil {
				t.Fatal(err)
			}
			for i, n := range w.nodes {
				if n.is(Master) != (i == c.master) || n.takeovers != c.takeovers[i] {
					t.Errorf("router %d is %v and took over %d times, want master %d and %d times", i, n.ledger.role, n.takeovers, c.master, c.takeovers[i])
				}
			}
		})
	}
}
