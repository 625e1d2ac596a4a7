package host_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// BenchmarkTakeover measures how long after Acquire and Announce the first announcement is on the wire, by the kernel's
// stamps, in a process that had been at rest.
func BenchmarkTakeover(b *testing.B) {
	for _, rest := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, time.Second} {
		b.Run(rest.String(), func(b *testing.B) {
			n := newNetwork(b)
			h := n.running()
			router := n.binding("192.0.2.10/32")
			must(b, h.Bind(new(router)))
			announced := n.firstARP()
			var took []time.Duration
			for b.Loop() {
				time.Sleep(rest)
				n.expect(h, router.ID)
				asked := time.Now()
				h.Acquire(router.ID)
				h.Announce(router.ID, 1)
				took = append(took, (<-announced).Sub(asked))
				h.Release(router.ID)
				n.await("the address to go", func() bool { return len(h.Held(router.ID)) == 0 })
			}
			reportQuantiles(b, took)
		})
	}
}

// BenchmarkTakeoverOfAll measures how long it takes until a thousand addresses on four links are announced.
func BenchmarkTakeoverOfAll(b *testing.B) {
	const links, perLink = 4, 250
	n := newNetwork(b)
	h := n.open()
	router := n.binding()
	var bindings []host.Binding
	ears := make([]*listener, links)
	for l := range links {
		name := fmt.Sprintf("ens%d", 192+l)
		cable := n.addLink(name)
		ears[l] = n.listen(n.link("peer-" + name))
		n.await(name, func() bool { return n.settled(cable) })
		for i := range perLink {
			r := router
			r.ID.Link, r.ID.VRID = cable.Attrs().Index, uint8(i+1)
			addr := netip.AddrFrom4([4]byte{10, byte(l), byte(i), 1})
			r.Addrs = []host.Address{{Prefix: netip.PrefixFrom(addr, 32), Link: r.ID.Link, Scope: -1}}
			bindings = append(bindings, r)
		}
	}
	n.run(h)
	time.Sleep(100 * time.Millisecond)
	for i := range bindings {
		must(b, h.Bind(new(bindings[i])))
	}
	var half, last []time.Duration
	for b.Loop() {
		asked := time.Now()
		for i := range bindings {
			h.Acquire(bindings[i].ID)
			h.Announce(bindings[i].ID, 5)
		}
		n.await("all addresses", func() bool { return len(h.Held(bindings[len(bindings)-1].ID)) == 1 })
		var took []time.Duration
		for _, ear := range ears {
			first := make(map[netip.Addr]time.Time)
			for _, r := range ear.drain(isARP) {
				addr := netip.AddrFrom4([4]byte(r.frame[28:]))
				if _, known := first[addr]; !known {
					first[addr] = r.at
					took = append(took, r.at.Sub(asked))
				}
			}
		}
		if len(took) != len(bindings) {
			b.Fatalf("%d of %d addresses were announced", len(took), len(bindings))
		}
		slices.Sort(took)
		half, last = append(half, took[len(took)/2]), append(last, took[len(took)-1])
		for i := range bindings {
			h.Release(bindings[i].ID)
		}
		n.await("no addresses", func() bool {
			return !slices.ContainsFunc(bindings, func(r host.Binding) bool { return len(h.Held(r.ID)) > 0 })
		})
	}
	slices.Sort(half)
	slices.Sort(last)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(half[len(half)/2]), "ms-median")
	b.ReportMetric(ms(last[len(last)/2]), "ms-last")
}

// expect does as the loop while it waits for the deadline of a silent master.
func (n *network) expect(h *host.Host, id vrrp.ID) {
	due := host.Now() + 200*time.Microsecond
	h.Expect(id)
	for host.Now() < due {
	}
}

// firstARP tells when each ARP frame arrived on the peer.
func (n *network) firstARP() <-chan time.Time {
	ear := n.listen(n.peer)
	out := make(chan time.Time, 16)
	done := make(chan struct{})
	n.Cleanup(func() { close(done); <-out })
	go func() {
		defer close(out)
		for {
			select {
			case <-done:
				return
			default:
				if r, ok := ear.read(); ok && isARP(r.frame) {
					out <- r.at
				}
			}
		}
	}()
	return out
}

func reportQuantiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(took[len(took)/2]), "ms-median")
	b.ReportMetric(ms(took[len(took)*9/10]), "ms-p90")
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
