package loader

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/cilium/ebpf/ringbuf"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// sniff sniffs until stop is called or the test ends; what it returns at once is in force.
func sniff(t *testing.T, l *Loader, which Filter) (frames <-chan Sniffed, stop func()) {
	t.Helper()
	to := make(chan Sniffed, 100)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	before := len(l.sniffers.list())
	go func() { done <- l.Sniff(ctx, which, func(s Sniffed) { to <- s }) }()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		l.sniffers.changing.Lock() // which whoever joins holds until it is in force
		now := len(l.sniffers.list())
		l.sniffers.changing.Unlock()
		if now > before {
			break
		}
		if time.Now().After(end) {
			t.Fatal("nobody sniffs")
		}
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return to, stop
}

// Whatever becomes of a VRRP frame, it is shown as it is, with its verdict. Other frames are not.
func TestSniff(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true, Guard: true})
	start(t, l)
	id := add(t, l, ordinary())
	add(t, l, ordinaryIPv6())
	long := addresses(255, false)
	strange := ordinary()
	strange.ID.VRID, strange.Addrs = 77, long
	add(t, l, strange)
	if err := l.SetGuard(loopback, vip, true); err != nil {
		t.Fatal(err)
	}
	seen, _ := sniff(t, l, Filter{})
	broken := v3().with(func(p *packet) { p.frame = func(b []byte) []byte { b[14] = 0x46; return b } })
	followed := v3()
	for _, c := range []struct {
		name string
		p    packet
		want verdict.Verdict
	}{
		{"another VRID", v3().with(func(p *packet) { p.advert.VRID = 99 }), verdict.Foreign},
		{"another VLAN", v3().tagged(0x8100<<16 | 20), verdict.OtherVLAN},
		{"refused", v3().with(func(p *packet) { p.ttl = 254 }), verdict.BadTTL},
		{"without message", broken, verdict.Malformed},
		{"taken", followed, verdict.Delivered},
		{"repeated", followed, verdict.Coalesced},
		{"IPv6", v3IPv6(), verdict.Delivered},
		{"longer than what is kept", v3(long...).tagged(0x8100 << 16).with(func(p *packet) { p.advert.VRID = 77 }), verdict.Delivered},
	} {
		for _, hook := range []Mode{XDP, TC} {
			want := c.want
			frame := c.p.bytes()
			before := monotonic()
			if got, err := l.Try(frame, hook); err != nil || got != want {
				t.Fatalf("%s, %s: %v, %v; want %v", c.name, hook, got, err, want)
			}
			s := receive1(t, seen)
			if s.Verdict != want || s.WireLength != len(frame) || !bytes.Equal(s.Frame, frame[:min(len(frame), 512)]) {
				t.Errorf("%s, %s: %v, %d bytes: % x; want %v, %d bytes: % x", c.name, hook, s.Verdict, s.WireLength, s.Frame, want, len(frame), frame)
			}
			if s.At < before || s.At > monotonic() || s.Src != c.p.src || s.MAC != c.p.mac || s.ID.Link != loopback {
				t.Errorf("%s, %s: %+v", c.name, hook, s.Sample)
			}
			message := c.p.advert.AppendTo(nil, c.p.src, c.p.dst, c.p.checksum)
			switch {
			case want == verdict.Malformed && len(s.Message) != 0:
				t.Errorf("%s, %s: message % x", c.name, hook, s.Message)
			case want != verdict.Malformed && (!bytes.HasPrefix(message, s.Message) || len(s.Message) < 12 || s.ID.VRID != c.p.advert.VRID || s.Length != len(message)):
				t.Errorf("%s, %s: message % x of %v, %d bytes; want % x", c.name, hook, s.Message, s.ID, s.Length, message)
			}
		}
		if c.name == "taken" {
			a := receive1(t, l.Adverts())
			if err := l.Follow(id, &a); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, err := l.Try(tcp(vip), XDP); err != nil || got != verdict.NoAccept {
		t.Fatal(got, err)
	}
	if got, err := l.Try(tcp(own), XDP); err != nil || got != verdict.NotVRRP {
		t.Fatal(got, err)
	}
	try(t, l, v3(), verdict.Coalesced)
	if s := receive1(t, seen); s.Verdict != verdict.Coalesced {
		t.Errorf("%v was shown, which is no VRRP", s.Verdict)
	}
	if n := l.SniffLost(); n != 0 {
		t.Errorf("%d frames lost", n)
	}
}

// Each who sniffs sees what he asked for, whoever else there is, and none sees what was before.
func TestSniffFilters(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	vrids := func(frames <-chan Sniffed) (list []uint8) {
		for {
			s := receive1(t, frames)
			if s.ID.VRID == 1 { // the last one
				return list
			}
			list = append(list, s.ID.VRID)
		}
	}
	send := func(vrids ...uint8) {
		for _, v := range vrids {
			try(t, l, v3().with(func(p *packet) { p.advert.VRID = v }), verdict.Foreign)
		}
	}
	all, stop := sniff(t, l, Filter{})
	ten, _ := sniff(t, l, Filter{VRID: 10})
	one, _ := sniff(t, l, Filter{VRID: 1})
	none, _ := sniff(t, l, Filter{Link: loopback + 1})
	send(10, 20, 30)
	late, _ := sniff(t, l, Filter{Link: loopback})
	send(40, 10, 1)
	if got := vrids(all); !slices.Equal(got, []uint8{10, 20, 30, 40, 10}) {
		t.Errorf("all: %v", got)
	}
	if got := vrids(late); !slices.Equal(got, []uint8{40, 10}) {
		t.Errorf("from later on: %v", got)
	}
	if got := vrids(one); len(got) != 0 {
		t.Errorf("VRID 1: %v", got)
	}
	for range 2 {
		if s := receive1(t, ten); s.ID.VRID != 10 {
			t.Errorf("VRID 10: %v", s.ID)
		}
	}
	stop()
	send(10)
	if s := receive1(t, ten); s.ID.VRID != 10 {
		t.Errorf("after another has left: %v", s.ID)
	}
	select {
	case s := <-none:
		t.Errorf("another link: %v", s.ID)
	case s := <-ten:
		t.Errorf("VRID 10: %v", s.ID)
	default:
	}
}

// One who sniffs alone has his filter applied in the kernel.
func TestSniffAlone(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	foreign := func(v uint8) packet { return v3().with(func(p *packet) { p.advert.VRID = v }) }
	_, stop := sniff(t, l, Filter{Link: loopback, VRID: 9})
	_, leave := sniff(t, l, Filter{Link: loopback, VRID: 8})
	leave()
	l.sniffers.stop() // only what is written counts now
	for _, v := range []uint8{8, 9, 10} {
		try(t, l, foreign(v), verdict.Foreign)
	}
	if n := written(t, l); n != 1 {
		t.Errorf("%d frames written, want 1", n)
	}
	stop()
	for _, hook := range []Mode{XDP, TC} {
		offer(t, l, hook, foreign(9).bytes(), 100)
	}
	if n := written(t, l); n != 0 || l.SniffLost() != 0 {
		t.Errorf("%d frames written and %d lost while nobody sniffs", n, l.SniffLost())
	}
	again, _ := sniff(t, l, Filter{})
	try(t, l, foreign(7), verdict.Foreign)
	if s := receive1(t, again); s.ID.VRID != 7 {
		t.Errorf("sniffing anew: %v", s.ID)
	}
}

// written empties the ring of what is sniffed, which nobody reads.
func written(t *testing.T, l *Loader) (n int) {
	t.Helper()
	ring, err := ringbuf.NewReader(l.obj.XvSniffed)
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	ring.SetDeadline(time.Now())
	for {
		if _, err := ring.Read(); errors.Is(err, os.ErrDeadlineExceeded) {
			return n
		} else if err != nil {
			t.Fatal(err)
		}
		n++
	}
}

// A flood is shown in part, and what is missing is counted.
func TestSniffFlood(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	var shown uint64
	stay := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- l.Sniff(ctx, Filter{}, func(Sniffed) { <-stay; shown++ })
	}()
	_, stop := sniff(t, l, Filter{VRID: 1})
	const flood = 5000
	offer(t, l, XDP, v3().bytes(), flood)
	for end := time.Now().Add(patience); l.SniffLost() < flood-2*sniffedAhead && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	close(stay)
	stop()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if lost := l.SniffLost(); shown == 0 || lost == 0 || shown+lost > flood {
		t.Errorf("%d frames shown and %d lost of %d", shown, lost, flood)
	}
}

// A tag beside the frame is shown where it was.
func TestSniffHiddenTag(t *testing.T) {
	t.Parallel()
	for _, m := range []Mode{XDP, TC} {
		t.Run(string(m), func(t *testing.T) {
			c := plug(t)
			l := open(t, Options{})
			if _, err := l.Attach(c.index(), "near", m); err != nil {
				t.Fatal(err)
			}
			r := on(c.index(), 10)
			r.Addrs = addresses(200, false)
			add(t, l, r)
			seen, _ := sniff(t, l, Filter{Link: c.index(), VRID: vrid})
			short, long := v3(), v3(r.Addrs...)
			stop := c.hideTag(t, 3<<13|10)
			c.send(t, short.bytes())
			c.send(t, long.bytes())
			stop()
			for _, p := range []packet{short, long} {
				s := receive1(t, seen)
				frame := p.tagged(0x8100<<16 | 3<<13 | 10).bytes()
				if !bytes.Equal(s.Frame, frame[:min(len(frame), 512)]) || s.WireLength != len(frame) || s.ID.VLAN != vrrp.VLAN(10) {
					t.Errorf("%v, %d bytes: % x, want %d: % x", s.ID, s.WireLength, s.Frame, len(frame), frame)
				}
			}
		})
	}
}
