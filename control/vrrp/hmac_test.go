package vrrp_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// noon is the wall clock of the tests.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// shared is what both ends of the tests have configured.
func shared() *vrrp.HMAC {
	return &vrrp.HMAC{
		Keys:   map[uint8][]byte{1: bytes.Repeat([]byte{1}, 32), 7: bytes.Repeat([]byte("long key"), 8)},
		Active: 1, Window: 5 * time.Second,
	}
}

// isGenuine checks a signature by the description of the trailer alone. The trailer is the last 28 bytes of the
// message, and the signature the last 16.
func isGenuine(message, key []byte, src netip.Addr) bool {
	signed := message[:len(message)-16]
	var text bytes.Buffer
	if src.Is4() {
		text.WriteByte(4)
	} else {
		text.WriteByte(6)
	}
	text.Write([]byte{message[0] >> 4, message[1], 0})
	text.Write(append(src.AsSlice(), make([]byte, 12)...)[:16])
	text.Write(signed)
	text.Write(make([]byte, 16))
	copy(text.Bytes()[20+6:], []byte{0, 0}) // the checksum
	h := hmac.New(sha256.New, key)
	h.Write(text.Bytes())
	return bytes.Equal(h.Sum(nil)[:16], message[len(signed):])
}

// signed is the message of an advert with the trailer that s gives it at an instant.
func signed(s *vrrp.Signer, a vrrp.Advert, at time.Time) []byte {
	p := sent(a, vrrp.Plain)
	s.Sign(&a, p.src, at)
	return a.AppendTo(nil, p.src, p.dst, vrrp.Plain)
}

// ours is a signed message of the sound advert.
func ours(h *vrrp.HMAC, at time.Time) []byte { return signed(vrrp.NewSigner(h), v3Advert(), at) }

// What we send verifies by the description, in every version and family, with keys of either length.
func TestSignedMessages(t *testing.T) {
	for name, base := range map[string]func() vrrp.Advert{"version 2": v2Advert, "version 3": v3Advert, "IPv6": v6Advert} {
		for _, key := range []uint8{1, 7} {
			h := shared()
			h.Active = key
			p := sent(base(), vrrp.Plain)
			m := signed(vrrp.NewSigner(h), base(), noon)
			trailer := m[len(p.message):]
			if len(trailer) != 28 || !bytes.Equal(trailer[:4], []byte{1, key, 0, 0}) {
				t.Fatalf("%s: trailer %x", name, trailer)
			}
			if at := binary.BigEndian.Uint32(trailer[4:]); at != uint32(noon.Unix()) {
				t.Errorf("%s: signed at second %d, want %d", name, at, noon.Unix())
			}
			if !isGenuine(m, h.Keys[key], p.src) {
				t.Errorf("%s: signature of key %d is not right: %x", name, key, m)
			}
			a, v := vrrp.Parse(m, p.src, p.dst)
			if v != verdict.Delivered || !bytes.Equal(a.Trailer, trailer) || !slices.Equal(a.Addrs, base().Addrs) {
				t.Errorf("%s: read as %+v, %v", name, a, v)
			}
			// Over IPv4 the checksum is that of the message without trailer; over IPv6 it covers the trailer, too.
			if same := bytes.Equal(m[:len(p.message)], p.message); same == p.src.Is6() {
				t.Errorf("%s: message is the one without trailer: %t", name, same)
			}
		}
	}
}

// A capture of keepalived 2.4.3: the description above is that of its wire.
func TestCapturedSignature(t *testing.T) {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i)
	}
	m := unhex(t, "314196010032d37ec0000271"+"010100006b0298a638e40000"+"a061ff4a17103a467124b41d0aed55fb")
	if !isGenuine(m, key, peer4) {
		t.Error("the description does not fit")
	}
	h := &vrrp.HMAC{Keys: map[uint8][]byte{1: key}, Window: 5 * time.Second}
	if v := vrrp.NewVerifier(h, 0).Check(m, peer4, time.Unix(0x6b0298a6, 0)); v != verdict.Delivered {
		t.Error(v)
	}
}

// One signature serves every destination.
func TestSignatureServesAllPeers(t *testing.T) {
	for _, c := range []struct {
		advert vrrp.Advert
		peers  []netip.Addr
	}{
		{v3Advert(), []netip.Addr{own4, other}},
		{v6Advert(), []netip.Addr{own6, vips6[1]}},
	} {
		src := sent(c.advert, vrrp.Pseudo).src
		vrrp.NewSigner(shared()).Sign(&c.advert, src, noon)
		for _, dst := range c.peers {
			m := c.advert.AppendTo(nil, src, dst, vrrp.Pseudo)
			if _, v := vrrp.Parse(m, src, dst); v != verdict.Delivered {
				t.Errorf("to %v: %v", dst, v)
			}
			if v := vrrp.NewVerifier(shared(), 2).Check(m, src, noon); v != verdict.Delivered {
				t.Errorf("to %v: %v", dst, v)
			}
		}
	}
}

// The first defect decides, in the order of the checks.
func TestVerifierChecks(t *testing.T) {
	late := noon.Add(6 * time.Second)
	unsigned := sent(v3Advert(), vrrp.Plain).message
	key := func(id uint8) func(h *vrrp.HMAC) { return func(h *vrrp.HMAC) { h.Active = id } }
	for _, c := range []struct {
		name   string
		sender func(h *vrrp.HMAC)
		edit   func(m []byte) []byte
		rules  func(h *vrrp.HMAC)
		at     time.Time
		want   verdict.Verdict
	}{
		{name: "sound", want: verdict.Delivered},
		{name: "the other key", sender: key(7), want: verdict.Delivered},
		{name: "type", edit: set(12, 2), at: late, want: verdict.HMACMalformed},
		{name: "reserved bits", edit: set(15, 1), want: verdict.HMACMalformed},
		{name: "older than the window", at: late, want: verdict.HMACStale},
		{name: "at its end", at: noon.Add(5 * time.Second), want: verdict.Delivered},
		{name: "ahead of the window", at: noon.Add(-6 * time.Second), want: verdict.HMACStale},
		{name: "monotonic knows no window", rules: func(h *vrrp.HMAC) { h.Monotonic = true }, at: late, want: verdict.Delivered},
		{name: "stale comes before key", edit: set(13, 9), at: late, want: verdict.HMACStale},
		{name: "unknown key", edit: set(13, 9), want: verdict.HMACKey},
		{name: "key named wrongly", edit: set(13, 7), want: verdict.HMACInvalid},
		{name: "another key of that id", rules: func(h *vrrp.HMAC) { h.Keys[1] = h.Keys[7] }, want: verdict.HMACInvalid},
		{name: "signature", edit: flip(39, 1), want: verdict.HMACInvalid},
		{name: "counter", edit: flip(23, 1), want: verdict.HMACInvalid},
		{name: "checksum is not signed", edit: flip(7, 1), want: verdict.Delivered},
		{name: "missing", edit: func([]byte) []byte { return unsigned }, want: verdict.HMACMissing},
		{name: "missing, permissive", edit: func([]byte) []byte { return unsigned },
			rules: func(h *vrrp.HMAC) { h.Mode = vrrp.HMACPermissive }, want: verdict.Delivered},
		{name: "missing, receive-only", edit: func([]byte) []byte { return unsigned },
			rules: func(h *vrrp.HMAC) { h.Mode = vrrp.HMACReceiveOnly }, want: verdict.Delivered},
		{name: "forged, permissive", edit: flip(39, 1),
			rules: func(h *vrrp.HMAC) { h.Mode = vrrp.HMACPermissive }, want: verdict.HMACInvalid},
		{name: "forged, receive-only", edit: flip(39, 1),
			rules: func(h *vrrp.HMAC) { h.Mode = vrrp.HMACReceiveOnly }, want: verdict.HMACInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, rules, at := shared(), shared(), c.at
			if c.sender != nil {
				c.sender(from)
			}
			if c.rules != nil {
				c.rules(rules)
			}
			if at.IsZero() {
				at = noon
			}
			m := ours(from, noon)
			if c.edit != nil {
				m = c.edit(m)
			}
			if v := vrrp.NewVerifier(rules, 0).Check(m, peer4, at); v != c.want {
				t.Errorf("%v, want %v", v, c.want)
			}
		})
	}
	if v := vrrp.NewVerifier(shared(), 0).Check(ours(shared(), noon), other, noon); v != verdict.HMACInvalid {
		t.Errorf("from another source: %v", v)
	}
}

// What of a message or of its path is signed cannot be changed in any byte; only the checksum is not.
func TestEveryByteIsSigned(t *testing.T) {
	for _, base := range []vrrp.Advert{v2Advert(), v3Advert(), v6Advert()} {
		m, src := signed(vrrp.NewSigner(shared()), base, noon), sent(base, vrrp.Plain).src
		for i := range m {
			for _, bits := range []byte{0x01, 0x10, 0x80} {
				forged := flip(i, bits)(bytes.Clone(m))
				v := vrrp.NewVerifier(shared(), 0).Check(forged, src, noon)
				if taken := v == verdict.Delivered; taken != (i == 6 || i == 7) {
					t.Errorf("byte %d of %x: %v", i, forged, v)
				}
			}
		}
		for i := range src.AsSlice() {
			from, _ := netip.AddrFromSlice(flip(i, 1)(src.AsSlice()))
			if v := vrrp.NewVerifier(shared(), 0).Check(m, from, noon); v != verdict.HMACInvalid {
				t.Errorf("from %v: %v", from, v)
			}
		}
	}
}

// A sequence counts once, and nothing before it counts after it. Another sender has a mark of its own.
func TestReplay(t *testing.T) {
	for name, change := range map[string]func(h *vrrp.HMAC){
		"time": func(*vrrp.HMAC) {}, "monotonic": func(h *vrrp.HMAC) { h.Monotonic = true },
	} {
		h := shared()
		change(h)
		s, v := vrrp.NewSigner(h), vrrp.NewVerifier(h, 0)
		first, second := signed(s, v3Advert(), noon), signed(s, v3Advert(), noon)
		for i, step := range []struct {
			message []byte
			want    verdict.Verdict
		}{
			{first, verdict.Delivered},
			{first, verdict.HMACReplay},
			{flip(39, 1)(signed(s, v3Advert(), noon.Add(time.Second))), verdict.HMACInvalid}, // moves no mark
			{second, verdict.Delivered},
			{first, verdict.HMACReplay},
			{second, verdict.HMACReplay},
		} {
			if got := v.Check(step.message, peer4, noon); got != step.want {
				t.Errorf("%s, step %d: %v, want %v", name, i+1, got, step.want)
			}
		}
	}
}

// senders are n addresses and a message from each.
func senders(n int, at time.Time) (sources []netip.Addr, messages [][]byte) {
	src := netip.MustParseAddr("198.51.100.1")
	for range n {
		a := v3Advert()
		vrrp.NewSigner(shared()).Sign(&a, src, at)
		sources = append(sources, src)
		messages = append(messages, a.AppendTo(nil, src, vrrp.DefaultGroup(false), vrrp.Plain))
		src = src.Next()
	}
	return sources, messages
}

// Marks are kept for as many senders as there are peers, or for four of a group: who was heard longest ago goes first.
func TestMarksAreBounded(t *testing.T) {
	for _, c := range []struct {
		name           string
		peers, senders int
		want           verdict.Verdict // of the first sender's message once more
	}{
		{"four of a group", 0, 4, verdict.HMACReplay},
		{"five of a group", 0, 5, verdict.Delivered},
		{"as many as peers", 20, 20, verdict.HMACReplay},
	} {
		sources, messages := senders(c.senders, noon)
		v := vrrp.NewVerifier(shared(), c.peers)
		for i := range sources {
			if got := v.Check(messages[i], sources[i], noon); got != verdict.Delivered {
				t.Fatalf("%s: sender %d: %v", c.name, i, got)
			}
		}
		if got := v.Check(messages[0], sources[0], noon); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// A receiver that starts anew takes what is fresh; one that is reconfigured has forgotten nothing.
func TestVerifierRestarts(t *testing.T) {
	m := ours(shared(), noon)
	v := vrrp.NewVerifier(shared(), 0)
	if got := v.Check(m, peer4, noon); got != verdict.Delivered {
		t.Fatal(got)
	}
	v.Reconfigure(shared(), 0)
	if got := v.Check(m, peer4, noon); got != verdict.HMACReplay {
		t.Errorf("reconfigured: %v", got)
	}
	if got := vrrp.NewVerifier(shared(), 0).Check(m, peer4, noon); got != verdict.Delivered {
		t.Errorf("restarted: %v", got)
	}
}

// sequences are those of adverts signed one after the other, as seconds, 1/65536 seconds and counter.
func sequences(s *vrrp.Signer, at ...time.Time) (out [][3]uint32) {
	for _, t := range at {
		b := signed(s, v3Advert(), t)[12+4:]
		out = append(out, [3]uint32{binary.BigEndian.Uint32(b), uint32(binary.BigEndian.Uint16(b[4:])), uint32(binary.BigEndian.Uint16(b[6:]))})
	}
	return out
}

// The sequence is the clock, and rises where the clock does not.
func TestSequence(t *testing.T) {
	s := uint32(noon.Unix())
	half, wrap := noon.Add(time.Second/2), time.Unix(1<<32, 0)
	for _, c := range []struct {
		name      string
		monotonic bool
		at        []time.Time
		want      [][3]uint32
	}{
		{"the clock", false, []time.Time{noon, half}, [][3]uint32{{s, 0, 0}, {s, 1 << 15, 0}}},
		{"one instant", false, []time.Time{noon, noon, noon}, [][3]uint32{{s, 0, 0}, {s, 0, 1}, {s, 0, 2}}},
		{"set back a little", false, []time.Time{noon, noon.Add(-4 * time.Second)}, [][3]uint32{{s, 0, 0}, {s, 0, 1}}},
		{"set back by more than the window", false, []time.Time{noon, noon.Add(-time.Hour)},
			[][3]uint32{{s, 0, 0}, {s - 3600, 0, 0}}},
		{"monotonic, set back", true, []time.Time{noon, noon.Add(-time.Hour), half},
			[][3]uint32{{s, 0, 0}, {s, 0, 1}, {s, 1 << 15, 0}}},
		{"set forward", false, []time.Time{noon, noon.Add(time.Hour)}, [][3]uint32{{s, 0, 0}, {s + 3600, 0, 0}}},
		{"the year 2106", false, []time.Time{wrap.Add(-time.Second), wrap}, [][3]uint32{{1<<32 - 1, 0, 0}, {0, 0, 0}}},
	} {
		h := shared()
		h.Monotonic = c.monotonic
		if got := sequences(vrrp.NewSigner(h), c.at...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Sequences go on rising when keys change.
func TestSignerReconfigured(t *testing.T) {
	h := shared()
	s := vrrp.NewSigner(h)
	before := sequences(s, noon)[0]
	h.Active = 7
	s.Reconfigure(h)
	if after := sequences(s, noon)[0]; after != [3]uint32{before[0], before[1], before[2] + 1} {
		t.Errorf("sequence %v after %v", after, before)
	}
}

// The sequence turns over with the clock's 32 bits, and a receiver follows.
func TestSequenceTurnsOver(t *testing.T) {
	turn := time.Unix(1<<32, 0)
	s, v := vrrp.NewSigner(shared()), vrrp.NewVerifier(shared(), 0)
	for _, at := range []time.Time{turn.Add(-time.Second), turn, turn.Add(time.Second)} {
		if got := v.Check(signed(s, v3Advert(), at), peer4, at); got != verdict.Delivered {
			t.Errorf("at %v: %v", at, got)
		}
	}
}

// A sender restarts: its clock is ahead of what it sent. A clock that both ends set back shuts nobody out for longer
// than the step, if that is within the window, and not at all if it is beyond.
func TestClockSteps(t *testing.T) {
	v := vrrp.NewVerifier(shared(), 0)
	check := func(what string, m []byte, at time.Time, want verdict.Verdict) {
		t.Helper()
		if got := v.Check(m, peer4, at); got != want {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	s := vrrp.NewSigner(shared())
	check("before", signed(s, v3Advert(), noon), noon, verdict.Delivered)
	s = vrrp.NewSigner(shared())
	next := noon.Add(time.Second)
	check("sender restarted", signed(s, v3Advert(), next), next, verdict.Delivered)

	back := next.Add(-3 * time.Second)
	check("set back within the window", signed(s, v3Advert(), back), back, verdict.Delivered)
	check("and restarted", ours(shared(), back.Add(time.Second)), back.Add(time.Second), verdict.HMACReplay)
	check("until the clock is past", ours(shared(), next.Add(time.Second)), next.Add(time.Second), verdict.Delivered)

	back = noon.Add(-time.Hour)
	check("set back beyond the window", signed(s, v3Advert(), back), back, verdict.Delivered)
	check("and replayed", signed(vrrp.NewSigner(shared()), v3Advert(), back), back, verdict.HMACReplay)
}

// A skew beyond half the window is told before it costs an advert. A forged or stale time is nobody's skew.
func TestSkew(t *testing.T) {
	for ahead, large := range map[time.Duration]bool{
		0: false, 2 * time.Second: false, 3 * time.Second: true, -3 * time.Second: true,
	} {
		v := vrrp.NewVerifier(shared(), 0)
		v.Check(ours(shared(), noon.Add(ahead)), peer4, noon)
		v.Check(ours(shared(), noon.Add(time.Hour)), peer4, noon)
		v.Check(flip(39, 1)(ours(shared(), noon.Add(4*time.Second))), peer4, noon)
		if got, is := v.Skew(); got != ahead || is != large {
			t.Errorf("%v ahead: %v, large %t", ahead, got, is)
		}
	}
	monotonic := shared()
	monotonic.Monotonic = true
	v := vrrp.NewVerifier(monotonic, 0)
	v.Check(ours(shared(), noon.Add(time.Hour)), peer4, noon)
	if _, large := v.Skew(); large {
		t.Error("monotonic sequences have no skew to mind")
	}
}

// The filter reads no more than 4095 bytes.
func TestLongestSignedMessage(t *testing.T) {
	for n, want := range map[int]verdict.Verdict{253: verdict.Delivered, 254: verdict.BadLength} {
		a := v6Advert()
		for len(a.Addrs) < n {
			a.Addrs = append(a.Addrs, a.Addrs[len(a.Addrs)-1].Next())
		}
		m := signed(vrrp.NewSigner(shared()), a, noon)
		if _, v := vrrp.Parse(m, peer6, vrrp.DefaultGroup(true)); v != want {
			t.Errorf("%d addresses, %d bytes: %v, want %v", n, len(m), v, want)
		}
	}
}

// What the mode means for sending and for the filter.
func TestHMACModes(t *testing.T) {
	for _, c := range []struct {
		h     *vrrp.HMAC
		signs bool
		rule  vrrp.TrailerRule
	}{
		{nil, false, vrrp.TrailerRefused},
		{&vrrp.HMAC{Mode: vrrp.HMACEnforce}, true, vrrp.TrailerRequired},
		{&vrrp.HMAC{Mode: vrrp.HMACPermissive}, true, vrrp.TrailerAllowed},
		{&vrrp.HMAC{Mode: vrrp.HMACReceiveOnly}, false, vrrp.TrailerAllowed},
	} {
		if c.h.Signs() != c.signs || c.h.Rule() != c.rule {
			t.Errorf("%+v: signs %t, rule %v", c.h, c.h.Signs(), c.h.Rule())
		}
	}
}

func BenchmarkSign(b *testing.B) {
	a, s := v3Advert(), vrrp.NewSigner(shared())
	for b.Loop() {
		s.Sign(&a, peer4, noon)
	}
}

func BenchmarkVerify(b *testing.B) {
	m, v := flip(39, 1)(ours(shared(), noon)), vrrp.NewVerifier(shared(), 0)
	for b.Loop() {
		v.Check(m, peer4, noon)
	}
}
