package vrrp_test

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// wireCases are adverts and their bytes, worked out by hand from the layouts of the RFCs.
var wireCases = []struct {
	name     string
	advert   vrrp.Advert
	src, dst netip.Addr
	hex      string
}{
	{
		name: "HP-1 HP-2 FMT-01 FMT-16 CK-01 version 2 without authentication",
		advert: vrrp.Advert{Version: 2, VRID: 51, Priority: 30, Interval: time.Second, Checksum: vrrp.Plain,
			Addrs: []netip.Addr{netip.MustParseAddr("10.0.1.5")}},
		src: netip.MustParseAddr("10.0.1.1"), dst: vrrp.DefaultGroup(false),
		hex: "21331e010001b5c50a0001050000000000000000",
	},
	{
		name: "AU-01 version 2 with a password",
		advert: vrrp.Advert{Version: 2, VRID: 51, Priority: 30, Interval: time.Second, Checksum: vrrp.Plain,
			Addrs: []netip.Addr{netip.MustParseAddr("10.0.1.5")}, Auth: vrrp.NewPass("1111")},
		src: netip.MustParseAddr("10.0.1.1"), dst: vrrp.DefaultGroup(false),
		hex: "21331e0101015263" + "0a000105" + "3131313100000000",
	},
	{
		name: "FMT-13 version 2 with the longest interval and two addresses",
		advert: vrrp.Advert{Version: 2, VRID: 1, Priority: 255, Interval: 255 * time.Second, Checksum: vrrp.Plain,
			Addrs: []netip.Addr{vip4, other}},
		src: peer4, dst: vrrp.DefaultGroup(false),
		hex: "2101ff0200ff59f4" + "c00002fe" + "c0000209" + "0000000000000000",
	},
	{
		name:   "FMT-01 CK-02 version 3 over IPv4, message alone",
		advert: v3Advert(), src: peer4, dst: vrrp.DefaultGroup(false),
		hex: "310a960100647591" + "c00002fe",
	},
	{
		name: "CK-04 version 3 over IPv4 with pseudo header",
		advert: func() vrrp.Advert {
			a := v3Advert()
			a.Checksum = vrrp.Pseudo
			return a
		}(),
		src: peer4, dst: vrrp.DefaultGroup(false),
		hex: "310a96010064d2f6" + "c00002fe",
	},
	{
		name: "FMT-12 version 3 with the longest interval",
		advert: func() vrrp.Advert {
			a := v3Advert()
			a.Interval = 4095 * 10 * time.Millisecond
			return a
		}(),
		src: peer4, dst: vrrp.DefaultGroup(false),
		hex: "310a96010fff65f6" + "c00002fe",
	},
	{
		name: "HP-3 CK-03 version 3 over IPv6",
		advert: vrrp.Advert{Version: 3, VRID: 1, Priority: 22, Interval: time.Second, Checksum: vrrp.Plain,
			Addrs: []netip.Addr{netip.MustParseAddr("2001:db8::1")}},
		src: peer6, dst: vrrp.DefaultGroup(true),
		hex: "3101160100648cb6" + "20010db8000000000000000000000001",
	},
}

func TestParse(t *testing.T) {
	for _, c := range wireCases {
		t.Run(c.name, func(t *testing.T) {
			got, v := vrrp.Parse(unhex(t, c.hex), c.src, c.dst)
			if v != verdict.Delivered || !reflect.DeepEqual(got, c.advert) {
				t.Errorf("Parse = %+v, %v; want %+v", got, v, c.advert)
			}
		})
	}
}

func TestAppendTo(t *testing.T) {
	for _, c := range wireCases {
		t.Run(c.name, func(t *testing.T) {
			got := c.advert.AppendTo([]byte("before"), c.src, c.dst, c.advert.Checksum)
			if want := append([]byte("before"), unhex(t, c.hex)...); !bytes.Equal(got, want) {
				t.Errorf("AppendTo = %x, want %x", got, want)
			}
		})
	}
}

func TestParseVerdicts(t *testing.T) {
	v2, v3, v6 := sent(v2Advert(), vrrp.Plain), sent(v3Advert(), vrrp.Plain), sent(v6Advert(), vrrp.Plain)
	for _, c := range []struct {
		name string
		base packet
		edit func(m []byte) []byte
		want verdict.Verdict
	}{
		{"RX-04 nothing", v3, func(m []byte) []byte { return nil }, verdict.BadLength},
		{"RX-04 4 bytes", v3, func(m []byte) []byte { return m[:4] }, verdict.BadLength},
		{"RX-04 7 bytes", v3, func(m []byte) []byte { return m[:7] }, verdict.BadLength},
		{"HP-4 RX-04 short header over IPv6", v6, func(m []byte) []byte { return m[:7] }, verdict.BadLength},
		{"RX-04 header alone", v3, func(m []byte) []byte { return m[:8] }, verdict.BadLength},
		{"RX-04 address cut", v3, func(m []byte) []byte { return m[:11] }, verdict.BadLength},
		{"RX-04 version 2 without its last 8 bytes", v2, func(m []byte) []byte { return m[:12] }, verdict.BadLength},
		{"RX-04 count too big", v3, set(3, 3), verdict.BadLength},
		{"HP-5 1000 bytes and a count that does not fit", v2,
			func(m []byte) []byte { return append(m, make([]byte, 1000-len(m))...) }, verdict.BadLength},
		{"RX-06 surplus", v3, func(m []byte) []byte { return append(m, 0, 0, 0, 0) }, verdict.BadLength},
		{"RX-06 surplus over IPv6", v6, set(3, 1), verdict.BadLength},
		{"RX-02 version 0", v3, set(0, 0x01), verdict.BadVersion},
		{"RX-02 version 1", v3, set(0, 0x11), verdict.BadVersion},
		{"HP-6 RX-02 version 4", v3, set(0, 0x41), verdict.BadVersion},
		{"RX-02 version 9", v3, set(0, 0x91), verdict.BadVersion},
		{"RX-02 version 2 over IPv6", v6, set(0, 0x21), verdict.BadVersion},
		{"RX-03 type 0", v3, set(0, 0x30), verdict.BadType},
		{"RX-03 type 7", v3, set(0, 0x37), verdict.BadType},
		{"RX-05 count 0", v3, func(m []byte) []byte { return resum(set(3, 0)(m)[:8]) }, verdict.NoAddresses},
		{"RX-05 count 0 with an address", v3, set(3, 0), verdict.NoAddresses},
		{"version 2 may list no address", v2,
			func(m []byte) []byte { return resum(append(set(3, 0)(m)[:8], m[12:]...)) }, verdict.Delivered},
		{"HP-7 RX-07 version 2, one bit", v2, flip(7, 1), verdict.BadChecksum},
		{"RX-07 version 2, password not covered", v2, flip(19, 1), verdict.BadChecksum},
		{"RX-07 version 3, neither form", v3, flip(7, 1), verdict.BadChecksum},
		{"CK-03 IPv6 without pseudo header", v6, func(m []byte) []byte { return resum(m) }, verdict.BadChecksum},
		{"CK-01 version 2 with pseudo header", v2, func(m []byte) []byte {
			return resum(m, 192, 0, 2, 11, 224, 0, 0, 18, 0, 112, 0, byte(len(m)))
		}, verdict.BadChecksum},
		{"RX-12 a zero interval is for rules to refuse", v3,
			func(m []byte) []byte { return resum(set(5, 0)(m)) }, verdict.Delivered},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := c.edit(bytes.Clone(c.base.message))
			if _, v := vrrp.Parse(m, c.base.src, c.base.dst); v != c.want {
				t.Errorf("Parse(%x) = %v, want %v", m, v, c.want)
			}
		})
	}
}

func TestReservedBits(t *testing.T) {
	m := sent(v3Advert(), vrrp.Plain).message
	m[4] |= 0xf0
	a, v := vrrp.Parse(resum(m), peer4, vrrp.DefaultGroup(false))
	if v != verdict.Delivered || a.Interval != time.Second {
		t.Errorf("FMT-07: interval %v, %v; want the low 12 bits, 1s", a.Interval, v)
	}
}

func TestChecksumZeroForms(t *testing.T) {
	// The words of this message add up to ffff with a checksum of zero, so that ffff in the field is right, too.
	a := vrrp.Advert{Version: 3, VRID: 1, Priority: 100, Interval: time.Second,
		Addrs: []netip.Addr{netip.MustParseAddr("106.153.0.0")}}
	m := a.AppendTo(nil, peer4, vrrp.DefaultGroup(false), vrrp.Plain)
	if m[6] != 0 || m[7] != 0 {
		t.Fatalf("CK-07: checksum %x, want 0000 as computed", m[6:8])
	}
	for _, field := range []byte{0x00, 0xff} {
		m[6], m[7] = field, field
		if _, v := vrrp.Parse(m, peer4, vrrp.DefaultGroup(false)); v != verdict.Delivered {
			t.Errorf("CK-07: checksum field %x: %v", m[6:8], v)
		}
	}
}

func TestPseudoHeaderUsesRealDestination(t *testing.T) {
	m := v3Advert().AppendTo(nil, peer4, own4, vrrp.Pseudo)
	if a, v := vrrp.Parse(m, peer4, own4); v != verdict.Delivered || a.Checksum != vrrp.Pseudo {
		t.Errorf("CK-06: %v in form %v; want delivered with pseudo header", v, a.Checksum)
	}
	if _, v := vrrp.Parse(m, peer4, vrrp.DefaultGroup(false)); v != verdict.BadChecksum {
		t.Errorf("CK-06: %v with the group in place of the peer, want %v", v, verdict.BadChecksum)
	}
}

func TestNewPass(t *testing.T) {
	for password, want := range map[string][8]byte{
		"abc":       {'a', 'b', 'c'},
		"12345678":  {'1', '2', '3', '4', '5', '6', '7', '8'},
		"123456789": {'1', '2', '3', '4', '5', '6', '7', '8'},
	} {
		if got := vrrp.NewPass(password); got.Type != vrrp.AuthPass || got.Data != want {
			t.Errorf("AU-01: NewPass(%q) = %v, want PASS %v", password, got, want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	p := sent(v3Advert(), vrrp.Plain)
	b.ReportAllocs()
	for b.Loop() {
		vrrp.Parse(p.message, p.src, p.dst)
	}
}

func BenchmarkAppendTo(b *testing.B) {
	a, buf := v3Advert(), make([]byte, 0, 64)
	group := vrrp.DefaultGroup(false)
	b.ReportAllocs()
	for b.Loop() {
		a.AppendTo(buf, peer4, group, vrrp.Pseudo)
	}
}

func set(i int, value byte) func([]byte) []byte {
	return func(m []byte) []byte { m[i] = value; return m }
}

func flip(i int, bits byte) func([]byte) []byte {
	return func(m []byte) []byte { m[i] ^= bits; return m }
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
