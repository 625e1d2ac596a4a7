package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// Echo is one ping of a Pinger.
type Echo struct {
	Sent time.Duration
	Back time.Duration // 0 when no reply has come
}

// Pinger pings an address and keeps what became of each ping.
type Pinger struct {
	conn net.PacketConn
	addr netip.Addr
	id   uint16 // tells its replies from those of other pingers
	end  context.CancelFunc
	done sync.WaitGroup

	mu    sync.Mutex
	echos []Echo
}

// The ICMP echo message (RFC 792, RFC 4443 4.1).
const (
	echoLen      = 16
	echoRequest4 = 8
	echoReply4   = 0
	echoRequest6 = 128
	echoReply6   = 129
	echoSequence = 6
	echoNumber   = 8 // our data: the number of the ping, since the sequence wraps
)

// Ping starts to ping an address at this rate, until ctx ends or the Pinger is stopped. Pings that the host cannot
// send are lost ones.
func (h *Host) Ping(ctx context.Context, addr netip.Addr, every time.Duration) (*Pinger, error) {
	network, any := "ip4:icmp", "0.0.0.0"
	if addr.Is6() {
		network, any = "ip6:ipv6-icmp", "::"
	}
	p := &Pinger{addr: addr, id: uint16(rand.Uint32())}
	err := h.Do(func() (err error) {
		p.conn, err = net.ListenPacket(network, any)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ping from host %s: %w", h.Name, err)
	}
	ctx, p.end = context.WithCancel(ctx)
	p.done.Go(func() { p.send(ctx, every) })
	p.done.Go(p.receive)
	return p, nil
}

// Stop ends the pinging and returns all pings in the order they were sent. Replies still under way count as lost.
func (p *Pinger) Stop() []Echo {
	p.end()
	p.done.Wait()
	return p.echos
}

// Echos are the pings so far.
func (p *Pinger) Echos() []Echo {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Echo(nil), p.echos...)
}

func (p *Pinger) send(ctx context.Context, every time.Duration) {
	defer p.conn.Close()
	tick := time.NewTicker(every)
	defer tick.Stop()
	to := &net.IPAddr{IP: p.addr.AsSlice(), Zone: p.addr.Zone()}
	for {
		_, _ = p.conn.WriteTo(p.next(), to) // no route yet, or no longer: a lost ping
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// next notes a ping as sent and returns its message.
func (p *Pinger) next() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	number := uint64(len(p.echos))
	p.echos = append(p.echos, Echo{Sent: Now()})
	b := make([]byte, echoLen)
	b[0] = echoRequest4
	if p.addr.Is6() {
		b[0] = echoRequest6 // its checksum is the kernel's work
	}
	binary.BigEndian.PutUint16(b[4:], p.id)
	binary.BigEndian.PutUint16(b[echoSequence:], uint16(number))
	binary.BigEndian.PutUint64(b[echoNumber:], number)
	if p.addr.Is4() {
		binary.BigEndian.PutUint16(b[2:], vrrp.InternetChecksum(b))
	}
	return b
}

func (p *Pinger) receive() {
	buf := make([]byte, 1500)
	reply := byte(echoReply4)
	if p.addr.Is6() {
		reply = echoReply6
	}
	for {
		n, _, err := p.conn.ReadFrom(buf)
		now := Now()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error about an earlier ping
		}
		if b := buf[:n]; len(b) >= echoLen && b[0] == reply && binary.BigEndian.Uint16(b[4:]) == p.id {
			p.back(binary.BigEndian.Uint64(b[echoNumber:]), now)
		}
	}
}

// back notes the first reply to a ping.
func (p *Pinger) back(number uint64, at time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if number < uint64(len(p.echos)) && p.echos[number].Back == 0 {
		p.echos[number].Back = at
	}
}

// Outage is a time in which no ping was answered.
type Outage struct {
	From, To time.Duration // sending of the first lost ping and of the next answered one; To is 0 if there is none
	Lost     int
}

// Outages finds the runs of lost pings.
func Outages(echos []Echo) []Outage {
	var outages []Outage
	open := false
	for _, e := range echos {
		switch {
		case e.Back == 0 && !open:
			outages = append(outages, Outage{From: e.Sent, Lost: 1})
			open = true
		case e.Back == 0:
			outages[len(outages)-1].Lost++
		case open:
			outages[len(outages)-1].To = e.Sent
			open = false
		}
	}
	return outages
}
