package vrrp_test

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// FuzzParse reads any bytes; what is delivered must be written back as it came, but for the reserved bits and the
// two spellings of a zero checksum.
func FuzzParse(f *testing.F) {
	for _, p := range []packet{sent(v2Advert(), vrrp.Plain), sent(v3Advert(), vrrp.Plain),
		sent(v3Advert(), vrrp.Pseudo), sent(v6Advert(), vrrp.Plain)} {
		f.Add(p.message, p.src.Is6())
	}
	f.Add(ours(shared(), noon), false)
	f.Add(signed(vrrp.NewSigner(shared()), v6Advert(), noon), true)
	f.Fuzz(func(t *testing.T, b []byte, v6 bool) {
		src, dst := peer4, vrrp.DefaultGroup(v6)
		if v6 {
			src = peer6
		}
		before := bytes.Clone(b)
		a, v := vrrp.Parse(b, src, dst)
		if !bytes.Equal(b, before) {
			t.Fatalf("Parse wrote to its input")
		}
		if v != verdict.Delivered {
			return
		}
		got := a.AppendTo(nil, src, dst, a.Checksum)
		again, v := vrrp.Parse(got, src, dst)
		if v != verdict.Delivered || again.Interval != a.Interval || again.Checksum != a.Checksum {
			t.Fatalf("%x read as %+v, written as %x, read as %+v, %v", b, a, got, again, v)
		}
		if a.Version == 3 {
			b[4] &= 0x0f
		}
		clear(b[6:8])
		clear(got[6:8])
		if !bytes.Equal(got, b) {
			t.Fatalf("%x written back as %x", b, got)
		}
	})
}

// FuzzJudge judges any frame by several routers at once. What Judge delivers, Dissect and Parse deliver.
func FuzzJudge(f *testing.F) {
	trailing := sent(v6Advert(), vrrp.Plain)
	trailing.message = signed(vrrp.NewSigner(shared()), v6Advert(), noon)
	for _, p := range []packet{sent(v2Advert(), vrrp.Plain), sent(v3Advert(), vrrp.Pseudo), sent(v6Advert(), vrrp.Plain), trailing} {
		f.Add(p.frame())
		p.tags = []uint16{0x88a8, 200, 0x8100, 100}
		f.Add(p.frame())
	}
	var t vrrp.Table
	t.SetSegment(testLink, 0, false)
	t.SetSegment(testLink, 200<<16|100, true)
	v2, v3, v6 := rules(false, vrrp.V2), rules(false, vrrp.V3), rules(true, vrrp.V3)
	v3.ID.VLAN = 200<<16 | 100
	v3.Peers = []vrrp.Peer{{Addr: peer4, MaxTTL: 255}, {Addr: netip.MustParseAddr("192.0.2.12"), MinTTL: 255}}
	v6.Trailer = vrrp.TrailerAllowed
	for _, r := range []vrrp.Rules{v2, v3, v6} {
		t.SetRouter(r)
	}
	f.Fuzz(func(tt *testing.T, frame []byte) {
		got, a, v := vrrp.Judge(frame, testLink, &t)
		id, _ := got.ID(testLink)
		if vrrp.Explain(got, v, t.Router(id)) == "" {
			tt.Fatalf("nothing to say about %v", v)
		}
		if v != verdict.Delivered {
			return
		}
		if opened, v := vrrp.Dissect(frame); v != verdict.Delivered || !bytes.Equal(opened.Message, got.Message) {
			tt.Fatalf("delivered, but Dissect says %v", v)
		}
		if parsed, v := vrrp.Parse(got.Message, got.Src, got.Dst); v != verdict.Delivered || parsed.VRID != a.VRID {
			tt.Fatalf("delivered, but Parse says %v", v)
		}
	})
}
