package host_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/xvrrp/xvrrp/control/host"
)

// static is an address, a route over it and a rule.
func (n *network) static() host.Static {
	n.Helper()
	return host.Static{
		Addrs:  n.binding("203.0.113.1/24").Addrs,
		Routes: []host.Route{n.route("198.51.100.0/24", "203.0.113.9")},
		Rules:  []host.Rule{rule("203.0.113.0/24", 7, 700)},
	}
}

func (n *network) awaitMissing(h *host.Host, want ...string) {
	n.Helper()
	n.await("exactly these missing", func() bool { return slices.Equal(h.Missing(), want) })
}

func TestStaticStays(t *testing.T) {
	n := newNetwork(t)
	h := n.open()
	stop := n.run(h)
	s := n.static()
	h.Keep(s)
	there := func() bool {
		return n.has(n.router, "203.0.113.1/24") && n.hasRoute("198.51.100.0/24") && slices.Contains(n.rules(), 700)
	}
	n.await("all of it", there)

	rule := netlink.NewRule()
	rule.Priority, rule.Table = 700, 7
	must(t, n.nl.RuleDel(rule))
	n.await("the rule back", there)
	n.delAddr(n.router, "203.0.113.1/24")
	n.await("address and route back", there)

	s.Addrs = append(s.Addrs, n.binding("203.0.113.2/24").Addrs...)
	s.Routes = []host.Route{n.route("198.51.101.0/24", "203.0.113.9")}
	s.Rules = nil
	h.Keep(s)
	n.await("the difference", func() bool {
		return n.has(n.router, "203.0.113.2/24") && n.has(n.router, "203.0.113.1/24") &&
			slices.Equal(n.routes(), []string{"198.51.101.0/24"}) && len(n.rules()) == 0
	})
	n.noFailure(h)
	stop()
	if got := n.addrs(n.router); !slices.Equal(got, []string{"192.0.2.1/24"}) || len(n.routes()) != 0 {
		t.Errorf("at the end there are %v and %v", got, n.routes())
	}
}

// What is missing is named, and comes as soon as it can.
func TestMissing(t *testing.T) {
	n := newNetwork(t)
	other := n.addLink("ens161")
	h := n.running()
	s := n.static()
	s.Routes = append(s.Routes, n.route("10.8.0.0/16", "10.0.0.9"))
	s.Addrs = append(s.Addrs, host.Address{
		Prefix: netip.MustParsePrefix("203.0.113.3/24"), Link: other.Attrs().Index, Scope: -1, Label: "a-label-that-is-too-long",
	})
	h.Keep(s)
	n.awaitMissing(h, "203.0.113.3/24", "10.8.0.0/16")
	for len(h.Changes()) > 0 {
		<-h.Changes()
	}
	n.addAddr(n.router, "10.0.0.1/24") // leads to the gateway
	n.awaitMissing(h, "203.0.113.3/24")
	<-h.Changes()
	if !n.hasRoute("10.8.0.0/16") {
		t.Error("the route is not there")
	}
	must(t, n.nl.LinkDel(other))
	n.awaitMissing(h, "203.0.113.3/24")
	s.Addrs = s.Addrs[:1]
	h.Keep(s)
	n.awaitMissing(h)
	n.noFailure(h)
}

// A router does not take what is static away.
func TestStaticIsShared(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	s := n.static()
	h.Keep(s)
	b := n.binding("203.0.113.1/24")
	b.Routes, b.Rules = s.Routes, s.Rules
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	n.awaitRouted(h, b, 1, 1)
	h.Release(b.ID)
	n.awaitRouted(h, b, 0, 0)
	if !n.has(n.router, "203.0.113.1/24") || !n.hasRoute("198.51.100.0/24") || len(n.rules()) != 1 {
		t.Errorf("left are %v, %v and %v", n.addrs(n.router), n.routes(), n.rules())
	}
}
