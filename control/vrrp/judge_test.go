package vrrp_test

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// judgeCase is a frame and a router; nil functions leave the sound ones alone.
type judgeCase struct {
	name  string
	send  func(p *packet)
	rules func(r *vrrp.Rules)
	want  verdict.Verdict
}

func (c judgeCase) run(t *testing.T, p packet, r vrrp.Rules) {
	t.Run(c.name, func(t *testing.T) {
		if c.send != nil {
			c.send(&p)
		}
		if c.rules != nil {
			c.rules(&r)
		}
		f, _, v := vrrp.Judge(p.frame(), testLink, table(r))
		if v != c.want {
			t.Errorf("Judge = %v (%s), want %v", v, vrrp.Explain(f, v, &r), c.want)
		}
	})
}

// advertise replaces the message by the advert that change makes of the sound one.
func advertise(base func() vrrp.Advert, form vrrp.Checksum, change func(a *vrrp.Advert)) func(*packet) {
	return func(p *packet) {
		a := base()
		change(&a)
		p.message = a.AppendTo(nil, p.src, p.dst, form)
	}
}

func TestJudgeIPv4(t *testing.T) {
	v3 := func(change func(a *vrrp.Advert)) func(*packet) { return advertise(v3Advert, vrrp.Plain, change) }
	same := func(*vrrp.Advert) {}
	for _, c := range []judgeCase{
		{name: "sound", want: verdict.Delivered},
		{"RX-01 TTL 254", func(p *packet) { p.ttl = 254 }, nil, verdict.BadTTL},
		{"RX-01 TTL 0", func(p *packet) { p.ttl = 0 }, nil, verdict.BadTTL},
		{"RX-02 version 2 to a version 3 router", advertise(v2Advert, vrrp.Plain, same), nil, verdict.BadVersion},
		{"RX-02 both versions", advertise(v2Advert, vrrp.Plain, same),
			func(r *vrrp.Rules) { r.Versions = vrrp.V2 | vrrp.V3 }, verdict.Delivered},
		{"RX-07 pseudo header, strict router", advertise(v3Advert, vrrp.Pseudo, same), nil, verdict.BadChecksum},
		{"CK-05 pseudo header, either", advertise(v3Advert, vrrp.Pseudo, same),
			func(r *vrrp.Rules) { r.Checksum = vrrp.Either }, verdict.Delivered},
		{"CK-05 message alone, pseudo header wanted", nil,
			func(r *vrrp.Rules) { r.Checksum = vrrp.Pseudo }, verdict.BadChecksum},
		{"RX-05 count 0", v3(func(a *vrrp.Advert) { a.Addrs = nil }), nil, verdict.NoAddresses},
		{"RX-08 unknown VRID", v3(func(a *vrrp.Advert) { a.VRID = 99 }), nil, verdict.Foreign},
		{"RX-08 the other family's VRID", nil, func(r *vrrp.Rules) { r.ID.V6 = true }, verdict.Foreign},
		{"RX-08 the other link", nil, func(r *vrrp.Rules) { r.ID.Link++ }, verdict.OtherVLAN},
		{"RX-10 version 3 to the owner", nil, func(r *vrrp.Rules) { r.Owner = true }, verdict.Delivered},
		{"RX-12 interval 0", v3(func(a *vrrp.Advert) { a.Interval = 0 }), nil, verdict.BadInterval},
		{"RX-16 another interval", v3(func(a *vrrp.Advert) { a.Interval = 250 * time.Millisecond }), nil,
			verdict.Delivered},
		{"RX-20 own source", func(p *packet) { p.src = own4 }, nil, verdict.SelfSource},
		{"RX-20 own source comes before an impossible one", func(p *packet) { p.src = netip.IPv4Unspecified() },
			func(r *vrrp.Rules) { r.Own = netip.IPv4Unspecified() }, verdict.SelfSource},
		{"RX-22 unicast to a multicast router", func(p *packet) { p.dst = own4 }, nil, verdict.Elsewhere},
		{"RX-22 another group", func(p *packet) { p.dst = netip.MustParseAddr("224.0.0.19") }, nil,
			verdict.Elsewhere},
		{"RX-22 configured group", func(p *packet) { p.dst = netip.MustParseAddr("239.1.2.3") },
			func(r *vrrp.Rules) { r.Group = netip.MustParseAddr("239.1.2.3") }, verdict.Delivered},
		{"RX-30 source 0.1.2.3", func(p *packet) { p.src = netip.MustParseAddr("0.1.2.3") }, nil,
			verdict.BadSource},
		{"RX-30 source 127.0.0.1", func(p *packet) { p.src = netip.MustParseAddr("127.0.0.1") }, nil,
			verdict.BadSource},
		{"RX-30 source 224.0.0.1", func(p *packet) { p.src = netip.MustParseAddr("224.0.0.1") }, nil,
			verdict.BadSource},
		{"RX-30 source 255.255.255.255", func(p *packet) { p.src = netip.MustParseAddr("255.255.255.255") }, nil,
			verdict.BadSource},
		{"RX-04 one byte to the group", func(p *packet) { p.message = p.message[:1] }, nil, verdict.BadLength},
		{"RX-04 one byte to us", func(p *packet) { p.message, p.dst = p.message[:1], own4 }, nil,
			verdict.Elsewhere},
	} {
		c.run(t, sent(v3Advert(), vrrp.Plain), rules(false, vrrp.V3))
	}
}

func TestJudgeVersion2(t *testing.T) {
	v2 := func(change func(a *vrrp.Advert)) func(*packet) { return advertise(v2Advert, vrrp.Plain, change) }
	password := func(r *vrrp.Rules) { r.Auth = vrrp.NewPass("s3cr3tpw") }
	bare := func(a *vrrp.Advert) { a.Addrs = nil }
	for _, c := range []judgeCase{
		{name: "sound", want: verdict.Delivered},
		{"CK-01 any form configured", nil, func(r *vrrp.Rules) { r.Checksum = vrrp.Pseudo }, verdict.Delivered},
		{"RX-05 no address, and none configured", v2(bare), func(r *vrrp.Rules) { r.Addrs = nil },
			verdict.Delivered},
		{"RX-05 no address, but one configured", v2(bare), nil, verdict.NoAddresses},
		{"RX-09 owner", nil, func(r *vrrp.Rules) { r.Owner = true }, verdict.Owner},
		{"RX-13 right password", v2(func(a *vrrp.Advert) { a.Auth = vrrp.NewPass("s3cr3tpw") }), password,
			verdict.Delivered},
		{"AU-01 password cut short", v2(func(a *vrrp.Advert) { a.Auth = vrrp.NewPass("s3cr3t") }), password,
			verdict.AuthData},
		{"AU-01 another case", v2(func(a *vrrp.Advert) { a.Auth = vrrp.NewPass("S3CR3TPW") }), password,
			verdict.AuthData},
		{"AU-01 something in the padding", v2(func(a *vrrp.Advert) { a.Auth = vrrp.NewPass("abc\x00x") }),
			func(r *vrrp.Rules) { r.Auth = vrrp.NewPass("abc") }, verdict.AuthData},
		{"AU-02 none where a password is configured", nil, password, verdict.AuthType},
		{"AU-02 password where none is configured", v2(func(a *vrrp.Advert) { a.Auth = vrrp.NewPass("x") }), nil,
			verdict.AuthType},
		{"AU-02 type 254", v2(func(a *vrrp.Advert) { a.Auth.Type = 254 }), password, verdict.AuthType},
		{"FMT-16 data without a type is not looked at",
			v2(func(a *vrrp.Advert) { a.Auth.Data = [8]byte{1, 2, 3} }), nil, verdict.Delivered},
		{"RX-15 another interval", v2(func(a *vrrp.Advert) { a.Interval = 2 * time.Second }), nil,
			verdict.BadInterval},
		{"RX-15 interval 0", v2(func(a *vrrp.Advert) { a.Interval = 0 }), nil, verdict.BadInterval},
		{"RX-15 interval 0 where ours is less than a second", v2(func(a *vrrp.Advert) { a.Interval = 0 }),
			func(r *vrrp.Rules) { r.Interval = time.Second / 2 }, verdict.BadInterval},
		{"RX-15 another interval in interoperation",
			v2(func(a *vrrp.Advert) { a.Interval = 2 * time.Second }),
			func(r *vrrp.Rules) { r.Versions |= vrrp.V3 }, verdict.Delivered},
		{"RX-15 interval 0 in interoperation", v2(func(a *vrrp.Advert) { a.Interval = 0 }),
			func(r *vrrp.Rules) { r.Versions |= vrrp.V3 }, verdict.BadInterval},
	} {
		c.run(t, sent(v2Advert(), vrrp.Plain), rules(false, vrrp.V2))
	}
}

func TestJudgeIPv6(t *testing.T) {
	v6 := func(change func(a *vrrp.Advert)) func(*packet) { return advertise(v6Advert, vrrp.Plain, change) }
	from := func(src string) func(*packet) {
		return func(p *packet) {
			p.src = netip.MustParseAddr(src)
			p.message = v6Advert().AppendTo(nil, p.src, p.dst, vrrp.Plain)
		}
	}
	global := func(a *vrrp.Advert) { a.Addrs = a.Addrs[1:] }
	for _, c := range []judgeCase{
		{name: "sound", want: verdict.Delivered},
		{"CK-03 any form configured", nil, func(r *vrrp.Rules) { r.Checksum = vrrp.Plain }, verdict.Delivered},
		{"RX-01 hop limit 64", func(p *packet) { p.ttl = 64 }, nil, verdict.BadTTL},
		{"RX-11 first address global", v6(global), nil, verdict.NotLinkLocal},
		{"RX-11 first address site-local",
			v6(func(a *vrrp.Advert) { a.Addrs[0] = netip.MustParseAddr("fec0::1") }), nil, verdict.NotLinkLocal},
		{"RX-11 first address at the end of fe80::/10",
			v6(func(a *vrrp.Advert) { a.Addrs[0] = netip.MustParseAddr("febf::1") }), nil, verdict.Delivered},
		{"RX-11 first address IPv4-mapped link-local",
			v6(func(a *vrrp.Advert) { a.Addrs[0] = netip.MustParseAddr("::ffff:169.254.0.1") }), nil,
			verdict.NotLinkLocal},
		{"RX-11 first address global, any taken", v6(global), func(r *vrrp.Rules) { r.AnyFirst = true },
			verdict.Delivered},
		{"RX-20 own source", from("fe80::a"), nil, verdict.SelfSource},
		{"RX-30 source ::", from("::"), nil, verdict.BadSource},
		{"RX-30 source ::1", from("::1"), nil, verdict.BadSource},
		{"RX-30 source ff02::1", from("ff02::1"), nil, verdict.BadSource},
		{"FMT-05 a global source is the sender's fault, not ours", from("2001:db8::b"), nil, verdict.Delivered},
		{"IPv4-mapped loopback is not ::1", from("::ffff:127.0.0.1"), nil, verdict.Delivered},
		{"RX-22 all nodes", func(p *packet) { p.dst = netip.MustParseAddr("ff02::1") }, nil, verdict.Elsewhere},
	} {
		c.run(t, sent(v6Advert(), vrrp.Plain), rules(true, vrrp.V3))
	}
}

func TestJudgeAddresses(t *testing.T) {
	lists := func(addrs ...netip.Addr) func(*vrrp.Advert) { return func(a *vrrp.Advert) { a.Addrs = addrs } }
	v2 := func(change func(a *vrrp.Advert)) func(*packet) { return advertise(v2Advert, vrrp.Plain, change) }
	policy := func(m vrrp.Mismatch, own ...netip.Addr) func(*vrrp.Rules) {
		return func(r *vrrp.Rules) { r.Mismatch, r.Addrs = m, own }
	}
	skip := func(m vrrp.Mismatch, followed netip.Addr) func(*vrrp.Rules) {
		return func(r *vrrp.Rules) { r.Mismatch, r.SkipAddrs, r.Followed = m, true, followed }
	}
	owner := func(a *vrrp.Advert) { a.Priority, a.Addrs = 255, []netip.Addr{other} }
	for _, c := range []judgeCase{
		{"RX-14 same set in another order", v2(lists(other, vip4)), policy(vrrp.DropMismatch, vip4, other),
			verdict.Delivered},
		{"RX-14 one of ours missing", v2(lists(other)), policy(vrrp.DropMismatch, vip4), verdict.AddrList},
		{"RX-14 one too many", v2(lists(vip4, other)), policy(vrrp.DropMismatch, vip4), verdict.AddrList},
		{"RX-14 the owner may differ", v2(owner), policy(vrrp.DropMismatch, vip4), verdict.Delivered},
		{"RX-17 the owner's licence is version 2's", advertise(v3Advert, vrrp.Plain, owner),
			func(r *vrrp.Rules) { r.Versions, r.Mismatch = vrrp.V3, vrrp.DropMismatch }, verdict.AddrList},
		{"RX-17 accept anything", v2(lists(other)), policy(vrrp.AcceptMismatch, vip4), verdict.Delivered},
		{"RX-17 another cluster", v2(lists(other)), policy(vrrp.DropDisjoint, vip4), verdict.Conflict},
		{"RX-17 another cluster's owner", v2(owner), policy(vrrp.DropDisjoint, vip4), verdict.Conflict},
		{"RX-17 a peer in the middle of a change", v2(lists(other, vip4)), policy(vrrp.DropDisjoint, vip4, peer4),
			verdict.Delivered},
		{"RX-17 nothing to compare with", v2(lists(other)), policy(vrrp.DropDisjoint), verdict.Delivered},
		{"the followed master is not looked at", v2(lists(other)), skip(vrrp.DropMismatch, peer4),
			verdict.Delivered},
		{"the followed master is, where that is wanted", v2(lists(other)),
			func(r *vrrp.Rules) { r.Followed = peer4 }, verdict.Conflict},
		{"another than the followed master is", v2(lists(other)), skip(vrrp.DropDisjoint, own4), verdict.Conflict},
	} {
		c.run(t, sent(v2Advert(), vrrp.Plain), rules(false, vrrp.V2))
	}
}

func TestJudgeUnicast(t *testing.T) {
	stranger := netip.MustParseAddr("192.0.2.77")
	peers := func(minTTL, maxTTL uint8) func(*vrrp.Rules) {
		return func(r *vrrp.Rules) {
			r.Peers = []vrrp.Peer{{Addr: stranger.Next(), MaxTTL: 255}, {Addr: peer4, MinTTL: minTTL, MaxTTL: maxTTL}}
		}
	}
	ttl := func(n uint8) func(*packet) { return func(p *packet) { p.dst, p.ttl = own4, n } }
	for _, c := range []judgeCase{
		{"RX-22 from a peer", ttl(255), peers(255, 255), verdict.Delivered},
		{"RX-22 TTL at the lower bound", ttl(60), peers(60, 64), verdict.Delivered},
		{"RX-22 TTL at the upper bound", ttl(64), peers(60, 64), verdict.Delivered},
		{"RX-22 TTL below", ttl(59), peers(60, 64), verdict.BadTTL},
		{"RX-22 TTL above", ttl(65), peers(60, 64), verdict.BadTTL},
		{"RX-22 not a peer", func(p *packet) { p.dst, p.src = own4, stranger }, peers(0, 255), verdict.NotAPeer},
		{"RX-22 to the group", nil, peers(0, 255), verdict.Elsewhere},
		{"RX-20 own source", func(p *packet) { p.dst, p.src = own4, own4 }, peers(0, 255), verdict.SelfSource},
	} {
		c.run(t, sent(v3Advert(), vrrp.Plain), rules(false, vrrp.V3))
	}
}

// CK-06, and keepalived before 1.3.7: unicast with the group in the pseudo header.
func TestJudgeUnicastChecksum(t *testing.T) {
	form := func(c vrrp.Checksum) func(*packet) {
		return func(p *packet) {
			p.dst = own4
			advertise(v3Advert, c, func(*vrrp.Advert) {})(p)
		}
	}
	takes := func(c vrrp.Checksum) func(*vrrp.Rules) {
		return func(r *vrrp.Rules) {
			r.Checksum, r.Peers = c, []vrrp.Peer{{Addr: peer4, MaxTTL: 255}}
		}
	}
	for _, c := range []judgeCase{
		{"the peer", form(vrrp.Pseudo), takes(vrrp.Pseudo), verdict.Delivered},
		{"the group, not wanted", form(vrrp.OldUnicast), takes(vrrp.Pseudo), verdict.BadChecksum},
		{"the group", form(vrrp.OldUnicast), takes(vrrp.OldUnicast), verdict.Delivered},
		{"the peer, not wanted", form(vrrp.Pseudo), takes(vrrp.OldUnicast), verdict.BadChecksum},
		{"any: message alone", form(vrrp.Plain), takes(vrrp.Either), verdict.Delivered},
		{"any: the peer", form(vrrp.Pseudo), takes(vrrp.Either), verdict.Delivered},
		{"any: the group", form(vrrp.OldUnicast), takes(vrrp.Either), verdict.Delivered},
	} {
		c.run(t, sent(v3Advert(), vrrp.Plain), rules(false, vrrp.V3))
	}
	group := netip.MustParseAddr("239.1.2.3")
	p, r := sent(v3Advert(), vrrp.OldUnicast), rules(false, vrrp.V3)
	p.dst, r.Group, r.Checksum = group, group, vrrp.Either
	if _, _, v := vrrp.Judge(p.frame(), testLink, table(r)); v != verdict.BadChecksum {
		t.Errorf("another group's advert that names 224.0.0.18: %v, want %v", v, verdict.BadChecksum)
	}
}

// The trailer of auth_hmac behind the message: whether it may be there, and what the checksum covers of it.
func TestJudgeTrailer(t *testing.T) {
	trailer := bytes.Repeat([]byte{0xa5, 1, 7}, 10)[:vrrp.TrailerLen]
	trailed := func(base func() vrrp.Advert, trailer []byte) func(*packet) {
		return advertise(base, vrrp.Plain, func(a *vrrp.Advert) { a.Trailer = trailer })
	}
	rule := func(tr vrrp.TrailerRule) func(*vrrp.Rules) {
		return func(r *vrrp.Rules) { r.Trailer, r.Auth = tr, vrrp.NewPass("secret") }
	}
	password := func() vrrp.Advert {
		a := v2Advert()
		a.Auth = vrrp.NewPass("secret")
		return a
	}
	for name, base := range map[string]func() vrrp.Advert{"version 2": password, "version 3": v3Advert, "IPv6": v6Advert} {
		p, v6 := sent(base(), vrrp.Plain), name == "IPv6"
		versions := vrrp.V2 | vrrp.V3
		if v6 {
			versions = vrrp.V3
		}
		covered := verdict.Delivered // damage to the trailer: a matter of the signature over IPv4
		if v6 {
			covered = verdict.BadChecksum
		}
		for _, c := range []judgeCase{
			{name + ", refused", trailed(base, trailer), nil, verdict.BadLength},
			{name + ", allowed", trailed(base, trailer), rule(vrrp.TrailerAllowed), verdict.Delivered},
			{name + ", required", trailed(base, trailer), rule(vrrp.TrailerRequired), verdict.Delivered},
			{name + ", allowed and missing", nil, rule(vrrp.TrailerAllowed), verdict.Delivered},
			{name + ", required and missing", nil, rule(vrrp.TrailerRequired), verdict.HMACMissing},
			{name + ", cut", trailed(base, trailer[:24]), rule(vrrp.TrailerRequired), verdict.BadLength},
			{name + ", twice", trailed(base, append(trailer, trailer...)), rule(vrrp.TrailerRequired), verdict.BadLength},
			{name + ", damaged", func(p *packet) {
				trailed(base, trailer)(p)
				p.message[len(p.message)-1] ^= 1
			}, rule(vrrp.TrailerRequired), covered},
			{name + ", before a damaged message", func(p *packet) {
				trailed(base, trailer)(p)
				p.message[2] ^= 1
			}, rule(vrrp.TrailerRequired), verdict.BadChecksum},
		} {
			c.run(t, p, rules(v6, versions))
		}
	}
}

// Routers of one VRID on one link are told apart by where their adverts go; what goes elsewhere is nobody's, and yet
// no stranger's.
func TestJudgeDestinations(t *testing.T) {
	group, second := netip.MustParseAddr("239.1.2.3"), netip.MustParseAddr("192.0.2.2")
	var all vrrp.Table
	all.SetSegment(testLink, 0, true)
	for _, change := range []func(r *vrrp.Rules){
		func(r *vrrp.Rules) {},
		func(r *vrrp.Rules) { r.Group, r.Versions = group, vrrp.V2 },
		func(r *vrrp.Rules) { r.Peers = []vrrp.Peer{{Addr: peer4, MaxTTL: 255}} },
		func(r *vrrp.Rules) { r.Own, r.Peers = second, []vrrp.Peer{{Addr: other, MaxTTL: 255}} },
	} {
		r := rules(false, vrrp.V3)
		change(&r)
		all.SetRouter(r)
	}
	for dst, want := range map[netip.Addr]verdict.Verdict{
		vrrp.DefaultGroup(false):         verdict.Delivered,
		group:                            verdict.BadVersion,
		own4:                             verdict.Delivered,
		second:                           verdict.NotAPeer,
		netip.MustParseAddr("239.1.2.4"): verdict.Elsewhere,
		netip.MustParseAddr("192.0.2.3"): verdict.Elsewhere,
	} {
		p := sent(v3Advert(), vrrp.Plain)
		p.dst = dst
		f, _, v := vrrp.Judge(p.frame(), testLink, &all)
		if v != want {
			t.Errorf("to %v: %v, want %v", dst, v, want)
		}
		if id, _ := f.ID(testLink); want != verdict.Elsewhere && all.Router(id).ListensOn() != dst {
			t.Errorf("to %v: router %v", dst, id)
		}
	}
}

func TestJudgeUnknown(t *testing.T) {
	var segment vrrp.Table
	segment.SetSegment(testLink, 0, true)
	p := sent(v3Advert(), vrrp.Plain)
	if _, _, v := vrrp.Judge(p.frame(), testLink, &segment); v != verdict.UnknownVRID {
		t.Errorf("RX-08: unknown VRID to the group, unknown_vrid drop: %v, want %v", v, verdict.UnknownVRID)
	}
	p.dst = own4
	if _, _, v := vrrp.Judge(p.frame(), testLink, &segment); v != verdict.Foreign {
		t.Errorf("RX-08: unknown VRID to us, unknown_vrid drop: %v, want %v", v, verdict.Foreign)
	}
	if _, _, v := vrrp.Judge(p.frame(), testLink, &vrrp.Table{}); v != verdict.OtherVLAN {
		t.Errorf("RX-26: nothing configured: %v, want %v", v, verdict.OtherVLAN)
	}
}

// TestJudgeOrder has frames with two defects each: the one named first in the canonical order wins.
func TestJudgeOrder(t *testing.T) {
	spoil := func(p *packet) { p.message[7] ^= 1 } // checksum
	for _, c := range []judgeCase{
		{"destination before TTL", func(p *packet) { p.dst, p.ttl = own4, 1 }, nil, verdict.Elsewhere},
		{"TTL before own source", func(p *packet) { p.src, p.ttl = own4, 1 }, nil, verdict.BadTTL},
		{"own source before length", func(p *packet) { p.src, p.message = own4, p.message[:7] }, nil,
			verdict.SelfSource},
		{"length before version", func(p *packet) { p.message[0], p.message = 0x41, p.message[:7] }, nil,
			verdict.BadLength},
		{"version before type", func(p *packet) { p.message[0] = 0x22 }, nil, verdict.BadVersion},
		{"type before count", func(p *packet) { p.message[0], p.message[3] = 0x32, 0 }, nil, verdict.BadType},
		{"count before length", func(p *packet) { p.message[3] = 0 }, nil, verdict.NoAddresses},
		{"length before checksum", func(p *packet) { spoil(p); p.message[3] = 2 }, nil, verdict.BadLength},
		{"checksum before address list", spoil, func(r *vrrp.Rules) { r.Addrs = []netip.Addr{other} },
			verdict.BadChecksum},
		{"address list before interval",
			advertise(v3Advert, vrrp.Plain, func(a *vrrp.Advert) { a.Interval = 0 }),
			func(r *vrrp.Rules) { r.Addrs = []netip.Addr{other} }, verdict.Conflict},
	} {
		c.run(t, sent(v3Advert(), vrrp.Plain), rules(false, vrrp.V3))
	}
	for _, c := range []judgeCase{
		{"owner before authentication", nil,
			func(r *vrrp.Rules) { r.Owner, r.Auth = true, vrrp.NewPass("x") }, verdict.Owner},
		{"authentication before address list", nil,
			func(r *vrrp.Rules) { r.Addrs, r.Auth = []netip.Addr{other}, vrrp.NewPass("x") }, verdict.AuthType},
	} {
		c.run(t, sent(v2Advert(), vrrp.Plain), rules(false, vrrp.V2))
	}
}
