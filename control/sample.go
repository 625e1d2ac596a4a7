package control

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// mostSightings bounds what a segment full of strangers can make us remember; the oldest goes first.
const mostSightings = 4096

// logAgain is how long a sighting that has been logged stays silent in the log.
const logAgain = time.Minute

// Together sightings may log mostLines at once, and then one each lineEvery: forged sources must not fill the disk.
const (
	mostLines = 50
	lineEvery = time.Second
)

// sightingKey tells sources apart: who sent what to which router of which segment, and why it was refused.
type sightingKey struct {
	id      vrrp.ID
	src     netip.Addr
	verdict verdict.Verdict
}

// sighting is a source of adverts that no router of ours took.
type sighting struct {
	api.Sighting
	link   string
	advert vrrp.Advert   // the last sampled
	mac    [6]byte       // its sender's
	at     time.Duration // of the last sample
	logged time.Duration // when it was last logged; 0 for never
}

type sightings map[sightingKey]*sighting

// sampled keeps what a refused or foreign advert was, and explains it once in a while in the log.
func (d *daemon) sampled(s loader.Sample) {
	key := sightingKey{s.ID, s.Src, s.Verdict}
	seen := d.sightings[key]
	if seen == nil {
		d.sightings.makeRoom()
		seen = &sighting{link: d.linkName(s.ID.Link)}
		seen.First = d.wall(s.At)
		d.sightings[key] = seen
	}
	r := d.meant(s.ID, s.Verdict)
	seen.describe(s, d.wall(s.At))
	seen.Router, seen.Why = r.name(), d.explain(s, r)
	if seen.logged != 0 && s.At-seen.logged < logAgain {
		return
	}
	if d.report(s, seen, r) {
		seen.logged = s.At
	}
}

// meant is the router of ours that an advert was for, or nil.
func (d *daemon) meant(id vrrp.ID, v verdict.Verdict) *router {
	if v == verdict.Elsewhere {
		return d.namesake(id)
	}
	return d.byID[id]
}

// namesake is a router that differs from an ID in no more than where its adverts are sent, or nil.
func (d *daemon) namesake(id vrrp.ID) *router {
	for _, r := range d.routers {
		if r.bound != nil && r.bound.id() == id.To(r.bound.id().ListensOn()) {
			return r
		}
	}
	return nil
}

// report logs a sighting, in keepalived's words where log alarms know them, and tells whether it did.
func (d *daemon) report(s loader.Sample, seen *sighting, r *router) bool {
	args := []any{"link", seen.link, "vrid", s.ID.VRID, "af", s.ID.Family(), "source", s.Src, "mac", seen.MAC,
		"verdict", s.Verdict.String(), "detail", seen.Why}
	switch {
	case r == nil && s.Verdict == verdict.Conflict, r != nil && seen.isForeign(s.Verdict, r.conf):
		d.clashes(s, seen, r, args)
	case s.Verdict == verdict.Foreign && d.conf != nil && !d.conf.Global.LogUnknown, !d.mayLog(s.At):
		return false
	case s.Verdict.Action() == verdict.Drop:
		d.log.Warn("advert dropped", args...)
	default:
		d.log.Info("advert passed by", args...)
	}
	return true
}

// mayLog reports whether a line is left, and takes it. Conflicts need none: the kernel samples one a second.
func (d *daemon) mayLog(at time.Duration) bool {
	if d.logged-at > (mostLines-1)*lineEvery {
		return false
	}
	d.logged = max(d.logged, at) + lineEvery
	return true
}

// explain words a verdict with the expected and the seen value.
func (d *daemon) explain(s loader.Sample, r *router) string {
	if r == nil || r.bound == nil {
		return explain(&s, nil)
	}
	return explain(&s, new(r.bound.rules()))
}

// explain words a verdict by the rules of the router it was given for, nil where there is none.
func explain(s *loader.Sample, rules *vrrp.Rules) string {
	if s.Length > len(s.Message) {
		return fmt.Sprintf("message of %d bytes: %s", s.Length, s.Verdict.Meaning()) // cut: its values would mislead
	}
	f := vrrp.Frame{VLAN: s.ID.VLAN, V6: s.ID.V6, SrcMAC: s.MAC, Src: s.Src, Dst: s.Dst, TTL: s.TTL, Message: s.Message}
	return vrrp.Explain(f, s.Verdict, rules)
}

func (s *sighting) describe(from loader.Sample, at time.Time) {
	s.advert, _ = vrrp.Parse(from.Message, from.Src, from.Dst)
	s.at, s.mac = from.At, from.MAC
	first, samples := s.First, s.Samples
	s.Sighting = sightingOf(s.link, from.ID, from.Src, from.MAC, &s.advert)
	s.Checksum = vrrp.ChecksumForm(from.Message, from.Src, from.Dst)
	s.Verdict, s.Samples, s.First, s.Last = from.Verdict.String(), samples+1, first, at
}

// sightingOf is what an advert tells of its sender.
func sightingOf(link string, id vrrp.ID, src netip.Addr, from [6]byte, a *vrrp.Advert) api.Sighting {
	s := api.Sighting{Interface: link, Family: id.Family(), VRID: id.VRID, Source: src.String(), MAC: mac(from), Version: a.Version,
		Priority: a.Priority, Interval: a.Interval.Seconds(), Addresses: []string{}, Auth: a.AuthKind()}
	if id.VLAN != 0 {
		s.VLAN = id.VLAN.String()
	}
	for _, addr := range a.Addrs {
		s.Addresses = append(s.Addresses, addr.String())
	}
	return s
}

// presentFor is how long after its last advert a sender at least counts as present. Of two that are refused for the same
// reason the filter may sample one for seconds on end.
const presentFor = 10 * time.Second

// stillThere reports whether a sender that was heard at an instant, and advertises so often, may still be there.
func stillThere(now, heard, interval time.Duration) bool {
	return now-heard <= max(presentFor, 3*interval)
}

// makeRoom forgets the sighting that was not seen for longest when there are too many.
func (s sightings) makeRoom() {
	if len(s) < mostSightings {
		return
	}
	var oldest sightingKey
	at := time.Duration(1<<63 - 1)
	for k, v := range s {
		if v.at < at {
			oldest, at = k, v.at
		}
	}
	delete(s, oldest)
}

// compare notes where a valid advert differs from what we would send: its address list and its checksum form.
func (d *daemon) compare(r *router, a loader.Advert, adv vrrp.Advert) {
	ours := r.bound.addrs()
	if missing, extra := difference(ours, adv.Addrs), difference(adv.Addrs, ours); len(missing)+len(extra) > 0 {
		d.noted(r, "addresses", fmt.Sprintf("%v advertises another address list than ours: missing %v, extra %v", a.Src, missing, extra))
	} else {
		drop(&r.notes, "addresses")
	}
	if adv.Version == 3 && !a.ID.V6 && adv.Checksum != r.conf.SendChecksum {
		d.noted(r, "checksum", fmt.Sprintf("%v sends the other form of checksum than we do and may refuse our adverts; see v3_checksum_as_v2", a.Src))
	}
}

// difference lists what of a is not in b.
func difference(a, b []netip.Addr) (out []netip.Addr) {
	for _, addr := range a {
		if !slices.Contains(b, addr) {
			out = append(out, addr)
		}
	}
	return out
}

func mac(m [6]byte) string {
	var b strings.Builder
	for i, x := range m {
		if i > 0 {
			b.WriteByte(':')
		}
		fmt.Fprintf(&b, "%02x", x)
	}
	return b.String()
}
