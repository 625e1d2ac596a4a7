package track

import (
	"testing"
	"time"
)

// bfdPair is two sessions and the wire between them, in virtual time. Packets take a millisecond.
type bfdPair struct {
	t      *testing.T
	now    time.Duration
	ends   [2]*bfdSession
	cut    [2]bool // packets of this end are lost
	sent   [2]int
	flying []bfdFlight
}

type bfdFlight struct {
	at time.Duration
	to int
	p  bfdPacket
}

func newBFDPair(t *testing.T, a, b BFDOptions) *bfdPair {
	n := &bfdPair{t: t, ends: [2]*bfdSession{newBFDSession(a, 11, 0), newBFDSession(b, 22, 0)}}
	for _, s := range n.ends {
		s.jitter = func(d time.Duration) time.Duration { return d }
	}
	return n
}

func (n *bfdPair) send(from int, p bfdPacket) {
	n.sent[from]++
	if n.cut[from] {
		return
	}
	onWire, err := parseBFD(p.appendTo(nil))
	if err != nil {
		n.t.Fatalf("at %v end %d sends what nobody takes: %v", n.now, from, err)
	}
	n.flying = append(n.flying, bfdFlight{n.now + time.Millisecond, 1 - from, onWire})
}

// run lets time pass until an instant, or until both ends are in the states given if any are.
func (n *bfdPair) run(until time.Duration, states ...bfdState) {
	n.t.Helper()
	for {
		if len(states) == 2 && n.ends[0].state == states[0] && n.ends[1].state == states[1] {
			return
		}
		next := min(n.ends[0].deadline(), n.ends[1].deadline())
		if len(n.flying) > 0 {
			next = min(next, n.flying[0].at)
		}
		if next > until {
			break
		}
		n.now = max(n.now, next)
		if len(n.flying) > 0 && n.flying[0].at <= n.now {
			f := n.flying[0]
			n.flying = n.flying[1:]
			if n.ends[f.to].receive(n.now, f.p) {
				n.send(f.to, n.ends[f.to].packet(f.p.poll))
			}
			continue
		}
		for i, s := range n.ends {
			if s.deadline() <= n.now && s.expire(n.now) {
				n.send(i, s.packet(false))
			}
		}
	}
	if n.now = until; len(states) == 2 {
		n.t.Fatalf("at %v: %v and %v, want %v", until, n.ends[0].state, n.ends[1].state, states)
	}
}

var fast = BFDOptions{MinTx: 10 * time.Millisecond, MinRx: 10 * time.Millisecond, IdleTx: time.Second, Multiplier: 5}

func TestBFDComesUp(t *testing.T) {
	passive := fast
	passive.Passive = true
	tests := map[string]struct{ a, b BFDOptions }{
		"both active":         {fast, fast},
		"one passive":         {fast, passive},
		"different intervals": {fast, BFDOptions{MinTx: time.Second, MinRx: 300 * time.Millisecond, IdleTx: 2 * time.Second, Multiplier: 3}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			n := newBFDPair(t, test.a, test.b)
			n.run(5*time.Second, bfdUp, bfdUp)
			n.run(n.now + 10*time.Second)
			for i, s := range n.ends {
				if s.state != bfdUp || s.polling || s.diag != bfdNoDiagnostic || s.detail() != "" {
					t.Errorf("end %d: %v, polling %t, diagnostic %d, %q", i, s.state, s.polling, s.diag, s.detail())
				}
			}
		})
	}
}

// TestBFDTwoPassive: nobody begins.
func TestBFDTwoPassive(t *testing.T) {
	passive := fast
	passive.Passive = true
	n := newBFDPair(t, passive, passive)
	if n.run(time.Hour); n.sent != [2]int{} {
		t.Errorf("%d packets", n.sent)
	}
}

// TestBFDPace: slow until Up, then the slower of what one wants to send and the other wants to receive.
func TestBFDPace(t *testing.T) {
	slow := BFDOptions{MinTx: 50 * time.Millisecond, MinRx: 200 * time.Millisecond, IdleTx: 10 * time.Millisecond, Multiplier: 3}
	n := newBFDPair(t, fast, slow)
	n.cut = [2]bool{true, true}
	if n.run(9500 * time.Millisecond); n.sent != [2]int{10, 10} {
		t.Errorf("%d packets in 9.5 s of silence, want one a second", n.sent)
	}
	n.cut = [2]bool{}
	n.run(n.now+5*time.Second, bfdUp, bfdUp)
	n.run(n.now + time.Second) // the poll sequences
	n.sent = [2]int{}
	n.run(n.now + 10*time.Second)
	if n.sent != [2]int{50, 200} {
		t.Errorf("%d packets in 10 s, want 50 (200 ms) and 200 (50 ms)", n.sent)
	}
	if got := n.ends[0].detection(); got != 150*time.Millisecond {
		t.Errorf("a silence of %v ends the session, want 3 × 50 ms", got)
	}
	if got := n.ends[1].detection(); got != time.Second {
		t.Errorf("a silence of %v ends the session, want 5 × 200 ms", got)
	}
}

// TestBFDSilence: a dead neighbor is noticed within its detection time and not before, and comes back.
func TestBFDSilence(t *testing.T) {
	n := newBFDPair(t, fast, fast)
	n.run(5*time.Second, bfdUp, bfdUp)
	n.run(n.now + time.Second)
	n.cut[1] = true
	n.flying = nil
	began := n.now
	n.run(began + 45*time.Millisecond - 10*time.Millisecond)
	if n.ends[0].state != bfdUp {
		t.Fatalf("down after %v of silence", n.now-began)
	}
	n.run(began+60*time.Millisecond, bfdDown, bfdDown) // the other end is told
	if n.ends[0].diag != bfdTimeExpired || n.ends[0].detail() != "silence for the detection time" {
		t.Errorf("diagnostic %d, %q", n.ends[0].diag, n.ends[0].detail())
	}
	if n.ends[1].diag != bfdNeighborDown || n.ends[1].detail() != "the neighbor signals down" {
		t.Errorf("diagnostic %d, %q", n.ends[1].diag, n.ends[1].detail())
	}
	n.cut[1] = false
	n.run(n.now+5*time.Second, bfdUp, bfdUp)
}

// TestBFDOneWay: an end that hears nothing never says Up, so the other end does not either.
func TestBFDOneWay(t *testing.T) {
	n := newBFDPair(t, fast, fast)
	n.cut[0] = true
	for range 100 {
		n.run(n.now + 100*time.Millisecond)
		if n.ends[0].state == bfdUp || n.ends[1].state == bfdUp {
			t.Fatalf("at %v: %v and %v", n.now, n.ends[0].state, n.ends[1].state)
		}
	}
	if n.ends[0].state != bfdInit || n.ends[0].detail() != "the session is in state Init" {
		t.Errorf("the end that hears is %v, %q", n.ends[0].state, n.ends[0].detail())
	}
	if n.ends[1].detail() != "nothing heard yet" {
		t.Errorf("the end that does not: %q", n.ends[1].detail())
	}
}

func TestBFDGoodbye(t *testing.T) {
	n := newBFDPair(t, fast, fast)
	n.run(5*time.Second, bfdUp, bfdUp)
	n.send(0, n.ends[0].goodbye())
	n.cut[0] = true
	n.run(n.now + 2*time.Millisecond)
	if s := n.ends[1]; s.state != bfdDown || s.detail() != "the neighbor has shut the session down" {
		t.Errorf("%v, %q", s.state, s.detail())
	}
}

// TestBFDTransitions is the table of RFC 5880 6.8.6 and 6.2.
func TestBFDTransitions(t *testing.T) {
	tests := []struct{ state, received, want bfdState }{
		{bfdDown, bfdAdminDown, bfdDown},
		{bfdDown, bfdDown, bfdInit},
		{bfdDown, bfdInit, bfdUp},
		{bfdDown, bfdUp, bfdDown},
		{bfdInit, bfdAdminDown, bfdDown},
		{bfdInit, bfdDown, bfdInit},
		{bfdInit, bfdInit, bfdUp},
		{bfdInit, bfdUp, bfdUp},
		{bfdUp, bfdAdminDown, bfdDown},
		{bfdUp, bfdDown, bfdDown},
		{bfdUp, bfdInit, bfdUp},
		{bfdUp, bfdUp, bfdUp},
	}
	for _, test := range tests {
		t.Run(test.state.String()+" hears "+test.received.String(), func(t *testing.T) {
			s := newBFDSession(fast, 1, 0)
			s.state = test.state
			if s.turn(test.received); s.state != test.want {
				t.Errorf("%v, want %v", s.state, test.want)
			}
		})
	}
}

// TestBFDQuiet: when the neighbor wants no packets it gets none, but for the answer to a poll (RFC 5880 6.8.7).
func TestBFDQuiet(t *testing.T) {
	tests := map[string]bfdPacket{
		"required interval 0": {state: bfdUp, my: 9, multiplier: 3, requiredRx: 0},
		"demand mode":         {state: bfdUp, my: 9, multiplier: 3, requiredRx: time.Millisecond, demand: true},
	}
	for name, p := range tests {
		t.Run(name, func(t *testing.T) {
			s := newBFDSession(fast, 1, 0)
			s.state = bfdUp
			if s.receive(0, p) || s.expire(time.Millisecond) {
				t.Error("a packet that nobody asked for")
			}
			if p.poll = true; !s.receive(0, p) || !s.packet(true).final || s.packet(true).poll {
				t.Error("no answer to the poll")
			}
		})
	}
}

func TestBFDJitter(t *testing.T) {
	tests := map[string]struct{ multiplier, least, most int }{
		"usual":                   {5, 750, 1000},
		"one packet lost is down": {1, 750, 900},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := fast
			o.Multiplier = test.multiplier
			s := newBFDSession(o, 1, 0)
			for range 1000 {
				if d := int(s.jitter(time.Second) / time.Millisecond); d < test.least || d > test.most {
					t.Fatalf("%d ms for a second, want %d to %d", d, test.least, test.most)
				}
			}
		})
	}
}
