package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/xvrrp/xvrrp/control"
	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/doctor"
	"github.com/xvrrp/xvrrp/control/script"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// elsewhere is the variable that puts a process of tests into a time zone of its own: other goroutines read the zone, so
// that it is set before there are any.
const elsewhere = "XVRRP_TEST_ELSEWHERE"

// TestMain makes the test binary xvrrp itself where the demo starts it as one of its daemons.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		main()
	}
	time.Local = time.UTC // that of the golden files
	if os.Getenv(elsewhere) != "" {
		time.Local = time.FixedZone("", 5*3600)
	}
	os.Exit(m.Run())
}

// result is what one command line came to.
type result struct {
	code           int
	stdout, stderr string
}

// command is a command line that is run in this process, with everything it could touch replaced.
type command struct{ env }

func newCommand(args ...string) *command {
	return &command{env{
		args:         args,
		getenv:       func(string) string { return "" },
		root:         os.DirFS("/"),
		openFilter:   func() (filter, error) { return nil, errors.New("no filter in this test") },
		daemon:       func(context.Context, control.Options) error { return errors.New("no daemon in this test") },
		capabilities: func() (uint64, error) { return ^uint64(0), nil },

		program:        "xvrrp",
		umask:          func(int) {},
		enterNamespace: func(string) error { return errors.New("no network namespace in this test") },
		detach:         func() (int, error) { return exitFailed, errors.New("no background in this test") },
		leaveStarter:   func() error { return errors.New("not started in the background") },
		hasLink:        func(string) bool { return true },
		prepare:        func(script.Spec, script.Policy) (*script.Command, string, error) { return nil, "", nil },
		listing: func(context.Context, string, ...string) ([]byte, error) {
			return nil, errors.New("no programs in this test")
		},
		survey: func(context.Context, *doctor.Facts) error { return nil },
	}}
}

// files replaces the file system.
func (c *command) files(m fstest.MapFS) *command {
	c.root = m
	return c
}

func (c *command) run(t *testing.T) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c.stdout, c.stderr = &stdout, &stderr
	code := run(t.Context(), c.env)
	return result{code, stdout.String(), stderr.String()}
}

// golden compares text with a file of testdata, or writes it there with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run go test -update and review the difference", err)
	}
	if got != string(want) {
		t.Errorf("%s differs\n--- got\n%s--- want\n%s", path, got, want)
	}
}

// expect checks an exit code and what is said on standard error.
func (r result) expect(t *testing.T, code int, says string) {
	t.Helper()
	if r.code != code || !strings.Contains(r.stderr, says) {
		t.Errorf("exit code %d, stderr %q; want %d and %q", r.code, r.stderr, code, says)
	}
}

// fakeDaemon answers with what it was given.
type fakeDaemon struct {
	snapshots []api.Snapshot // one per question, the last one for ever
	asked     int
	log       api.Log
	plans     []api.Plan // one per reload, the last one for ever
	reloads   []bool     // whether each reload was dry
	conf      *config.Config
	err       error // of reloads and edits

	edits     []api.Edit
	done      api.Done
	wanted    []any // failovers, maintenance and announcements
	compared  string
	overrides api.Overrides
	segments  []api.Segments // one per question, the last one for ever
	conflicts api.Conflicts
	sniffed   []api.Sniffed
	sniffing  api.SniffFilter // how it was asked
}

func (d *fakeDaemon) Snapshot(context.Context) (api.Snapshot, error) {
	i := min(d.asked, len(d.snapshots)-1)
	d.asked++
	return d.snapshots[i], nil
}

func (d *fakeDaemon) Events(_ context.Context, since uint64) (api.Page, error) {
	return d.log.Since(since), nil
}

// Detail answers from the last snapshot.
func (d *fakeDaemon) Detail(_ context.Context, router string) (api.Detail, error) {
	s := d.snapshots[len(d.snapshots)-1]
	unknown := &api.UnknownRouter{Name: router}
	for _, r := range s.Routers {
		if r.Name == router {
			return detailOf(s, r), nil
		}
		unknown.There = append(unknown.There, r.Name)
	}
	return api.Detail{}, unknown
}

func (d *fakeDaemon) Stories(_ context.Context, router string) (api.Stories, error) {
	return stories(router), nil
}

func (d *fakeDaemon) Keepalived(context.Context) ([]byte, error) { return []byte("[]\n"), d.err }

func (d *fakeDaemon) Reload(_ context.Context, dry bool) (api.Plan, error) {
	d.reloads = append(d.reloads, dry)
	if d.err != nil {
		return api.Plan{}, d.err
	}
	p := d.plans[min(len(d.reloads), len(d.plans))-1]
	p.DryRun = dry
	return p, nil
}

// Edit answers with the first plan.
func (d *fakeDaemon) Edit(_ context.Context, e api.Edit) (api.Plan, error) {
	d.edits = append(d.edits, e)
	if d.err != nil {
		return api.Plan{}, d.err
	}
	p := d.plans[0]
	p.DryRun, p.Kept = e.DryRun, e.Keep
	return p, nil
}

func (d *fakeDaemon) Failover(_ context.Context, f api.Failover) (api.Done, error) { return d.do(f) }

func (d *fakeDaemon) Maintain(_ context.Context, m api.Maintenance) (api.Done, error) {
	return d.do(m)
}

func (d *fakeDaemon) Announce(_ context.Context, a api.Announcement) (api.Done, error) {
	return d.do(a)
}

func (d *fakeDaemon) do(wanted any) (api.Done, error) {
	d.wanted = append(d.wanted, wanted)
	return d.done, d.err
}

func (d *fakeDaemon) ConfigText(context.Context) (string, error) {
	return "vrrp_instance VI_9 {\n}\n", d.err
}

// Compare answers with the first plan.
func (d *fakeDaemon) Compare(_ context.Context, text string) (api.Plan, error) {
	d.compared = text
	if d.err != nil {
		return api.Plan{}, d.err
	}
	return d.plans[0], nil
}

func (d *fakeDaemon) Overrides(context.Context) (api.Overrides, error) { return d.overrides, d.err }

func (d *fakeDaemon) Segments(context.Context) (api.Segments, error) {
	s := d.segments[0]
	if len(d.segments) > 1 {
		d.segments = d.segments[1:]
	}
	return s, nil
}

func (d *fakeDaemon) Conflicts(context.Context, string, []string) (api.Conflicts, error) {
	return d.conflicts, nil
}

// Sniff shows what there is and goes on until it is left.
func (d *fakeDaemon) Sniff(_ context.Context, which api.SniffFilter) (api.SniffRun, error) {
	d.sniffing = which
	return func(ctx context.Context, to func(api.Sniffed)) error {
		for _, s := range d.sniffed {
			if !which.Frames {
				s.Frame = nil
			}
			to(s)
		}
		<-ctx.Done()
		return nil
	}, d.err
}

func (d *fakeDaemon) Config(context.Context) (*config.Config, error) { return d.conf, nil }

func (d *fakeDaemon) Alive(context.Context) error { return nil }

// start serves d in a runtime directory of its own until the test ends.
func (d *fakeDaemon) start(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	d.startIn(t, dir)
	return dir
}

// startIn does so in a given one; stop ends it earlier.
func (d *fakeDaemon) startIn(t *testing.T, dir string) (stop func()) {
	t.Helper()
	l, err := api.Listen(dir, api.Access{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- api.Serve(ctx, l, d, slog.New(slog.DiscardHandler)) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// pair is the tutorial's cluster as its second node sees it, with a router more whose link is gone.
func pair() api.Snapshot {
	ago, last := 0.204, noon.Add(-3*time.Second)
	return api.Snapshot{
		Schema: api.Schema, Version: "1.0", PID: 4711, Started: noon.Add(-76 * time.Hour), Now: noon,
		Config: "/etc/keepalived/keepalived.conf",
		Timing: api.Timing{Expiries: 52000, WorstLateness: 0.00042, LastLateness: 31e-6, Lateness: []api.LatenessClass{
			{UpTo: 50e-6, Adverts: 51000}, {UpTo: 100e-6, Adverts: 900}, {UpTo: 0.001, Adverts: 100}, {}}},
		Links: []api.Link{
			{Name: "ens160", Index: 2, Mode: "xdp", Hook: "native", Reason: "a network card with native XDP", Up: true},
			{Name: "ens192", Index: 3, Error: "interface ens192 does not exist"},
		},
		Routers: []api.Router{{
			Name: "ERIC_VI_1", Interface: "ens160", Family: "ipv4", VRID: 56, Version: 2, Role: "backup", Why: "outranked",
			Since: noon.Add(-75*time.Hour - 12*time.Minute), Priority: 150, Base: 150, Source: "172.160.180.47",
			Master: "172.160.180.46", MasterPrio: 160, Interval: 1, MasterInterval: 1, Skew: 0.4140625, Down: 3.4140625,
			Margins: api.Margins{Adverts: 270100, Classes: []api.MarginClass{{UpTo: 0.5, Adverts: 3}, {Adverts: 270097}},
				NearFailovers: 1, LongestGap: 3.0101, LastGap: 1.0002},
			LastHeard: &ago, Preempt: true, Accept: true, Notes: []string{"VRID 56 is also used by 172.160.180.200"},
			VIPs:  []api.VIP{{Address: netip.MustParsePrefix("172.160.180.168/24"), Device: "ens160"}},
			Stats: api.Stats{Since: noon.Add(-76 * time.Hour), NewMaster: "silence", Received: 270100, Sent: 3, BecameMaster: 1, LeftMaster: 1, ZeroReceived: 1, Rescued: 2, Verdicts: map[string]uint64{"coalesced": 270090, "delivered": 10, "conflict": 12}},
		}, {
			Name: "lan6", Interface: "ens160", VLAN: "100", Family: "ipv6", VRID: 7, Version: 3, Role: "master", Why: "silence",
			Since: noon.Add(-65 * time.Second), Priority: 100, Base: 100, Source: "fe80::2", Interval: 0.1, MasterInterval: 0.1,
			Skew: 0.06, Down: 0.36, Accept: false, Preempt: true,
			VIPs: []api.VIP{
				{Address: netip.MustParsePrefix("fe80::1/64"), Device: "ens160.100", Held: true},
				{Address: netip.MustParsePrefix("2001:db8::1/64"), Device: "ens160.100", Held: true, Excluded: true},
			},
		}, {
			Name: "db", Interface: "ens192", Family: "ipv4", VRID: 12, Version: 2, Role: "fault", Why: "fault", Since: noon.Add(-8 * time.Second),
			Priority: 90, Base: 90, Interval: 1, MasterInterval: 1, Skew: 0.6484375, Down: 3.6484375, Preempt: true, Accept: true,
			Faults: []string{"interface ens192 does not exist"},
			VIPs:   []api.VIP{{Address: netip.MustParsePrefix("10.9.0.1/24"), Device: "ens192"}},
		}},
		Heard: []api.Sighting{{
			Interface: "ens160", Family: "ipv4", VRID: 51, Source: "172.160.180.9", MAC: "02:00:00:00:00:09", Version: 2, Priority: 100,
			Interval: 1, Addresses: []string{"172.160.180.10", "172.160.180.11"}, Verdict: "foreign", Samples: 40,
			Checksum: "message", Auth: "none", Present: true, Why: "VRID 51 over ipv4 is not configured here",
			First: noon.Add(-2 * time.Hour), Last: noon.Add(-time.Second),
		}},
		Drops: []api.Drop{
			{Interface: "ens160", Router: "ERIC_VI_1", Verdict: "conflict", Action: "drop", Frames: 12,
				Meaning: "shares no address with us: another cluster uses this VRID",
				Detail:  "addresses 172.160.180.210 share none with ours 172.160.180.168",
				Source:  "172.160.180.200", MAC: "02:00:00:00:00:c8", Last: &last,
				Sample: &api.Sighting{Version: 2, Priority: 120, Interval: 1, Auth: "pass", Checksum: "message", Addresses: []string{"172.160.180.210"}}},
			{Interface: "ens160", Verdict: "foreign", Action: "pass", Frames: 7200, Meaning: "advert for a VRID that is not configured here"},
		},
	}
}

// grouped is the cluster with everything a router can have beside addresses.
func grouped() api.Snapshot {
	s := pair()
	changed := noon.Add(-20 * time.Second)
	s.Groups = []api.Group{{Name: "G", Role: "fault", Since: changed, Members: []string{"ERIC_VI_1", "db"}}}
	s.Trackers = []api.Tracker{
		{Kind: "script", Name: "chk", State: "down", Detail: "exited with status 1", Since: &changed, Routers: []string{"ERIC_VI_1"}},
		{Kind: "file", Name: "load", State: "up", Value: 3, Routers: []string{"ERIC_VI_1", "G"}},
		{Kind: "check", Name: "web", State: "unknown", Routers: []string{"lan6"}},
	}
	s.Missing = []string{"10.1.0.1/24 dev ens192"}
	r := &s.Routers[0]
	r.Group, r.VMAC, r.Peers = "G", "ens160v56v4", []string{"172.160.180.46"}
	r.Routes, r.Rules = []string{"10.9.0.0/24 via 172.160.180.1"}, []string{"from 172.160.180.168 table 100"}
	r.Tracks = []api.Track{
		{Kind: "script", Name: "chk", Weight: -20, State: "down"}, {Kind: "file", Name: "load", Weight: 1, Reverse: true, State: "up"},
		{Kind: "interface", Name: "ens192", State: "down"},
	}
	return s
}

// observed is a daemon that only listens.
func observed() api.Snapshot {
	s := pair()
	s.Config, s.Routers, s.Drops = "", nil, nil
	return s
}

// failover is the event log of one failover.
func failover() (l api.Log) {
	at := func(s float64) time.Time { return noon.Add(time.Duration(s * float64(time.Second))) }
	l.Append(api.Event{Time: at(0), Kind: "daemon", Why: "start", Detail: "xvrrp 1.0, pid 4711"})
	l.Append(api.Event{Time: at(0.001), Kind: "transition", Router: "ERIC_VI_1", From: "init", To: "backup", Why: "startup"})
	l.Append(api.Event{Time: at(3.4142), Kind: "transition", Router: "ERIC_VI_1", From: "backup", To: "master", Why: "silence", Detail: "no advert for 3.414s"})
	l.Append(api.Event{Time: at(9), Kind: "conflict", Router: "ERIC_VI_1", Why: "conflict", Detail: "172.160.180.200 uses VRID 56"})
	return l
}
