package host_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/xvrrp/xvrrp/control/host"
)

// seenAddr tells whether the Host sees an address on ens160.
func (n *network) seenAddr(h *host.Host, addr string) bool {
	return slices.ContainsFunc(n.seen(h).Addrs, func(a host.LinkAddr) bool { return a.Prefix.String() == addr })
}

func TestLinks(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	l := n.seen(h)
	if l.Name != "ens160" || l.Kind != "veth" || l.Parent != 0 || l.MAC != mac(n.router) || l.MTU != 1500 || !l.Up ||
		!l.Multicast || l.Loopback || l.NoARP {
		t.Errorf("ens160 is seen as %+v", l)
	}
	if lo := h.Links()[0]; lo.Index != 1 || !lo.Loopback || lo.Multicast || lo.Addrs[0].Prefix.String() != "127.0.0.1/8" {
		t.Errorf("the first link is %+v", lo)
	}
}

// Every change is told, and Links shows it by then.
func TestChanges(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	links := len(h.Links())
	const addr = "10.0.0.1/24"
	steps := []struct {
		name string
		do   func()
		seen func() bool
	}{
		{"an address comes", func() { n.addAddr(n.router, addr) }, func() bool { return n.seenAddr(h, addr) }},
		{"an address goes", func() { n.delAddr(n.router, addr) }, func() bool { return !n.seenAddr(h, addr) }},
		{"the carrier goes", func() { must(t, n.nl.LinkSetDown(n.peer)) }, func() bool { return !n.seen(h).Up }},
		{"the carrier comes", func() { must(t, n.nl.LinkSetUp(n.peer)) }, func() bool { return n.seen(h).Up }},
		{"links come", func() { n.addLink("ens161") }, func() bool { return len(h.Links()) == links+2 }},
		{"links go", func() { must(t, n.nl.LinkDel(n.link("ens161"))) }, func() bool { return len(h.Links()) == links }},
	}
	for _, step := range steps {
		step.do()
		for deadline := time.After(patience); !step.seen(); {
			select {
			case <-h.Changes():
			case <-deadline:
				t.Fatalf("%s: the change was never told", step.name)
			}
		}
	}
}

// Deletions that went unseen in a storm of events are noticed all the same.
func TestLostEvents(t *testing.T) {
	n := newNetwork(t)
	other := n.addLink("ens161")
	h := n.open()
	b := n.binding("192.0.2.10/24")
	must(t, h.Bind(new(b)))
	stop := n.run(h)
	h.Acquire(b.ID)
	n.await("the address", func() bool { return len(h.Held(b.ID)) == 1 })
	resume := h.HoldEvents(t)
	for i := range 2000 {
		addr := fmt.Sprintf("10.9.%d.%d/32", i/250, i%250+1)
		n.addAddr(other, addr)
		n.delAddr(other, addr)
	}
	n.delAddr(n.router, "192.0.2.10/24")
	n.addAddr(n.router, "10.0.0.1/24")
	must(t, n.nl.LinkSetDown(other))
	resume()
	n.await("the address back", func() bool { return n.has(n.router, "192.0.2.10/24") })
	n.await("the right picture", func() bool {
		return n.seenAddr(h, "10.0.0.1/24") && n.seenAddr(h, "192.0.2.10/24") &&
			!slices.ContainsFunc(h.Links(), func(l host.Link) bool { return l.Name == "ens161" && l.Up })
	})
	stop()
	if n.has(n.router, "192.0.2.10/24") {
		t.Error("the address that was put back is still there at the end")
	}
	n.noFailure(h)
}

// A VLAN device names its parent and its tag.
func TestVLANLink(t *testing.T) {
	n := newNetwork(t)
	parent := n.router.Attrs().Index
	err := n.nl.LinkAdd(&netlink.Vlan{LinkAttrs: netlink.LinkAttrs{Name: "ens160.10", ParentIndex: parent}, VlanId: 10})
	if err != nil {
		t.Skipf("this kernel has no VLAN devices: %v", err)
	}
	for _, l := range n.open().Links() {
		if l.Name == "ens160.10" && (l.Kind != "vlan" || l.Parent != parent || l.VLAN != 10) {
			t.Errorf("ens160.10 is seen as %+v", l)
		}
	}
}
