package host_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/xvrrp/xvrrp/control/host"
	"golang.org/x/sys/unix"
)

// Whatever thousands of foreign events say, what is taken from us in between is put back, what we release goes, and
// the loop is woken at a bounded rate.
func TestStorm(t *testing.T) {
	n := newNetwork(t)
	other, third := n.addLink("ens161"), n.addLink("ens162")
	h := n.running()
	kept, released := n.binding("192.0.2.10/24", "192.0.2.11/24", "2001:db8::1/64"), n.binding("192.0.2.12/24")
	kept.Routes = []host.Route{n.route("10.9.0.0/16", "")}
	released.ID.VRID++
	for _, b := range []host.Binding{kept, released} {
		must(t, h.Bind(new(b)))
		h.Acquire(b.ID)
	}
	n.await("the addresses", func() bool { return len(h.Held(kept.ID)) == 3 && len(h.Held(released.ID)) == 1 })
	n.awaitRouted(h, kept, 1, 0)

	woken, told := 0, make(chan struct{})
	quiet := make(chan struct{})
	go func() {
		defer close(told)
		for {
			select {
			case <-h.Changes():
				woken++
			case <-quiet:
				return
			}
		}
	}()
	started := host.Now()
	for i := range 1500 {
		n.storm(other, i)
		switch i % 300 {
		case 50:
			_ = n.nl.AddrDel(n.router, parseAddr(t, kept.Addrs[i/300%3].Prefix.String())) // it may be on its way back
		case 100:
			must(t, n.nl.LinkSetDown(third))
		case 150:
			_ = n.nl.RouteDel(&netlink.Route{Dst: ipNet("10.9.0.0/16")}) // likewise
		case 200:
			must(t, n.nl.LinkSetUp(third))
		case 250:
			h.Release(released.ID)
			if i < 1200 {
				h.Acquire(released.ID)
			}
		}
	}
	lasted := host.Now() - started
	want := []string{"192.0.2.1/24", "192.0.2.10/24", "192.0.2.11/24", "2001:db8::1/64"}
	n.await(fmt.Sprintf("exactly %v", want), func() bool {
		got := n.addrs(n.router)
		slices.Sort(got)
		return slices.Equal(got, want)
	})
	n.awaitRouted(h, kept, 1, 0)
	n.await("the right picture", func() bool {
		return len(h.Held(kept.ID)) == 3 && !n.seenAddr(h, "192.0.2.12/24") && !slices.ContainsFunc(h.Links(), func(l host.Link) bool {
			return l.Index == other.Attrs().Index && slices.ContainsFunc(l.Addrs, func(a host.LinkAddr) bool { return a.Prefix.Addr().Is4() })
		})
	})
	close(quiet)
	<-told
	if most := 5 + int(lasted/(5*time.Millisecond)); woken > most {
		t.Errorf("the loop was woken %d times in %v, want at most %d", woken, lasted, most)
	}
	n.noFailure(h)
}

// storm makes events of an address and of routes that are nothing to us.
func (n *network) storm(l netlink.Link, i int) {
	n.Helper()
	addr := parseAddr(n, fmt.Sprintf("10.200.%d.%d/32", i/250%250, i%250+1))
	must(n, n.nl.AddrAdd(l, addr))
	route := &netlink.Route{LinkIndex: l.Attrs().Index, Dst: ipNet("10.201.0.0/16"), Protocol: unix.RTPROT_BIRD}
	must(n, n.nl.RouteAdd(route))
	must(n, n.nl.RouteDel(route))
	must(n, n.nl.AddrDel(l, addr))
}

// BenchmarkForeignEvents measures the processor time of the whole process for an address and a route that come and
// go somewhere, without and with a Host that watches.
func BenchmarkForeignEvents(b *testing.B) {
	for _, watched := range []bool{false, true} {
		b.Run(fmt.Sprintf("watched=%v", watched), func(b *testing.B) {
			n := newNetwork(b)
			other := n.addLink("ens161")
			if watched {
				h := n.running()
				router := n.binding("192.0.2.10/24")
				router.Routes = []host.Route{n.route("10.9.0.0/16", "")}
				must(b, h.Bind(new(router)))
			}
			before, i := processorTime(b), 0
			for b.Loop() {
				n.storm(other, i)
				i++
			}
			b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var u unix.Rusage
	must(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
