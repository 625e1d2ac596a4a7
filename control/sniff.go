package control

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Adverts as the filter judges them are shown by whoever asks, not by the loop: it is asked for the rules of a router
// once in a while, so that reasons can be told with the values expected.

// sniffed is what the filter shows of its work, while somebody looks.
type sniffed interface {
	Sniff(ctx context.Context, which loader.Filter, to func(loader.Sniffed)) error
	SniffLost() uint64
}

const (
	// To decode and to write adverts takes time that the elections need as well: this many are shown at once, and so
	// many a second after that.
	mostShown  = 5000
	shownEvery = time.Second / 5000

	// knownFor is how long what the loop said of a router is taken to hold.
	knownFor = 2 * time.Second
)

// Sniff makes ready to show adverts. It is for other goroutines.
func (d *daemon) Sniff(ctx context.Context, which api.SniffFilter) (api.SniffRun, error) {
	var at loader.Filter
	var only vrrp.ID
	refused := ""
	_, err := ask(ctx, d, func() bool { at, only, refused = d.aim(which); return true })
	switch {
	case err != nil:
		return nil, err
	case refused != "":
		return nil, errors.New(refused)
	}
	return func(ctx context.Context, to func(api.Sniffed)) error {
		s := &sniff{daemon: d, which: which, only: only, known: make(map[acquaintanceKey]acquaintance), before: d.sniffed.SniffLost()}
		return d.sniffed.Sniff(ctx, at, func(f loader.Sniffed) { s.show(ctx, &f, to) })
	}, nil
}

// aim finds what a filter means, or says why it means nothing. The loop calls it.
func (d *daemon) aim(which api.SniffFilter) (at loader.Filter, only vrrp.ID, refused string) {
	at.VRID = which.VRID
	if which.Interface != "" {
		l := d.links[which.Interface]
		if l == nil || l.index == 0 {
			return at, only, "the daemon does not listen on " + which.Interface
		}
		at.Link = l.index
	}
	if which.Router == "" {
		return at, only, ""
	}
	r, err := d.called(which.Router)
	switch {
	case err != nil:
		return at, only, err.Error()
	case r.bound == nil:
		return at, only, which.Router + " is not on a link now"
	}
	only = r.bound.id()
	return loader.Filter{Link: only.Link, VRID: only.VRID}, only, ""
}

// sniff is one who looks on.
type sniff struct {
	*daemon
	which  api.SniffFilter
	only   vrrp.ID // zero: all
	known  map[acquaintanceKey]acquaintance
	spent  time.Duration // instant at which mostShown may be shown at once again
	before uint64        // what was lost when it began
	lost   uint64        // what came too fast
}

type acquaintanceKey struct {
	id        vrrp.ID
	elsewhere bool
}

// acquaintance is what the loop said of an ID.
type acquaintance struct {
	until        time.Duration
	link, router string
	rules        *vrrp.Rules // nil: no router of ours has it
}

// show gives an advert on, unless there are too many.
func (s *sniff) show(ctx context.Context, f *loader.Sniffed, to func(api.Sniffed)) {
	if s.only != (vrrp.ID{}) && f.ID != s.only && !(f.Verdict == verdict.Elsewhere && f.ID.To(s.only.ListensOn()) == s.only) {
		return
	}
	if s.spent-f.At > (mostShown-1)*shownEvery {
		s.lost++
		return
	}
	s.spent = max(s.spent, f.At) + shownEvery
	who, err := s.acquainted(ctx, f)
	if err != nil {
		return // it is over
	}
	to(s.describe(f, who))
}

// acquainted is what the loop says of an advert's router.
func (s *sniff) acquainted(ctx context.Context, f *loader.Sniffed) (acquaintance, error) {
	key := acquaintanceKey{f.ID, f.Verdict == verdict.Elsewhere}
	if who, known := s.known[key]; known && f.At < who.until {
		return who, nil
	}
	if len(s.known) >= mostSightings {
		clear(s.known)
	}
	who, err := ask(ctx, s.daemon, func() acquaintance {
		who := acquaintance{until: f.At + knownFor, link: s.linkName(f.ID.Link)}
		if r := s.meant(f.ID, f.Verdict); r != nil && r.bound != nil {
			who.router, who.rules = r.conf.Name, new(r.bound.rules())
		}
		return who
	})
	if err == nil {
		s.known[key] = who
	}
	return who, err
}

func (s *sniff) describe(f *loader.Sniffed, who acquaintance) api.Sniffed {
	out := api.Sniffed{
		Time: time.Now().Add(f.At - s.now()), Interface: who.link, Family: f.ID.Family(), Router: who.router,
		Source: f.Src.String(), Destination: f.Dst.String(), MAC: mac(f.MAC), TTL: f.TTL,
		Verdict: f.Verdict.String(), Action: f.Verdict.Action().String(), Why: explain(&f.Sample, who.rules), Bytes: f.WireLength,
		Lost: s.lost + s.sniffed.SniffLost() - s.before,
	}
	if f.ID.VLAN != 0 {
		out.VLAN = f.ID.VLAN.String()
	}
	if s.which.Frames {
		out.Frame = f.Frame
	}
	if a, _ := vrrp.Parse(f.Message, f.Src, f.Dst); a.Version != 0 { // else it is shorter than a header
		out.Advert = s.message(f, &a)
	}
	return out
}

func (s *sniff) message(f *loader.Sniffed, a *vrrp.Advert) *api.Advert {
	h := sightingOf("", f.ID, f.Src, f.MAC, a)
	out := &api.Advert{Version: a.Version, VRID: f.ID.VRID, Priority: a.Priority, Interval: h.Interval, Addresses: h.Addresses, Auth: h.Auth,
		Checksum: vrrp.ChecksumForm(f.Message, f.Src, f.Dst)}
	if s.which.Secrets && a.Auth.Type == vrrp.AuthPass {
		out.Password = string(bytes.TrimRight(a.Auth.Data[:], "\x00"))
	}
	return out
}
