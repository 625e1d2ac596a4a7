package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

const (
	headerLen = 8 // of a message: a shorter one has no fields to show
	mostAddrs = 6 // shown on a line
)

// frameSchema names the shape of frameReport.
const frameSchema = "xvrrp.frame/v1"

// frameReport is what `xvrrp explain -o json` prints per frame.
type frameReport struct {
	Schema   string        `json:"schema"`
	Frame    int           `json:"frame"`
	Time     time.Time     `json:"time"`
	Offset   float64       `json:"offset_seconds"` // since the first frame
	Bytes    int           `json:"bytes"`
	Captured int           `json:"captured_bytes"` // fewer than Bytes: judged as if this were all
	Verdict  string        `json:"verdict"`
	Action   string        `json:"action"`
	Why      string        `json:"why"`
	Filter   string        `json:"filter,omitempty"` // the kernel filter's verdict, where it was asked
	Differ   bool          `json:"differ"`           // codec and filter do
	Router   string        `json:"router,omitempty"`
	SrcMAC   string        `json:"source_mac"`
	Other    string        `json:"protocol,omitempty"` // of a frame that carries no VRRP
	VLAN     string        `json:"vlan,omitempty"`
	Source   string        `json:"source,omitempty"`
	Dest     string        `json:"destination,omitempty"`
	TTL      uint8         `json:"ttl,omitempty"`
	Advert   *advertReport `json:"advert,omitempty"`
}

// advertReport is a decoded message. It never holds a password.
type advertReport struct {
	Version   uint8    `json:"version"`
	VRID      uint8    `json:"vrid"`
	Priority  uint8    `json:"priority"`
	Interval  float64  `json:"interval_seconds"`
	Addresses []string `json:"addresses"`
	Auth      string   `json:"auth,omitempty"` // version 2: the type
	Checksum  string   `json:"checksum"`       // message, pseudo-header, wrong, or unknown
}

// explainer prints sentences one by one and counts them.
type explainer struct {
	*app
	judge   *judge
	json    bool
	first   time.Time
	frames  int
	count   [verdict.Count]int
	differs int
}

// frame judges and prints one frame.
func (e *explainer) frame(n int, p packet) error {
	if n == 1 {
		e.first = p.at
	}
	s, err := e.judge.judge(p.data)
	if err != nil {
		return fmt.Errorf("frame %d: %w", n, err)
	}
	e.frames++
	e.count[s.verdict]++
	if s.differ() {
		e.differs++
	}
	if e.json {
		return writeJSONLine(e.stdout, e.report(n, p, &s))
	}
	_, err = fmt.Fprintln(e.stdout, e.line(n, p, &s))
	return err
}

func (e *explainer) line(n int, p packet, s *sentence) string {
	parts := []string{fmt.Sprintf("%5d %11.6f  %-4s %-12s", n, p.at.Sub(e.first).Seconds(),
		strings.ToUpper(s.verdict.Action().String()), s.verdict)}
	if s.verdict == verdict.NotVRRP {
		parts = append(parts, otherProtocol(p.data))
	} else {
		parts = append(parts, pathText(&s.frame))
	}
	if len(s.frame.Message) >= headerLen {
		parts = append(parts, advertText(&s.frame, &s.advert))
	}
	if s.router != nil && s.router.learned == "" {
		parts = append(parts, "for "+s.router.name)
	}
	if s.verdict.Action() != verdict.Take && s.verdict != verdict.NotVRRP {
		parts = append(parts, "because: "+s.why)
	}
	if p.length > len(p.data) {
		parts = append(parts, cutText(p))
	}
	if s.differ() {
		parts = append(parts, fmt.Sprintf("!! the kernel filter says %v: please report this frame", s.filter))
	}
	return strings.Join(parts, "  ")
}

func cutText(p packet) string {
	return fmt.Sprintf("(only %d of %d bytes were captured)", len(p.data), p.length)
}

func pathText(f *vrrp.Frame) string {
	text := fmt.Sprintf("%v > %v ttl %d", f.Src, f.Dst, f.TTL)
	if f.VLAN != 0 {
		text = fmt.Sprintf("vlan %v  %s", f.VLAN, text)
	}
	return text
}

func advertText(f *vrrp.Frame, a *vrrp.Advert) string {
	var b strings.Builder
	fmt.Fprintf(&b, "v%d vrid %d prio %d every %v", a.Version, a.VRID, a.Priority, a.Interval)
	if a.Version == 2 {
		fmt.Fprintf(&b, " auth %v", a.Auth.Type)
	}
	fmt.Fprintf(&b, " checksum %s [", vrrp.ChecksumForm(f.Message, f.Src, f.Dst))
	for i, addr := range a.Addrs {
		if i == mostAddrs {
			fmt.Fprintf(&b, " and %d more", len(a.Addrs)-i)
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(addr.String())
	}
	b.WriteByte(']')
	return b.String()
}

func (e *explainer) report(n int, p packet, s *sentence) frameReport {
	f := &s.frame
	r := frameReport{
		Schema: frameSchema, Frame: n, Time: p.at, Offset: float64(p.at.Sub(e.first)) / float64(time.Second), Bytes: p.length, Captured: len(p.data),
		Verdict: s.verdict.String(), Action: s.verdict.Action().String(), Why: s.why, Differ: s.differ(),
		SrcMAC: macText(f.SrcMAC),
	}
	if s.verdict == verdict.NotVRRP {
		r.Other = otherProtocol(p.data)
	}
	if s.filtered {
		r.Filter = s.filter.String()
	}
	if s.router != nil {
		r.Router = s.router.name
	}
	if f.VLAN != 0 {
		r.VLAN = f.VLAN.String()
	}
	if f.Src.IsValid() {
		r.Source, r.Dest, r.TTL = f.Src.String(), f.Dst.String(), f.TTL
	}
	if len(f.Message) >= headerLen {
		r.Advert = reportAdvert(f, &s.advert)
	}
	return r
}

func reportAdvert(f *vrrp.Frame, a *vrrp.Advert) *advertReport {
	r := &advertReport{
		Version: a.Version, VRID: a.VRID, Priority: a.Priority, Interval: a.Interval.Seconds(),
		Addresses: []string{}, Checksum: vrrp.ChecksumForm(f.Message, f.Src, f.Dst),
	}
	for _, addr := range a.Addrs {
		r.Addresses = append(r.Addresses, addr.String())
	}
	if a.Version == 2 {
		r.Auth = a.Auth.Type.String()
	}
	return r
}

func macText(m [6]byte) string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
}

// end prints the sum and fails if codec and filter differed.
func (e *explainer) end() error {
	if !e.json {
		fmt.Fprintf(e.stderr, "xvrrp: %s\n", e.sum())
	}
	if e.differs > 0 {
		return exitWith(exitFailed, errors.New(e.difference()))
	}
	return nil
}

// sum counts the frames by verdict, in the order of the list of verdicts.
func (e *explainer) sum() string {
	parts := make([]string, 0, len(e.count))
	for v, n := range e.count {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %v", n, verdict.Verdict(v)))
		}
	}
	text := counted(e.frames, "frame")
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return text
}

func (e *explainer) difference() string {
	return fmt.Sprintf("codec and kernel filter differ on %s, marked with !!: please report with the capture", counted(e.differs, "frame"))
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
