package track

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// BFDOptions say what a BFD session does.
type BFDOptions struct {
	Key        string     // of the results
	Name       string     // for the log
	Neighbor   netip.Addr // of link-local IPv6 with its zone
	Source     netip.Addr // may be zero: the kernel's choice
	MinRx      time.Duration
	MinTx      time.Duration // once the session is Up
	IdleTx     time.Duration // before; at least a second
	Multiplier int           // packets that may be lost before the session is Down
	Passive    bool          // silent until the neighbor speaks
	Multihop   bool          // RFC 5883, else RFC 5881
	TTL        uint8         // of packets sent; 0: 255
	MaxHops    int           // packets that came further are not believed; below 0: any number
}

// BFD keeps a session with a neighbor (RFC 5880, asynchronous mode, no authentication, no echo) and is up while that
// is Up.
func (s *Shared) BFD(o BFDOptions) Tracker { return &bfdTracker{o, s.log, s.bfdListener(o)} }

// bfdListener is the listener of a session's port and family.
func (s *Shared) bfdListener(o BFDOptions) *bfdListener {
	port := uint16(bfdSingleHopPort)
	if o.Multihop {
		port = bfdMultiHopPort
	}
	for _, l := range s.bfd {
		if l.port == port && l.v6 == o.Neighbor.Is6() {
			return l
		}
	}
	panic("a port of BFD without its listener")
}

type bfdTracker struct {
	BFDOptions
	log      *slog.Logger
	listener *bfdListener
}

func (t *bfdTracker) Run(ctx context.Context, out chan<- Result) error {
	if err := t.listener.ensure(t.listener.listen); err != nil {
		return err
	}
	conn, err := t.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	end := t.listener.add(t.Neighbor, t.MaxHops)
	defer t.listener.remove(end)

	began := time.Now()
	r := &bfdRun{
		bfdTracker: t, conn: conn, end: end,
		now: func() time.Duration { return time.Since(began) }, session: newBFDSession(t.BFDOptions, end.local, 0),
	}
	r.run(ctx, out)
	return nil
}

// dial opens the socket that packets leave from: TTL 255, a source port of its own (RFC 5881 4 and 5), and the
// precedence of routing protocols, so that a full link does not look like a dead neighbor.
func (t *bfdTracker) dial() (*net.UDPConn, error) {
	const firstPort, lastPort, tries, precedence = 49152, 65535, 32, 0xc0
	network, unspecified := "udp4", netip.IPv4Unspecified()
	if t.Neighbor.Is6() {
		network, unspecified = "udp6", netip.IPv6Unspecified()
	}
	from := t.Source
	if !from.IsValid() {
		from = unspecified
	}
	var conn *net.UDPConn
	var err error
	for range tries {
		port := uint16(firstPort + rand.N(lastPort-firstPort+1))
		if conn, err = net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, port))); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("send BFD from %s: %s", from, plain(err))
	}
	ttl := int(t.TTL)
	if ttl == 0 {
		ttl = 255
	}
	if t.Neighbor.Is6() {
		p := ipv6.NewPacketConn(conn)
		_ = p.SetTrafficClass(precedence) // a wish
		err = p.SetHopLimit(ttl)
	} else {
		p := ipv4.NewPacketConn(conn)
		_ = p.SetTOS(precedence)
		err = p.SetTTL(ttl)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("set TTL of BFD packets: %w", err)
	}
	return conn, nil
}

// bfdRun is a session at work.
type bfdRun struct {
	*bfdTracker
	conn     *net.UDPConn
	end      *bfdEnd
	now      func() time.Duration
	session  *bfdSession
	forgiven bool // our lateness, since the last packet
}

func (r *bfdRun) run(ctx context.Context, out chan<- Result) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var told Result
	for {
		before, now := r.session.state, r.result()
		news := out
		if now == told {
			news = nil
		}
		select {
		case p := <-r.end.arrived:
			r.receive(p)
		case <-timer.C:
			r.expire()
		case news <- now: // when it is taken: whoever takes it does not keep the session waiting
			told = now
		case <-ctx.Done():
			r.send(r.session.goodbye())
			return
		}
		if r.session.state != before {
			r.log.Info(fmt.Sprintf("(%s) Entering %s state", r.Name, r.session.state), "why", r.session.detail())
		}
		timer.Reset(max(r.session.deadline()-r.now(), 0))
	}
}

func (r *bfdRun) result() Result {
	return Result{Key: r.Key, Up: r.session.state == bfdUp, Detail: r.session.detail()}
}

func (r *bfdRun) receive(p bfdPacket) {
	r.forgiven = false
	if r.session.receive(r.now(), p) {
		r.send(r.session.packet(p.poll))
	}
}

// expire deals with what is due. A silence that we slept through ourselves gets one more interval: what the neighbor
// sent meanwhile may not have been read yet.
func (r *bfdRun) expire() {
	for len(r.end.arrived) > 0 {
		r.receive(<-r.end.arrived)
	}
	now := r.now()
	if late := now - r.session.detectAt; late > r.session.detection()/4 && r.session.state == bfdUp && !r.forgiven {
		r.session.forgive(now)
		r.forgiven = true
	}
	if r.session.expire(now) {
		r.send(r.session.packet(false))
	}
}

// send sends a packet. One that cannot be sent is lost, as others are on the way.
func (r *bfdRun) send(p bfdPacket) {
	to := netip.AddrPortFrom(r.Neighbor, r.listener.port)
	if _, err := r.conn.WriteToUDPAddrPort(p.appendTo(nil), to); err != nil {
		r.log.Debug("BFD packet not sent", "to", to, "error", err)
	}
}
