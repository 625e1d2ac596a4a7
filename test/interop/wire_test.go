package interop

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

// handover is the moment a segment changed its master.
type handover struct {
	last  bed.Advert // of the old master, priority 0 when it resigned
	first bed.Advert // of the new one
}

func (h handover) took() time.Duration { return h.first.At - h.last.At }

// findHandover looks for the first advert of `to` that follows one of `from`. Adverts of anybody else, or of `from`
// after the handover, are an error: two masters.
func findHandover(heard []bed.Advert, from, to netip.Addr) (h handover, found bool, err error) {
	for _, a := range heard {
		switch {
		case a.Src != from && a.Src != to:
			return h, found, fmt.Errorf("a third router speaks: %s", a)
		case a.Src == from && found:
			return h, found, fmt.Errorf("%s speaks after %s took over: %s", from, to, a)
		case a.Src == from:
			h.last = a
		case h.last.Src.IsValid() && !found:
			h.first, found = a, true
		}
	}
	return h, found, nil
}

// interruption is the first advert of somebody else than the master, and how long the master had been silent then.
// The first of the adverts given is the master's.
// On a machine busy enough a master may miss its own deadlines; then a backup is right to speak.
func interruption(heard []bed.Advert, master netip.Addr) (a *bed.Advert, silence time.Duration) {
	var last time.Duration
	for i := range heard {
		if heard[i].Src != master {
			return &heard[i], heard[i].At - last
		}
		last = heard[i].At
	}
	return nil, 0
}
