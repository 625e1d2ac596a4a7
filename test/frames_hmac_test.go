package test

import (
	"bytes"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// capturedHMAC is the auth_hmac of the routers in ka243_hmac.pcap.
func capturedHMAC() *vrrp.HMAC {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i)
	}
	return &vrrp.HMAC{Keys: map[uint8][]byte{1: key}, Window: 5 * time.Second}
}

// receiving is the routers that take that capture's adverts.
func receiving(t testing.TB) *duel {
	t.Helper()
	h := host{segments: receiver{}.host().segments, routers: on(v3(65, "192.0.2.113", signed), v6(65, "fe80::5e00:41", signed))}
	d := &duel{table: h.table(), filter: openFilter(t)}
	h.install(t, d.filter)
	return d
}

// signedAdverts is the adverts of that capture.
func signedAdverts(t testing.TB) []record {
	t.Helper()
	var adverts []record
	for _, r := range readFrameSetIn(t, ourSet).records(t, "ka243_hmac.pcap") {
		if _, v := vrrp.Dissect(r.frame); v == verdict.Delivered {
			adverts = append(adverts, r)
		}
	}
	return adverts
}

// receive is what becomes of a frame on its way through filter or codec, which must agree, and verifier.
func (d *duel) receive(t *testing.T, r record, by *vrrp.Verifier) verdict.Verdict {
	t.Helper()
	if v := d.compare(t, r.frame); v != verdict.Delivered {
		return v
	}
	f, _ := vrrp.Dissect(r.frame)
	return by.Check(f.Message, f.Src, r.at)
}

// TestFramesHMACCapture receives every advert of keepalived 2.4.3 in the order and at the time of the capture; then the
// first once more; then each of them at another time.
func TestFramesHMACCapture(t *testing.T) {
	d, adverts := receiving(t), signedAdverts(t)
	if len(adverts) != 16 {
		t.Fatalf("%d adverts", len(adverts))
	}
	by := map[bool]*vrrp.Verifier{false: vrrp.NewVerifier(capturedHMAC(), 0), true: vrrp.NewVerifier(capturedHMAC(), 0)}
	for i, r := range adverts {
		f, _ := vrrp.Dissect(r.frame)
		if v := d.receive(t, r, by[f.V6]); v != verdict.Delivered {
			t.Errorf("advert %d: %v", i+1, v)
		}
		if v := d.receive(t, r, by[f.V6]); v != verdict.HMACReplay {
			t.Errorf("advert %d once more: %v", i+1, v)
		}
		for _, off := range []time.Duration{-6 * time.Second, 6 * time.Second} {
			late := record{r.at.Add(off), r.frame}
			if v := d.receive(t, late, vrrp.NewVerifier(capturedHMAC(), 0)); v != verdict.HMACStale {
				t.Errorf("advert %d, %v off: %v", i+1, off, v)
			}
		}
	}
}

// TestFramesHMACTampered changes each byte of each advert from the source address on, with the checksums as they were and
// with checksums that fit again. No such frame may be taken.
func TestFramesHMACTampered(t *testing.T) {
	d := receiving(t)
	met := tally{}
	for _, r := range signedAdverts(t) {
		packet, message, v6 := mutant{r.frame}.anatomy()
		source, size := len(r.frame)-len(packet)+12, 4
		if v6 {
			source, size = len(r.frame)-len(packet)+8, 16
		}
		first := len(r.frame) - len(message)
		places := []int{}
		for i := range len(r.frame) {
			if i >= source && i < source+size || i >= first {
				places = append(places, i)
			}
		}
		for _, i := range places {
			for _, bits := range []byte{0x01, 0x80} {
				for _, mend := range []uint8{0, mendHeader, mendHeader | mendMessage | mendPseudo} {
					forged := record{r.at, bytes.Clone(r.frame)}
					forged.frame[i] ^= bits
					mutant{forged.frame}.mend(mend)
					if bytes.Equal(forged.frame, r.frame) {
						continue // the checksum, set right again
					}
					v := d.receive(t, forged, vrrp.NewVerifier(capturedHMAC(), 0))
					if v == verdict.Delivered {
						t.Errorf("byte %d changed by %#02x, mended %#x, is taken: %x", i, bits, mend, forged.frame)
					}
					met[v]++
				}
			}
		}
	}
	for _, v := range []verdict.Verdict{verdict.BadChecksum, verdict.HMACMalformed, verdict.HMACStale, verdict.HMACKey,
		verdict.HMACInvalid} {
		if met[v] == 0 {
			t.Errorf("no frame was %v: %v", v, met)
		}
	}
}
