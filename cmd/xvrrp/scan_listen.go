package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// sender tells apart who sends what to which VRID, and what becomes of it.
type sender struct {
	iface, vlan, family string
	vrid                uint8
	source, mac         string
	verdict             string // that of all adverts taken is delivered
}

// listen hears every advert for a while.
func listen(ctx context.Context, a *app, iface string, during time.Duration) (map[sender]*api.Sighting, error) {
	within, cancel := context.WithTimeout(ctx, during)
	defer cancel()
	heard := make(map[sender]*api.Sighting)
	for s, err := range a.client().Sniff(within, api.SniffFilter{Interface: iface}, nil) {
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case within.Err() != nil && (err == nil || errors.Is(err, within.Err())):
			return heard, nil
		case err != nil:
			return nil, err
		case s.Advert != nil && len(heard) < mostFollowed:
			hear(heard, &s)
		}
	}
	return heard, nil
}

func hear(heard map[sender]*api.Sighting, s *api.Sniffed) {
	label := s.Verdict
	if s.Action == verdict.Take.String() {
		label = verdict.Delivered.String()
	}
	key := sender{s.Interface, s.VLAN, s.Family, s.Advert.VRID, s.Source, s.MAC, label}
	h := heard[key]
	if h == nil {
		h = &api.Sighting{Interface: s.Interface, VLAN: s.VLAN, Family: s.Family, VRID: s.Advert.VRID, Source: s.Source, MAC: s.MAC,
			Verdict: label, Router: s.Router, First: s.Time}
		heard[key] = h
	}
	h.Version, h.Priority, h.Interval, h.Addresses = s.Advert.Version, s.Advert.Priority, s.Advert.Interval, s.Advert.Addresses
	h.Checksum, h.Auth, h.Why, h.Last = s.Advert.Checksum, s.Advert.Auth, s.Why, s.Time
	h.Present = h.Priority != 0
	h.Samples++
}

// onlyHeard makes what was heard the senders that are listed. When they were first heard the daemon knows better.
func onlyHeard(s *api.Segments, heard map[sender]*api.Sighting) {
	for i := range s.Segments {
		seg := &s.Segments[i]
		var rows []api.Sighting
		for _, h := range seg.Heard {
			now := heard[sender{h.Interface, h.VLAN, h.Family, h.VRID, h.Source, h.MAC, h.Verdict}]
			switch {
			case h.Self:
				rows = append(rows, h)
			case now != nil && h.First.Before(now.First):
				now.First = h.First
			}
		}
		for key, h := range heard {
			if key.iface == seg.Interface && key.vlan == seg.VLAN && key.family == seg.Family {
				rows = append(rows, *h)
				seg.Free = slices.DeleteFunc(seg.Free, func(vrid int) bool { return vrid == int(key.vrid) })
			}
		}
		slices.SortFunc(rows, func(a, b api.Sighting) int {
			return cmp.Or(cmp.Compare(a.VRID, b.VRID), cmp.Compare(b.Router, a.Router), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Verdict, b.Verdict))
		})
		seg.Heard = append([]api.Sighting{}, rows...)
	}
}
