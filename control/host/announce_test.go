package host_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/xvrrp/xvrrp/control/histogram"
	"github.com/xvrrp/xvrrp/control/host"
)

// announces tells gratuitous ARP for an address from a MAC.
func announces(addr string, from [6]byte) func([]byte) bool {
	ip := netip.MustParseAddr(addr).As4()
	return func(f []byte) bool {
		return isARP(f) && [4]byte(f[28:32]) == ip && [4]byte(f[38:42]) == ip && [6]byte(f[22:28]) == from
	}
}

// Whatever may have made hosts or switches forget where an address is, it is announced again.
func TestAnnouncedAgain(t *testing.T) {
	n := newNetwork(t)
	other := n.addLink("ens161")
	h, wire, elsewhere := n.running(), n.listen(n.peer), n.listen(n.link("peer-ens161"))
	b := n.binding("192.0.2.10/24")
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	h.Announce(b.ID, 2)
	was, is := mac(n.router), [6]byte{2, 0, 0, 0, 0, 77}
	tests := []struct {
		name, addr string
		from       [6]byte
		rounds     int
		lose       func()
	}{
		{"asked for", "192.0.2.10", was, 2, func() {}},
		{"address deleted", "192.0.2.10", was, 2, func() { n.delAddr(n.router, "192.0.2.10/24") }},
		{"link down", "192.0.2.10", was, 2, func() {
			must(t, n.nl.LinkSetDown(n.router))
			n.await("the link down", func() bool { return !n.seen(h).Up })
			must(t, n.nl.LinkSetUp(n.router))
		}},
		{"address added", "192.0.2.11", was, 2, func() { must(t, h.Bind(new(n.binding("192.0.2.10/24", "192.0.2.11/24")))) }},
		{"address added on another link", "192.0.2.10", was, 2, func() {
			b := n.binding("192.0.2.10/24", "192.0.2.11/24", "192.0.2.12/32")
			b.Addrs[2].Link = other.Attrs().Index
			must(t, h.Bind(new(b)))
			elsewhere.next("announcement on the other link", announces("192.0.2.12", mac(other)))
		}},
		{"new MAC", "192.0.2.10", is, 2, func() { must(t, n.nl.LinkSetHardwareAddr(n.router, net.HardwareAddr(is[:]))) }},
	}
	for _, tt := range tests {
		tt.lose()
		for range tt.rounds {
			wire.next("announcement after "+tt.name, announces(tt.addr, tt.from))
		}
		wire.drain(isARP)
	}
	for what, counted := range map[string]histogram.Histogram{"held": h.Tally().Held, "announced": h.Tally().Announced} {
		if counted.Count() != 1 || counted.Sum() <= 0 || counted.Sum() > time.Minute {
			t.Errorf("%s: %d in %v, want the one time it was acquired", what, counted.Count(), counted.Sum())
		}
	}
	h.Release(b.ID)
	n.await("the release", func() bool { return len(h.Held(b.ID)) == 0 })
	must(t, n.nl.LinkSetHardwareAddr(n.router, net.HardwareAddr(was[:])))
	n.await("the old MAC", func() bool { return n.seen(h).MAC == was })
	if more := wire.drain(isARP); len(more) != 0 {
		t.Errorf("%d announcements after the release", len(more))
	}
	n.noFailure(h)
}

// Links of one group keep the gap together, whatever their bindings say.
func TestPaceGroup(t *testing.T) {
	const gap = 40 * time.Millisecond
	n := newNetwork(t)
	links := []netlink.Link{n.router, n.addLink("ens161")}
	h := n.open()
	h.SetPaceGroups([]host.PaceGroup{{Links: []string{"ens160", "ens161", "ens162"}, GARPGap: gap}})
	b := n.binding("192.0.2.10/24", "192.0.2.11/24")
	b.Addrs[1].Link = links[1].Attrs().Index
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	h.Announce(b.ID, 2)
	wires := []*listener{n.listen(n.peer), n.listen(n.link("peer-ens161"))}
	n.run(h)
	var stamps []time.Time
	for i, wire := range wires {
		for range 2 {
			stamps = append(stamps, wire.next("announcement", announces([]string{"192.0.2.10", "192.0.2.11"}[i], mac(links[i]))).at)
		}
	}
	for i, a := range stamps {
		for _, b := range stamps[:i] {
			if d := a.Sub(b).Abs(); d < gap-gap/100 { // the realtime clock may be slewed
				t.Errorf("two announcements came within %v", d)
			}
		}
	}
}

// garp_extra_if: links that no adverts leave are announced on again and again.
func TestExtraAnnouncements(t *testing.T) {
	n := newNetwork(t)
	other := n.addLink("ens161")
	h := n.running()
	own, wire := n.listen(n.peer), n.listen(n.link("peer-ens161"))
	b := n.binding("192.0.2.10/24", "192.0.2.11/24")
	b.Addrs[1].Link = other.Attrs().Index
	b.ExtraEvery, b.ExtraAll = 20*time.Millisecond, true
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	for range 3 {
		wire.next("announcement", announces("192.0.2.11", mac(other)))
	}
	if more := own.drain(isARP); len(more) != 0 {
		t.Errorf("%d announcements on the router's own link", len(more))
	}
	b.ExtraAll = false // it is no macvlan
	must(t, h.Bind(new(b)))
	h.Release(b.ID)
	h.Acquire(b.ID)
	n.await("the addresses", func() bool { return len(h.Held(b.ID)) == 2 })
	wire.drain(isARP) // what was under way
	time.Sleep(3 * b.ExtraEvery)
	if more := wire.drain(isARP); len(more) != 0 {
		t.Errorf("%d announcements on a link that is no macvlan", len(more))
	}
}
