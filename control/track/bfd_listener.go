package track

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// The ports of BFD (RFC 5881 4, RFC 5883 5).
const (
	bfdSingleHopPort = 3784
	bfdMultiHopPort  = 4784
)

// bfdListener takes the control packets of one port and family for all sessions of ours.
type bfdListener struct {
	opening
	v6   bool
	port uint16
	log  *slog.Logger
	conn *net.UDPConn
	read func(b []byte) (n, ttl int, from net.Addr, err error)

	mu       sync.Mutex
	sessions map[uint32]*bfdEnd // by our discriminator
}

// bfdEnd is where the packets of one session go.
type bfdEnd struct {
	neighbor netip.Addr
	maxHops  int // below 0: any number
	local    uint32
	arrived  chan bfdPacket // full: the session does not keep up, and what is lost then ends it like a lost packet
}

// arrivals is how many packets wait for a session.
const arrivals = 16

func newBFDListener(v6 bool, port uint16, log *slog.Logger) *bfdListener {
	return &bfdListener{opening: newOpening(), v6: v6, port: port, log: log, sessions: make(map[uint32]*bfdEnd)}
}

// listen opens the port and asks for the TTL of what arrives there.
func (l *bfdListener) listen() error {
	network := "udp4"
	if l.v6 {
		network = "udp6"
	}
	conn, err := net.ListenUDP(network, &net.UDPAddr{Port: int(l.port)})
	if err != nil {
		return fmt.Errorf("listen for BFD on port %d: %s: is another BFD daemon running?", l.port, plain(err))
	}
	if l.v6 {
		p := ipv6.NewPacketConn(conn)
		err = p.SetControlMessage(ipv6.FlagHopLimit, true)
		l.read = func(b []byte) (int, int, net.Addr, error) {
			n, control, from, err := p.ReadFrom(b)
			if control == nil {
				return n, 0, from, err
			}
			return n, control.HopLimit, from, err
		}
	} else {
		p := ipv4.NewPacketConn(conn)
		err = p.SetControlMessage(ipv4.FlagTTL, true)
		l.read = func(b []byte) (int, int, net.Addr, error) {
			n, control, from, err := p.ReadFrom(b)
			if control == nil {
				return n, 0, from, err
			}
			return n, control.TTL, from, err
		}
	}
	if err != nil {
		conn.Close()
		return fmt.Errorf("ask for the TTL of BFD packets: %w", err)
	}
	l.conn = conn
	return nil
}

// serve hands packets to their sessions until ctx ends.
func (l *bfdListener) serve(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { l.conn.Close() })
	defer stop()
	b := make([]byte, 512)
	for {
		n, ttl, from, err := l.read(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // of a single packet
		}
		source := from.(*net.UDPAddr).AddrPort().Addr().Unmap()
		if err := l.deliver(b[:n], ttl, source); err != nil {
			l.log.Debug("BFD packet discarded", "from", source, "error", err)
		}
	}
}

// deliver hands a packet to the session it is meant for.
func (l *bfdListener) deliver(b []byte, ttl int, from netip.Addr) error {
	p, err := parseBFD(b)
	if err != nil {
		return err
	}
	end := l.find(p.your, from)
	if end == nil {
		return fmt.Errorf("no session with %v (your discriminator is %#08x)", from, p.your)
	}
	if end.maxHops >= 0 && ttl < 255-end.maxHops { // RFC 5881 5
		return fmt.Errorf("TTL %d, want at least %d", ttl, 255-end.maxHops)
	}
	select {
	case end.arrived <- p:
		return nil
	default:
		return errors.New("the session does not keep up")
	}
}

// find finds a session by our discriminator, as the neighbor repeats it, or before it knows that by its address.
func (l *bfdListener) find(local uint32, from netip.Addr) *bfdEnd {
	l.mu.Lock()
	defer l.mu.Unlock()
	if local != 0 {
		if end := l.sessions[local]; end != nil && end.neighbor == from {
			return end
		}
		return nil
	}
	for _, end := range l.sessions {
		if end.neighbor == from {
			return end
		}
	}
	return nil
}

// add makes room for a session, under a discriminator of its own.
func (l *bfdListener) add(neighbor netip.Addr, maxHops int) *bfdEnd {
	l.mu.Lock()
	defer l.mu.Unlock()
	end := &bfdEnd{neighbor: neighbor, maxHops: maxHops, arrived: make(chan bfdPacket, arrivals)}
	for end.local == 0 || l.sessions[end.local] != nil {
		end.local = rand.Uint32()
	}
	l.sessions[end.local] = end
	return end
}

func (l *bfdListener) remove(end *bfdEnd) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sessions, end.local)
}
