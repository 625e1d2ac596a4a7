package loader

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Routers of one VRID on one link are told apart by where their adverts go. The VRID stays ours until the last is gone.
func TestDestinations(t *testing.T) {
	t.Parallel()
	group, second := netip.MustParseAddr("239.1.2.3"), netip.MustParseAddr("192.0.2.4")
	to := func(dst netip.Addr) packet { return v3().with(func(p *packet) { p.dst = dst }) }
	l := open(t, Options{Trace: true, Routers: 4})
	start(t, l)
	set(t, l, Segment{Link: loopback, UnknownDrop: true})
	try(t, l, to(vrrp.DefaultGroup(false)), verdict.UnknownVRID)
	var ids []vrrp.ID
	for _, change := range []func(r *vrrp.Rules){
		func(r *vrrp.Rules) {},
		func(r *vrrp.Rules) { r.Group = group },
		func(r *vrrp.Rules) { r.Peers = []vrrp.Peer{{Addr: master, MaxTTL: 255}} },
		func(r *vrrp.Rules) { r.Own, r.Peers = second, []vrrp.Peer{{Addr: master, MaxTTL: 255}} },
	} {
		r := ordinary()
		change(&r)
		ids = append(ids, add(t, l, r))
	}
	for _, id := range ids {
		try(t, l, to(id.ListensOn()), verdict.Delivered)
		if a := receive1(t, l.Adverts()); a.ID != id {
			t.Errorf("to %v: handed to %v, want %v", a.Dst, a.ID, id)
		}
		if got := frames(t, l, id, verdict.Delivered); got != 1 {
			t.Errorf("%v: %d frames counted, want 1", id, got)
		}
	}
	try(t, l, to(rival), verdict.Elsewhere)
	if got := frames(t, l, vrrp.ID{}, verdict.Elsewhere); got != 1 {
		t.Errorf("sent elsewhere: %d frames counted, want 1 that is no router's", got)
	}
	for _, id := range ids {
		try(t, l, to(rival), verdict.Elsewhere)
		if err := l.RemoveRouter(id); err != nil {
			t.Fatal(err)
		}
	}
	try(t, l, to(rival), verdict.Foreign)
	try(t, l, to(vrrp.DefaultGroup(false)), verdict.UnknownVRID)
}

// A VRID is ours on its VLAN alone, whether the VLAN was looked at before the router came or after, or anew.
func TestVRIDsOfSegments(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	elsewhere := func(p packet, tag uint32) packet {
		return p.tagged(0x8100<<16 | tag).with(func(p *packet) { p.dst = rival })
	}
	for _, r := range []vrrp.Rules{on(loopback, 5), on(loopback, 6)} {
		r.ID.VRID = 255
		add(t, l, r)
	}
	set(t, l, Segment{Link: loopback, VLAN: 5})
	set(t, l, Segment{Link: loopback, VLAN: 7})
	high := v3().with(func(p *packet) { p.advert.VRID = 255 })
	for range 2 {
		try(t, l, elsewhere(high, 5), verdict.Elsewhere)
		try(t, l, elsewhere(v3(), 5), verdict.Foreign)
		try(t, l, elsewhere(high, 6), verdict.OtherVLAN)
		try(t, l, elsewhere(high, 7), verdict.Foreign)
		if err := l.RemoveSegment(loopback, 5); err != nil {
			t.Fatal(err)
		}
		try(t, l, elsewhere(high, 5), verdict.OtherVLAN)
		set(t, l, Segment{Link: loopback, VLAN: 5, UnknownRate: 100})
	}
}

// Routers whose VRIDs share a block are told apart, and the block stays as long as one of them does.
func TestBlocks(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true, Routers: 40})
	start(t, l)
	var ids []vrrp.ID
	for v := range 40 {
		r := ordinary()
		r.ID.VRID = uint8(10 + v)
		ids = append(ids, add(t, l, r))
	}
	for i, id := range ids {
		of := v3().with(func(p *packet) { p.advert.VRID = id.VRID })
		try(t, l, of, verdict.Delivered)
		if a := receive1(t, l.Adverts()); a.ID != id {
			t.Errorf("handed to %v, want %v", a.ID, id)
		}
		if err := l.RemoveRouter(id); err != nil {
			t.Fatal(err)
		}
		try(t, l, of, verdict.Foreign)
		if i+1 < len(ids) {
			try(t, l, v3().with(func(p *packet) { p.advert.VRID = ids[i+1].VRID }), verdict.Delivered)
			receive1(t, l.Adverts())
		}
	}
	var blocks int
	var key xvBlockKey
	var slot uint32
	for rows := l.obj.XvPlaces.Iterate(); rows.Next(&key, &slot); {
		blocks++
	}
	if blocks != 0 {
		t.Errorf("%d blocks are left without routers", blocks)
	}
	for range 10 { // what was given back is used again
		for _, id := range ids {
			r := ordinary()
			r.ID = id
			add(t, l, r)
		}
		for _, id := range ids {
			if err := l.RemoveRouter(id); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A Stamp outlives new rules and another master.
func TestStamp(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	start(t, l)
	if _, ok := l.Stamp(ordinary().ID); ok {
		t.Error("a router that is not there has a stamp")
	}
	id := add(t, l, ordinary())
	stamp, ok := l.Stamp(id)
	if !ok || stamp.Seen() != 0 {
		t.Fatalf("%t, seen %v", ok, stamp.Seen())
	}
	add(t, l, ordinary())
	try(t, l, v3(), verdict.Delivered)
	a := receive1(t, l.Adverts())
	if err := l.Follow(id, &a); err != nil {
		t.Fatal(err)
	}
	try(t, l, v3(), verdict.Coalesced)
	if stamp.Seen() <= a.At || stamp.Seen() != lastSeen(t, l, id) {
		t.Errorf("stamp %v, seen %v, followed since %v", stamp.Seen(), lastSeen(t, l, id), a.At)
	}
}

// A router that is set once more is still one router: removing it makes its VRID foreign.
func TestRouterSetTwice(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	add(t, l, ordinary())
	id := add(t, l, ordinary())
	if err := l.RemoveRouter(id); err != nil {
		t.Fatal(err)
	}
	try(t, l, v3(), verdict.Foreign)
}

// A router whose ID says another destination than its rules would never be given its adverts.
func TestRouterElsewhere(t *testing.T) {
	t.Parallel()
	l := open(t, Options{})
	r := ordinary()
	r.Peers = []vrrp.Peer{{Addr: master, MaxTTL: 255}}
	if err := l.SetRouter(r); err == nil || !strings.Contains(err.Error(), own.String()) {
		t.Errorf("%v, want an error that names %v", err, own)
	}
	r = ordinaryIPv6()
	r.Group = netip.MustParseAddr("ff02::99")
	if err := l.SetRouter(r); err == nil {
		t.Error("took a group that its ID does not have")
	}
}

// The filter cannot tell a good signature from a forged one: where a trailer may follow, every advert is handed over,
// and none moves the stamp of the followed master.
func TestSignedAdverts(t *testing.T) {
	t.Parallel()
	signed := v3().with(func(p *packet) { p.advert.Trailer = bytes.Repeat([]byte{1}, vrrp.TrailerLen) })
	for _, rule := range []vrrp.TrailerRule{vrrp.TrailerAllowed, vrrp.TrailerRequired} {
		l := open(t, Options{Trace: true})
		r := ordinary()
		r.Trailer = rule
		id := add(t, l, r)
		start(t, l)
		try(t, l, signed, verdict.Delivered)
		first := receive1(t, l.Adverts())
		if err := l.Follow(id, &first); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			try(t, l, signed, verdict.Delivered)
			if a := receive1(t, l.Adverts()); !bytes.Equal(a.Message, first.Message) || a.Length != 12+vrrp.TrailerLen {
				t.Errorf("message %x of %d bytes, want %x", a.Message, a.Length, first.Message)
			}
		}
		if seen := lastSeen(t, l, id); seen != 0 {
			t.Errorf("seen at %v", seen)
		}
		try(t, l, v3(), map[vrrp.TrailerRule]verdict.Verdict{
			vrrp.TrailerAllowed: verdict.Delivered, vrrp.TrailerRequired: verdict.HMACMissing}[rule])
	}
}

// A signed advert that finds the ring full leaves no stamp either: nobody has read its signature.
func TestSignedAdvertsLost(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	r := ordinary()
	r.Followed, r.Trailer = master, vrrp.TrailerAllowed
	id := add(t, l, r)
	fill(t, l, id, v3())
	try(t, l, v3(), verdict.Lost)
	if seen := lastSeen(t, l, id); seen != 0 {
		t.Errorf("seen at %v", seen)
	}
}

// A table that is sized for it holds many addresses and peers of each router, also while lists are replaced; one that is
// not says so, and leaves the routers that it has.
func TestManyAddresses(t *testing.T) {
	t.Parallel()
	const routers, each = 8, 255
	crowded := func(i int) vrrp.Rules {
		r := ordinary()
		r.ID.VRID, r.Addrs = uint8(1+i), addresses(each, false)
		for _, a := range r.Addrs {
			r.Peers = append(r.Peers, vrrp.Peer{Addr: a, MaxTTL: 255})
		}
		r.ID = r.ID.To(own)
		return r
	}
	l := open(t, Options{Trace: true, Routers: routers, Addrs: routers * each, Peers: routers * each})
	for range 2 {
		for i := range routers {
			add(t, l, crowded(i))
		}
	}
	small := open(t, Options{Trace: true, Routers: routers})
	var err error
	for i := 0; err == nil && i < routers; i++ {
		err = small.SetRouter(crowded(i))
	}
	if !errors.Is(err, ErrFull) || len(small.routers) < 2 {
		t.Errorf("%d routers, then %v", len(small.routers), err)
	}
	for id := range small.routers {
		if err := small.RemoveRouter(id); err != nil {
			t.Error(err)
		}
	}
	add(t, small, crowded(0))
}

// Adverts that are taken go on as well where the router's rules say so; what becomes of others does not change.
func TestPassOn(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Trace: true})
	start(t, l)
	r := ordinary()
	other := v3().with(func(p *packet) { p.advert.Priority-- })
	bad := v3().with(func(p *packet) { p.ttl = 254 })
	foreign := v3().with(func(p *packet) { p.advert.VRID = 99 })
	goesOn := func(hook Mode, p packet) bool {
		t.Helper()
		action, err := programAt(t, l, hook).Run(&ebpf.RunOptions{Data: p.bytes()})
		if err != nil {
			t.Fatal(err)
		}
		switch passed := map[Mode]uint32{XDP: 2, TC: 1<<32 - 1}[hook]; action {
		case passed:
			return true
		case map[Mode]uint32{XDP: 1, TC: 2}[hook]:
			return false
		}
		t.Fatalf("%s: action %d", hook, action)
		panic("unreachable")
	}
	for _, on := range []bool{false, true, false} {
		r.PassOn = on
		id := add(t, l, r)
		try(t, l, v3(), verdict.Delivered)
		a := receive1(t, l.Adverts())
		if err := l.Follow(id, &a); err != nil {
			t.Fatal(err)
		}
		for _, hook := range []Mode{XDP, TC} {
			repeats := frames(t, l, id, verdict.Coalesced)
			if goesOn(hook, v3()) != on || goesOn(hook, other) != on {
				t.Errorf("%s, pass on %t: valid adverts have another fate", hook, on)
			}
			if frames(t, l, id, verdict.Coalesced) != repeats+1 {
				t.Errorf("%s, pass on %t: the repeat was not counted", hook, on)
			}
			if goesOn(hook, bad) || !goesOn(hook, foreign) {
				t.Errorf("%s, pass on %t: other adverts have another fate", hook, on)
			}
			receive1(t, l.Adverts())
		}
	}
}

// Messages of all lengths lie in the ring no longer than they must, so that it holds as many as it was made for.
func TestRecordSizes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ addrs, record int }{{30, 200}, {31, 584}, {126, 584}, {127, 4168}} {
		l := open(t, Options{Trace: true, Routers: 300})
		r := ordinary()
		r.Addrs = addresses(c.addrs, false)
		id := add(t, l, r)
		fill(t, l, id, v3(r.Addrs...))
		size := int(l.obj.XvAdverts.MaxEntries())
		if got, want := int(frames(t, l, id, verdict.Delivered)), size/c.record; got < want-1 || got > want {
			t.Errorf("%d addresses: the ring took %d adverts, want %d", c.addrs, got, want)
		}
	}
}
