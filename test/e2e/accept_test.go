package e2e

import (
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// TestAccept pings the virtual address of a master (T-16, RFC 9568 6.4.3): it answers unless it was told to refuse,
// or to keep to the RFC. Either way hosts learn where it is.
func TestAccept(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		hook    string
		globals []string
		lines   []string
		answers bool
	}{
		{"default", "xdp", nil, nil, true},
		{"refused-xdp", "xdp", nil, []string{"no_accept"}, false},
		{"refused-tc", "tc", nil, []string{"no_accept"}, false},
		{"strict", "tc", []string{"vrrp_strict"}, nil, false},
		{"accept-in-strict", "tc", []string{"vrrp_strict"}, []string{"accept"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "ping-"+c.name)
			m, client := s.Add("m"), s.Add("client")
			m.Run(c.hook, c.globals, bed.Instance{Priority: 100, Lines: c.lines})
			m.AwaitRole(bed.Only, "master")
			m.AwaitVIPs(true, bed.VIP)
			card, err := client.Capture(bed.NIC)
			if err != nil {
				t.Fatal(err)
			}
			defer card.Close()
			ping, err := client.Ping(t.Context(), bed.VIP.Addr(), 50*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			awaitARPReply(t, card, bed.VIP.Addr())
			if c.answers {
				bed.Until(t, "answers to pings", bed.Patience, func() bool { return answered(ping.Echos()) >= 5 })
			} else {
				m.AwaitDrops("no_accept", 5)
			}
			echos := ping.Stop()
			if n := answered(echos); !c.answers && n > 0 {
				t.Errorf("%d of %d pings were answered, want none", n, len(echos))
			}
			if n := m.Drops()["no_accept"]; c.answers && n > 0 {
				t.Errorf("%d packets under no_accept, want none", n)
			}
			if r := m.Router(); r.Accept != c.answers {
				t.Errorf("status says accept: %t", r.Accept)
			}
		})
	}
}

func answered(echos []lab.Echo) (n int) {
	for _, e := range echos {
		if e.Back != 0 {
			n++
		}
	}
	return n
}
