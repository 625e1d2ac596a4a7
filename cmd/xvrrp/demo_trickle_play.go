package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
)

// record is what a segment has heard of one router during an ordeal.
type record struct {
	speaker netip.Addr // who spoke last
	last    time.Time
	changes int           // of the speaker
	adverts int           // of both hosts
	silence time.Duration // the longest without either
}

// hear takes an advert, and tells whether the one before was another host's.
func (r *record) hear(h heardFrame) (changed bool) {
	r.pass(h.at)
	r.adverts++
	changed = r.speaker.IsValid() && r.speaker != h.addr
	if changed {
		r.changes++
	}
	r.speaker, r.last = h.addr, h.at
	return changed
}

// pass lets time pass in which nobody spoke.
func (r *record) pass(at time.Time) { r.silence = max(r.silence, at.Sub(r.last)) }

// told is how many changes the time line tells one by one, of each ordeal and camp.
const told = 4

// ordeals is the trickle demo from the first election to the table.
func (s *stage) ordeals(ctx context.Context, o trickleOptions) error {
	camps, stranger, err := s.assemble(o)
	if err != nil {
		return err
	}
	s.began = time.Now()
	s.introduceCamps(camps, o)
	for _, c := range camps {
		if err := s.elect(ctx, c); err != nil {
			return err
		}
	}
	results := make([][]record, len(trickles))
	for i, o := range trickles {
		if err := pause(ctx, demoCalm); err != nil {
			return err
		}
		if results[i], err = s.ordeal(ctx, o, camps, stranger); err != nil {
			return err
		}
	}
	s.tellResults(camps, results)
	return nil
}

// elect starts a camp, the backup when the master is one.
func (s *stage) elect(ctx context.Context, c *camp) error {
	for _, start := range []struct {
		host *actor
		role string
	}{{c.master, "MASTER"}, {c.backup, "BACKUP"}} {
		if err := start.host.start(); err != nil {
			return err
		}
		if err := start.host.awaitLog(ctx, "Entering "+start.role+" STATE", 2); err != nil {
			return err
		}
	}
	s.say(time.Now(), "%s: %s is master of both routers, %s is backup", c.name, c.master.Name, c.backup.Name)
	return nil
}

// awaitLog waits until the host's daemon has written something so many times.
func (h *actor) awaitLog(ctx context.Context, text string, times int) error {
	return poll(ctx, fmt.Sprintf("%s does not say %q", h.Name, text), func() (bool, error) {
		written, err := os.ReadFile(h.log)
		if err != nil {
			return false, err
		}
		return strings.Count(string(written), text) >= times, h.failed(nil)
	})
}

// ordeal sends bogus adverts to every camp for a while, and returns what each segment has heard.
func (s *stage) ordeal(ctx context.Context, o ordeal, camps []*camp, stranger *lab.Host) ([]record, error) {
	records := make([]record, len(camps))
	fmt.Fprintf(s.app.stdout, "\n%s\n", o.name)
	s.say(time.Now(), "the stranger begins: an advert for VRID %d every %v, where %v is the interval", o.vrid, o.interval/2, o.interval)
	begin := time.Now()
	for i, c := range camps {
		c.catchUp(o.vrid, &records[i])
		records[i] = record{speaker: records[i].speaker, last: begin}
	}
	next := time.NewTicker(o.interval / 2)
	defer next.Stop()
	for time.Since(begin) < o.length {
		if err := o.inject(stranger, camps); err != nil {
			return nil, err
		}
		select {
		case <-next.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		s.sayChanges(o.vrid, camps, records)
	}
	for i := range records {
		records[i].pass(time.Now())
	}
	s.tellOrdeal(camps, records)
	return records, nil
}

// inject sends the advert once to each camp.
func (o ordeal) inject(stranger *lab.Host, camps []*camp) error {
	var errs []error
	for _, c := range camps {
		errs = append(errs, stranger.Inject(strangerCards[c.segment], o.frame([6]byte{2, 'x', 'v', 0, 0, 66})))
	}
	return errors.Join(errs...)
}

// change is an advert by another host than the one before.
type change struct {
	at       time.Time
	from, to netip.Addr
	after    time.Duration // since the one before
}

// catchUp enters into a record what the segment has heard of a router since the last time.
func (c *camp) catchUp(vrid uint8, r *record) (changes []change) {
	frames := c.ear.Frames()
	for _, f := range frames[c.heard:] {
		h := dissect(f.Wall, f.Data)
		if h.what != advert || h.vrid != vrid || h.addr == strangerAddr {
			continue
		}
		before := *r
		if r.hear(h) {
			changes = append(changes, change{h.at, before.speaker, h.addr, h.at.Sub(before.last)})
		}
	}
	c.heard = len(frames)
	return changes
}
