package bench

import (
	"encoding/binary"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/test/bed"
)

// sourceHost is the last octet of the source's addresses.
const sourceHost = 1

// tick is how often the source sends what is due: real masters are not in step.
const tick = time.Millisecond

// source sends the adverts of a fleet's masters, all of them from one thread.
type source struct {
	t       testing.TB
	machine *bed.Machine
	fleet   fleet
	fd      int // of a packet socket
	cards   []net.Interface

	shots     []shot // of the adverts being sent, one each
	sent      int    // of them since the latest start; valid once it has stopped
	end, done chan struct{}
}

// shot is a frame and the card it leaves by.
type shot struct {
	frame []byte
	card  unix.SockaddrLinklayer
}

func newSource(m *bed.Machine, f fleet) *source {
	s := &source{t: m.Site.T, machine: m, fleet: f}
	m.Do(func() (err error) {
		if s.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		for _, name := range m.NICs() {
			card, err := net.InterfaceByName(name)
			if err != nil {
				return err
			}
			s.cards = append(s.cards, *card)
		}
		return nil
	})
	s.t.Cleanup(func() {
		s.stop()
		unix.Close(s.fd)
	})
	return s
}

// feed begins to send every router's adverts to the segments of these daemons, evenly over the interval.
func (s *stage) feed(to ...*rival) {
	s.source.shots = nil
	for _, r := range s.fleet.routers() {
		for i, d := range s.rivals {
			for _, chosen := range to {
				if chosen == d {
					s.source.shots = append(s.source.shots, s.source.shot(r, i*s.fleet.links()+r.link))
				}
			}
		}
	}
	s.source.start(s.fleet.interval)
}

// shot is a router's advert on the nth card.
func (s *source) shot(r router, n int) shot {
	return s.forge(n, vrrp.Advert{Version: 3, VRID: r.vrid, Priority: superior, Interval: s.fleet.interval,
		Addrs: []netip.Addr{r.vip()}})
}

// forge is any advert on the nth card.
func (s *source) forge(n int, a vrrp.Advert) shot {
	src, dst := cardAddr(n, sourceHost), vrrp.DefaultGroup(false)
	card := s.cards[n]
	return shot{ethernet(card.HardwareAddr, src, dst, a.AppendTo(nil, src, dst, vrrp.Pseudo)),
		unix.SockaddrLinklayer{Ifindex: card.Index}}
}

// ethernet wraps a VRRP message.
func ethernet(mac net.HardwareAddr, src, dst netip.Addr, message []byte) []byte {
	b := append([]byte{0x01, 0, 0x5e, 0, 0, 18}, mac...)
	b = binary.BigEndian.AppendUint16(b, bed.EtherIPv4)
	ip := []byte{0x45, 0xc0, 0, 0, 0, 0, 0, 0, 255, bed.Protocol, 0, 0}
	binary.BigEndian.PutUint16(ip[2:], uint16(bed.IPv4Len+len(message)))
	ip = append(append(ip, src.AsSlice()...), dst.AsSlice()...)
	sumHeader(ip)
	return append(append(b, ip...), message...)
}

// sumHeader sets the checksum of an IPv4 header.
func sumHeader(ip []byte) {
	ip[10], ip[11] = 0, 0
	binary.BigEndian.PutUint16(ip[10:], vrrp.InternetChecksum(ip[:bed.IPv4Len]))
}

// start begins to send every shot once in each period, evenly.
func (s *source) start(period time.Duration) {
	s.end, s.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(s.done)
		s.run(period)
	}()
}

// stop falls silent.
func (s *source) stop() {
	if s.end != nil {
		close(s.end)
		<-s.done
		s.end = nil
	}
}

// run goes before what else wants a processor, on a thread that ends with it.
func (s *source) run(period time.Duration) {
	runtime.LockOSThread()
	if err := unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), -20); err != nil {
		s.t.Errorf("raise the source's priority: %v", err)
	}
	s.sent = 0
	for begin := lab.Now(); ; {
		for due := int(int64(lab.Now()-begin) * int64(len(s.shots)) / int64(period)); s.sent < due; s.sent++ {
			s.send(s.shots[s.sent%len(s.shots)])
		}
		select {
		case <-s.end:
			return
		default:
			pause := unix.NsecToTimespec(tick.Nanoseconds())
			_ = unix.Nanosleep(&pause, nil) // shorter after a signal, which does not matter
		}
	}
}

// burst sends one more advert of each router at once.
func (s *source) burst() {
	for _, shot := range s.shots {
		s.send(shot)
	}
}

func (s *source) send(shot shot) {
	if err := unix.Sendto(s.fd, shot.frame, 0, &shot.card); err != nil {
		s.t.Errorf("send an advert: %v", err)
	}
}
