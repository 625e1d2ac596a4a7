package control

import (
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/host"
)

// interface_up_down_delays: a link that is down for less than its delay was never down.
func TestLinkDelays(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, &config.Config{Routers: []config.Router{instance(10, "eth0")},
		LinkDelays: []config.LinkDelay{{Interface: "eth0", Down: 2 * time.Second, Up: 3 * time.Second}}})
	b.advance(4 * time.Second)
	b.want("master")
	link := func(up bool) {
		b.host.links = []host.Link{eth0(7)}
		b.host.links[0].Up = up
		b.review()
	}
	link(false)
	b.advance(time.Second)
	b.want("master")
	link(true)
	b.advance(4 * time.Second)
	b.want("master")
	link(false)
	b.advance(2100 * time.Millisecond)
	b.want("fault")
	link(true)
	b.advance(2 * time.Second)
	b.want("fault")
	b.advance(1100 * time.Millisecond)
	b.want("backup")
}

// A link that goes while its delay runs is gone at once, and nothing is waited for any more.
func TestDelayedLinkGoes(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, &config.Config{Routers: []config.Router{instance(10, "eth0")},
		LinkDelays: []config.LinkDelay{{Interface: "eth0", Down: 2 * time.Second}}})
	b.host.links[0].Up = false
	b.review()
	b.host.links = nil
	b.review()
	b.want("fault")
	if at := b.nextDeadline(); at != election.Never {
		t.Errorf("the loop wants to be woken in %v", at-b.clock)
	}
}
