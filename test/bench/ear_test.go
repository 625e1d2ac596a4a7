package bench

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// ear dates what machines send, at the door of their cards. That costs who sends some two hundred nanoseconds a frame;
// behind the door a frame that is taken costs nobody anything.
type ear struct {
	b      *testing.B
	ring   *ringbuf.Reader
	shared *ebpf.Map // the ring
	lost   *ebpf.Map
	cards  []door

	mu   sync.Mutex
	said [][]sound // in the order of the kernel, in pieces so that what is long is never copied
}

// door is a card that the ear listens to.
type door struct {
	machine *bed.Machine
	card    int
}

// sound is a frame, of which the beginning was kept.
type sound struct {
	at   time.Duration
	door uint32
	len  uint32
	data [recordedLen]byte
}

// emptying is how often the ring is emptied.
const emptying = 100 * time.Millisecond

// newEar makes an ear that listens until the benchmark ends.
func newEar(b *testing.B) *ear {
	b.Helper()
	e := &ear{b: b}
	var err error
	if e.shared, err = ebpf.NewMap(&ebpf.MapSpec{Name: "bench_ear", Type: ebpf.RingBuf, MaxEntries: ringSize}); err != nil {
		b.Fatal(err)
	}
	if e.lost, err = ebpf.NewMap(&ebpf.MapSpec{Name: "bench_lost", Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1}); err != nil {
		b.Fatal(err)
	}
	if e.ring, err = ringbuf.NewReader(e.shared); err != nil {
		b.Fatal(err)
	}
	e.ring.SetDeadline(time.Unix(0, 1)) // reading never waits: the kernel wakes nobody
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-end:
				return
			case <-time.After(emptying):
				e.empty()
			}
		}
	}()
	b.Cleanup(func() {
		close(end)
		<-done
		e.ring.Close()
		e.shared.Close()
		e.lost.Close()
	})
	return e
}

// on begins to listen to all cards of a machine, and decides what becomes of what they send.
func (e *ear) on(m *bed.Machine, f fate) {
	e.b.Helper()
	for n, card := range m.NICs() {
		p, err := program(e.shared, e.lost, int32(len(e.cards)), f)
		if err != nil {
			e.b.Fatal(err)
		}
		m.Do(func() error { return atDoor(p, card) })
		p.Close()
		e.cards = append(e.cards, door{m, n})
	}
}

// empty takes what is in the ring.
func (e *ear) empty() {
	e.mu.Lock()
	defer e.mu.Unlock()
	var piece []sound
	var r ringbuf.Record
	for {
		err := e.ring.ReadInto(&r)
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, os.ErrClosed) {
			break
		}
		if err != nil {
			e.b.Errorf("read the ear: %v", err)
			break
		}
		piece = append(piece, readSound(r.RawSample))
	}
	if len(piece) > 0 {
		e.said = append(e.said, piece)
	}
}

func readSound(raw []byte) sound {
	s := sound{
		at:   time.Duration(binary.NativeEndian.Uint64(raw[recordAt:])),
		door: binary.NativeEndian.Uint32(raw[recordCard:]),
		len:  binary.NativeEndian.Uint32(raw[recordLen:]),
	}
	copy(s.data[:], raw[recordFrame:])
	return s
}

// forget forgets what was heard so far.
func (e *ear) forget() {
	e.empty()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.said = nil
}

// each calls hear with every frame since the ear was told to forget.
func (e *ear) each(hear func(d door, f lab.Frame)) {
	e.b.Helper()
	e.empty()
	var missed uint64
	if err := e.lost.Lookup(uint32(0), &missed); err != nil {
		e.b.Fatal(err)
	}
	if missed > 0 {
		e.b.Fatalf("the ear missed %d frames: the ring is too small for what is sent", missed)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, piece := range e.said {
		for i := range piece {
			s := &piece[i]
			hear(e.cards[s.door], lab.Frame{At: s.at, Data: s.data[:s.len]})
		}
	}
}

// voice is what was heard of a router.
type voice struct {
	fed       []time.Duration // adverts of the source
	adverts   []time.Duration // of the daemon
	announced []time.Duration // gratuitous ARP for its address
}

// heard is what the ear has heard of the routers of a daemon, and of the source on the segments of that daemon.
func (s *stage) heard(r *rival) map[router]*voice {
	s.b.Helper()
	all := make(map[router]*voice)
	s.ear.each(func(d door, f lab.Frame) {
		switch d.machine {
		case r.Machine:
			listen(all, d.card, f)
		case s.source.machine:
			if link, ours := s.linkOf(r, d.card); ours {
				listen(all, link, f)
			}
		}
	})
	return all
}

// listen adds a frame on a link to the voice of its router.
func listen(all map[router]*voice, link int, f lab.Frame) {
	if addr, ok := announcement(f.Data); ok {
		v := of(all, router{link, addr.As4()[3]})
		v.announced = append(v.announced, f.At)
	} else if a, ok := bed.ReadAdvert(f); ok {
		switch v := of(all, router{link, a.VRID}); a.Priority {
		case superior:
			v.fed = append(v.fed, a.At)
		case priority:
			v.adverts = append(v.adverts, a.At)
		}
	}
}

func of(all map[router]*voice, r router) *voice {
	if all[r] == nil {
		all[r] = &voice{}
	}
	return all[r]
}

// announcement is the address that a gratuitous ARP announces.
func announcement(frame []byte) (addr netip.Addr, ok bool) {
	const sender, target, end = bed.EtherLen + 14, bed.EtherLen + 24, bed.EtherLen + 28
	if len(frame) < end || binary.BigEndian.Uint16(frame[12:]) != bed.EtherARP ||
		[4]byte(frame[sender:]) != [4]byte(frame[target:]) {
		return addr, false
	}
	return netip.AddrFrom4([4]byte(frame[sender:])), true
}
