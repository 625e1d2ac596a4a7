package control

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// Peers that disagree with us, and among each other, are noted once a minute each, and no more than a few of them.
func TestNotesOfPeersInTurns(t *testing.T) {
	const phrase = "advertises another address list"
	for _, c := range []struct {
		name   string
		peers  int // that disagree
		agrees bool
		within time.Duration
		want   int
	}{
		{"one", 1, false, 50 * time.Second, 1},
		{"two in turns", 2, false, 50 * time.Second, 2},
		{"one and one who agrees", 1, true, 50 * time.Second, 1},
		{"two in turns after a minute", 2, false, 90 * time.Second, 4},
		{"very many", 3 * mostNoted, false, 50 * time.Second, mostNoted},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
			b.log = slog.New(slog.NewTextHandler(&log, nil))
			for began := b.clock; b.clock-began < c.within; b.advance(time.Second) {
				for n := range c.peers {
					b.hears(byte(n), vip.Addr(), netip.MustParseAddr(fmt.Sprintf("203.0.113.%d", n)))
				}
				if c.agrees {
					b.hears(200, vip.Addr())
				}
			}
			if got := strings.Count(log.String(), phrase); got != c.want {
				t.Errorf("noted %d times, want %d:\n%s", got, c.want, log.String())
			}
		})
	}
}

// hears has an advert of a peer with an address list of its own come in.
func (b *bench) hears(peer byte, addrs ...netip.Addr) {
	src := netip.AddrFrom4([4]byte{192, 0, 2, 20 + peer})
	a := vrrp.Advert{Version: 3, VRID: 10, Priority: 200, Interval: time.Second, Addrs: addrs}
	at := b.advert(b.clock, 200)
	at.Src, at.Message = src, a.AppendTo(nil, src, group4, vrrp.Pseudo)
	b.heard(at)
}
