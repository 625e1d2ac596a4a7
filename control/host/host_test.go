package host_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/xvrrp/xvrrp/control/host"
	"golang.org/x/sys/unix"
)

// run runs h and returns what ends it, which is also done at the end of the test.
func (n *network) run(h *host.Host) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		must(n, <-done)
	})
	n.Cleanup(stop)
	return stop
}

// running opens and runs a Host.
func (n *network) running() *host.Host {
	n.Helper()
	h := n.open()
	n.run(h)
	return h
}

// failure waits for a failed effect.
func (n *network) failure(h *host.Host) host.Failure {
	n.Helper()
	select {
	case f := <-h.Failures():
		return f
	case <-time.After(patience):
		n.Fatal("no failure was reported")
		return host.Failure{}
	}
}

func (n *network) noFailure(h *host.Host) {
	n.Helper()
	select {
	case f := <-h.Failures():
		n.Errorf("%s failed: %v", f.Op, f.Err)
	default:
	}
}

func TestOpenWithoutPrivilege(t *testing.T) {
	newNetwork(t)
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	must(t, unix.Capset(&header, &none[0])) // of this thread, which ends with the test
	_, err := host.Open(slog.New(slog.DiscardHandler))
	if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "CAP_NET_RAW") {
		t.Errorf("Open said %v", err)
	}
}

func TestAcquireAndRelease(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	b := n.binding("172.160.180.168/24", "172.160.180.169/24", "192.0.2.10/24", "10.0.0.1/32", "2001:db8::1/64")
	must(t, h.Bind(new(b)))
	if got := n.addrs(n.router); !slices.Equal(got, []string{"192.0.2.1/24"}) {
		t.Fatalf("after Bind the link has %v", got)
	}

	h.Acquire(b.ID)
	n.await("all five addresses", func() bool { return len(h.Held(b.ID)) == 5 })
	// Primary addresses come first, each subnet's secondary ones behind, all in the order of the binding.
	want := []string{"192.0.2.1/24", "172.160.180.168/24", "10.0.0.1/32", "172.160.180.169/24", "192.0.2.10/24",
		"2001:db8::1/64"}
	if got := n.addrs(n.router); !slices.Equal(got, want) {
		t.Errorf("the link has %v, want %v", got, want)
	}
	seen := n.seen(h)
	if primary := seen.Addrs[0]; primary.Prefix.String() != "192.0.2.1/24" || primary.Secondary {
		t.Errorf("Links has primary address %v", primary)
	}
	if last := seen.Addrs[4]; last.Prefix.String() != "192.0.2.10/24" || !last.Secondary {
		t.Errorf("Links has last IPv4 address %v", last)
	}

	h.Release(b.ID)
	n.await("none of them", func() bool { return len(h.Held(b.ID)) == 0 })
	if got := n.addrs(n.router); !slices.Equal(got, []string{"192.0.2.1/24"}) {
		t.Errorf("after Release the link has %v", got)
	}
	n.noFailure(h)
}

func TestPutBack(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	b := n.binding("192.0.2.10/24", "2001:db8::1/128")
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	n.await("the addresses", func() bool { return len(h.Held(b.ID)) == 2 })
	for _, addr := range []string{"192.0.2.10/24", "2001:db8::1/128"} {
		n.delAddr(n.router, addr)
		deleted := host.Now()
		n.await(addr+" again", func() bool { return n.has(n.router, addr) })
		t.Logf("%s was back after %v", addr, host.Now()-deleted)
	}

	// The primary address of the subnet takes its secondary ones along.
	n.delAddr(n.router, "192.0.2.1/24")
	n.await("192.0.2.10 without 192.0.2.1", func() bool { return n.has(n.router, "192.0.2.10/24") })

	h.Release(b.ID)
	n.await("none of them", func() bool { return len(n.addrs(n.router)) == 0 })
	n.noFailure(h)
}

// What somebody deleted and added again before we could is theirs from then on, also if we missed it in a storm.
func TestAddressChangesHands(t *testing.T) {
	needMarks(t)
	for name, others := range map[string]int{"seen": 0, "missed": 500} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			other := n.addLink("ens161")
			h := n.running()
			b := n.binding("192.0.2.10/24")
			must(t, h.Bind(new(b)))
			h.Acquire(b.ID)
			n.await("the address", func() bool { return len(h.Held(b.ID)) == 1 })
			resume := h.HoldEvents(t)
			for range others {
				n.addAddr(other, "10.9.0.1/32")
				n.delAddr(other, "10.9.0.1/32")
			}
			n.delAddr(n.router, "192.0.2.10/24")
			n.addAddr(n.router, "192.0.2.10/24")
			n.addAddr(n.router, "192.0.2.20/24")
			resume()
			n.await("the events", func() bool { return n.seenAddr(h, "192.0.2.20/24") })
			h.Release(b.ID)
			marker := n.binding("192.0.2.30/24")
			marker.ID.VRID = 57
			must(t, h.Bind(new(marker)))
			h.Acquire(marker.ID)
			n.await("the release to be over", func() bool { return n.has(n.router, "192.0.2.30/24") })
			if !n.has(n.router, "192.0.2.10/24") {
				t.Error("an address that is no longer ours was removed")
			}
		})
	}
}

func TestForeignAddressStays(t *testing.T) {
	needMarks(t)
	n := newNetwork(t)
	h := n.running()
	n.addAddr(n.router, "192.0.2.10/24")
	b := n.binding("192.0.2.1/24", "192.0.2.10/24", "192.0.2.11/24") // priority 255: its own address among them
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	n.await("all addresses", func() bool { return len(h.Held(b.ID)) == 3 })
	h.Release(b.ID)
	n.await("ours gone", func() bool { return !n.has(n.router, "192.0.2.11/24") })
	if got := n.addrs(n.router); !slices.Equal(got, []string{"192.0.2.1/24", "192.0.2.10/24"}) {
		t.Errorf("the link has %v", got)
	}
	n.noFailure(h)
}

func TestEndRemovesOnlyOurs(t *testing.T) {
	n := newNetwork(t)
	h := n.open()
	stop := n.run(h)
	first, second := n.binding("192.0.2.10/24", "2001:db8::1/128"), n.binding("192.0.2.11/24")
	second.ID.VRID = 57
	must(t, h.Bind(new(first)))
	must(t, h.Bind(new(second)))
	h.Acquire(first.ID)
	h.Acquire(second.ID)
	n.await("the addresses", func() bool { return len(h.Held(first.ID))+len(h.Held(second.ID)) == 3 })
	n.addAddr(n.router, "192.0.2.20/24")
	stop()
	if got := n.addrs(n.router); !slices.Equal(got, []string{"192.0.2.1/24", "192.0.2.20/24"}) {
		t.Errorf("the link has %v", got)
	}
}

func TestBindingChanges(t *testing.T) {
	n := newNetwork(t)
	other := n.addLink("ens161")
	h := n.running()
	b := n.binding("192.0.2.10/24", "192.0.2.11/24")
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	n.await("both addresses", func() bool { return len(h.Held(b.ID)) == 2 })

	b = n.binding("192.0.2.11/24", "192.0.2.12/24", "198.51.100.1/32")
	b.Addrs[2].Link = other.Attrs().Index
	must(t, h.Bind(new(b)))
	n.await("the new addresses", func() bool { return len(h.Held(b.ID)) == 3 && !n.has(n.router, "192.0.2.10/24") })
	if !n.has(other, "198.51.100.1/32") {
		t.Error("the address of another link is not there")
	}

	b.Addrs[1].Label = "ens160:vip"
	must(t, h.Bind(new(b)))
	n.await("the label", func() bool {
		list := n.addrList(n.router, netlink.FAMILY_V4)
		return slices.ContainsFunc(list, func(a netlink.Addr) bool { return a.Label == "ens160:vip" })
	})

	must(t, h.Unbind(b.ID))
	n.await("nothing of it", func() bool { return len(n.addrs(n.router)) == 1 && len(n.addrs(other)) == 0 })
	n.noFailure(h)
}

func TestSharedAddress(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	first, second := n.binding("192.0.2.10/24"), n.binding("192.0.2.10/24", "192.0.2.11/24")
	second.ID.VRID = 57
	must(t, h.Bind(new(first)))
	must(t, h.Bind(new(second)))
	h.Acquire(first.ID)
	h.Acquire(second.ID)
	n.await("the addresses", func() bool { return len(h.Held(second.ID)) == 2 })
	h.Release(second.ID)
	n.await("the second router's own gone", func() bool { return !n.has(n.router, "192.0.2.11/24") })
	if !n.has(n.router, "192.0.2.10/24") {
		t.Error("the shared address went with the first of its holders")
	}
	h.Release(first.ID)
	n.await("the shared one gone", func() bool { return !n.has(n.router, "192.0.2.10/24") })
}

func TestAddressOptions(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	b := n.binding("10.1.0.1/24", "10.2.0.1/32",
		"2001:db8::1/128", "2001:db8::2/128", "2001:db8:1::1/64", "2001:db8::3/128")
	b.Addrs[0].Broadcast = netip.MustParseAddr("10.1.0.255")
	b.Addrs[0].Scope = 253 // link
	b.Addrs[0].PreferredLifetime = 0
	b.Addrs[1].Peer = netip.MustParsePrefix("10.2.0.2/30")
	b.Addrs[2].PreferredLifetime = 0
	b.Addrs[4].PreferredLifetime = 0
	b.Addrs[5].PreferredLifetime = 1000
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	n.await("all addresses", func() bool { return len(h.Held(b.ID)) == 6 })
	list := n.addrList(n.router, netlink.FAMILY_ALL)
	const forever = 1<<32 - 1
	preferred := func(seconds int) func(netlink.Addr) bool {
		return func(a netlink.Addr) bool { return a.PreferedLft == seconds && a.ValidLft == forever }
	}
	want := map[string]func(netlink.Addr) bool{
		"10.1.0.1/24": func(a netlink.Addr) bool {
			return a.Broadcast.String() == "10.1.0.255" && a.Scope == 253 && a.PreferedLft == forever
		},
		"10.2.0.1/32":      func(a netlink.Addr) bool { return a.Peer.String() == "10.2.0.2/30" && a.Broadcast == nil },
		"2001:db8::1/128":  preferred(0),
		"2001:db8::2/128":  preferred(forever),
		"2001:db8:1::1/64": preferred(0),
		"2001:db8::3/128":  func(a netlink.Addr) bool { return a.PreferedLft > 900 && a.PreferedLft <= 1000 },
	}
	for _, a := range list {
		if ok := want[a.IPNet.String()]; ok != nil {
			delete(want, a.IPNet.String())
			if !ok(a) {
				t.Errorf("%v has broadcast %v, scope %d, peer %v, flags %#x, preferred %d, valid %d",
					a.IPNet, a.Broadcast, a.Scope, a.Peer, a.Flags, a.PreferedLft, a.ValidLft)
			}
		}
	}
	for addr := range want {
		t.Errorf("%s is missing", addr)
	}
	h.Release(b.ID)
	n.await("all gone", func() bool { return len(n.addrs(n.router)) == 1 })
}

func TestAddressFlags(t *testing.T) {
	const forDetection = unix.IFA_F_TENTATIVE | unix.IFA_F_OPTIMISTIC
	n := newNetwork(t)
	h := n.running()
	tests := map[string]struct {
		addr string
		dad  bool
		set  int
		want int
	}{
		"none":          {"10.1.0.1/24", false, 0, 0},
		"IPv6":          {"2001:db8::1/64", false, 0, unix.IFA_F_NODAD},
		"detection":     {"2001:db8::2/64", true, 0, 0},
		"home":          {"2001:db8::3/64", false, unix.IFA_F_HOMEADDRESS, unix.IFA_F_NODAD | unix.IFA_F_HOMEADDRESS},
		"noprefixroute": {"10.2.0.1/24", false, unix.IFA_F_NOPREFIXROUTE, unix.IFA_F_NOPREFIXROUTE},
		"mngtmpaddr":    {"2001:db8::4/64", false, unix.IFA_F_MANAGETEMPADDR, unix.IFA_F_NODAD | unix.IFA_F_MANAGETEMPADDR},
		"autojoin":      {"239.1.1.1/32", false, unix.IFA_F_MCAUTOJOIN, unix.IFA_F_MCAUTOJOIN},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := n.binding("192.0.2.10/24")
			b.Addrs = n.binding(tt.addr).Addrs
			b.Addrs[0].Flags, b.Addrs[0].DAD = int32(tt.set), tt.dad
			must(t, h.Bind(new(b)))
			h.Acquire(b.ID)
			n.await("the address", func() bool { return n.has(n.router, tt.addr) })
			for _, a := range n.addrList(n.router, netlink.FAMILY_ALL) {
				if got := a.Flags &^ (unix.IFA_F_PERMANENT | forDetection); a.IPNet.String() == tt.addr && got != tt.want {
					t.Errorf("flags are %#x, want %#x", got, tt.want)
				}
			}
			must(t, h.Unbind(b.ID))
			n.await("it gone", func() bool { return !n.has(n.router, tt.addr) })
		})
	}
	n.noFailure(h)
}

// IPv6 addresses go when their link goes down, and are there again when it is up.
func TestLinkDownAndUp(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	b := n.binding("192.0.2.10/24", "2001:db8::1/64", "2001:db8::2/128")
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	n.await("the addresses", func() bool { return len(h.Held(b.ID)) == 3 })
	must(t, n.nl.LinkSetDown(n.router))
	n.await("the link down", func() bool { return !n.seen(h).Up })
	must(t, n.nl.LinkSetUp(n.router))
	n.await("the link up", func() bool { return n.seen(h).Up })
	n.await("the addresses again", func() bool { return len(h.Held(b.ID)) == 3 })
	n.await("their routes", func() bool {
		list, err := n.nl.RouteListFiltered(netlink.FAMILY_V6, &netlink.Route{Dst: ipNet("2001:db8::/64")}, netlink.RT_FILTER_DST)
		return err == nil && len(list) == 1
	})
	n.noFailure(h)
	h.Release(b.ID)
	n.await("the release", func() bool { return len(n.addrs(n.router)) == 1 })
}

// A link may get another name under a router.
func TestLinkRenamed(t *testing.T) {
	n := newNetwork(t)
	other := n.addLink("ens161")
	h := n.running()
	b := n.binding("10.0.0.1/32")
	b.Addrs[0].Link, b.Promote = other.Attrs().Index, true
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	n.await("the address", func() bool { return len(h.Held(b.ID)) == 1 })
	must(t, n.nl.LinkSetDown(other))
	must(t, n.nl.LinkSetName(other, "ens199"))
	must(t, n.nl.LinkSetUp(other))
	n.await("the name", func() bool {
		return slices.ContainsFunc(h.Links(), func(l host.Link) bool { return l.Name == "ens199" && l.Up })
	})
	n.delAddr(other, "10.0.0.1/32")
	n.await("the address again", func() bool { return n.has(other, "10.0.0.1/32") })
	h.Release(b.ID)
	n.await("the sysctl restored", func() bool { return sysctl(t, "ipv4/conf/ens199/promote_secondaries") == "0" })
	n.noFailure(h)
}

func TestSweep(t *testing.T) {
	needMarks(t)
	n := newNetwork(t)
	left := []string{"192.0.2.10/24", "2001:db8::1/128", "192.0.2.12/24"}
	host.LeaveBehind(t, n.router.Attrs().Index, left...)
	n.addAddr(n.router, "192.0.2.11/24")
	h := n.running()

	stale := n.binding("192.0.2.10/24", "2001:db8::1/128", "192.0.2.11/24", "192.0.2.1/24")
	taken := n.binding("192.0.2.12/24")
	taken.ID.VRID = 57
	must(t, h.Bind(new(stale)))
	must(t, h.Bind(new(taken)))
	h.Acquire(taken.ID)
	must(t, h.Sweep())
	n.await("what was left is gone", func() bool {
		return !n.has(n.router, "192.0.2.10/24") && !n.has(n.router, "2001:db8::1/128")
	})
	want := []string{"192.0.2.1/24", "192.0.2.12/24", "192.0.2.11/24"}
	if got := n.addrs(n.router); !slices.Equal(got, want) {
		t.Errorf("the link has %v, want %v: what is held or not ours stays", got, want)
	}

	h.Release(taken.ID)
	n.await("the adopted address is gone", func() bool { return !n.has(n.router, "192.0.2.12/24") })
}

// A kernel without marks cannot tell what a killed daemon left from what was configured by hand; there the former
// is assumed, but never of a router's own address.
func TestSweepWithoutMarks(t *testing.T) {
	n := newNetwork(t)
	n.addAddr(n.router, "192.0.2.10/24")
	n.addAddr(n.router, "192.0.2.20/24")
	h := n.open()
	h.ForgetMarks()
	n.run(h)
	b := n.binding("192.0.2.1/24", "192.0.2.10/24")
	must(t, h.Bind(new(b)))
	must(t, h.Sweep())
	n.await("what was left is gone", func() bool { return !n.has(n.router, "192.0.2.10/24") })
	if got := n.addrs(n.router); !slices.Equal(got, []string{"192.0.2.1/24", "192.0.2.20/24"}) {
		t.Errorf("the link has %v", got)
	}
}

// There what a router takes over is ours, too, but for its own address.
func TestAdoptWithoutMarks(t *testing.T) {
	n := newNetwork(t)
	n.addAddr(n.router, "192.0.2.10/24")
	h := n.open()
	h.ForgetMarks()
	n.run(h)
	b := n.binding("192.0.2.1/24", "192.0.2.10/24")
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	must(t, h.Sweep())
	b.Addrs = append(b.Addrs, n.binding("192.0.2.11/24").Addrs...)
	must(t, h.Bind(new(b)))
	n.await("all three", func() bool { return len(h.Held(b.ID)) == 3 })
	h.Release(b.ID)
	n.await("both gone", func() bool { return slices.Equal(n.addrs(n.router), []string{"192.0.2.1/24"}) })
}

// An address that is being swept when its router acquires is held in the end.
func TestAcquireDuringSweep(t *testing.T) {
	n := newNetwork(t)
	var left []string
	for i := range 200 {
		left = append(left, fmt.Sprintf("10.1.0.%d/32", i+1))
	}
	host.LeaveBehind(t, n.router.Attrs().Index, left...)
	h := n.running()
	b := n.binding()
	b.Addrs = n.binding(left...).Addrs
	must(t, h.Bind(new(b)))
	must(t, h.Sweep())
	n.await("the sweep to begin", func() bool { return !n.has(n.router, left[0]) })
	h.Acquire(b.ID)
	n.await("all addresses", func() bool { return len(n.addrs(n.router)) == 1+len(left) })
	h.Release(b.ID)
	n.await("none", func() bool { return len(n.addrs(n.router)) == 1 })
	n.noFailure(h)
}

func TestManyAddresses(t *testing.T) {
	const count = 1000
	n := newNetwork(t)
	h := n.running()
	addrs := make([]string, count)
	for i := range addrs {
		addrs[i] = fmt.Sprintf("10.1.%d.%d/32", i/250, i%250+1)
	}
	b := n.binding()
	b.Addrs = n.binding(addrs...).Addrs
	must(t, h.Bind(new(b)))
	started := host.Now()
	h.Acquire(b.ID)
	n.await("all addresses", func() bool { return len(h.Held(b.ID)) == count })
	t.Logf("%d addresses after %v", count, host.Now()-started)
	if got := n.addrs(n.router)[1:]; !slices.Equal(got, addrs) {
		t.Error("the addresses are not in the order of the binding")
	}
	started = host.Now()
	h.Release(b.ID)
	n.await("none", func() bool { return len(h.Held(b.ID)) == 0 })
	t.Logf("gone after %v", host.Now()-started)
	n.noFailure(h)
}

// Whatever the order of orders and deletions, in the end the link has what is acquired and nothing else.
func TestConverges(t *testing.T) {
	const routers, steps = 6, 400
	n := newNetwork(t)
	h := n.open()
	stop := n.run(h)
	bindings := make([]host.Binding, routers)
	for i := range bindings {
		// Neighbours share an address. The first in the subnet, which none of the link's own is in, takes the
		// others along when it goes.
		bindings[i] = n.binding(fmt.Sprintf("10.0.0.%d/24", i+1), fmt.Sprintf("10.0.0.%d/24", i+2),
			fmt.Sprintf("2001:db8::%x/64", i+1))
		bindings[i].ID.VRID = uint8(i + 1)
		must(t, h.Bind(new(bindings[i])))
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	acquired := make([]bool, routers)
	for range steps {
		i := rnd.IntN(routers)
		switch rnd.IntN(4) {
		case 0:
			addr := bindings[i].Addrs[rnd.IntN(3)].Prefix.String()
			_ = n.nl.AddrDel(n.router, parseAddr(t, addr)) // it may not be there
		case 1:
			h.Announce(bindings[i].ID, 1)
		default:
			if acquired[i] = !acquired[i]; acquired[i] {
				h.Acquire(bindings[i].ID)
			} else {
				h.Release(bindings[i].ID)
			}
		}
		time.Sleep(time.Duration(rnd.IntN(500)) * time.Microsecond) // lets the worker get to various places
	}
	want := []string{"192.0.2.1/24"}
	for i, b := range bindings {
		for _, a := range b.Addrs {
			if acquired[i] {
				want = append(want, a.Prefix.String())
			}
		}
	}
	slices.Sort(want)
	want = slices.Compact(want)
	n.await(fmt.Sprintf("exactly %v", want), func() bool {
		got := n.addrs(n.router)
		slices.Sort(got)
		return slices.Equal(got, want)
	})
	n.noFailure(h)
	stop()
	if got := n.addrs(n.router); !slices.Equal(got, []string{"192.0.2.1/24"}) {
		t.Errorf("at the end the link has %v", got)
	}
}

// A link that is removed under a held address makes one failure, not one for each event.
func TestLinkGone(t *testing.T) {
	n := newNetwork(t)
	other := n.addLink("ens161")
	h := n.running()
	b := n.binding()
	for _, a := range n.binding("10.0.0.1/32", "10.0.0.2/32", "10.0.0.3/32").Addrs {
		a.Link = other.Attrs().Index
		b.Addrs = append(b.Addrs, a)
	}
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	n.await("the addresses", func() bool { return len(h.Held(b.ID)) == 3 })
	must(t, n.nl.LinkDel(other))
	n.await("the link gone", func() bool { return len(h.Held(b.ID)) == 0 })

	h.Acquire(b.ID)
	if f := n.failure(h); f.ID != b.ID || f.Op != "acquire" {
		t.Errorf("failure is %+v", f)
	}
	h.Release(b.ID)
	must(t, h.Unbind(b.ID))
}

// Nothing is kept for links that are gone.
func TestLinkGoneLeavesNothing(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		must(t, err)
		return len(entries)
	}
	before := 0
	for round := range 4 {
		other := n.addLink("ens161")
		b := n.binding("10.0.0.1/32")
		b.Addrs[0].Link = other.Attrs().Index
		b.Routes = []host.Route{n.route("10.9.0.0/16", "")}
		b.Routes[0].Link = other.Attrs().Index
		n.await("the link", func() bool {
			return slices.ContainsFunc(h.Links(), func(l host.Link) bool { return l.Index == other.Attrs().Index && l.Up })
		})
		must(t, h.Bind(new(b)))
		h.Acquire(b.ID)
		n.awaitRouted(h, b, 1, 0)
		must(t, n.nl.LinkDel(other))
		n.await("the link gone", func() bool { return len(h.Held(b.ID)) == 0 })
		h.Release(b.ID)
		must(t, h.Unbind(b.ID))
		n.awaitRouted(h, b, 0, 0)
		if round == 0 {
			before = open()
		}
	}
	n.await("as many files open as before", func() bool { return open() <= before })
}

func TestAcquireFails(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	b := n.binding("192.0.2.10/24", "192.0.2.11/24")
	b.Addrs[0].Label = "a-label-that-is-too-long"
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	f := n.failure(h)
	if f.ID != b.ID || f.Op != "acquire" {
		t.Errorf("failure is %+v", f)
	}
	n.await("the other address", func() bool { return n.has(n.router, "192.0.2.11/24") })
}

// What could not be added is, once it can; what was added meanwhile is held all along.
func TestAcquireAfterFailure(t *testing.T) {
	n := newNetwork(t)
	h := n.running()
	b := n.binding("192.0.2.10/24", "192.0.2.11/24")
	b.Addrs[0].Label = "a-label-that-is-too-long"
	must(t, h.Bind(new(b)))
	h.Acquire(b.ID)
	n.failure(h)
	n.await("the other address", func() bool { return n.has(n.router, "192.0.2.11/24") })
	h.Acquire(b.ID)
	n.failure(h)
	b.Addrs[0].Label = ""
	must(t, h.Bind(new(b)))
	n.await("both", func() bool { return len(h.Held(b.ID)) == 2 })
	h.Release(b.ID)
	n.await("none", func() bool { return len(n.addrs(n.router)) == 1 })
	n.noFailure(h)
}
