package loader

import (
	"net/netip"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// What bpf/budget.h says: adverts at once of one sender and for one router, and each second after that.
const (
	sourceBurst, sourceRate = 32, 4
	routerBurst, routerRate = 256, 16
)

// host is the i-th host of a network, which speaks for no router so far.
func host(i int) packet {
	return v3().from(netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}))
}

// handedOver offers each packet n times and returns how many of all went to the daemon; the others were in excess.
func handedOver(t *testing.T, l *Loader, id vrrp.ID, n int, packets ...packet) uint64 {
	t.Helper()
	delivered, excess := frames(t, l, id, verdict.Delivered), frames(t, l, id, verdict.Excess)
	for _, p := range packets {
		offer(t, l, XDP, p.bytes(), n)
	}
	delivered, excess = frames(t, l, id, verdict.Delivered)-delivered, frames(t, l, id, verdict.Excess)-excess
	if delivered+excess != uint64(n*len(packets)) {
		t.Fatalf("%d delivered and %d in excess of %d", delivered, excess, n*len(packets))
	}
	return delivered
}

// hundredfold is a sender that goes on and on.
const hundredfold = 100 * sourceBurst

// One sender spends its own share: another one still gets through, and so does the followed master.
func TestBudgetOfSource(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	r := ordinary()
	r.Followed = master
	id := add(t, l, r)
	began := time.Now()
	got := handedOver(t, l, id, hundredfold, host(0))
	if most := sourceBurst + sourceRate*(time.Since(began).Seconds()+1); got < sourceBurst || float64(got) > most {
		t.Errorf("%d of %d adverts of one sender were handed over, want %d to %v", got, hundredfold, sourceBurst, most)
	}
	if got := handedOver(t, l, id, sourceBurst, host(1)); got != sourceBurst {
		t.Errorf("%d of %d adverts of another sender came through", got, sourceBurst)
	}
	if got := handedOver(t, l, id, sourceBurst, v3()); got != sourceBurst {
		t.Errorf("%d of %d adverts of the followed master came through", got, sourceBurst)
	}
	other := ordinary()
	other.ID.VRID++
	if got := handedOver(t, l, add(t, l, other), 1, host(0).with(func(p *packet) { p.advert.VRID = vrid + 1 })); got != 1 {
		t.Error("what a sender spent on one router was taken from another")
	}
}

// Every host of a network may speak at once. Then the router is spent, save for the master it follows.
func TestBudgetOfRouter(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	r := ordinary()
	r.Followed = master
	id := add(t, l, r)
	var all []packet
	for i := range 254 {
		all = append(all, host(i))
	}
	if got := handedOver(t, l, id, 1, all...); got != 254 {
		t.Errorf("%d of 254 hosts came through", got)
	}
	began := time.Now()
	got := handedOver(t, l, id, 4, all...)
	if most := routerBurst - 254 + routerRate*(time.Since(began).Seconds()+1); float64(got) > most {
		t.Errorf("%d more adverts were handed over, want at most %v", got, most)
	}
	if got := handedOver(t, l, id, 1, v3()); got != 1 {
		t.Error("what others spent was taken from the followed master")
	}
}

// Where intervals are short, masters may fail and return more often: forty times a second at 10 ms.
func TestBudgetOfShortIntervals(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	r := ordinary()
	r.Interval = 10 * time.Millisecond
	id := add(t, l, r)
	handedOver(t, l, id, hundredfold, host(0))
	began := time.Now()
	var got uint64
	for got < 10*sourceRate && time.Since(began) < 5*time.Second {
		time.Sleep(100 * time.Millisecond)
		got += handedOver(t, l, id, sourceBurst, host(0))
	}
	if got < 10*sourceRate {
		t.Errorf("%d more adverts were handed over in %v, want some %d a second", got, time.Since(began), 10*sourceRate)
	}
}

// What the followed master sends in excess still proves that it lives, unless it says goodbye.
func TestExcessIsSeen(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	r := ordinary()
	r.Followed = master
	id := add(t, l, r)
	handedOver(t, l, id, hundredfold, v3())
	before := lastSeen(t, l, id)
	try(t, l, v3(), verdict.Excess)
	seen := lastSeen(t, l, id)
	if seen <= before {
		t.Errorf("seen %s, before %s", seen, before)
	}
	try(t, l, v3().with(func(p *packet) { p.advert.Priority = 0 }), verdict.Excess)
	try(t, l, v3().from(rival), verdict.Delivered)
	if lastSeen(t, l, id) != seen {
		t.Error("a goodbye, or another sender, was taken for the master's sign of life")
	}
}

// A master that sends often has no larger reserve for that: its repeats need none.
func TestBudgetOfFastMaster(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	start(t, l)
	id := add(t, l, ordinary())
	fast := v3().with(func(p *packet) { p.advert.Interval = 10 * time.Millisecond })
	try(t, l, fast, verdict.Delivered)
	a := receive1(t, l.Adverts())
	if err := l.Follow(id, &a); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	got := handedOver(t, l, id, hundredfold, fast.with(func(p *packet) { p.advert.Priority-- }))
	if most := sourceBurst + sourceRate*(time.Since(began).Seconds()+1); float64(got) > most {
		t.Errorf("%d of %d changes were handed over, want at most %v", got, hundredfold, most)
	}
	try(t, l, fast, verdict.Coalesced)
}

// Where every advert of the master is to be verified it comes through beside others that are forged in its name.
func TestBudgetOfSignedMaster(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	r := ordinary()
	r.Trailer, r.Followed = vrrp.TrailerAllowed, master
	id := add(t, l, r)
	const n = 2000
	if got := handedOver(t, l, id, n, v3()); got != n {
		t.Errorf("%d of %d adverts came through", got, n)
	}
	if got := handedOver(t, l, id, 2*hundredfold, v3()); got == 2*hundredfold {
		t.Error("there is no limit")
	}
}
