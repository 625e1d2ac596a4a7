package control

import (
	"net/netip"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// auth_hmac: an advert counts if its signature does. One that is forged or played again neither moves the election
// nor goes unnoticed.
func TestSignaturesAreVerified(t *testing.T) {
	h := &vrrp.HMAC{Keys: map[uint8][]byte{1: []byte("0123456789abcdef0123456789abcdef")}, Active: 1, Window: 5 * time.Second}
	r := instance(10, "eth0")
	r.HMAC = h
	b := newBench(t, []host.Link{eth0(7)}, r)
	if got := b.filter.rules[idOnE0].Trailer; got != vrrp.TrailerRequired {
		t.Errorf("trailer rule %d, want it required", got)
	}
	signer := vrrp.NewSigner(h)
	signed := func() loader.Advert {
		a := vrrp.Advert{Version: 3, VRID: 10, Priority: 200, Interval: time.Second, Addrs: []netip.Addr{vip.Addr()}}
		signer.Sign(&a, peer, time.Now())
		return loader.Advert{At: b.clock, ID: idOnE0, TTL: 255, Src: peer, Dst: group4,
			Message: a.AppendTo(nil, peer, group4, vrrp.Pseudo)}
	}
	good := signed()
	b.heard(good)
	if got := b.routers[0].core.State().Master; got != peer {
		t.Fatalf("master %v after a signed advert, want %v", got, peer)
	}
	b.advance(2 * time.Second)
	forged := signed()
	forged.Message[len(forged.Message)-1] ^= 1
	b.heard(forged)
	replayed := good
	replayed.At = b.clock
	b.heard(replayed)
	b.heard(b.advert(b.clock, 200)) // without a trailer
	b.advance(2 * time.Second)      // 4 s of silence
	b.want("master")
	refused := b.routers[0].refused
	for _, v := range []verdict.Verdict{verdict.HMACInvalid, verdict.HMACReplay, verdict.HMACMissing} {
		if refused[v] != 1 {
			t.Errorf("%v refused %d times, want once: %v", v, refused[v], refused)
		}
	}
	if len(b.sightings) == 0 {
		t.Error("nobody is listed as the sender of what was refused")
	}
}
