package track

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// Intervals that a busy machine can keep.
var calm = BFDOptions{Name: "b", MinTx: 100 * time.Millisecond, MinRx: 100 * time.Millisecond, IdleTx: time.Second, Multiplier: 20}

func between(from, to string) BFDOptions {
	o := calm
	o.Key, o.Source, o.Neighbor = "bfd:"+from, netip.MustParseAddr(from), netip.MustParseAddr(to)
	return o
}

func TestBFD(t *testing.T) {
	for name, multihop := range map[string]bool{"single hop": false, "multihop": true} {
		t.Run(name, func(t *testing.T) {
			var far Tracker
			a, b := between("127.0.0.1", "127.0.0.2"), between("127.0.0.2", "127.0.0.1")
			a.Multihop, b.Multihop = multihop, multihop
			w := start(t, func(s *Shared) Tracker {
				far = s.BFD(b)
				return s.BFD(a)
			})
			w.expect(false, "nothing heard yet")
			other, leave := beside(t, far)
			w.until(true, "")
			other.until(true, "")
			w.log.has(t, "(b) Entering Up state")
			leave()
			w.until(false, "the neighbor has shut the session down")
			again, _ := beside(t, far)
			w.until(true, "")
			again.until(true, "")
		})
	}
}

func TestBFDIPv6(t *testing.T) {
	// Loopback has one address, so the session is its own neighbor.
	w := start(t, func(s *Shared) Tracker { return s.BFD(between("::1", "::1")) })
	w.until(true, "")
}

// beside runs another tracker of a Shared that is served.
func beside(t *testing.T, tracker Tracker) (w *watch, leave func()) {
	ctx, cancel := context.WithCancel(t.Context())
	w = &watch{t: t, results: make(chan Result), log: new(logLines), cancel: cancel, ended: make(chan error, 1)}
	go func() { w.ended <- tracker.Run(ctx, w.results) }()
	leave = func() {
		cancel()
		if err := <-w.ended; err != nil {
			t.Error(err)
		}
	}
	return w, leave
}

func TestBFDDeliver(t *testing.T) {
	neighbor, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.9")
	l := newBFDListener(false, bfdSingleHopPort, discard)
	near, far, open := l.add(neighbor, 0), l.add(netip.MustParseAddr("192.0.2.2"), 2), l.add(netip.MustParseAddr("192.0.2.3"), -1)
	tests := map[string]struct {
		to   *bfdEnd
		your uint32
		from netip.Addr
		ttl  int
		err  string
	}{
		"by discriminator":            {to: near, your: near.local, from: neighbor, ttl: 255},
		"by address":                  {to: near, from: neighbor, ttl: 255},
		"from a router away":          {your: near.local, from: neighbor, ttl: 254, err: "TTL 254, want at least 255"},
		"as far as allowed":           {to: far, from: far.neighbor, ttl: 253},
		"further than allowed":        {from: far.neighbor, ttl: 252, err: "TTL 252, want at least 253"},
		"from anywhere":               {to: open, from: open.neighbor, ttl: 1},
		"from a stranger":             {from: other, ttl: 255, err: "no session with 192.0.2.9"},
		"from a stranger who guesses": {your: near.local, from: other, ttl: 255, err: "no session with 192.0.2.9"},
		"of an older session":         {your: near.local + far.local + open.local, from: neighbor, ttl: 255, err: "no session with 192.0.2.1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := bfdPacket{state: bfdDown, multiplier: 3, my: 7, your: test.your}
			err := l.deliver(p.appendTo(nil), test.ttl, test.from)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %v, want %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := <-test.to.arrived; got != p {
				t.Errorf("%+v, want %+v", got, p)
			}
		})
	}
}

// TestBFDSleeper: a silence that we slept through ourselves is looked at once more, not for ever.
func TestBFDSleeper(t *testing.T) {
	now := time.Duration(0)
	s := newBFDSession(fast, 1, 0)
	r := &bfdRun{bfdTracker: &bfdTracker{log: discard}, end: &bfdEnd{arrived: make(chan bfdPacket, arrivals)}, session: s,
		now: func() time.Duration { return now }}
	r.session.sendAt = bfdNever
	s.state = bfdUp
	heard := bfdPacket{state: bfdUp, my: 9, multiplier: 3, requiredRx: time.Hour, desiredMinTx: 10 * time.Millisecond}
	s.receive(0, heard)

	now = time.Second
	if r.expire(); s.state != bfdUp {
		t.Error("down for our own lateness")
	}
	if s.detectAt != now+10*time.Millisecond {
		t.Errorf("silence is judged at %v, want one interval from now", s.detectAt)
	}
	r.end.arrived <- heard
	now = 2 * time.Second
	if r.expire(); s.state != bfdUp || s.detectAt != now+30*time.Millisecond {
		t.Errorf("%v until %v in spite of a packet", s.state, s.detectAt)
	}
	for range 2 {
		now += time.Second
		s.remoteMinRx = 0 // nothing is sent
		r.expire()
	}
	if s.state != bfdDown {
		t.Error("up although late twice and nothing heard")
	}
}
