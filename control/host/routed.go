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
	queue []parcel
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
func (s *routedSocket) add(p parcel) { s.queue = append(s.queue, p) }

// send sends the queue without waiting and calls failed for each advert that was refused.
func (s *routedSocket) send(failed func(p parcel, err error)) {
	if s == nil {
		return
	}
	for batch := range slices.Chunk(s.queue, frameBatch) {
		s.msgs = s.msgs[:0]
		for _, p := range batch {
			s.msgs = append(s.msgs, routedMessage(p))
		}
		for i := 0; i < len(batch); {
			n, err := s.conn.WriteBatch(s.msgs[i:], unix.MSG_DONTWAIT)
			if err != nil {
				failed(batch[i], err)
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
func routedMessage(p parcel) ipv4.Message {
	b, dst := p.sender.binding, p.advert.dst(p.sender.v6)
	m := ipv4.Message{Buffers: [][]byte{p.advert.packet}, Addr: &net.IPAddr{IP: dst.AsSlice()}}
	if !p.sender.v6 {
		m.OOB = (&ipv4.ControlMessage{Src: b.Source.AsSlice()}).Marshal()
		return m
	}
	control := ipv6.ControlMessage{Src: b.Source.AsSlice()}
	if dst.IsLinkLocalUnicast() {
		control.IfIndex = b.ID.Link
	}
	m.OOB = control.Marshal()
	return m
}
