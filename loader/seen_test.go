package loader

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

const patience = 10 * time.Second

// start runs a loader's reader until the test ends.
func start(t testing.TB, l *Loader) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func receive1[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func try(t testing.TB, l *Loader, p packet, want verdict.Verdict) {
	t.Helper()
	got, err := l.Try(p.bytes(), XDP)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Fatalf("verdict %s, want %s", got, want)
	}
}

// What the ring hands up is what was on the wire.
func TestAdvertContents(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	start(t, l)
	set(t, l, Segment{Link: loopback, VLAN: 7<<16 | 8})
	stacked := ordinary()
	stacked.ID.VLAN, stacked.Addrs = 7<<16|8, addresses(255, false)
	add(t, l, stacked)
	add(t, l, ordinary())
	add(t, l, ordinaryIPv6())
	for name, p := range map[string]packet{
		"IPv4":               v3(),
		"IPv6":               v3IPv6(addresses(6, true)...),
		"IPv6 over one copy": v3IPv6(addresses(12, true)...),
		"QinQ, 255 addresses, options": v3(addresses(255, false)...).tagged(0x88a8<<16|7, 0x8100<<16|8).
			with(func(p *packet) { p.options = 8 }),
		"30 addresses, exactly one copy": v3(append(addresses(29, false), vip)...),
	} {
		t.Run(name, func(t *testing.T) {
			try(t, l, p, verdict.Delivered)
			a := receive1(t, l.Adverts())
			id := vrrp.ID{Link: loopback, V6: p.src.Is6(), VRID: vrid}
			if len(p.tags) != 0 {
				id.VLAN = 7<<16 | 8
			}
			if a.ID != id || a.TTL != 255 || a.Src != p.src || a.Dst != p.dst || a.MAC != p.mac {
				t.Errorf("got %+v", a)
			}
			if want := p.advert.AppendTo(nil, p.src, p.dst, p.checksum); !slices.Equal(a.Message, want) {
				t.Errorf("message % x, want % x", a.Message, want)
			}
			if seen := lastSeen(t, l, id); seen != 0 {
				t.Errorf("handed over at %s, but seen at %s", a.At, seen)
			}
		})
	}
}

// A repeat of the followed master moves its stamp and wakes nobody; anything else about it is handed over.
func TestCoalesce(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	start(t, l)
	r := ordinary()
	r.Mismatch = vrrp.AcceptMismatch
	id := add(t, l, r)
	try(t, l, v3(), verdict.Delivered)
	followed := receive1(t, l.Adverts())
	if err := l.Follow(id, &followed); err != nil {
		t.Fatal(err)
	}
	try(t, l, v3(), verdict.Coalesced)
	repeat := lastSeen(t, l, id)
	if repeat <= followed.At {
		t.Errorf("seen %s after a repeat, first advert at %s", repeat, followed.At)
	}
	for name, change := range map[string]func(*packet){
		"priority":      func(p *packet) { p.advert.Priority = 0 },
		"interval":      func(p *packet) { p.advert.Interval = time.Second / 2 },
		"checksum form": func(p *packet) { p.checksum = vrrp.Pseudo },
		"address list":  func(p *packet) { p.advert.Addrs = []netip.Addr{rival} },
		"length":        func(p *packet) { p.advert.Addrs = []netip.Addr{vip, rival} },
		"Ethernet":      func(p *packet) { p.mac[5]++ },
	} {
		before := lastSeen(t, l, id)
		try(t, l, v3().with(change), verdict.Delivered)
		receive1(t, l.Adverts())
		if seen := lastSeen(t, l, id); seen != before {
			t.Errorf("%s: handed over, but seen at %s, before %s", name, seen, before)
		}
	}
	before := lastSeen(t, l, id)
	try(t, l, v3().from(rival), verdict.Delivered)
	receive1(t, l.Adverts())
	if seen := lastSeen(t, l, id); seen != before {
		t.Errorf("another sender: seen %s, before %s", seen, before)
	}
	try(t, l, v3().with(func(p *packet) { p.message = func(m []byte) []byte { m[11]++; return m } }), verdict.BadChecksum)
	for name, forget := range map[string]func() error{
		"follow nobody": func() error { return l.Follow(id, nil) },
		"new rules":     func() error { return l.SetRouter(r) },
	} {
		if err := l.Follow(id, &followed); err != nil {
			t.Fatal(err)
		}
		if err := forget(); err != nil {
			t.Fatal(err)
		}
		try(t, l, v3(), verdict.Delivered)
		receive1(t, l.Adverts())
		if seen := lastSeen(t, l, id); seen != 0 {
			t.Errorf("%s: still seen at %s", name, seen)
		}
	}
}

// The password lies outside what a repeat is known by, and is checked all the same.
func TestCoalescePassword(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	start(t, l)
	r := ordinary()
	r.Versions, r.Auth = vrrp.V2, vrrp.NewPass("secret")
	id := add(t, l, r)
	try(t, l, v2("secret"), verdict.Delivered)
	a := receive1(t, l.Adverts())
	if err := l.Follow(id, &a); err != nil {
		t.Fatal(err)
	}
	try(t, l, v2("secret"), verdict.Coalesced)
	swapped := v2("secret").with(func(p *packet) {
		p.message = func(m []byte) []byte { // the checksum cannot see two words change places
			m[12], m[13], m[14], m[15] = m[14], m[15], m[12], m[13]
			return m
		}
	})
	try(t, l, swapped, verdict.AuthData)
}

// fill offers an advert to a router until the ring has no room for more, and returns how often. What the router may
// have handed over is no concern.
func fill(t *testing.T, l *Loader, id vrrp.ID, p packet) (offered uint64) {
	t.Helper()
	for frames(t, l, id, verdict.Lost) == 0 {
		if err := l.obj.XvBudgets.Put(l.routers[id].slot, xvBudget{}); err != nil {
			t.Fatal(err)
		}
		offer(t, l, XDP, p.bytes(), 30)
		offered += 30
	}
	return offered
}

// When the ring is full an advert is lost, but not its time; Drained counts only what was handed over.
func TestLost(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	r := ordinary()
	r.Followed = master
	id := add(t, l, r)
	if !l.Drained() {
		t.Error("not drained before the first advert")
	}
	offer := fill(t, l, id, v3())
	if l.Drained() {
		t.Error("drained with a full ring")
	}
	delivered, lost := frames(t, l, id, verdict.Delivered), frames(t, l, id, verdict.Lost)
	if delivered == 0 || lost == 0 || delivered+lost != offer {
		t.Fatalf("%d delivered and %d lost of %d", delivered, lost, offer)
	}
	before := lastSeen(t, l, id)
	try(t, l, v3(), verdict.Lost)
	seen := lastSeen(t, l, id)
	if seen <= before {
		t.Errorf("seen %s, before %s", seen, before)
	}
	try(t, l, v3().with(func(p *packet) { p.advert.Priority = 0 }), verdict.Lost)
	if lastSeen(t, l, id) != seen {
		t.Error("a goodbye was taken for a sign of life")
	}
	start(t, l)
	for range delivered {
		receive1(t, l.Adverts())
	}
	for end := time.Now().Add(patience); !l.Drained(); {
		if time.Now().After(end) {
			t.Fatal("not drained after the last advert")
		}
	}
}

// A slot that is used again starts without stamps and counters; a router that gets new rules keeps its counters.
func TestSlots(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true, Routers: 1})
	start(t, l)
	id := add(t, l, ordinary())
	try(t, l, v3(), verdict.Delivered)
	a := receive1(t, l.Adverts())
	if add(t, l, ordinary()); frames(t, l, id, verdict.Delivered) != 1 {
		t.Error("new rules cost the router its counters")
	}
	if err := l.Follow(id, &a); err != nil {
		t.Fatal(err)
	}
	if try(t, l, v3(), verdict.Coalesced); lastSeen(t, l, id) == 0 {
		t.Fatal("a repeat left no stamp")
	}
	if err := l.SetRouter(ordinaryIPv6()); err == nil {
		t.Fatal("a second router fits into one slot")
	}
	if err := l.RemoveRouter(id); err != nil {
		t.Fatal(err)
	}
	next := ordinaryIPv6()
	next.Followed = next.Own.Next()
	id = add(t, l, next)
	if seen := lastSeen(t, l, id); seen != 0 {
		t.Errorf("the new router's master was seen at %s", seen)
	}
	if n := frames(t, l, id, verdict.Delivered); n != 0 {
		t.Errorf("the new router has %d frames", n)
	}
}

// lastSeen is what the stamp of a router says.
func lastSeen(t testing.TB, l *Loader, id vrrp.ID) time.Duration {
	t.Helper()
	s, known := l.Stamp(id)
	if !known {
		t.Fatalf("no stamp of router %v", id)
	}
	return s.Seen()
}

// Repeats are counted, and the gap before each is kept: first to the advert that is followed, later to what was kept
// back last.
func TestGaps(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	start(t, l)
	id := add(t, l, ordinary())
	stamp, _ := l.Stamp(id)
	try(t, l, v3(), verdict.Delivered)
	first := receive1(t, l.Adverts())
	if err := l.Follow(id, &first); err != nil {
		t.Fatal(err)
	}
	if n := stamp.Gaps(0, make([]time.Duration, 8)); n != 0 || stamp.Repeats() != 0 {
		t.Errorf("%d repeats and %d gaps before the first repeat", stamp.Repeats(), n)
	}
	var want []time.Duration
	last := first.At
	repeat := func() {
		t.Helper()
		try(t, l, v3(), verdict.Coalesced)
		want = append(want, stamp.Seen()-last)
		last = stamp.Seen()
		if n := stamp.Repeats(); n != uint64(len(want)) || n != frames(t, l, id, verdict.Coalesced) {
			t.Errorf("%d repeats, want %d, counted %d", n, len(want), frames(t, l, id, verdict.Coalesced))
		}
	}
	expect := func(from uint64, room int, want []time.Duration) {
		t.Helper()
		got := make([]time.Duration, room)
		got = got[:stamp.Gaps(from, got)]
		rounded := func(got, want time.Duration) bool { return got <= want && want < got+gapUnit }
		if !slices.EqualFunc(got, want, rounded) {
			t.Errorf("gaps from %d on: %v, want %v", from, got, want)
		}
	}
	for range 3 {
		repeat()
	}
	expect(0, 8, want)
	expect(1, 8, want[1:])
	expect(1, 1, want[1:2])
	expect(3, 8, nil)
	expect(99, 8, nil)
	for range 9 {
		repeat()
	}
	expect(0, 16, want[4:])
	expect(10, 16, want[10:])

	second := first
	second.At = last + (monotonic()-last)/2
	if err := l.Follow(id, &second); err != nil {
		t.Fatal(err)
	}
	last = second.At
	repeat()
	expect(11, 8, want[11:])
	try(t, l, v3().from(rival), verdict.Delivered)
	if err := l.obj.XvBudgets.Put(l.routers[id].slot, xvBudget{Followed: xvBucket{EmptyNs: 1 << 62}}); err != nil {
		t.Fatal(err)
	}
	try(t, l, v3().with(func(p *packet) { p.advert.Priority-- }), verdict.Excess)
	last = stamp.Seen()
	repeat()
	expect(11, 8, want[11:])
}

// A gap that the filter cannot count is the longest that it can.
func TestGapSaturates(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	id := add(t, l, ordinary())
	stamp, _ := l.Stamp(id)
	message := v3().advert.AppendTo(nil, master, vrrp.DefaultGroup(false), vrrp.Plain)
	if err := l.Follow(id, &Advert{At: 1, Src: master, MAC: v3().mac, Message: message}); err != nil {
		t.Fatal(err)
	}
	try(t, l, v3(), verdict.Coalesced)
	gap := make([]time.Duration, 1)
	if n, want := stamp.Gaps(0, gap), min(stamp.Seen()-1, (1<<32-1)*gapUnit); n != 1 || (gap[0]-want).Abs() > gapUnit {
		t.Errorf("%d gaps, %v, want %v", n, gap[0], want)
	}
}

// monotonic is the clock of the stamps.
func monotonic() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		panic(err)
	}
	return time.Duration(now.Nano())
}
