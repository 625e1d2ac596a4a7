package track

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// answersBuffer holds the answers to thousands of requests at once, in bytes of kernel memory.
const answersBuffer = 4 << 20

// pinger sends echo requests of one family and takes the answers, for all checks, through one raw socket. Requests
// are told apart by a number in their payload that nobody can guess.
type pinger struct {
	opening
	v6 bool
	id int // ICMP identifier, so that other programs on this machine know that replies are not theirs

	conn net.PacketConn
	p4   *ipv4.PacketConn
	p6   *ipv6.PacketConn

	mu      sync.Mutex
	next    uint64                   // number of the next request
	waiting map[uint64]chan<- net.IP // by number; gets the address that answers
}

func newPinger(v6 bool) *pinger {
	return &pinger{opening: newOpening(), v6: v6, id: rand.N(1 << 16), next: rand.Uint64(), waiting: make(map[uint64]chan<- net.IP)}
}

// listen opens the socket. It lets echo replies through and nothing else.
func (p *pinger) listen() error {
	network := "ip4:icmp"
	if p.v6 {
		network = "ip6:ipv6-icmp"
	}
	room := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, answersBuffer) // fewer answers fit otherwise
		})
	}}
	conn, err := room.ListenPacket(context.Background(), network, "")
	if err != nil {
		return fmt.Errorf("open ICMP socket: %s: needs CAP_NET_RAW", plain(err))
	}
	if p.v6 {
		var filter ipv6.ICMPFilter
		filter.SetAll(true)
		filter.Accept(ipv6.ICMPTypeEchoReply)
		p.p6 = ipv6.NewPacketConn(conn)
		err = p.p6.SetICMPFilter(&filter)
	} else {
		var filter ipv4.ICMPFilter
		filter.SetAll(true)
		filter.Accept(ipv4.ICMPTypeEchoReply)
		p.p4 = ipv4.NewPacketConn(conn)
		err = p.p4.SetICMPFilter(&filter)
	}
	if err != nil {
		conn.Close()
		return fmt.Errorf("filter ICMP socket: %w", err)
	}
	p.conn = conn
	return nil
}

// serve takes answers until ctx ends.
func (p *pinger) serve(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { p.conn.Close() })
	defer stop()
	b := make([]byte, 1500)
	for {
		n, from, err := p.conn.ReadFrom(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil { // others are of single packets: the next one may be fine
			p.answer(b[:n], from.(*net.IPAddr).IP)
		}
	}
}

// answer tells who waits for a reply that it is there.
func (p *pinger) answer(b []byte, from net.IP) {
	message, err := icmp.ParseMessage(p.protocol(), b)
	if err != nil {
		return
	}
	echo, ok := message.Body.(*icmp.Echo)
	if !ok || echo.ID != p.id || len(echo.Data) != 8 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.waiting[binary.BigEndian.Uint64(echo.Data)] <- from: // a nil channel for what nobody waits for
	default:
	}
}

// ping asks an address for an echo, from a source that may be zero, and waits for it until ctx ends.
func (p *pinger) ping(ctx context.Context, to, from netip.Addr) error {
	number, answered := p.expect()
	defer p.forget(number)
	if err := p.send(number, to, from); err != nil {
		return failed("ping %s: %s", to, plain(err))
	}
	for {
		select {
		case ip := <-answered:
			if who, _ := netip.AddrFromSlice(ip); who.Unmap() == to.WithZone("") {
				return nil
			}
		case <-ctx.Done():
			return failed("%s does not answer ping", to)
		}
	}
}

func (p *pinger) expect() (number uint64, answered <-chan net.IP) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	c := make(chan net.IP, 1)
	p.waiting[p.next] = c
	return p.next, c
}

func (p *pinger) forget(number uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, number)
}

func (p *pinger) send(number uint64, to, from netip.Addr) error {
	message := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{
		ID: p.id, Seq: int(uint16(number)), Data: binary.BigEndian.AppendUint64(nil, number),
	}}
	dst := &net.IPAddr{IP: to.AsSlice(), Zone: to.Zone()}
	if p.v6 {
		message.Type = ipv6.ICMPTypeEchoRequest
		b, err := message.Marshal(nil) // the kernel fills in the checksum
		if err != nil {
			return err
		}
		var options *ipv6.ControlMessage
		if from.IsValid() {
			options = &ipv6.ControlMessage{Src: from.AsSlice()}
		}
		_, err = p.p6.WriteTo(b, options, dst)
		return err
	}
	b, err := message.Marshal(nil)
	if err != nil {
		return err
	}
	var options *ipv4.ControlMessage
	if from.IsValid() {
		options = &ipv4.ControlMessage{Src: from.AsSlice()}
	}
	_, err = p.p4.WriteTo(b, options, dst)
	return err
}

func (p *pinger) protocol() int {
	if p.v6 {
		return ipv6.ICMPTypeEchoReply.Protocol()
	}
	return ipv4.ICMPTypeEchoReply.Protocol()
}
