package test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
)

// loopback is the link that frames seem to come in on in a test run of the filter.
const loopback = 1

// frameSet is a folder of captures with the verdicts that conforming receivers give their frames.
type frameSet struct {
	dir      string
	Profiles profiles    `json:"profiles"`
	Rows     []row       `json:"frames"`
	Real     []realFrame `json:"real_frames"`
}

// row is one frame before one receiver.
type row struct {
	ID      string   `json:"id"`
	File    string   `json:"file"`
	Frame   int      `json:"frame"` // counts from 1
	Profile string   `json:"config"`
	Verdict string   `json:"verdict"` // strict reading: accept, drop or pass
	Allowed []string `json:"allowed"` // what a conforming receiver may do
	Reason  string   `json:"reason"`
	Note    string   `json:"note"`
}

// realFrame is what an independent decoder saw in one frame of a real capture.
type realFrame struct {
	File  string `json:"file"`
	Frame int    `json:"frame"`
	Kind  string `json:"kind"`
	Text  string `json:"text"`
}

// profile is a receiver's configuration. A key that is not listed here is an error: a rule that is not
// understood must not count as kept.
type profile struct {
	Family     int          `json:"family"` // 4 or 6
	Own        netip.Addr   `json:"own"`
	VRID       uint8        `json:"vrid"`
	Priority   uint8        `json:"priority"`
	IntervalCS int          `json:"interval_cs"`
	VIPs       []netip.Addr `json:"vips"`
	Checksum   string       `json:"csum"` // msg, either or pseudo
	Versions   []int        `json:"versions"`
	AuthType   uint8        `json:"auth_type"`
	AuthData   string       `json:"auth_data"`
	AddrCheck  bool         `json:"addr_check"`
	AnyFirst   bool         `json:"allow_non_ll_first"`
	VLAN       [][2]uint16  `json:"vlan"` // Ethernet type and VID, outer tag first
	Peers      []peer       `json:"unicast_peers"`
	MinTTL     *uint8       `json:"min_ttl"`
	MaxTTL     *uint8       `json:"max_ttl"`

	// For the election and the sender; no receive check depends on them.
	VMAC       string `json:"vmac"`
	Preempt    bool   `json:"preempt"`
	AcceptMode bool   `json:"accept_mode"`
}

// peer is a unicast neighbour: an address, or an object with a range of TTLs of its own.
type peer struct {
	Addr   netip.Addr `json:"addr"`
	MinTTL *uint8     `json:"min_ttl"`
	MaxTTL *uint8     `json:"max_ttl"`
}

func (p *peer) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &p.Addr) == nil {
		return nil
	}
	type object peer
	return strict(b, (*object)(p))
}

// profiles are receivers by name.
type profiles map[string]profile

func (p *profiles) UnmarshalJSON(b []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	*p = make(profiles)
	for name, b := range raw {
		var q profile
		if err := strict(b, &q); err != nil {
			return fmt.Errorf("profile %q: %w", name, err)
		}
		(*p)[name] = q
	}
	return nil
}

// strict decodes JSON that may hold nothing but v's fields.
func strict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// ourSet is the folder of the frame set kept here.
const ourSet = "frames"

// readFrameSet reads the set in the folder XVRRP_FRAMES names, or ours. A relative name starts at the root of the
// repository or here.
func readFrameSet(t testing.TB) *frameSet {
	t.Helper()
	dir := os.Getenv("XVRRP_FRAMES")
	if dir == "" {
		return readFrameSetIn(t, ourSet)
	}
	fromRoot := filepath.Join("..", dir)
	if _, err := os.Stat(fromRoot); err == nil && !filepath.IsAbs(dir) {
		dir = fromRoot
	}
	return readFrameSetIn(t, dir)
}

func readFrameSetIn(t testing.TB, dir string) *frameSet {
	t.Helper()
	s := &frameSet{dir: dir}
	path := filepath.Join(dir, "verdicts.json")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("XVRRP_FRAMES names the folder of a frame set: %v", err)
	}
	if err := json.Unmarshal(b, s); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if len(s.Rows) == 0 {
		t.Fatalf("%s: no rows under \"frames\"", path)
	}
	return s
}

// frames reads a capture of the set.
func (s *frameSet) frames(t testing.TB, file string) [][]byte {
	t.Helper()
	var frames [][]byte
	for _, r := range s.records(t, file) {
		frames = append(frames, r.frame)
	}
	return frames
}

// records reads a capture with its times.
func (s *frameSet) records(t testing.TB, file string) []record {
	t.Helper()
	path := filepath.Join(s.dir, file)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	records, err := readCapture(b)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return records
}

// frame is the one a row is about.
func (s *frameSet) frame(t testing.TB, r row) []byte {
	t.Helper()
	frames := s.frames(t, r.File)
	if r.Frame < 1 || r.Frame > len(frames) {
		t.Fatalf("%s: frame %d of %d", r.ID, r.Frame, len(frames))
	}
	return frames[r.Frame-1]
}

// names lists the profiles that have rows, in order.
func (s *frameSet) names() []string {
	var names []string
	for _, r := range s.Rows {
		names = append(names, r.Profile)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// rows lists those of one profile.
func (s *frameSet) rows(profile string) []row {
	var rows []row
	for _, r := range s.Rows {
		if r.Profile == profile {
			rows = append(rows, r)
		}
	}
	return rows
}

// host is a receiver of frames: what is configured on it.
type host struct {
	segments []loader.Segment
	routers  []vrrp.Rules
}

// host is the receiver a row is judged by. Adverts of VRIDs it does not know are dropped (RX-08).
func (s *frameSet) host(t testing.TB, name string) host {
	t.Helper()
	p, ok := s.Profiles[name]
	if !ok {
		t.Fatalf("profile %q is not in \"profiles\"", name)
	}
	r, err := p.rules()
	if err != nil {
		t.Fatalf("profile %q: %v", name, err)
	}
	return host{
		segments: []loader.Segment{{Link: loopback, VLAN: r.ID.VLAN, UnknownDrop: true}},
		routers:  []vrrp.Rules{r},
	}
}

// rules translates a profile.
func (p profile) rules() (vrrp.Rules, error) {
	if p.Family != 4 && p.Family != 6 {
		return vrrp.Rules{}, fmt.Errorf("family %d, expected 4 or 6", p.Family)
	}
	vlan, err := p.place()
	if err != nil {
		return vrrp.Rules{}, err
	}
	checksum, ok := map[string]vrrp.Checksum{"": vrrp.Either, "either": vrrp.Either, "msg": vrrp.Plain,
		"pseudo": vrrp.Pseudo}[p.Checksum]
	if !ok {
		return vrrp.Rules{}, fmt.Errorf("csum %q, expected msg, either or pseudo", p.Checksum)
	}
	r := vrrp.Rules{
		ID:       vrrp.ID{Link: loopback, VLAN: vlan, V6: p.Family == 6, VRID: p.VRID},
		Owner:    p.Priority == 255,
		Interval: time.Duration(p.IntervalCS) * 10 * time.Millisecond,
		Checksum: checksum,
		Auth:     vrrp.NewPass(p.AuthData),
		Addrs:    p.VIPs,
		Mismatch: vrrp.AcceptMismatch,
		AnyFirst: p.AnyFirst,
		Own:      p.Own,
		Group:    vrrp.DefaultGroup(p.Family == 6),
		Peers:    p.peers(),
	}
	r.Auth.Type = vrrp.AuthType(p.AuthType)
	if p.AddrCheck {
		r.Mismatch = vrrp.DropMismatch
	}
	for _, v := range p.Versions {
		r.Versions |= 1 << v
	}
	r.ID = r.ID.To(r.ListensOn())
	return r, nil
}

// place is the VLAN of a stack of tags.
func (p profile) place() (vrrp.VLAN, error) {
	const customer, service = 0x8100, 0x88a8
	switch tags := p.VLAN; {
	case len(tags) == 0:
		return 0, nil
	case len(tags) == 1 && tags[0][0] == customer:
		return vrrp.VLAN(tags[0][1]), nil
	case len(tags) == 2 && tags[0][0] == service && tags[1][0] == customer:
		return vrrp.VLAN(tags[0][1])<<16 | vrrp.VLAN(tags[1][1]), nil
	}
	return 0, fmt.Errorf("no router can be on VLAN stack %#x: 0x8100 alone or 0x88a8 over 0x8100", p.VLAN)
}

// peers gives each neighbour its range of TTLs: its own, else the profile's, else all.
func (p profile) peers() []vrrp.Peer {
	first := func(ttl uint8, given ...*uint8) uint8 {
		if i := slices.IndexFunc(given, func(g *uint8) bool { return g != nil }); i >= 0 {
			return *given[i]
		}
		return ttl
	}
	var peers []vrrp.Peer
	for _, q := range p.Peers {
		peers = append(peers, vrrp.Peer{Addr: q.Addr, MinTTL: first(0, q.MinTTL, p.MinTTL),
			MaxTTL: first(255, q.MaxTTL, p.MaxTTL)})
	}
	return peers
}

// table is the host for the codec.
func (h host) table() *vrrp.Table {
	var t vrrp.Table
	for _, s := range h.segments {
		t.SetSegment(s.Link, s.VLAN, s.UnknownDrop)
	}
	for _, r := range h.routers {
		t.SetRouter(r)
	}
	return &t
}

// on is the host with its routers on another link.
func (h host) on(link int) host {
	moved := host{slices.Clone(h.segments), slices.Clone(h.routers)}
	for i := range moved.segments {
		moved.segments[i].Link = link
	}
	for i := range moved.routers {
		moved.routers[i].ID.Link = link
	}
	return moved
}

// record is one frame of a capture.
type record struct {
	at    time.Time
	frame []byte
}

// readCapture takes a classic pcap file of Ethernet frames apart.
func readCapture(b []byte) ([]record, error) {
	const fileHeader, recordHeader, ethernet = 24, 16, 1
	if len(b) < fileHeader {
		return nil, errors.New("too short for a pcap file")
	}
	var order binary.ByteOrder = binary.LittleEndian
	if b[0] == 0xa1 {
		order = binary.BigEndian
	}
	unit, ok := map[uint32]time.Duration{0xa1b2c3d4: time.Microsecond, 0xa1b23c4d: time.Nanosecond}[order.Uint32(b)]
	if !ok {
		return nil, fmt.Errorf("magic %#x is not of a classic pcap file", order.Uint32(b))
	}
	if link := order.Uint32(b[20:]) & 0xffff; link != ethernet {
		return nil, fmt.Errorf("link type %d, expected %d, Ethernet", link, ethernet)
	}
	var records []record
	for b = b[fileHeader:]; len(b) > 0; {
		if len(b) < recordHeader || uint32(len(b)-recordHeader) < order.Uint32(b[8:]) {
			return nil, fmt.Errorf("record %d is cut off", len(records)+1)
		}
		end := recordHeader + int(order.Uint32(b[8:]))
		at := time.Unix(int64(order.Uint32(b)), int64(order.Uint32(b[4:]))*int64(unit))
		records = append(records, record{at, b[recordHeader:end]})
		b = b[end:]
	}
	return records, nil
}
