package main

import (
	"fmt"
	"net/netip"
	"time"
)

// introduceCamps prints who takes part.
func (s *stage) introduceCamps(camps []*camp, o trickleOptions) {
	for _, c := range camps {
		fmt.Fprintf(s.app.stdout, "%s and %s  %s, VRID %d at 100ms and VRID %d with a password at 1s\n",
			c.master.Name, c.backup.Name, c.name, quickVRID, guardedVRID)
	}
	if len(camps) < 2 {
		fmt.Fprintf(s.app.stdout, "no %s to show beside it: install one, or name it with --keepalived\n", o.keepalived)
	}
	fmt.Fprintf(s.app.stdout, "stranger %v belongs to neither pair\n\n", strangerAddr)
}

// nameOf is the name of a camp's host.
func (c *camp) nameOf(addr netip.Addr) string {
	if addr == c.master.addr {
		return c.master.Name
	}
	return c.backup.Name
}

// sayChanges prints who speaks for a router now instead of whom, as long as that is news.
func (s *stage) sayChanges(vrid uint8, camps []*camp, records []record) {
	var lines []line
	for i, c := range camps {
		before := records[i].changes
		for n, change := range c.catchUp(vrid, &records[i]) {
			switch n += before; {
			case n < told:
				lines = append(lines, line{change.at, fmt.Sprintf("%s: %s takes over from %s, %s after its last advert",
					c.name, c.nameOf(change.to), c.nameOf(change.from), roundly(change.after))})
			case n == told:
				lines = append(lines, line{change.at, c.name + ": and so on"})
			}
		}
	}
	s.sayAll(lines)
}

// tellOrdeal prints how each camp came through.
func (s *stage) tellOrdeal(camps []*camp, records []record) {
	for i, c := range camps {
		r := records[i]
		if r.changes == 0 {
			s.remark("%s: the master never changed", c.name)
		} else {
			s.remark("%s: the master changed %s", c.name, counted(r.changes, "time"))
		}
	}
}

// tellResults prints the table in the end.
func (s *stage) tellResults(camps []*camp, results [][]record) {
	const row = "%-24s%-18s%18v%18v%10v\n"
	fmt.Fprintf(s.app.stdout, "\n"+row, "bogus adverts", "against", "changes of master", "longest silence", "adverts")
	for i, o := range trickles {
		for n, c := range camps {
			r := results[i][n]
			fmt.Fprintf(s.app.stdout, row, o.name, c.name, r.changes, roundly(r.silence), r.adverts)
		}
	}
	if len(camps) > 1 {
		fmt.Fprintln(s.app.stdout, "\nkeepalived's option vrrp_lower_prio_no_advert, off by default, keeps its clock from what it receives")
	}
}

// roundly is a duration to the millisecond.
func roundly(d time.Duration) string { return fmt.Sprintf("%.3fs", d.Seconds()) }
