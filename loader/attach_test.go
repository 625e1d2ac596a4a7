package loader

import (
	"errors"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// on moves a router to a link and VLAN.
func on(index int, vlan vrrp.VLAN) vrrp.Rules {
	r := ordinary()
	r.ID.Link, r.ID.VLAN = index, vlan
	return r
}

// An advert from the wire reaches the daemon in every mode, tagged or not, and none is taken for one of another
// VLAN: with the tag in the frame or beside it (RX-26).
func TestVLANs(t *testing.T) {
	t.Parallel()
	for _, m := range []Mode{XDP, XDPGeneric, TC, Auto} {
		t.Run(string(m), func(t *testing.T) {
			c := plug(t)
			l := open(t, Options{})
			untagged, vlan10, vlan20, stacked := on(c.index(), 0), on(c.index(), 10), on(c.index(), 20), on(c.index(), 10<<16|20)
			for _, r := range []vrrp.Rules{untagged, vlan10, stacked} {
				set(t, l, Segment{Link: c.index(), VLAN: r.ID.VLAN})
				add(t, l, r)
			}
			a, err := l.Attach(c.index(), "near", m)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", a)
			start(t, l)
			expect := func(p packet, id vrrp.ID) {
				t.Helper()
				c.send(t, p.bytes())
				if a := receive1(t, l.Adverts()); a.ID != id {
					t.Errorf("tags %x reached %+v", p.tags, a.ID)
				}
			}
			expect(v3(), untagged.ID)
			expect(v3().tagged(0x8100<<16|10), vlan10.ID)
			expect(v3().tagged(0x88a8<<16|10, 0x8100<<16|20), stacked.ID)

			stop := c.hideTag(t, 10)
			expect(v3(), vlan10.ID)
			stop()
			stop = c.hideTag(t, 20)
			c.send(t, v3().bytes())
			stop()
			expect(v3(), untagged.ID) // not the one before, which was for VLAN 20
			if n := passed(t, l, c.index(), verdict.OtherVLAN); n != 1 {
				t.Errorf("%d frames of VLAN %s let pass, want 1", n, vlan20.ID.VLAN)
			}
		})
	}
}

func passed(t testing.TB, l *Loader, index int, v verdict.Verdict) uint64 {
	t.Helper()
	counts, err := l.Counts()
	if err != nil {
		t.Fatal(err)
	}
	var n uint64
	for _, c := range counts {
		if c.Link == index && c.Verdict == v {
			n += c.Frames
		}
	}
	return n
}

// What was asked for and what came of it.
func TestAttachModes(t *testing.T) {
	t.Parallel()
	c := plug(t)
	l := open(t, Options{})
	tc := "tcx"
	if kernelBefore(6, 6) {
		tc = "clsact"
	}
	type outcome struct {
		asked, mode Mode
		hook        string
		reason      string
	}
	xdp := outcome{XDP, XDP, "native", "xdp was asked for"}
	if kernelBefore(6, 8) { // no way to see tags beside the frame
		xdp = outcome{XDP, TC, tc, "cannot tell tagged adverts from untagged ones"}
	}
	for _, want := range []outcome{
		{Auto, TC, tc, "virtual link (veth)"},
		{TC, TC, tc, "tc was asked for"},
		xdp,
		{XDPGeneric, TC, tc, "cannot tell tagged adverts from untagged ones"},
	} {
		a, err := l.Attach(c.index(), "near", want.asked)
		if err != nil {
			t.Fatalf("%s: %v", want.asked, err)
		}
		if a.Link != c.index() || a.Name != "near" || a.Mode != want.mode || a.Hook != want.hook || !strings.Contains(a.Reason, want.reason) {
			t.Errorf("%s: %+v", want.asked, a)
		}
	}
	if _, err := l.Attach(c.index(), "near", "sideways"); err == nil {
		t.Error("attached in a mode that does not exist")
	}
	if err := errors.Join(l.Detach(c.index()), l.Detach(c.index())); err != nil {
		t.Error(err)
	}
	c.send(t, v3().bytes())
	if n := passed(t, l, c.index(), verdict.OtherVLAN); n != 0 {
		t.Error("a frame was judged after the filter was detached")
	}
}

// Somebody else's program on the XDP hook: refused where XDP was asked for, no trouble for TC beside it.
func TestTaken(t *testing.T) {
	t.Parallel()
	needKernel(t, "XDP that sees hidden tags", 6, 8)
	c := plug(t)
	l := open(t, Options{})
	other, err := link.AttachXDP(link.XDPOptions{Program: pass(t, ebpf.XDP, 2), Interface: c.index(), Flags: link.XDPDriverMode})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := l.Attach(c.index(), "near", XDP); !errors.Is(err, ErrTaken) {
		t.Errorf("XDP on a taken hook: %v, want ErrTaken", err)
	}
	set(t, l, Segment{Link: c.index()})
	r := on(c.index(), 0)
	add(t, l, r)
	d, err := inspect(c.index(), "near")
	if err != nil {
		t.Fatal(err)
	}
	d.kind = card // a network card would be tried with XDP first
	d.carriers = nil
	a, err := l.choose(d)
	if err != nil {
		t.Fatal(err)
	}
	defer a.leave()
	if a.Mode != TC || !strings.Contains(a.Reason, "another program") {
		t.Errorf("%+v", a.Attachment)
	}
	start(t, l)
	c.send(t, v3().bytes())
	receive1(t, l.Adverts())
}

// TC goes before what sits there already, and leaves foreign traffic to it.
func TestTCXChain(t *testing.T) {
	t.Parallel()
	needKernel(t, "TCX", 6, 6)
	c := plug(t)
	l := open(t, Options{})
	shot, err := link.AttachTCX(link.TCXOptions{Program: pass(t, ebpf.SchedCLS, 2), Attach: ebpf.AttachTCXIngress, Interface: c.index()})
	if err != nil {
		t.Fatal(err)
	}
	defer shot.Close()
	if _, err := l.Attach(c.index(), "near", TC); err != nil {
		t.Fatal(err)
	}
	set(t, l, Segment{Link: c.index()})
	add(t, l, on(c.index(), 0))
	start(t, l)
	c.send(t, v3().bytes())
	receive1(t, l.Adverts())
}

// The way below 6.6: a filter that an earlier process left is replaced, and none is left behind.
func TestClsact(t *testing.T) {
	t.Parallel()
	c := plug(t)
	l := open(t, Options{})
	d, err := inspect(c.index(), "near")
	if err != nil {
		t.Fatal(err)
	}
	count := func(want int) {
		t.Helper()
		filters, err := netlink.FilterList(c.near, ingressParent)
		if err != nil {
			t.Fatal(err)
		}
		if len(filters) != want {
			t.Errorf("%d filters, want %d", len(filters), want)
		}
	}
	if _, err := attachClsact(d, programAt(t, l, TC), "left by a crash"); err != nil {
		t.Fatal(err)
	}
	a, err := attachClsact(d, programAt(t, l, TC), "test")
	if err != nil {
		t.Fatal(err)
	}
	count(1)
	if a.Mode != TC || a.Hook != "clsact" {
		t.Errorf("%+v", a.Attachment)
	}
	set(t, l, Segment{Link: c.index(), VLAN: 10})
	r := on(c.index(), 10)
	add(t, l, r)
	start(t, l)
	c.send(t, v3().tagged(0x8100<<16|10).bytes())
	if a := receive1(t, l.Adverts()); a.ID != r.ID {
		t.Errorf("advert for %+v", a.ID)
	}
	if err := a.leave(); err != nil {
		t.Fatal(err)
	}
	count(0)
	if err := removeFilters(c.index()); err != nil {
		t.Errorf("nothing to remove: %v", err)
	}
}

// Links that are not there, or go away.
func TestLinkGone(t *testing.T) {
	t.Parallel()
	c := plug(t)
	l := open(t, Options{})
	for _, m := range []Mode{Auto, XDP, XDPGeneric, TC} {
		if _, err := l.Attach(4711, "nowhere", m); !errors.Is(err, ErrNoLink) {
			t.Errorf("%s: %v, want ErrNoLink", m, err)
		}
	}
	if _, err := l.Attach(c.index()+1000, "near", TC); !errors.Is(err, ErrNoLink) {
		t.Errorf("another index: %v, want ErrNoLink", err)
	}
	for _, m := range []Mode{TC, XDP} {
		if _, err := l.Attach(c.index(), "near", m); err != nil {
			t.Fatal(err)
		}
	}
	if err := netlink.LinkDel(c.near); err != nil {
		t.Fatal(err)
	}
	if err := l.Detach(c.index()); err != nil {
		t.Errorf("detach from a link that is gone: %v", err)
	}
}

// Tags are shown as long as the filter sits there, and the card's setting is put back.
func TestShowTags(t *testing.T) {
	t.Parallel()
	plug(t)
	const feature = "rx-vlan-hw-parse"
	active := func() bool {
		t.Helper()
		fd, err := controlSocket()
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		bit, total, err := featureBit(fd, "near", feature)
		if err != nil || bit < 0 {
			t.Fatalf("feature %s: number %d, %v", feature, bit, err)
		}
		on, err := hasFeature(fd, "near", bit, total)
		if err != nil {
			t.Fatal(err)
		}
		return on
	}
	if !active() {
		t.Fatalf("veth without %s", feature)
	}
	restore, err := showTags([]string{"near"})
	if err != nil {
		t.Fatal(err)
	}
	if active() {
		t.Error("tags are still taken out of frames")
	}
	again, err := showTags([]string{"near"})
	if err != nil || len(again) != 0 {
		t.Errorf("a second time: %d changes, %v", len(again), err)
	}
	for _, f := range restore {
		if err := f(); err != nil {
			t.Error(err)
		}
	}
	if !active() {
		t.Error("the setting was not put back")
	}
	if _, err := showTags([]string{"nowhere"}); !errors.Is(err, unix.ENODEV) {
		t.Errorf("no such link: %v", err)
	}
}

// The program of a bond runs on its slaves; the adverts are the bond's.
func TestBond(t *testing.T) {
	t.Parallel()
	needKernel(t, "native XDP on bonds", 5, 15)
	c := plug(t)
	b := netlink.NewLinkBond(netlink.LinkAttrs{Name: "bond"})
	b.Mode = netlink.BOND_MODE_ACTIVE_BACKUP
	if err := netlink.LinkAdd(b); errors.Is(err, unix.EOPNOTSUPP) {
		t.Skip("needs the bonding module")
	} else if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(netlink.LinkSetDown(c.near), netlink.LinkSetBondSlave(c.near, b)); err != nil {
		t.Fatal(err)
	}
	up(t, "near")
	index := up(t, "bond").Attrs().Index
	l := open(t, Options{})
	a, err := l.Attach(index, "bond", Auto)
	if err != nil {
		t.Fatal(err)
	}
	if a.Mode != XDP || a.Hook != "native" || a.Reason != "bond" {
		t.Errorf("%+v", a)
	}
	set(t, l, Segment{Link: index})
	r := on(index, 0)
	add(t, l, r)
	start(t, l)
	c.send(t, v3().bytes())
	if a := receive1(t, l.Adverts()); a.ID != r.ID {
		t.Errorf("advert for %+v", a.ID)
	}
}

// Which links are tried with native XDP: those with a bus behind them, and bonds.
func TestKinds(t *testing.T) {
	for _, d := range []struct {
		driver, bus string
		want        kind
	}{
		{"ena", "0000:00:05.0", card},
		{"virtio_net", "0000:00:03.0", card},
		{"bonding", "", bond},
		{"veth", "", virtual},
		{"802.1Q VLAN Support", "N/A", virtual},
		{"bridge", "N/A", virtual},
		{"macvlan", "", virtual},
		{"tun", "tap", virtual},
		{"", "", virtual},
	} {
		if got := kindOf(d.driver, d.bus); got != d.want {
			t.Errorf("%s on %q: %d, want %d", d.driver, d.bus, got, d.want)
		}
	}
}
