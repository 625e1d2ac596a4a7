package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// introduce prints who takes part.
func (s *stage) introduce() {
	for i, h := range s.hosts {
		fmt.Fprintf(s.app.stdout, "%s  %v  priority %d  pid %d\n", h.Name, h.addr, cast[i].priority, h.pid)
	}
	fmt.Fprintf(s.app.stdout, "client %v pings %v every %v\n\n", demoClient.Addr(), demoVIP.Addr(), pingEvery)
	s.say(s.began, "xvrrp starts on %d hosts", len(s.hosts))
}

// say prints one line of the time line.
func (s *stage) say(at time.Time, format string, args ...any) {
	fmt.Fprintf(s.app.stdout, "%8.3fs  %s\n", at.Sub(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// remark prints a line that has no instant.
func (s *stage) remark(format string, args ...any) {
	fmt.Fprintf(s.app.stdout, "           %s\n", fmt.Sprintf(format, args...))
}

// line is one line of the time line, to be sorted.
type line struct {
	at   time.Time
	text string
}

// sayAll prints lines in the order of time. One without an instant did not happen.
func (s *stage) sayAll(lines []line) {
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	for _, l := range lines {
		if !l.at.IsZero() {
			s.say(l.at, "%s", l.text)
		}
	}
}

// tellElection prints how the cluster came up.
func (s *stage) tellElection(ctx context.Context) error {
	var lines []line
	for _, h := range s.hosts {
		promoted, err := h.promotions(ctx)
		if err != nil {
			return err
		}
		for _, e := range promoted {
			lines = append(lines, promotion(h, e))
		}
	}
	snap, err := s.hosts[0].daemon.Status(ctx)
	if err != nil {
		return err
	}
	l := linkOf(snap, demoCard)
	s.remark("the filter sits in %s (%s) on %s: %s", l.Mode, l.Hook, demoCard, l.Reason)
	s.sayAll(lines)
	s.remark("%v is on %s", demoVIP, s.holders())
	return nil
}

func promotion(h *actor, e api.Event) line {
	text := fmt.Sprintf("%s is master, because of %s", h.Name, e.Why)
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	return line{e.Time, text}
}

// holders says on which hosts' cards the virtual address is.
func (s *stage) holders() string {
	var live, left []string
	for _, h := range s.hosts {
		switch {
		case h.off || !h.HasAddr(demoCard, demoVIP.Addr()):
		case h.dead:
			left = append(left, h.Name)
		default:
			live = append(live, h.Name)
		}
	}
	text := "no host"
	if len(live) > 0 {
		text = strings.Join(live, " and ")
	}
	if len(left) > 0 {
		text += ", and left behind on " + strings.Join(left, " and ")
	}
	return text
}

// tale is one failover with all that is known of it.
type tale struct {
	master, heir *actor
	disaster     disaster
	promotion    api.Event
	prescribed   time.Duration
	passage      passage
}

// tellDisaster prints how a master is lost.
func (s *stage) tellDisaster(master *actor, d disaster, struck, lastAdvert time.Time) {
	fmt.Fprintln(s.app.stdout)
	if !lastAdvert.IsZero() {
		s.say(lastAdvert, "%s sends its last advert", master.Name)
	}
	s.say(struck, "%s: %s", master.Name, d.what)
}

// tellFailover prints how its heir took over.
func (s *stage) tellFailover(t tale) {
	p := t.passage
	first := t.heir.Name + " sends its first advert"
	if !p.lastAdvert.IsZero() {
		first += fmt.Sprintf(", %.4fs after the last one of %s; the protocol prescribes %.4fs",
			p.firstAdvert.Sub(p.lastAdvert).Seconds(), t.master.Name, t.prescribed.Seconds())
	}
	s.sayAll([]line{
		promotion(t.heir, t.promotion),
		{p.firstAdvert, first},
		{p.claimed, fmt.Sprintf("%s announces %v by gratuitous ARP", t.heir.Name, demoVIP.Addr())},
		{p.answered, fmt.Sprintf("%s answers the client", t.heir.Name)},
	})
	s.remark("%v is on %s", demoVIP, s.holders())
	s.remark("client: %s, %d lost, longest wait for an answer %v", counted(p.pings, "ping"), p.lost, p.wait.Round(100*time.Microsecond))
	if t.disaster.after != "" {
		s.remark("%s", t.disaster.after)
	}
}
