package e2e

import (
	"errors"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"

	"github.com/xvrrp/xvrrp/control/lab"
)

// late is a card that is not there from the start, and cableEnd what it is connected to.
const (
	late     = "ens192"
	cableEnd = "cable"
)

// TestInterfaceComesAndGoes configures a router on a card that does not exist. It is in fault, alone, until the card
// appears, and again each time it goes; on a new card the filter and the election work as on the first.
func TestInterfaceComesAndGoes(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		s := newSegment(t, "comes-"+hook)
		m := s.add("m")
		here := instance{name: "HERE", priority: 100}
		m.run(hook, nil, here,
			instance{name: "LATE", priority: 100, iface: late, vrid: 57})
		m.awaitRole("LATE", "fault")
		m.awaitRole("HERE", "master")
		if faults := strings.Join(m.routerNamed("LATE").Faults, "\n"); !strings.Contains(faults, "ens192 does not exist") {
			t.Errorf("fault %q does not say what is missing", faults)
		}

		indexes := map[int]bool{}
		for range 2 {
			indexes[m.addCard()] = true
			m.awaitRole("LATE", "master")
			until(t, "the virtual address on the new card", func() bool { return m.HasAddr(late, vip.Addr()) })
			until(t, "the router on the new card to yield", func() bool {
				m.outrank()
				return m.routerNamed("LATE").Role == "backup"
			})
			m.delCard()
			m.awaitRole("LATE", "fault")
		}
		if len(indexes) != 2 {
			t.Errorf("the card came back with index %v: nothing was shown", indexes)
		}
		if r := m.routerNamed("HERE"); r.Role != "master" || r.Stats.LeftMaster != 0 {
			t.Errorf("the other router is %s, left %d times, want master throughout", r.Role, r.Stats.LeftMaster)
		}
		said := s.ear.from(0, m)
		for i := 1; i < len(said); i++ {
			if gap := said[i].at - said[i-1].at; gap > here.down() {
				t.Errorf("the other router was silent for %v while the filter came to the new card", gap)
			}
		}
		m.running.stop()
	})
}

// addCard adds a card with an address and returns its index.
func (m *machine) addCard() (index int) {
	m.segment.t.Helper()
	m.segment.do(m.Host, func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = late
		if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: cableEnd}); err != nil {
			return err
		}
		card, err := netlink.LinkByName(late)
		if err != nil {
			return err
		}
		end, err := netlink.LinkByName(cableEnd)
		if err != nil {
			return err
		}
		addr, err := netlink.ParseAddr("172.160.180.200/24")
		if err != nil {
			return err
		}
		index = card.Attrs().Index
		return errors.Join(netlink.AddrAdd(card, addr), netlink.LinkSetUp(end), netlink.LinkSetUp(card))
	})
	return index
}

func (m *machine) delCard() {
	m.segment.t.Helper()
	m.segment.do(m.Host, func() error {
		card, err := netlink.LinkByName(late)
		if err != nil {
			return err
		}
		return netlink.LinkDel(card)
	})
}

// outrank sends the late card's router one better advert.
func (m *machine) outrank() {
	m.segment.t.Helper()
	better := m.forge(200)
	better.vrid = 57
	better.src = other
	better.mac[5] ^= 0xff
	if err := m.Inject(cableEnd, better.frame()); err != nil {
		m.segment.t.Fatal(err)
	}
}

// TestFlaps takes the master's card down and up ten times (FT-1, T-20). Once that is over there is one master and
// one virtual address, and after the stop neither address nor program is left.
func TestFlaps(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		s := newSegment(t, "flaps-"+hook)
		first, second := s.add("first"), s.add("second")
		low := instance{priority: 100}
		first.run(hook, nil, instance{priority: 200})
		first.awaitRole(only, "master")
		second.run(hook, nil, low)
		second.awaitFollowing(first)

		for n := range 10 {
			if err := first.SetLink(nic, false); err != nil {
				t.Fatal(err)
			}
			if n%2 == 0 { // let every other flap be noticed, and the rest be too short
				first.awaitRole(only, "fault")
			}
			if err := first.SetLink(nic, true); err != nil {
				t.Fatal(err)
			}
		}
		first.awaitRole(only, "master")
		first.awaitVIP(true)
		second.awaitFollowing(first)
		second.awaitVIP(false)
		mark := s.ear.mark()
		s.ear.await(mark, several, first)
		s.ear.loyal(mark, second, first, low.down())
		if n := first.holds(vip.Addr()); n != 1 {
			t.Errorf("the virtual address is there %d times, want once", n)
		}

		for _, m := range []*machine{first, second} {
			if n := programs(t, m.Host); n != 1 {
				t.Errorf("%d programs on the card of %s, want 1", n, m.Name)
			}
			m.running.stop()
			if n := programs(t, m.Host); n != 0 {
				t.Errorf("%d programs on the card of %s after the stop, want none", n, m.Name)
			}
			if n := m.holds(vip.Addr()); n != 0 {
				t.Errorf("%d virtual addresses on %s after the stop, want none", n, m.Name)
			}
		}
	})
}

// programs counts the BPF programs on a host's card: on the XDP hook, on TCX and on clsact.
func programs(t *testing.T, h *lab.Host) (n int) {
	t.Helper()
	err := h.Do(func() error {
		card, err := netlink.LinkByName(nic)
		if err != nil {
			return err
		}
		if xdp := card.Attrs().Xdp; xdp != nil && xdp.Attached {
			n++
		}
		filters, err := netlink.FilterList(card, netlink.HANDLE_MIN_INGRESS)
		if err == nil {
			n += len(filters)
		}
		tcx, err := link.QueryPrograms(link.QueryOptions{Target: card.Attrs().Index, Attach: ebpf.AttachTCXIngress})
		if errors.Is(err, ebpf.ErrNotSupported) {
			return nil // a kernel without TCX
		}
		if err == nil {
			n += len(tcx.Programs)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
