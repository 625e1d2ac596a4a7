package loader

import (
	"errors"
	"math"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// frames is a counter of the loopback device; a zero ID means frames of no router.
func frames(t testing.TB, l *Loader, id vrrp.ID, v verdict.Verdict) uint64 {
	t.Helper()
	counts, err := l.Counts()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if c.Link == loopback && c.ID == id && c.Verdict == v {
			return c.Frames
		}
	}
	return 0
}

// offer runs a frame through the filter n times, one by one: a run of many that a signal interrupts is begun anew, and
// Go sends itself signals.
func offer(t testing.TB, l *Loader, hook Mode, frame []byte, n int) {
	t.Helper()
	program := programAt(t, l, hook)
	for range n {
		if _, err := program.Run(&ebpf.RunOptions{Data: frame}); err != nil {
			t.Fatal(err)
		}
	}
}

// RX-18, ST-10: each frame raises exactly one counter, by exactly one, flood or not.
func TestCountsAreExact(t *testing.T) {
	t.Parallel()
	const flood = 10000
	l := open(t, Options{})
	id := add(t, l, ordinary())
	for want, p := range map[verdict.Verdict]packet{
		verdict.BadChecksum: v3().with(func(p *packet) { p.message = func(m []byte) []byte { m[2]++; return m } }),
		verdict.BadTTL:      v3().with(func(p *packet) { p.ttl = 1 }),
		verdict.Foreign:     v3().with(func(p *packet) { p.advert.VRID = 99 }),
		verdict.OtherVLAN:   v3().tagged(0x8100<<16 | 5),
	} {
		for _, hook := range []Mode{XDP, TC} {
			offer(t, l, hook, p.bytes(), flood)
		}
		owner := id
		if want == verdict.Foreign || want == verdict.OtherVLAN {
			owner = vrrp.ID{}
		}
		if got := frames(t, l, owner, want); got != 2*flood {
			t.Errorf("%s: %d frames, want %d", want, got, 2*flood)
		}
	}
	offer(t, l, XDP, tcp(own), flood)
	counts, err := l.Counts()
	if err != nil {
		t.Fatal(err)
	}
	if len(counts) != 4 {
		t.Errorf("counters %+v; frames that are no VRRP have none", counts)
	}
}

// Where no counter can be had the verdict stands.
func TestCountersFull(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	for row := range l.obj.XvLinks.MaxEntries() {
		occupy(t, l, row+math.MaxInt32)
	}
	try(t, l, v3(), verdict.Foreign)
	if got := frames(t, l, vrrp.ID{}, verdict.Foreign); got != 0 {
		t.Errorf("counted %d frames without room", got)
	}
	id := add(t, l, ordinary())
	try(t, l, v3(), verdict.Delivered)
	if got := frames(t, l, id, verdict.Delivered); got != 1 {
		t.Errorf("%d frames of a router counted, want 1", got)
	}
}

// occupy takes a link's row of counters. The kernel keeps few of them at hand and makes more in the background.
func occupy(t *testing.T, l *Loader, link uint32) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		err := l.obj.XvLinks.Put(link, make([]xvTally, ebpf.MustPossibleCPU()))
		if err == nil {
			return
		}
		if !errors.Is(err, unix.ENOMEM) || time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// Foreign adverts of one segment above its rate are a flood; those of another segment are not concerned, and
// neither are ours.
func TestPolice(t *testing.T) {
	t.Parallel()
	const rate = 50
	l := open(t, Options{})
	set(t, l, Segment{Link: loopback, UnknownRate: rate})
	set(t, l, Segment{Link: loopback, VLAN: 5, UnknownRate: rate})
	id := add(t, l, ordinary())
	foreign := v3().with(func(p *packet) { p.advert.VRID = 99 })
	began := time.Now()
	run := func(p packet, repeat int) {
		t.Helper()
		offer(t, l, XDP, p.bytes(), repeat)
	}
	run(foreign, 1000)
	passed, flood := frames(t, l, vrrp.ID{}, verdict.Foreign), frames(t, l, vrrp.ID{}, verdict.Flood)
	if most := uint64(rate * (1 + time.Since(began).Seconds())); passed < rate || passed > most+1 || passed+flood != 1000 {
		t.Errorf("%d passed and %d refused of 1000 at once, at %d a second", passed, flood, rate)
	}
	run(foreign.tagged(0x8100<<16|5), 1)
	if got := frames(t, l, vrrp.ID{}, verdict.Foreign); got < passed+1 {
		t.Error("the flood of one VLAN drowned another")
	}
	run(v3(), 10)
	if got := frames(t, l, id, verdict.Delivered); got != 10 {
		t.Errorf("%d of 10 adverts of ours came through the flood", got)
	}
}

// unknown_vrid drop refuses foreign adverts, but only those to the group.
func TestUnknownDrop(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	set(t, l, Segment{Link: loopback, UnknownDrop: true})
	foreign := v3().with(func(p *packet) { p.advert.VRID = 99 })
	try(t, l, foreign, verdict.UnknownVRID)
	try(t, l, foreign.with(func(p *packet) { p.dst = own }), verdict.Foreign)
	if err := l.RemoveSegment(loopback, 0); err != nil {
		t.Fatal(err)
	}
	try(t, l, foreign, verdict.OtherVLAN)
}

// A sample says what was refused and why; long messages are cut, and some have none.
func TestSampleContents(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	id := add(t, l, ordinary())
	start(t, l)
	bad := v3(addresses(40, false)...).with(func(p *packet) { p.ttl = 7 })
	try(t, l, bad, verdict.BadTTL)
	whole := bad.advert.AppendTo(nil, bad.src, bad.dst, bad.checksum)
	s := receive1(t, l.Samples())
	if s.Verdict != verdict.BadTTL || s.ID != id || s.TTL != 7 || s.Src != master || string(s.Message) != string(whole[:128]) {
		t.Errorf("sample %+v", s)
	}
	cut := v3().with(func(p *packet) { p.message = func(m []byte) []byte { return m[:11] } })
	try(t, l, cut, verdict.BadLength)
	if s := receive1(t, l.Samples()); s.Verdict != verdict.BadLength || s.ID != id || len(s.Message) != 11 {
		t.Errorf("sample %+v", s)
	}
	broken := v3().with(func(p *packet) { p.frame = func(b []byte) []byte { b[14] = 0x46; return b } })
	try(t, l, broken, verdict.Malformed)
	if s := receive1(t, l.Samples()); s.Verdict != verdict.Malformed || s.ID.VRID != 0 || len(s.Message) != 0 || s.Src != master {
		t.Errorf("sample %+v", s)
	}
}

// RX-18: one sample a second of each kind, some more of it if there are several senders, a hundred of all kinds
// together, and adverts of ours beside them.
func TestSampleRates(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	id := add(t, l, ordinary())
	samples, err := ringbuf.NewReader(l.obj.XvSamples)
	if err != nil {
		t.Fatal(err)
	}
	defer samples.Close()
	began := time.Now()
	written := func() (n float64) {
		t.Helper()
		samples.SetDeadline(time.Now()) // what is there, and no waiting
		for {
			if _, err := samples.Read(); errors.Is(err, os.ErrDeadlineExceeded) {
				return n
			} else if err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	for range 500 {
		try(t, l, v3().with(func(p *packet) { p.ttl = 7 }), verdict.BadTTL)
	}
	if n, most := written(), 1+time.Since(began).Seconds(); n < 1 || n > most {
		t.Errorf("%v samples of one kind, at most %v", n, most)
	}
	passed := time.Now()
	for range 4 {
		for last := range byte(200) {
			try(t, l, v3().with(func(p *packet) { p.ttl, p.src = 7, netip.AddrFrom4([4]byte{172, 160, 180, last}) }), verdict.BadTTL)
		}
	}
	if n, most := written(), 8*(1+time.Since(passed).Seconds()); n < 4 || n > most {
		t.Errorf("%v samples of one kind by 200 senders, at most %v", n, most)
	}
	for range 4 {
		for v := range 256 {
			if v != int(id.VRID) {
				try(t, l, v3().with(func(p *packet) { p.advert.VRID = uint8(v) }), verdict.Foreign)
			}
		}
	}
	if n, most := written(), 100*(1+time.Since(began).Seconds()); n < 50 || n > most {
		t.Errorf("%v samples of 255 kinds, at most %v", n, most)
	}
	try(t, l, v3(), verdict.Delivered)
}

// RX-29 and ND-11: with a guard, packets to a virtual address are refused, neighbour discovery never.
func TestGuard(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true, Guard: true})
	for _, a := range []struct {
		name  string
		frame []byte
		want  verdict.Verdict
	}{
		{"IPv4", tcp(vip), verdict.NoAccept},
		{"another address", tcp(own), verdict.NotVRRP},
		{"IPv6", icmpv6(vip6, 128), verdict.NoAccept},
		{"router solicitation", icmpv6(vip6, 133), verdict.NotVRRP},
		{"neighbour solicitation", icmpv6(vip6, 135), verdict.NotVRRP},
		{"neighbour advertisement", icmpv6(vip6, 136), verdict.NotVRRP},
		{"redirect", icmpv6(vip6, 137), verdict.NoAccept},
	} {
		for _, on := range []bool{true, false} {
			for _, guarded := range []netip.Addr{vip, vip6} {
				if err := l.SetGuard(loopback, guarded, on); err != nil {
					t.Fatal(err)
				}
			}
			want := a.want
			if !on {
				want = verdict.NotVRRP
			}
			for _, hook := range []Mode{XDP, TC} {
				if got, err := l.Try(a.frame, hook); err != nil || got != want {
					t.Errorf("%s, guard %t, %s: %v %v, want %s", a.name, on, hook, got, err, want)
				}
			}
		}
	}
}

// A guard that would refuse nothing is refused itself.
func TestGuardWithoutOption(t *testing.T) {
	t.Parallel()
	l := open(t, Options{})
	if err := l.SetGuard(loopback, vip, true); err == nil {
		t.Error("the loader took a guard that the filter was loaded without")
	}
	if err := l.SetGuard(loopback, vip, false); err != nil {
		t.Error(err)
	}
}
