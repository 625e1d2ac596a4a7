package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// illness is a way for a web server to fail.
type illness struct {
	level        string // heads the act
	what, heals  string // said of the server
	strike, cure func(s *stage, w *webServer) error
}

// sicknesses are the levels at which a service can die, from the ground up.
var sicknesses = []illness{
	{
		level: "level 1, the machine", what: "its cable is cut", heals: "the cable is back",
		strike: func(s *stage, w *webServer) error { return s.lab.Cut(w.host) },
		cure:   func(s *stage, w *webServer) error { return s.lab.Heal(w.host) },
	},
	{
		level: "level 2, the port", what: "the web server ends, the machine stays", heals: "the web server runs again",
		strike: func(_ *stage, w *webServer) error { return w.close() },
		cure:   func(_ *stage, w *webServer) error { return w.open() },
	},
	{
		level: "level 3, the application", what: fmt.Sprintf("it answers 200 OK, but says %q", strings.TrimSpace(sickPage)), heals: "it answers well again",
		strike: func(_ *stage, w *webServer) error { w.sick.Store(true); return nil },
		cure:   func(_ *stage, w *webServer) error { w.sick.Store(false); return nil },
	},
}

// illnesses is the health demo from the first election to the last recovery.
func (s *stage) illnesses(ctx context.Context, attach string) error {
	patient, err := s.enter(attach)
	if err != nil {
		return err
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	s.introduceHealth()
	if _, err := s.settle(ctx); err != nil {
		return err
	}
	seen := make(map[*actor]uint64)
	if err := s.tellNews(ctx, seen); err != nil {
		return err
	}
	for _, i := range sicknesses {
		if err := s.suffer(ctx, patient, i, seen); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(s.app.stdout)
	return err
}

// suffer has a server fail at one level and recover, and tells what follows from each.
func (s *stage) suffer(ctx context.Context, w *webServer, i illness, seen map[*actor]uint64) error {
	fmt.Fprintf(s.app.stdout, "\n%s\n", i.level)
	began := time.Now()
	watcher, other := s.hosts[0], s.hosts[1]
	for _, turn := range []struct {
		what   string
		happen func(*stage, *webServer) error
		master []*actor // who is to be master then, before who follows
	}{
		{i.what, i.strike, []*actor{other, watcher}},
		{i.heals, i.cure, []*actor{watcher, other}},
	} {
		s.say(time.Now(), "%s: %s", w.host.Name, turn.what)
		if err := turn.happen(s, w); err != nil {
			return err
		}
		err := poll(ctx, turn.master[0].Name+" does not become master", func() (bool, error) { return agree(ctx, turn.master) })
		if err != nil {
			return err
		}
		if err := pause(ctx, demoCalm); err != nil {
			return err
		}
		if err := s.tellNews(ctx, seen); err != nil {
			return err
		}
	}
	var p passage
	p.countPings(s.client.between(began, time.Now()))
	s.remark("client: %s, %d lost, longest wait for an answer %v", counted(p.pings, "ping"), p.lost, p.wait.Round(100*time.Microsecond))
	return nil
}

// introduceHealth prints who takes part.
func (s *stage) introduceHealth() {
	for i, h := range s.hosts {
		fmt.Fprintf(s.app.stdout, "%s  %v  priority %d, less 30 for each of: address, port, application of web%d (%v)\n",
			h.Name, h.addr, wards[i].priority, i+1, wards[i].web.Addr())
	}
	fmt.Fprintf(s.app.stdout, "client %v pings %v every %v\n\n", demoClient.Addr(), demoVIP.Addr(), pingEvery)
	s.say(s.began, "xvrrp starts on %d hosts", len(s.hosts))
}

// tellNews prints what the daemons have noted since they were asked last, and where the address is now.
func (s *stage) tellNews(ctx context.Context, seen map[*actor]uint64) error {
	var lines []line
	for _, h := range s.hosts {
		for e, err := range h.daemon.Events(ctx, seen[h], false) {
			if err != nil {
				return err
			}
			seen[h] = e.Seq
			if text := news(e); text != "" {
				lines = append(lines, line{e.Time, h.Name + ": " + text})
			}
		}
	}
	s.sayAll(lines)
	s.remark("%v is on %s", demoVIP, s.holders())
	return nil
}

// news words an event that belongs to the story.
func news(e api.Event) string {
	detail := ""
	if e.Detail != "" {
		detail = ": " + e.Detail
	}
	switch e.Kind {
	case "track":
		return fmt.Sprintf("%s is %s%s", e.Why, e.To, detail)
	case "priority":
		return "priority" + detail
	case "transition":
		return fmt.Sprintf("%s, because of %s%s", e.To, e.Why, detail)
	}
	return ""
}
