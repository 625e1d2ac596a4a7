package control

import (
	"time"

	"github.com/xvrrp/xvrrp/control/election"
)

// A backup whose master lives has a deadline now and then, at which nothing is found but that its stamp has moved. To be
// woken for each would cost more than everything else. So whenever one such deadline comes, the stamps of all routers
// with a deadline in the next interval are looked at, too: they need not wake us, and a thousand routers cost one
// wake-up in two or three intervals. Nobody's deadline moves but by what its master sent.

// sweepPiece is how many deadlines are looked through before those that have come are served: some tens of microseconds
// where all are refreshed.
const sweepPiece = 64

// sweep is how far the present look through the deadlines has come.
type sweep struct {
	until time.Duration // deadlines up to then are looked at
	rest  int           // those of the heap from here on have been
}

// begin starts a sweep of a heap of n deadlines. One that is under way starts over if it did not reach as far.
func (s *sweep) begin(until time.Duration, n int) {
	if s.rest > 0 && until <= s.until {
		return
	}
	s.until, s.rest = until, n
}

// sweepOn looks through the next piece of the deadlines, and reports whether there was one. From the end on, a router
// that moves down changes places with those that have been looked at already.
func (d *daemon) sweepOn() bool {
	s := &d.sweep
	if s.rest == 0 {
		return false
	}
	s.rest = min(s.rest, d.deadlines.len()) // some may have gone meanwhile
	from, batch := max(s.rest-sweepPiece, 0), d.batch[:0]
	for place := s.rest - 1; place >= from; place-- {
		if at, r := d.deadlines.entry(place); at <= s.until {
			batch = append(batch, r)
		}
	}
	s.rest = from
	fetch(batch)
	for _, r := range batch {
		if r.core.Role() == election.Backup {
			d.refresh(r)
		}
	}
	return true
}
