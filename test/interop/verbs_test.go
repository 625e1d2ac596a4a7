package interop

import (
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/test/bed"
)

// TestFailoverByHand hands over to keepalived, and takes this host out of service: each time keepalived takes over after
// its skew, addresses are on one side only, and mastership comes back when it is asked back.
func TestFailoverByHand(t *testing.T) {
	for _, high := range []instance{
		{version: 2, interval: time.Second, priority: 160},
		{version: 3, interval: 200 * time.Millisecond, priority: 160},
	} {
		t.Run(map[uint8]string{2: "version 2", 3: "version 3"}[high.version], func(t *testing.T) {
			t.Parallel()
			low := high
			low.priority = 100
			p := newPair(t, map[uint8]string{2: "hand2", 3: "hand3"}[high.version], xvrrp{"tc"}, keepalived{})
			p.second.start(t, low)
			p.first.start(t, high)
			p.awaitMaster(p.first, p.second)
			for _, verb := range []struct{ begin, end []string }{
				{[]string{"failover", bed.Only}, []string{"failover", bed.Only, "--cancel"}},
				{[]string{"maintenance", "on"}, []string{"maintenance", "off"}},
			} {
				mark := p.site.Ear.Mark() - 1
				p.ask(verb.begin...)
				h := p.awaitHandover(mark, p.first, p.second, low.skew(), election.Resigned)
				if h.last.Priority != 0 || h.took() >= low.down() {
					t.Errorf("%s: keepalived took over %s after %s, want its skew %s after priority 0", verb.begin[0], h.took(), h.last, low.skew())
				}
				p.awaitMaster(p.second, p.first)
				p.ask(verb.end...)
				p.awaitMaster(p.first, p.second)
			}
		})
	}
}

// ask runs a command on the first side.
func (p *pair) ask(args ...string) {
	p.t.Helper()
	if out, err := p.first.Ask(args...); err != nil {
		p.t.Fatalf("%v: %s", err, out)
	}
}
