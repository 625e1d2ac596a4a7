package host_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/xvrrp/xvrrp/control/host"
	"golang.org/x/sys/unix"
)

// route is a unicast route over ens160.
func (n *network) route(dst, via string) host.Route {
	n.Helper()
	r := host.Route{Text: dst, Dst: netip.MustParsePrefix(dst), Link: n.router.Attrs().Index, Scope: -1}
	if via != "" {
		r.Via = netip.MustParseAddr(via)
	}
	r.V6 = r.Dst.Addr().Is6()
	return r
}

func rule(from string, table, priority uint32) host.Rule {
	p := netip.MustParsePrefix(from)
	return host.Rule{
		Text: "from " + from, V6: p.Addr().Is6(), From: p, Table: table, Priority: priority,
		SuppressPrefix: -1, SuppressGroup: -1,
	}
}

// routes are the routes that carry our mark, by destination and in the kernel's order.
func (n *network) routes() []string {
	n.Helper()
	var found []string
	for _, r := range n.routeList(unix.RTPROT_KEEPALIVED) {
		found = append(found, r.Dst.String())
	}
	return found
}

func (n *network) routeList(protocol int) []netlink.Route {
	n.Helper()
	for {
		filter := &netlink.Route{Protocol: netlink.RouteProtocol(protocol), Table: unix.RT_TABLE_UNSPEC}
		list, err := n.nl.RouteListFiltered(netlink.FAMILY_ALL, filter, netlink.RT_FILTER_PROTOCOL|netlink.RT_FILTER_TABLE)
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			must(n, err)
			return list
		}
	}
}

func (n *network) hasRoute(dst string) bool { return slices.Contains(n.routes(), dst) }

// rules are the priorities of rules that are not the kernel's own.
func (n *network) rules() []int {
	n.Helper()
	list, err := n.nl.RuleList(netlink.FAMILY_ALL)
	must(n, err)
	var found []int
	for _, r := range list {
		if r.Priority != 0 && r.Priority < 32766 {
			found = append(found, r.Priority)
		}
	}
	slices.Sort(found)
	return found
}

// routed is a router with an address, a route that needs it as its source, and a rule.
func (n *network) routed() host.Binding {
	n.Helper()
	b := n.binding("192.0.2.10/24")
	r := n.route("10.9.0.0/16", "192.0.2.77")
	r.Source = netip.MustParseAddr("192.0.2.10")
	b.Routes = []host.Route{r}
	b.Rules = []host.Rule{rule("10.9.0.0/16", 9, 900)}
	return b
}

func (n *network) awaitRouted(h *host.Host, b host.Binding, routes, rules int) {
	n.Helper()
	n.await(fmt.Sprintf("%d routes and %d rules of %s", routes, rules, b.Name), func() bool {
		return h.Routed(b.ID) == host.Routed{Routes: routes, Rules: rules}
	})
}

func TestRoutesComeAndGo(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	b := n.routed()
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	n.awaitRouted(h, b, 1, 1)
	if !n.hasRoute("10.9.0.0/16") || !slices.Equal(n.rules(), []int{900}) {
		t.Errorf("routes %v, rules %v", n.routes(), n.rules())
	}
	h.Release(b.ID)
	n.await("the address gone", func() bool { return !n.has(n.router, "192.0.2.10/24") })
	if len(n.routes()) != 0 || len(n.rules()) != 0 {
		t.Errorf("routes %v, rules %v outlive the address", n.routes(), n.rules())
	}
	n.noFailure(h)
}

// Every kind of route and rule comes and goes as it was written.
func TestRouteKinds(t *testing.T) {
	n := newNetwork(t)
	other := n.addLink("ens161")
	n.addAddr(n.router, "2001:db8::9/64")
	link := n.router.Attrs().Index
	gateway, gateway6 := netip.MustParseAddr("192.0.2.77"), netip.MustParseAddr("2001:db8::77")
	tests := map[string]struct {
		change func(*host.Route)
		v6     bool
		right  func(netlink.Route) bool
	}{
		"gateway":   {func(*host.Route) {}, false, func(r netlink.Route) bool { return r.Gw.String() == "192.0.2.77" }},
		"gateway 6": {func(*host.Route) {}, true, func(r netlink.Route) bool { return r.Gw.String() == "2001:db8::77" }},
		"link": {func(r *host.Route) { r.Via = netip.Addr{} }, false, func(r netlink.Route) bool {
			return r.Gw == nil && r.Scope == unix.RT_SCOPE_LINK && r.LinkIndex == link
		}},
		"gateway of the other family": {func(r *host.Route) { r.Via = netip.MustParseAddr("fe80::77") }, false,
			func(r netlink.Route) bool { return r.Via != nil && strings.Contains(r.Via.String(), "fe80::77") }},
		"blackhole": {func(r *host.Route) { r.Type, r.Via, r.Link = unix.RTN_BLACKHOLE, netip.Addr{}, 0 }, false,
			func(r netlink.Route) bool { return r.Type == unix.RTN_BLACKHOLE }},
		"unreachable 6": {func(r *host.Route) { r.Type, r.Via, r.Link = unix.RTN_UNREACHABLE, netip.Addr{}, 0 }, true,
			func(r netlink.Route) bool { return r.Type == unix.RTN_UNREACHABLE }},
		"local": {func(r *host.Route) { r.Type, r.Via = unix.RTN_LOCAL, netip.Addr{} }, false, func(r netlink.Route) bool {
			return r.Type == unix.RTN_LOCAL && r.Table == unix.RT_TABLE_LOCAL && r.Scope == unix.RT_SCOPE_HOST
		}},
		"small table": {func(r *host.Route) { r.Table = 7 }, false, func(r netlink.Route) bool { return r.Table == 7 }},
		"large table": {func(r *host.Route) { r.Table = 70000 }, false, func(r netlink.Route) bool { return r.Table == 70000 }},
		"metric":      {func(r *host.Route) { r.Metric = 50 }, true, func(r netlink.Route) bool { return r.Priority == 50 }},
		"tos":         {func(r *host.Route) { r.TOS = 16 }, false, func(r netlink.Route) bool { return r.Tos == 16 }},
		"scope": {func(r *host.Route) { r.Scope, r.Via = unix.RT_SCOPE_HOST, netip.Addr{} }, false,
			func(r netlink.Route) bool { return r.Scope == unix.RT_SCOPE_HOST }},
		"realm": {func(r *host.Route) { r.Realm = 5 }, false, func(r netlink.Route) bool { return r.Realm == 5 }},
		"on link": {func(r *host.Route) { r.OnLink, r.Via = true, netip.MustParseAddr("203.0.113.1") }, false,
			func(r netlink.Route) bool { return r.Flags&unix.RTNH_F_ONLINK != 0 }},
		"source": {func(r *host.Route) { r.Source = netip.MustParseAddr("192.0.2.1") }, false,
			func(r netlink.Route) bool { return r.Src.String() == "192.0.2.1" }},
		"metrics": {func(r *host.Route) {
			r.Metrics = []host.RouteMetric{{ID: unix.RTAX_MTU, Value: 1400, Locked: true}, {ID: unix.RTAX_ADVMSS, Value: 1200},
				{ID: unix.RTAX_CC_ALGO, Text: "reno"}}
		}, false, func(r netlink.Route) bool { return r.MTU == 1400 && r.AdvMSS == 1200 && r.Congctl == "reno" }},
		"hops": {func(r *host.Route) {
			r.Via, r.Link = netip.Addr{}, 0
			r.Hops = []host.NextHop{{Via: gateway, Link: link, Weight: 3}, {Via: netip.MustParseAddr("203.0.113.1"),
				Link: other.Attrs().Index, OnLink: true}}
		}, false, func(r netlink.Route) bool {
			return len(r.MultiPath) == 2 && r.MultiPath[0].Hops == 2 && r.MultiPath[1].LinkIndex == other.Attrs().Index
		}},
		"hops 6": {func(r *host.Route) {
			r.Via, r.Link = netip.Addr{}, 0
			r.Hops = []host.NextHop{{Via: gateway6, Link: link, Weight: 3}, {Via: netip.MustParseAddr("2001:db8::78"), Link: link}}
		}, true, func(r netlink.Route) bool { return len(r.MultiPath) == 2 && r.MultiPath[0].Hops == 2 }},
	}
	h := n.running()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := &network{t, n.nl, n.router, n.peer}
			r := n.route("10.9.0.0/16", gateway.String())
			if tt.v6 {
				r = n.route("2001:db8:9::/48", gateway6.String())
			}
			tt.change(&r)
			if r.Realm != 0 {
				n.needRealms()
			}
			b := n.binding("192.0.2.10/24")
			b.Routes = []host.Route{r}
			must(t, h.Bind(new(b)))
			h.Acquire(b.ID)
			n.awaitRouted(h, b, max(1, len(r.Hops)*map[bool]int{true: 1}[tt.v6]), 0)
			list := n.routeList(unix.RTPROT_KEEPALIVED)
			if len(list) != 1 || !tt.right(list[0]) {
				t.Errorf("the kernel has %+v", list)
			}
			must(t, h.Unbind(b.ID))
			n.awaitRouted(h, b, 0, 0)
			n.await("it gone", func() bool { return len(n.routeList(unix.RTPROT_KEEPALIVED)) == 0 })
			n.noFailure(h)
		})
	}
}

// needRealms skips a test on kernels that were built without them.
func (n *network) needRealms() {
	n.Helper()
	r := netlink.Route{Dst: ipNet("10.0.0.0/8"), LinkIndex: n.router.Attrs().Index, Realm: 5}
	if err := n.nl.RouteAdd(&r); err != nil {
		n.Skipf("this kernel has no realms: %v", err)
	}
	must(n, n.nl.RouteDel(&r))
}

func TestRuleKinds(t *testing.T) {
	n := newNetwork(t)
	tests := map[string]struct {
		change func(*host.Rule)
		right  func(netlink.Rule) bool
	}{
		"to": {func(r *host.Rule) { r.To = netip.MustParsePrefix("198.51.100.0/24") },
			func(r netlink.Rule) bool { return r.Dst.String() == "198.51.100.0/24" }},
		"not": {func(r *host.Rule) { r.Not = true }, func(r netlink.Rule) bool { return r.Invert }},
		"mark": {func(r *host.Rule) { r.Marked, r.Mark, r.MarkMask = true, 5, 0xff },
			func(r netlink.Rule) bool { return r.Mark == 5 && *r.Mask == 0xff }},
		"links": {func(r *host.Rule) { r.IIF, r.OIF = "ens160", "lo" },
			func(r netlink.Rule) bool { return r.IifName == "ens160" && r.OifName == "lo" }},
		"table": {func(r *host.Rule) { r.Table = 70000 }, func(r netlink.Rule) bool { return r.Table == 70000 }},
		"ports": {func(r *host.Rule) { r.IPProto, r.DPort, r.SPort = 6, &[2]uint16{80, 90}, &[2]uint16{1, 2} },
			func(r netlink.Rule) bool { return r.IPProto == 6 && r.Dport.End == 90 && r.Sport.Start == 1 }},
		"users": {func(r *host.Rule) { r.UIDs = &[2]uint32{10, 20} },
			func(r netlink.Rule) bool { return r.UIDRange.Start == 10 && r.UIDRange.End == 20 }},
		"limits": {func(r *host.Rule) { r.SuppressPrefix, r.SuppressGroup = 0, 3 },
			func(r netlink.Rule) bool { return r.SuppressPrefixlen == 0 && r.SuppressIfgroup == 3 }},
		"goto": {func(r *host.Rule) { r.Action, r.Goto, r.Table = unix.FR_ACT_GOTO, 32000, 0 },
			func(r netlink.Rule) bool { return r.Goto == 32000 }},
		"action": {func(r *host.Rule) { r.Action, r.Table = unix.FR_ACT_PROHIBIT, 0 },
			func(r netlink.Rule) bool { return r.Table == 0 && r.Goto <= 0 }},
		"IPv6": {func(r *host.Rule) { r.V6, r.From = true, netip.MustParsePrefix("2001:db8::/32") },
			func(r netlink.Rule) bool { return r.Src.String() == "2001:db8::/32" }},
		"own priority": {func(r *host.Rule) { r.Priority = 0 }, func(r netlink.Rule) bool { return r.Priority == 32765 }},
	}
	h := n.running()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := rule("10.9.0.0/16", 9, 900)
			tt.change(&r)
			b := n.binding("192.0.2.10/24")
			b.Rules = []host.Rule{r}
			must(t, h.Bind(new(b)))
			h.Acquire(b.ID)
			n.awaitRouted(h, b, 0, 1)
			list, err := n.nl.RuleList(netlink.FAMILY_ALL)
			must(t, err)
			list = slices.DeleteFunc(list, func(r netlink.Rule) bool { return r.Priority == 0 || r.Priority >= 32766 })
			if len(list) != 1 || list[0].Protocol != unix.RTPROT_KEEPALIVED || !tt.right(list[0]) {
				t.Errorf("the kernel has %+v", list)
			}
			must(t, h.Unbind(b.ID))
			n.awaitRouted(h, b, 0, 0)
			n.await("it gone", func() bool { return len(n.rules()) == 0 })
			n.noFailure(h)
		})
	}
}

// Whatever takes a route or rule away, it is put back.
func TestRoutesPutBack(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	b := n.routed()
	six := n.route("2001:db8:9::/48", "fe80::77")
	six.Source = netip.MustParseAddr("2001:db8::10")
	b.Addrs = append(b.Addrs, n.binding("2001:db8::10/64").Addrs...)
	b.Routes = append(b.Routes, six)
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	n.awaitRouted(h, b, 2, 1)
	tests := []struct {
		name string
		lose func()
	}{
		{"nothing", func() {}},
		{"route deleted", func() { must(t, n.nl.RouteDel(&netlink.Route{Dst: ipNet("10.9.0.0/16")})) }},
		{"IPv6 route deleted", func() { must(t, n.nl.RouteDel(&netlink.Route{Dst: ipNet("2001:db8:9::/48")})) }},
		{"rule deleted", func() {
			r := netlink.NewRule()
			r.Priority, r.Table = 900, 9
			must(t, n.nl.RuleDel(r))
		}},
		{"source deleted", func() { n.delAddr(n.router, "192.0.2.10/24") }},
		{"IPv6 source deleted", func() { n.delAddr(n.router, "2001:db8::10/64") }},
		{"link down and up", func() {
			must(t, n.nl.LinkSetDown(n.router))
			n.await("the link down", func() bool { return !n.seen(h).Up })
			must(t, n.nl.LinkSetUp(n.router))
		}},
	}
	for _, tt := range tests {
		tt.lose()
		n.await("the routes with their sources after "+tt.name, func() bool {
			var sources []string
			for _, r := range n.routeList(unix.RTPROT_KEEPALIVED) {
				sources = append(sources, r.Src.String())
			}
			return slices.Equal(sources, []string{"192.0.2.10", "2001:db8::10"})
		})
		n.await("the rule after "+tt.name, func() bool { return slices.Equal(n.rules(), []int{900}) })
	}
	n.noFailure(h)
	h.Release(b.ID)
	n.await("all gone", func() bool { return len(n.routes()) == 0 && len(n.rules()) == 0 && len(n.addrs(n.router)) == 1 })
}

// One hop of several is put back by itself.
func TestHopsPutBack(t *testing.T) {
	n := newNetwork(t)
	n.addAddr(n.router, "2001:db8::9/64")
	h := n.running()
	link := n.router.Attrs().Index
	four, six := n.route("10.9.0.0/16", ""), n.route("2001:db8:9::/48", "")
	four.Link, six.Link = 0, 0
	hops := func(first, second string) []host.NextHop {
		return []host.NextHop{
			{Via: netip.MustParseAddr(first), Link: link}, {Via: netip.MustParseAddr(second), Link: link},
		}
	}
	four.Hops, six.Hops = hops("192.0.2.77", "192.0.2.78"), hops("fe80::77", "fe80::78")
	b := n.binding("192.0.2.10/24")
	b.Routes = []host.Route{four, six}
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	n.awaitRouted(h, b, 3, 0)
	whole := func() bool {
		list := n.routeList(unix.RTPROT_KEEPALIVED)
		return len(list) == 2 && len(list[0].MultiPath) == 2 && len(list[1].MultiPath) == 2
	}
	if !whole() {
		t.Fatalf("the kernel has %+v", n.routeList(unix.RTPROT_KEEPALIVED))
	}
	must(t, n.nl.RouteDel(&netlink.Route{
		Dst: ipNet("2001:db8:9::/48"), LinkIndex: link, Gw: netip.MustParseAddr("fe80::78").AsSlice(),
	}))
	n.await("the IPv6 hop", whole)
	must(t, n.nl.RouteDel(&netlink.Route{Dst: ipNet("10.9.0.0/16")}))
	n.await("the IPv4 hops", whole)
	h.Release(b.ID)
	n.await("all gone", func() bool { return len(n.routes()) == 0 })
	n.noFailure(h)
}

func TestNoTrackIsNotPutBack(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	b := n.routed()
	b.Routes[0].NoTrack = true
	b.Routes = append(b.Routes, n.route("10.8.0.0/16", "192.0.2.77"))
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	n.awaitRouted(h, b, 2, 1)
	for _, dst := range []string{"10.9.0.0/16", "10.8.0.0/16"} {
		must(t, n.nl.RouteDel(&netlink.Route{Dst: ipNet(dst)}))
	}
	n.await("the tracked one", func() bool { return n.hasRoute("10.8.0.0/16") })
	if n.hasRoute("10.9.0.0/16") {
		t.Error("the other was put back, too")
	}
}

// A route that cannot be added does not keep the router from the rest; one that cannot be put back does.
func TestRouteFails(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	b := n.routed()
	b.Routes = append(b.Routes, n.route("10.8.0.0/16", "203.0.113.1"))
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	if f := n.failure(h); f.ID != b.ID || f.Op != "route" || !errors.Is(f.Err, unix.ENETUNREACH) {
		t.Errorf("failure is %+v", f)
	}
	n.awaitRouted(h, b, 1, 1)

	// The way to the gateway goes with the host's own address.
	b.Addrs = n.binding("10.0.0.1/32").Addrs
	b.Routes = []host.Route{n.route("10.7.0.0/16", "192.0.2.77")}
	must(t, h.Bind(new(b)))
	n.await("the other route", func() bool { return n.hasRoute("10.7.0.0/16") })
	n.delAddr(n.router, "192.0.2.1/24")
	must(t, n.nl.LinkSetDown(n.router))
	n.await("the link down", func() bool { return !n.seen(h).Up })
	must(t, n.nl.LinkSetUp(n.router))
	if f := n.failure(h); f.ID != b.ID || f.Op != "acquire" {
		t.Errorf("failure is %+v", f)
	}
}

// What somebody else has added stays; what a killed daemon left is ours.
func TestForeignAndLeftRoutes(t *testing.T) {
	n := newNetwork(t)
	left := func(dst string, protocol int) {
		must(t, n.nl.RouteAdd(&netlink.Route{Dst: ipNet(dst), LinkIndex: n.router.Attrs().Index,
			Gw: netip.MustParseAddr("fe80::77").AsSlice(), Protocol: netlink.RouteProtocol(protocol)}))
	}
	left("2001:db8:1::/48", unix.RTPROT_STATIC)     // taken, foreign
	left("2001:db8:2::/48", unix.RTPROT_KEEPALIVED) // taken
	left("2001:db8:3::/48", unix.RTPROT_KEEPALIVED) // swept
	left("2001:db8:4::/48", unix.RTPROT_STATIC)     // not swept
	h := n.running()
	taker, other := n.binding("192.0.2.10/24"), n.binding("192.0.2.11/24")
	other.ID.VRID = 57
	taker.Routes = []host.Route{n.route("2001:db8:1::/48", "fe80::77"), n.route("2001:db8:2::/48", "fe80::77")}
	other.Routes = []host.Route{n.route("2001:db8:3::/48", "fe80::77"), n.route("2001:db8:4::/48", "fe80::77")}
	must(t, h.Bind(new(taker)))
	must(t, h.Bind(new(other)))
	h.Acquire(taker.ID)
	must(t, h.Sweep())
	n.awaitRouted(h, taker, 2, 0)
	n.await("the left one gone", func() bool { return slices.Equal(n.routes(), []string{"2001:db8:2::/48"}) })
	h.Release(taker.ID)
	n.await("ours gone", func() bool { return len(n.routes()) == 0 })
	if static := n.routeList(unix.RTPROT_STATIC); len(static) != 2 {
		t.Errorf("foreign routes are %v", static)
	}
	n.noFailure(h)
}

// Routers share what they both want, and a changed binding changes what differs.
func TestSharedRoutes(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	first, second := n.routed(), n.routed()
	second.ID.VRID = 57
	second.Routes = append(second.Routes, n.route("10.8.0.0/16", "192.0.2.77"))
	for _, b := range []host.Binding{first, second} {
		must(t, h.Bind(new(b)))
		h.Acquire(b.ID)
	}
	n.awaitRouted(h, first, 1, 1)
	n.awaitRouted(h, second, 2, 1)
	second.Routes = []host.Route{n.route("10.7.0.0/16", "192.0.2.77")}
	second.Rules = nil
	must(t, h.Bind(new(second)))
	n.await("the difference", func() bool { return slices.Equal(n.routes(), []string{"10.7.0.0/16", "10.9.0.0/16"}) })
	if !slices.Equal(n.rules(), []int{900}) {
		t.Errorf("rules are %v", n.rules())
	}
	h.Release(first.ID)
	n.await("the shared ones gone", func() bool {
		return slices.Equal(n.routes(), []string{"10.7.0.0/16"}) && len(n.rules()) == 0
	})
	n.noFailure(h)
}

func TestManyRoutes(t *testing.T) {
	const routers, each = 250, 4
	n := newNetwork(t)
	h := n.open()
	stop := n.run(h)
	started := host.Now()
	for i := range routers {
		b := n.binding(fmt.Sprintf("10.1.0.%d/32", i+1))
		b.ID.VRID = uint8(i + 1)
		for k := range each {
			dst := fmt.Sprintf("10.2.%d.%d/32", k, i)
			b.Routes = append(b.Routes, n.route(dst, "192.0.2.77"))
			b.Rules = append(b.Rules, rule(dst, 9, uint32(1000+i*each+k)))
		}
		must(t, h.Bind(new(b)))
		h.Acquire(b.ID)
	}
	there := func() int { return len(n.routes()) + len(n.rules()) }
	n.await("all routes and rules", func() bool { return there() == 2*routers*each })
	t.Logf("there after %v", host.Now()-started)
	n.noFailure(h)
	started = host.Now()
	stop()
	t.Logf("gone after %v", host.Now()-started)
	if there() != 0 || len(n.addrs(n.router)) != 1 {
		t.Errorf("left at the end: %d routes and rules, %d addresses", there(), len(n.addrs(n.router))-1)
	}
}

// Whatever the order of orders and deletions, in the end there is what is acquired and nothing else.
func TestRoutesConverge(t *testing.T) {
	const routers, steps = 5, 300
	n := newNetwork(t)
	h := n.running()
	bindings := make([]host.Binding, routers)
	for i := range bindings {
		b := n.binding(fmt.Sprintf("10.0.0.%d/24", i+1))
		b.ID.VRID = uint8(i + 1)
		shared, own := n.route("10.9.0.0/16", "192.0.2.77"), n.route(fmt.Sprintf("10.10.%d.0/24", i), "192.0.2.77")
		own.Source = b.Addrs[0].Prefix.Addr()
		b.Routes = []host.Route{shared, own}
		b.Rules = []host.Rule{rule("10.9.0.0/16", 9, uint32(900+i))}
		bindings[i] = b
		must(t, h.Bind(new(b)))
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	acquired := make([]bool, routers)
	for range steps {
		i := rnd.IntN(routers)
		switch rnd.IntN(5) {
		case 0:
			_ = n.nl.AddrDel(n.router, parseAddr(t, bindings[i].Addrs[0].Prefix.String())) // it may not be there
		case 1:
			_ = n.nl.RouteDel(&netlink.Route{Dst: ipNet(bindings[i].Routes[rnd.IntN(2)].Text)})
		case 2:
			must(t, h.Bind(new(bindings[i])))
		default:
			if acquired[i] = !acquired[i]; acquired[i] {
				h.Acquire(bindings[i].ID)
			} else {
				h.Release(bindings[i].ID)
			}
		}
		time.Sleep(time.Duration(rnd.IntN(500)) * time.Microsecond) // lets the workers get to various places
	}
	var routes []string
	var rules []int
	for i, b := range bindings {
		if acquired[i] {
			routes = append(routes, b.Routes[0].Text, b.Routes[1].Text)
			rules = append(rules, 900+i)
		}
	}
	slices.Sort(routes)
	routes = slices.Compact(routes)
	n.await(fmt.Sprintf("exactly %v and %v", routes, rules), func() bool {
		got := n.routes()
		slices.Sort(got)
		return slices.Equal(got, routes) && slices.Equal(n.rules(), rules)
	})
}
