package e2e

import (
	"errors"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
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
		s := newSite(t, "comes-"+hook)
		m := s.Add("m")
		here := bed.Instance{Name: "HERE", Priority: 100}
		m.Run(hook, nil, here,
			bed.Instance{Name: "LATE", Priority: 100, Iface: late, VRID: 57})
		m.AwaitRole("LATE", "fault")
		m.AwaitRole("HERE", "master")
		if faults := strings.Join(m.RouterNamed("LATE").Faults, "\n"); !strings.Contains(faults, "ens192 does not exist") {
			t.Errorf("fault %q does not say what is missing", faults)
		}

		indexes := map[int]bool{}
		for range 2 {
			indexes[addCard(m)] = true
			m.AwaitRole("LATE", "master")
			bed.Until(t, "the virtual address on the new card", bed.Patience, func() bool { return m.HasAddr(late, bed.VIP.Addr()) })
			bed.Until(t, "the router on the new card to yield", bed.Patience, func() bool {
				outrank(m)
				return m.RouterNamed("LATE").Role == "backup"
			})
			delCard(m)
			m.AwaitRole("LATE", "fault")
		}
		if len(indexes) != 2 {
			t.Errorf("the card came back with index %v: nothing was shown", indexes)
		}
		if r := m.RouterNamed("HERE"); r.Role != "master" || r.Stats.LeftMaster != 0 {
			t.Errorf("the other router is %s, left %d times, want master throughout", r.Role, r.Stats.LeftMaster)
		}
		said := s.Ear.From(0, m)
		for i := 1; i < len(said); i++ {
			if gap := said[i].At - said[i-1].At; gap > here.Down() {
				t.Errorf("the other router was silent for %v while the filter came to the new card", gap)
			}
		}
		m.Running.Stop()
	})
}

// addCard adds a card with an address and returns its index.
func addCard(m *bed.Machine) (index int) {
	m.Site.T.Helper()
	m.Do(func() error {
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

func delCard(m *bed.Machine) {
	m.Site.T.Helper()
	m.Do(func() error {
		card, err := netlink.LinkByName(late)
		if err != nil {
			return err
		}
		return netlink.LinkDel(card)
	})
}

// outrank sends the late card's router one better advert.
func outrank(m *bed.Machine) {
	m.Site.T.Helper()
	better := forge(m, 200)
	better.VRID = 57
	better.Src = other
	better.MAC[5] ^= 0xff
	if err := m.Inject(cableEnd, better.frame()); err != nil {
		m.Site.T.Fatal(err)
	}
}

// TestFlaps takes the master's card down and up ten times (FT-1, T-20). Once that is over there is one master and
// one virtual address, and after the stop neither address nor program is left.
func TestFlaps(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		s := newSite(t, "flaps-"+hook)
		first, second := s.Add("first"), s.Add("second")
		low := bed.Instance{Priority: 100}
		first.Run(hook, nil, bed.Instance{Priority: 200})
		first.AwaitRole(bed.Only, "master")
		second.Run(hook, nil, low)
		second.AwaitFollowing(first)

		for n := range 10 {
			if err := first.SetLink(bed.NIC, false); err != nil {
				t.Fatal(err)
			}
			if n%2 == 0 { // let every other flap be noticed, and the rest be too short
				first.AwaitRole(bed.Only, "fault")
			}
			if err := first.SetLink(bed.NIC, true); err != nil {
				t.Fatal(err)
			}
		}
		first.AwaitRole(bed.Only, "master")
		first.AwaitVIPs(true, bed.VIP)
		second.AwaitFollowing(first)
		second.AwaitVIPs(false, bed.VIP)
		mark := s.Ear.Mark()
		s.Ear.Await(mark, several, first)
		loyal(t, s.Ear, mark, second, first, low.Down())
		if n := first.Holds(bed.VIP); n != 1 {
			t.Errorf("the virtual address is there %d times, want once", n)
		}

		for _, m := range []*bed.Machine{first, second} {
			if n := programs(t, m.Host); n != 1 {
				t.Errorf("%d programs on the card of %s, want 1", n, m.Name)
			}
			m.Running.Stop()
			if n := programs(t, m.Host); n != 0 {
				t.Errorf("%d programs on the card of %s after the stop, want none", n, m.Name)
			}
			if n := m.Holds(bed.VIP); n != 0 {
				t.Errorf("%d virtual addresses on %s after the stop, want none", n, m.Name)
			}
		}
	})
}

// programs counts the BPF programs on a host's card: on the XDP hook, on TCX and on clsact.
func programs(t *testing.T, h *lab.Host) (n int) {
	t.Helper()
	err := h.Do(func() error {
		card, err := netlink.LinkByName(bed.NIC)
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
