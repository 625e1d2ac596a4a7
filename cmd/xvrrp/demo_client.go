package main

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"time"
)

// pingEvery is the client's patience: its measure of an outage is no finer.
const pingEvery = 10 * time.Millisecond

// client is the host that wants the service: it pings the virtual address and remembers all it hears on its link.
type client struct {
	tap  *tap
	ping net.PacketConn

	mu   sync.Mutex
	told []heardFrame
}

// openClient opens the client's sockets in the calling thread's network namespace.
func openClient(link int) (*client, error) {
	t, err := openTap(link)
	if err != nil {
		return nil, err
	}
	p, err := net.ListenPacket("ip4:icmp", "")
	if err != nil {
		t.close()
		return nil, err
	}
	return &client{tap: t, ping: p}, nil
}

// run pings addr and listens until ctx ends.
func (c *client) run(ctx context.Context, addr netip.Addr) {
	var wg sync.WaitGroup
	wg.Go(func() { c.tap.listen(c.remember) })
	wg.Go(func() { c.pinging(ctx, addr) })
	<-ctx.Done()
	c.tap.close()
	c.ping.Close()
	wg.Wait()
}

func (c *client) remember(h heardFrame) {
	if h.what == nothing {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, h)
}

// between is what was heard from one instant on and before another.
func (c *client) between(from, to time.Time) []heardFrame {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []heardFrame
	for _, h := range c.told {
		if !h.at.Before(from) && h.at.Before(to) {
			out = append(out, h)
		}
	}
	return out
}

func (c *client) pinging(ctx context.Context, addr netip.Addr) {
	next := time.NewTicker(pingEvery)
	defer next.Stop()
	to := &net.IPAddr{IP: addr.AsSlice()}
	for seq := uint16(1); ; seq++ {
		select {
		case <-next.C:
			c.ping.WriteTo(echo(seq), to) // one that cannot be sent is one that is not answered
		case <-ctx.Done():
			return
		}
	}
}

// echo is an ICMP echo request (RFC 792).
func echo(seq uint16) []byte {
	b := []byte{echoRequest, 0, 0, 0, 0x58, 0x56, 0, 0}
	binary.BigEndian.PutUint16(b[6:], seq)
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(b[2:], ^uint16(sum+sum>>16))
	return b
}
