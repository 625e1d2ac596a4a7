package test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// TestFramesMutated damages frames of the set in many ways and mends some of the damage, so that the later checks
// are reached, too. Filter and codec must agree on each, and every verdict must have been met.
func TestFramesMutated(t *testing.T) {
	const rounds = 30_000
	d := newDuel(t)
	random := rand.New(rand.NewPCG(1, 2))
	met := tally{}
	for range rounds {
		m := mutant{frame: bytes.Clone(d.seeds[random.IntN(len(d.seeds))])}
		for range random.IntN(3) {
			m.mutate(random)
		}
		m.mend(uint8(random.Uint32() | random.Uint32()))
		met[d.compare(t, m.frame)]++
	}
	t.Logf("verdicts: %v", met)
	for v := range verdict.Verdict(verdict.Count) {
		if !slices.Contains(past, v) && met[v] == 0 {
			t.Errorf("no frame was %v", v)
		}
	}
}

// past is the verdicts that do not follow from the frame and the configuration of a duel alone.
var past = []verdict.Verdict{verdict.Coalesced, verdict.Lost, verdict.Excess, verdict.Flood, verdict.NoAccept,
	verdict.HMACMalformed, verdict.HMACStale, verdict.HMACKey, verdict.HMACInvalid, verdict.HMACReplay}

// FuzzFilter looks for a frame on which filter and codec disagree. mend says what is made right again before the
// frame is judged, so that checksums do not end every search.
func FuzzFilter(f *testing.F) {
	d := newDuel(f)
	for _, frame := range d.corpus {
		f.Add(frame, uint8(0))
	}
	f.Fuzz(func(t *testing.T, frame []byte, mend uint8) {
		m := mutant{frame: bytes.Clone(frame)}
		m.mend(mend)
		d.compare(t, m.frame)
	})
}

// duel is one host, known to both the filter and the codec.
type duel struct {
	filter *loader.Loader
	table  *vrrp.Table
	corpus [][]byte // a frame of each kind
	seeds  [][]byte // the corpus, and synthetic frames for other routers than their own
}

// newDuel puts the receivers of our frame set and of the real captures on one host, by giving each profile a VRID
// of its own.
func newDuel(t testing.TB) *duel {
	t.Helper()
	set := readFrameSetIn(t, ourSet)
	h := host{segments: []loader.Segment{{Link: loopback, UnknownDrop: true}, {Link: loopback, VLAN: 100},
		{Link: loopback, VLAN: 200<<16 | 100}}}
	vrids := make(map[string]uint8)
	for i, name := range set.names() {
		r := set.host(t, name).routers[0]
		r.ID.VRID = uint8(100 + i)
		vrids[name] = r.ID.VRID
		h.routers = append(h.routers, r)
	}
	h.routers = append(h.routers, special...)
	d := &duel{corpus: set.realAdverts(t)}
	for _, row := range set.Rows {
		frame := set.frame(t, row)
		d.corpus = append(d.corpus, frame, relabelled(frame, vrids[row.Profile]))
		_, _, overV6 := mutant{frame}.anatomy()
		for _, r := range h.routers {
			if r.ID.V6 == overV6 {
				d.seeds = append(d.seeds, readdressed(relabelled(frame, r.ID.VRID), r.ID.ListensOn()))
			}
		}
	}
	d.seeds = append(d.seeds, d.corpus...)
	for _, r := range receivers {
		h.routers = append(h.routers, r.routers...)
	}
	d.table, d.filter = h.table(), openFilter(t)
	h.install(t, d.filter)
	d.follow(t)
	return d
}

// realAdverts is the adverts of the real captures, one of each kind.
func (s *frameSet) realAdverts(t testing.TB) [][]byte {
	t.Helper()
	var adverts [][]byte
	known := make(map[string]bool)
	for _, f := range s.Real {
		if f.Kind == "VRRP" && !known[f.Text] {
			known[f.Text] = true
			adverts = append(adverts, s.frames(t, f.File)[f.Frame-1])
		}
	}
	return adverts
}

// special is routers that no profile is like. Synthetic frames come from 192.0.2.2 and list 192.0.2.254.
var special = []vrrp.Rules{
	follower,
	v2(251, "192.0.2.254", func(r *vrrp.Rules) { r.Versions, r.Addrs = vrrp.V2|vrrp.V3, nil }),
	v3(252, "192.0.2.254", exact),
	v3(253, "192.0.2.254", peers("192.0.2.2", 64), peers("192.0.2.9", 255)),
	v3(253, "192.0.2.254", group("239.1.2.3")),
	v3(253, "192.0.2.254", own("192.0.2.7"), peers("192.0.2.2", 0), pseudo),
	v3(253, "192.0.2.254", own("192.0.2.8"), peers("192.0.2.2", 0), oldUnicast, permitted),
	v2(254, "192.0.2.254", permitted, pass("s3cr3tpw")),
	v3(254, "192.0.2.254", group("239.1.2.4"), signed),
	v6(251, "2001:db8::254", plain, exact),
	v6(251, "fe80::1", group("ff02::99"), signed),
	v6(252, "fe80::1", permitted),
}

func oldUnicast(r *vrrp.Rules) { r.Checksum = vrrp.OldUnicast }

// follower leaves the address list of the master it follows unchecked.
var follower = v2(250, "192.0.2.222", exact, func(r *vrrp.Rules) {
	r.SkipAddrs, r.Followed = true, netip.MustParseAddr("192.0.2.2")
})

// follow tells the filter what follower follows: the first advert of that master among the seeds.
func (d *duel) follow(t testing.TB) {
	t.Helper()
	for _, frame := range d.seeds {
		f, a, v := vrrp.Judge(frame, loopback, d.table)
		if v == verdict.Delivered && a.VRID == follower.ID.VRID && f.Src == follower.Followed {
			heard := &loader.Advert{ID: follower.ID, TTL: f.TTL, Src: f.Src, Dst: f.Dst, MAC: f.SrcMAC, Message: f.Message}
			if err := d.filter.Follow(follower.ID, heard); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no seed is an advert of %v", follower.Followed)
}

// compare fails the test where the two disagree on a frame, and returns the codec's verdict.
func (d *duel) compare(t *testing.T, frame []byte) verdict.Verdict {
	t.Helper()
	const shortest, longest = 15, 3000 // what test runs of both hooks take
	if len(frame) < shortest || len(frame) > longest {
		return verdict.NotVRRP
	}
	f, _, want := vrrp.Judge(frame, loopback, d.table)
	for _, hook := range hooks {
		if got := try(t, d.filter, frame, hook); got != want {
			id, _ := f.ID(loopback)
			t.Fatalf("%s says %v, codec says %v: %s\n%x", hook, got, want, vrrp.Explain(f, want, d.table.Router(id)), frame)
		}
	}
	return want
}

// relabelled is a copy of a frame with another VRID, its checksum as right or wrong as it was.
func relabelled(frame []byte, vrid uint8) []byte {
	m := mutant{frame: bytes.Clone(frame)}
	_, message, _ := m.anatomy()
	if len(message) < 8 {
		return m.frame
	}
	sum := uint32(binary.BigEndian.Uint16(message[6:])) + uint32(message[1]) + uint32(^uint16(vrid))
	message[1] = vrid
	binary.BigEndian.PutUint16(message[6:], fold(sum))
	return m.frame
}

// readdressed is a copy of a frame with another destination and the header's checksum that fits.
func readdressed(frame []byte, dst netip.Addr) []byte {
	m := mutant{frame: bytes.Clone(frame)}
	packet, _, v6 := m.anatomy()
	if packet == nil || v6 != dst.Is6() {
		return m.frame
	}
	copy(packet[map[bool]int{false: 16, true: 24}[v6]:], dst.AsSlice())
	m.mend(mendHeader)
	return m.frame
}

// mutant is a frame in the hands of a test.
type mutant struct{ frame []byte }

// anatomy finds the IP packet and, behind its header, the message; either may be nil. The test reads frames on its
// own here: it must not share the mistakes of what it tests.
func (m mutant) anatomy() (packet, message []byte, v6 bool) {
	at := 12
	for at+4 < len(m.frame) && (m.frame[at] == 0x81 || m.frame[at] == 0x88) {
		at += 4
	}
	if at+2 > len(m.frame) {
		return nil, nil, false
	}
	kind := binary.BigEndian.Uint16(m.frame[at:])
	packet = m.frame[at+2:]
	switch {
	case kind == 0x86dd && len(packet) >= 40:
		return packet, packet[40:], true
	case kind != 0x0800 || len(packet) < 20:
		return nil, nil, false
	}
	if header := int(packet[0]&0x0f) * 4; header >= 20 && header <= len(packet) {
		return packet, packet[header:], false
	}
	return packet, nil, false
}

// mutate changes one thing: a bit, a field, the length, the tags or the addresses.
func (m *mutant) mutate(random *rand.Rand) {
	packet, message, v6 := m.anatomy()
	switch random.IntN(9) {
	case 0:
		m.flip(m.frame, random)
	case 1:
		m.flip(packet[:min(40, len(packet))], random)
	case 2, 3:
		m.flip(message[:min(16, len(message))], random)
	case 4:
		overwrite(message, random, []int{0, 2, 3, 4, 5, 8, 9})
	case 5:
		overwrite(packet, random, map[bool][]int{false: {0, 6, 7, 8, 9, 12, 15, 16, 19}, true: {0, 6, 7, 8, 23, 24, 39}}[v6])
	case 6:
		m.resize(random)
	case 7:
		m.retag(random)
	case 8:
		m.frame = append(m.frame, make([]byte, trailerLen)...)
	}
}

func (m *mutant) flip(part []byte, random *rand.Rand) {
	if len(part) > 0 {
		part[random.IntN(len(part))] ^= 1 << random.IntN(8)
	}
}

// overwrite puts a telling value into one of the bytes named.
func overwrite(part []byte, random *rand.Rand, at []int) {
	values := []byte{0, 1, 2, 3, 44, 60, 64, 112, 127, 224, 250, 254, 255, byte(random.Uint32())}
	if i := at[random.IntN(len(at))]; i < len(part) {
		part[i] = values[random.IntN(len(values))]
	}
}

// resize cuts the frame or lets it grow.
func (m *mutant) resize(random *rand.Rand) {
	if random.IntN(2) == 0 {
		m.frame = m.frame[:random.IntN(len(m.frame)+1)]
		return
	}
	m.frame = append(m.frame, make([]byte, 4*(1+random.IntN(8)))...)
}

// retag puts a VLAN tag in front.
func (m *mutant) retag(random *rand.Rand) {
	if len(m.frame) < 14 {
		return
	}
	kinds, vids := []uint16{0x8100, 0x88a8}, []uint16{0, 100, 200, 0xe064}
	tag := binary.BigEndian.AppendUint16(nil, kinds[random.IntN(len(kinds))])
	tag = binary.BigEndian.AppendUint16(tag, vids[random.IntN(len(vids))])
	m.frame = slices.Insert(m.frame, 12, tag...)
}

// trailerLen is the length of what auth_hmac puts behind a message.
const trailerLen = 28

// What mend can make right.
const (
	mendLength  = 1 << iota // the length in the IP header is that of the frame
	mendHeader              // the checksum of the IPv4 header
	mendMessage             // the checksum of the message
	mendPseudo              // the latter with pseudo header over IPv4
	mendGroup               // that one with 224.0.0.18 for destination
)

// mend makes right again what the bits of what name, as far as the frame has it.
func (m mutant) mend(what uint8) {
	packet, message, v6 := m.anatomy()
	if packet == nil {
		return
	}
	at, size := 2, len(packet)
	if v6 {
		at, size = 4, len(packet)-40
	}
	if what&mendLength != 0 {
		binary.BigEndian.PutUint16(packet[at:], uint16(size))
	}
	if header := packet[:len(packet)-len(message)]; what&mendHeader != 0 && !v6 && message != nil {
		setSum(header, 10, 0)
	}
	length := int(binary.BigEndian.Uint16(packet[at:])) - (size - len(message))
	if what&mendMessage == 0 || length < 8 || length > len(message) {
		return
	}
	if !v6 && length == trailerLen+8+4*int(message[3])+map[bool]int{true: 8}[message[0]>>4 == 2] {
		length -= trailerLen // which IPv4 does not cover
	}
	acc := uint32(0)
	switch {
	case v6:
		acc = add(112+uint32(length), packet[8:40])
	case what&(mendPseudo|mendGroup) == mendPseudo|mendGroup:
		acc = add(112+uint32(length)+0xe000+0x0012, packet[12:16])
	case what&mendPseudo != 0:
		acc = add(112+uint32(length), packet[12:20])
	}
	setSum(message[:length], 6, acc)
}

// setSum sets the checksum at b[at:] over all of b, starting from acc.
func setSum(b []byte, at int, acc uint32) {
	b[at], b[at+1] = 0, 0
	binary.BigEndian.PutUint16(b[at:], ^fold(add(acc, b)))
}

func add(acc uint32, b []byte) uint32 {
	for i := 0; i+1 < len(b); i += 2 {
		acc += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	return acc
}

func fold(acc uint32) uint16 {
	acc = acc&0xffff + acc>>16
	return uint16(acc + acc>>16)
}
