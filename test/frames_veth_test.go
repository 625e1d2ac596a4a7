package test

import (
	"fmt"
	"maps"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// tally counts frames by verdict.
type tally map[verdict.Verdict]uint64

// TestFramesVeth sends every capture over a veth that the filter sits on, and every row of the frame set, and
// compares the filter's counters with the verdicts they must have had.
func TestFramesVeth(t *testing.T) {
	replays := append(readFrameSetIn(t, ourSet).realReplays(t), readFrameSet(t).rowReplays(t)...)
	for _, mode := range []loader.Mode{loader.XDP, loader.TC} {
		t.Run(string(mode), func(t *testing.T) {
			filter := openFilter(t)
			w := newWire(t)
			w.attach(t, filter, mode)
			for _, r := range replays {
				t.Run(r.name, func(t *testing.T) { w.replay(t, filter, r) })
			}
		})
	}
}

// replay is frames, the host they are sent to and the verdicts they get there.
type replay struct {
	name   string
	host   host
	frames [][]byte
	want   tally
}

// realReplays is each real capture before each of its receivers.
func (s *frameSet) realReplays(t *testing.T) []replay {
	t.Helper()
	var replays []replay
	for _, r := range receivers {
		file := r.file + ".pcap"
		p := replay{r.file + "/" + r.name, r.host(), s.frames(t, file), tally{}}
		for _, f := range s.described(file) {
			p.want[r.expects(t, f)]++
		}
		replays = append(replays, p)
	}
	return replays
}

// rowReplays is the rows of each profile. The codec says what is right: its verdicts have a test of their own.
func (s *frameSet) rowReplays(t *testing.T) []replay {
	t.Helper()
	const shortest, longest = 14, 14 + 4 + 1500 // what can be sent on a veth
	var replays []replay
	for _, name := range s.names() {
		p := replay{name, s.host(t, name), nil, tally{}}
		table := p.host.table()
		for _, r := range s.rows(name) {
			frame := s.frame(t, r)
			if len(frame) < shortest || len(frame) > longest {
				continue
			}
			_, _, v := vrrp.Judge(frame, loopback, table)
			p.frames = append(p.frames, frame)
			p.want[v]++
		}
		replays = append(replays, p)
	}
	return replays
}

// wire is a cable into a host of a lab: what is sent on it comes in on the host's card.
type wire struct {
	card   string
	link   int // of the card
	host   *lab.Host
	socket int // sends whole frames
}

func newWire(t *testing.T) *wire {
	t.Helper()
	l, err := lab.New("frames")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &wire{card: "ens160"}
	if w.host, err = l.AddHost("router", lab.NIC{Name: w.card}); err != nil {
		t.Fatal(err)
	}
	if err := w.host.Do(func() (err error) { w.link, err = index(w.card); return err }); err != nil {
		t.Fatal(err)
	}
	if err := l.Wire.Do(func() (err error) { w.socket, err = packetSocket(lab.Segment); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(w.socket) })
	return w
}

// attach puts the filter on the card.
func (w *wire) attach(t *testing.T, filter *loader.Loader, mode loader.Mode) {
	t.Helper()
	err := w.host.Do(func() error {
		_, err := filter.Attach(w.link, w.card, mode)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func index(name string) (int, error) {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return 0, err
	}
	return link.Index, nil
}

// packetSocket sends whole frames on a link and receives none.
func packetSocket(name string) (int, error) {
	link, err := index(name)
	if err != nil {
		return -1, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open a packet socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: link}); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("bind the packet socket: %w", err)
	}
	return fd, nil
}

// replay sends the frames and compares the counters. Frames that are not VRRP are not counted.
func (w *wire) replay(t *testing.T, filter *loader.Loader, r replay) {
	t.Helper()
	want := maps.Clone(r.want)
	delete(want, verdict.NotVRRP)
	r.host.on(w.link).install(t, filter)
	before := w.tally(t, filter)
	for i, frame := range r.frames {
		if _, err := unix.Write(w.socket, frame); err != nil {
			t.Fatalf("send frame %d: %v", i+1, err)
		}
	}
	const patience = 5 * time.Second
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		got := w.tally(t, filter).since(before)
		if maps.Equal(got, want) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("counted %v, want %v", got, want)
		}
	}
}

// tally reads the counters of the wire's link.
func (w *wire) tally(t *testing.T, filter *loader.Loader) tally {
	t.Helper()
	counts, err := filter.Counts()
	if err != nil {
		t.Fatal(err)
	}
	sums := tally{}
	for _, c := range counts {
		if c.Link == w.link {
			sums[sentence(c.Verdict)] += c.Frames
		}
	}
	return sums
}

// since is what was counted after before.
func (now tally) since(before tally) tally {
	new := tally{}
	for v, n := range now {
		if n > before[v] {
			new[v] = n - before[v]
		}
	}
	return new
}
