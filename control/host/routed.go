package host

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// batchWriter is what ipv4.RawConn and ipv6.PacketConn have in common; their messages are of one type.
type batchWriter interface {
	WriteBatch(ms []ipv4.Message, flags int) (int, error)
	Close() error
}

// routedSocket sends whole IP packets where the routing table leads. Being of protocol 255 it receives nothing.
type routedSocket struct {
	conn  batchWriter
	queue []*advert
	msgs  []ipv4.Message
}

// openRouted4 opens a socket in the calling thread's network namespace.
func openRouted4() (*routedSocket, error) {
	c, err := net.ListenPacket("ip4:255", "0.0.0.0")
	if err != nil {
		return nil, fmt.Errorf("open raw IPv4 socket (CAP_NET_RAW needed): %w", err)
	}
	raw, err := ipv4.NewRawConn(c)
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("write IPv4 headers ourselves: %w", err)
	}
	return &routedSocket{conn: raw}, nil
}

// openRouted6 opens a socket in the calling thread's network namespace, or none where IPv6 is switched off.
func openRouted6() (*routedSocket, error) {
	c, err := net.ListenPacket("ip6:255", "::")
	if errors.Is(err, unix.EAFNOSUPPORT) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open raw IPv6 socket: %w", err)
	}
	return &routedSocket{conn: ipv6.NewPacketConn(c)}, nil
}

func (s *routedSocket) close() {
	if s != nil {
		s.conn.Close()
	}
}

// add queues an advert, which must stay as it is until send.
func (s *routedSocket) add(a *advert) { s.queue = append(s.queue, a) }

// send sends the queue without waiting and notes why an advert was refused.
func (s *routedSocket) send() {
	if s == nil {
		return
	}
	for batch := range slices.Chunk(s.queue, frameBatch) {
		s.msgs = s.msgs[:0]
		for _, a := range batch {
			s.msgs = append(s.msgs, routedMessage(a))
		}
		for i := 0; i < len(batch); {
			n, err := s.conn.WriteBatch(s.msgs[i:], unix.MSG_DONTWAIT)
			if err != nil {
				batch[i].err = err
				n = 1
			}
			i += n
		}
	}
	clear(s.queue)
	s.queue = s.queue[:0]
}

// routedMessage binds the packet to its source, so that rules by source apply, and to the router's link where the
// peer's address means nothing without one.
func routedMessage(a *advert) ipv4.Message {
	source := a.sender.source.AsSlice()
	m := ipv4.Message{Buffers: [][]byte{a.packet()}, Addr: &net.IPAddr{IP: a.dst.AsSlice()}}
	if !a.sender.id.V6 {
		m.OOB = (&ipv4.ControlMessage{Src: source}).Marshal()
		return m
	}
	control := ipv6.ControlMessage{Src: source}
	if a.dst.IsLinkLocalUnicast() {
		control.IfIndex = a.sender.id.Link
	}
	m.OOB = control.Marshal()
	return m
}
