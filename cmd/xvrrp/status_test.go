package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// healthy is pair without its faulty router.
func healthy() api.Snapshot {
	s := pair()
	s.Links, s.Routers = s.Links[:1], s.Routers[:2]
	for i := range s.Routers {
		s.Routers[i].Notes = nil
		for v := range s.Routers[i].VIPs {
			s.Routers[i].VIPs[v].Held = s.Routers[i].Role == "master"
		}
	}
	s.Heard = nil
	return s
}

func TestStatusCheck(t *testing.T) {
	well := func(*api.Snapshot) {}
	for _, c := range []struct {
		name  string
		spoil func(s *api.Snapshot)
		kind  string // of a conflict of the first router
		args  string
		code  int
		says  string
	}{
		{"all is well", well, "", "", exitOK, "ok: 2 routers, 1 master, 1 backup"},
		{"a fault", func(s *api.Snapshot) { s.Routers[0].Role, s.Routers[0].Faults = "fault", []string{"script chk failed"} }, "", "", exitNotReached,
			"ERIC_VI_1: fault: script chk failed"},
		{"a fault of another router", func(s *api.Snapshot) { s.Routers[0].Role = "fault" }, "", "lan6", exitOK, "ok: 1 router, 1 master"},
		{"still in init", func(s *api.Snapshot) { s.Routers[0].Role = "init" }, "", "", exitNotReached, "ERIC_VI_1: still in init"},
		{"just started", func(s *api.Snapshot) { s.Routers[0].Role, s.Started = "init", s.Now.Add(-time.Second) }, "", "", exitOK, "ok: 2 routers, 1 master, 1 init"},
		{"no filter", func(s *api.Snapshot) { s.Links[0].Mode = "" }, "", "", exitNotReached, "ens160: the filter is not attached"},
		{"a link in trouble", func(s *api.Snapshot) { s.Links[0].Error = "it is gone" }, "", "", exitNotReached, "ens160: it is gone"},
		{"an address is missing", func(s *api.Snapshot) { s.Routers[1].VIPs[0].Held = false }, "", "", exitNotReached, "lan6: master without"},
		{"another cluster", well, api.OtherCluster, "", exitNotReached, "ERIC_VI_1: conflict with 172.160.180.200 (aa:bb): in short"},
		{"two masters", well, api.TwoMasters, "", exitNotReached, "ERIC_VI_1: conflict"},
		{"a clone", well, api.Clone, "", exitNotReached, "ERIC_VI_1: conflict"},
		{"somebody new", well, api.Intruder, "", exitOK, "ok"},
		{"a conflict of another router", well, api.Clone, "lan6", exitOK, "ok"},
		{"maintenance", func(s *api.Snapshot) {
			r := &s.Routers[0]
			r.Role, r.Faults, r.Maintenance = "fault", []string{"maintenance, by root"}, &api.Away{By: "root"}
		}, api.Clone, "", exitOK, "ok: 2 routers, 1 master, 1 fault, 1 in maintenance"},
		{"maintenance of a sync group's member", func(s *api.Snapshot) {
			s.Routers[0].Role, s.Routers[0].Maintenance = "fault", &api.Away{By: "root"}
			s.Routers[1].Role, s.Routers[0].Group, s.Routers[1].Group = "fault", "G", "G"
		}, "", "", exitOK, "ok: 2 routers, 2 fault, 1 in maintenance"},
		{"a fault of its own beside one in maintenance", func(s *api.Snapshot) {
			s.Routers[0].Role, s.Routers[0].Maintenance = "fault", &api.Away{By: "root"}
			s.Routers[1].Role, s.Routers[0].Group, s.Routers[1].Group, s.Routers[1].Faults = "fault", "G", "G", []string{"script chk failed"}
		}, "", "", exitNotReached, "lan6: fault: script chk failed"},
		{"a link where all is in maintenance", func(s *api.Snapshot) {
			s.Links[0].Mode = ""
			for i := range s.Routers {
				s.Routers[i].Role, s.Routers[i].Maintenance = "fault", &api.Away{By: "root"}
			}
		}, "", "", exitOK, "ok: 2 routers, 2 fault, 2 in maintenance"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := healthy()
			c.spoil(&s)
			d := &fakeDaemon{snapshots: []api.Snapshot{s}}
			if c.kind != "" {
				d.conflicts.Conflicts = []api.Conflict{{Router: "ERIC_VI_1", Kind: c.kind, Summary: "in short",
					Sender: api.Sighting{Source: "172.160.180.200", MAC: "aa:bb"}}}
			}
			dir := d.start(t)
			r := newCommand(append([]string{"status", "--check", "--runtime-dir", dir}, strings.Fields(c.args)...)...).run(t)
			r.expect(t, c.code, "")
			if !strings.HasPrefix(r.stdout, c.says) || strings.Count(r.stdout, "\n") != 1 || r.stderr != "" {
				t.Errorf("said %q and %q, want a line %q", r.stdout, r.stderr, c.says)
			}
		})
	}
}

func TestStatusOptions(t *testing.T) {
	for _, c := range []struct {
		args       string
		code       int
		prints     string
		hides      string
		complaints string
	}{
		{"--brief", exitOK, "xvrrp 1.0, up 3d04h: 3 routers, 1 master, 1 backup, 1 fault; ens160 xdp, ens192 unfiltered; 1 problem\n", "ROUTER", ""},
		{"--state master", exitOK, "lan6", "ERIC_VI_1", ""},
		{"--state FAULT,init", exitOK, "db", "lan6", ""},
		{"--iface ens160 --vrid 56", exitOK, "ERIC_VI_1", "lan6", ""},
		{"--vrid 200", exitOK, "no such router\n", "ROUTER", ""},
		{"--format keepalived", exitOK, "[]\n", "ROUTER", ""},
		{"--format frr", exitUsage, "", "", "there is keepalived"},
		{"--state up", exitUsage, "", "", "init, backup, master, fault"},
		{"--check --brief", exitUsage, "", "", "--brief and --check exclude each other"},
		{"--watch=1ms", exitUsage, "", "", "choose 100ms or more"},
	} {
		t.Run(c.args, func(t *testing.T) {
			dir := (&fakeDaemon{snapshots: []api.Snapshot{pair()}}).start(t)
			r := newCommand(append([]string{"status", "--runtime-dir", dir}, strings.Fields(c.args)...)...).run(t)
			r.expect(t, c.code, c.complaints)
			if !strings.Contains(r.stdout, c.prints) {
				t.Errorf("printed %q, want %q", r.stdout, c.prints)
			}
			if c.hides != "" && strings.Contains(r.stdout, c.hides) {
				t.Errorf("printed %q, which has %s", r.stdout, c.hides)
			}
		})
	}
}

// watched runs status --watch in a pipe and returns its lines as they come.
func watched(t *testing.T, d *fakeDaemon, args ...string) (lines *bufio.Scanner, stop func() (code int)) {
	t.Helper()
	dir := t.TempDir()
	end := d.startIn(t, dir)
	read, write := io.Pipe()
	cmd := newCommand(append([]string{"status", "--watch=100ms", "--runtime-dir", dir}, args...)...)
	cmd.stdout, cmd.stderr = write, new(bytes.Buffer)
	code := make(chan int, 1)
	go func() {
		code <- run(t.Context(), cmd.env)
		write.Close()
	}()
	return bufio.NewScanner(read), func() int { end(); return <-code }
}

func TestStatusWatchPrintsALinePerChange(t *testing.T) {
	after := pair()
	after.Now = noon.Add(time.Second)
	after.Routers = append([]api.Router{}, after.Routers[:2]...)
	after.Routers[1].Priority = 90
	lines, stop := watched(t, &fakeDaemon{snapshots: []api.Snapshot{pair(), pair(), after}})
	var got []string
	for range 5 {
		if !lines.Scan() {
			t.Fatal("the lines did not come")
		}
		got = append(got, lines.Text())
	}
	golden(t, "status-watch.golden", strings.Join(got, "\n")+"\n")
	if code := stop(); code != exitNoDaemon {
		t.Errorf("exit code %d, want %d", code, exitNoDaemon)
	}
}

func TestStatusWatchAsJSON(t *testing.T) {
	lines, stop := watched(t, &fakeDaemon{snapshots: []api.Snapshot{pair()}}, "lan6", "-o", "json")
	if !lines.Scan() {
		t.Fatal("no line came")
	}
	var w watchedRouter
	if err := json.Unmarshal(lines.Bytes(), &w); err != nil || w.Schema != watchSchema || w.Router.Name != "lan6" || !w.Time.Equal(noon) {
		t.Errorf("%v: %s", err, lines.Text())
	}
	stop()
}

// What was over between two looks is told all the same.
func TestStatusWatchMissesNoTransition(t *testing.T) {
	var out bytes.Buffer
	w := teller{out: &out, lines: make(map[string]string)}
	flap := []api.Event{
		{Time: noon.Add(time.Second), Kind: "transition", Router: "ERIC_VI_1", From: "backup", To: "fault", Why: "link"},
		{Time: noon.Add(2 * time.Second), Kind: "transition", Router: "ERIC_VI_1", From: "fault", To: "backup", Why: "cleared"},
		{Time: noon.Add(2 * time.Second), Kind: "note", Router: "ERIC_VI_1", Why: "codec"},
	}
	for _, g := range []glance{{snap: pair(), events: flap}, {snap: pair(), events: flap}} {
		out.Reset()
		if err := w.tell(g); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "status-watch-flap.golden", out.String())
}
