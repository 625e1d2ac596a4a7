package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// holdDir names the variable that makes the test binary a daemon in the directory it holds, for a test to kill.
const holdDir = "XVRRP_TEST_HOLD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdDir); dir != "" {
		hold(dir)
	}
	if path := os.Getenv(dialPath); path != "" {
		c, err := net.Dial("unix", path)
		if err != nil {
			panic(err)
		}
		c.Read(make([]byte, 1)) // until it has been looked at
		return
	}
	os.Exit(m.Run())
}

// hold says ready on standard output once it listens in dir, and stays.
func hold(dir string) {
	l, err := Listen(dir, Access{})
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString("ready")
	l.Accept()
}

// daemon is a Source whose log may be written by the test.
type daemon struct {
	mu   sync.Mutex
	snap Snapshot
	log  Log
	dead error

	edits []Edit
	asked []any // failovers, maintenance and announcements

	sniffed uint64 // adverts to show
	padding string // of each
}

func (d *daemon) Snapshot(context.Context) (Snapshot, error) { return d.snap, d.dead }

func (d *daemon) Events(_ context.Context, since uint64) (Page, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Since(since), d.dead
}

func (d *daemon) Keepalived(context.Context) ([]byte, error) { return []byte("[]"), d.dead }

// Reload tells how it was asked.
func (d *daemon) Reload(_ context.Context, dry bool) (Plan, error) {
	return Plan{Schema: PlanSchema, DryRun: dry, Applied: !dry, Same: 3}, d.dead
}

// Edit tells how it was asked.
func (d *daemon) Edit(_ context.Context, e Edit) (Plan, error) {
	d.edits = append(d.edits, e)
	return Plan{Schema: PlanSchema, DryRun: e.DryRun, Kept: e.Keep, Changes: []Change{{Router: "VI_9", Action: Added}}}, d.dead
}

func (d *daemon) Failover(_ context.Context, f Failover) (Done, error) { return d.do("failover", f) }

func (d *daemon) Maintain(_ context.Context, m Maintenance) (Done, error) {
	return d.do("maintenance", m)
}

func (d *daemon) Announce(_ context.Context, a Announcement) (Done, error) { return d.do("garp", a) }

// do tells how it was asked.
func (d *daemon) do(verb string, asked any) (Done, error) {
	d.asked = append(d.asked, asked)
	return Done{Schema: DoneSchema, Verb: verb, Routers: []string{"VI_1"}}, d.dead
}

func (d *daemon) Detail(_ context.Context, router string) (Detail, error) {
	for _, r := range d.snap.Routers {
		if r.Name == router {
			return Detail{Schema: DetailSchema, Router: r}, d.dead
		}
	}
	return Detail{}, &UnknownRouter{Name: router, There: []string{"VI_1"}}
}

func (d *daemon) Stories(_ context.Context, router string) (Stories, error) {
	return Stories{Schema: StorySchema, Router: router, Stories: []Story{{Event: 7, Cause: "tie"}}}, d.dead
}

func (d *daemon) ConfigText(context.Context) (string, error) {
	return "vrrp_instance VI_9 {\n}\n", d.dead
}

// Compare tells how it was asked.
func (d *daemon) Compare(_ context.Context, text string) (Plan, error) {
	return Plan{Schema: PlanSchema, DryRun: true, Other: []string{text}}, d.dead
}

func (d *daemon) Overrides(context.Context) (Overrides, error) {
	return Overrides{Schema: OverridesSchema, File: "/var/lib/xvrrp/routers.conf",
		Routers: []Override{{Router: "VI_9", Action: Added, Text: "vrrp_instance VI_9 {\n}\n"}}}, d.dead
}

func (d *daemon) Segments(context.Context) (Segments, error) {
	return Segments{Schema: SegmentsSchema, Segments: []Segment{{Interface: "ens160", Family: "ipv4", Free: []int{1, 255},
		Heard: []Sighting{{VRID: 51, Source: "172.160.180.9", Addresses: []string{}}}}}}, d.dead
}

// Conflicts has one router, VI_1, and tells who is known.
func (d *daemon) Conflicts(_ context.Context, router string, known []string) (Conflicts, error) {
	if router != "" && router != "VI_1" {
		return Conflicts{}, &UnknownRouter{Name: router, There: []string{"VI_1"}}
	}
	return Conflicts{Schema: ConflictsSchema, Conflicts: []Conflict{{Router: "VI_1", Kind: Misfit, Advice: known}}}, d.dead
}

// Sniff shows as much as there is.
func (d *daemon) Sniff(_ context.Context, which SniffFilter) (SniffRun, error) {
	return func(ctx context.Context, to func(Sniffed)) error {
		for n := uint64(0); n < d.sniffed && ctx.Err() == nil; n++ {
			to(Sniffed{Interface: which.Interface, Router: which.Router, Bytes: int(n), Why: d.padding})
		}
		<-ctx.Done()
		return nil
	}, d.dead
}

func (d *daemon) happen(why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log.Append(Event{Why: why})
}

// serve runs src in dir; stop ends it and waits.
func serve(t *testing.T, dir string, src Source) (stop func()) {
	t.Helper()
	l, err := Listen(dir, Access{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, src, slog.New(slog.DiscardHandler)) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func TestStatusCrossesUnchanged(t *testing.T) {
	ago := 0.25
	want := Snapshot{
		Schema: Schema, Version: "1.2", PID: 42, Now: time.Unix(1700000000, 5).UTC(),
		Links: []Link{{Name: "ens160", Index: 2, Mode: "xdp", Arrivals: Histogram{Classes: []Class{}}}},
		Routers: []Router{{
			Name: "VI_1", VRID: 56, Role: "master", LastHeard: &ago,
			VIPs:    []VIP{{Address: netip.MustParsePrefix("172.160.180.168/24"), Held: true}},
			Margins: Margins{Adverts: 5, Classes: []MarginClass{{UpTo: 0.1, Adverts: 1}, {Adverts: 4}}, NearFailovers: 1, LongestGap: 3, LastGap: 1},
			Stats: Stats{Verdicts: map[string]uint64{"ttl": 3}, NewMaster: "silence",
				Transitions: []Transition{{From: "backup", To: "master", Why: "silence", Count: 2}}},
		}},
		Heard:  []Sighting{{VRID: 51, Addresses: []string{"172.160.180.200"}}},
		Drops:  []Drop{{Verdict: "ttl", Action: "drop", Frames: 3}},
		Timing: Timing{Expiries: 3, Lateness: []LatenessClass{{UpTo: 50e-6, Adverts: 2}, {Adverts: 1}}},
		Takeovers: Takeovers{Detected: Histogram{Count: 2, Sum: 7.2, Classes: []Class{{UpTo: 5, Count: 2}, {}}},
			Held: Histogram{Classes: []Class{}}, Announced: Histogram{Classes: []Class{}}},
		Reloads:  Reloads{Applied: 1, Rejected: 2, Last: time.Unix(1700000000, 0).UTC()},
		Groups:   []Group{{Name: "G", Role: "master", Members: []string{"VI_1"}}},
		Trackers: []Tracker{{Kind: "check", Name: "web", State: "down", Detail: "status 503, want 200", Routers: []string{"VI_1"}}},
	}
	dir := t.TempDir()
	serve(t, dir, &daemon{snap: want})
	got, err := NewClient(dir).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAbsentListsAreEmptyInJSON(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, &daemon{snap: Snapshot{Links: []Link{{}}, Routers: []Router{{}}, Heard: []Sighting{{}}}})
	body, err := NewClient(dir).get(t.Context(), "/v1/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "null") {
		t.Errorf("null in %s", b)
	}
}

func TestReload(t *testing.T) {
	dir := t.TempDir()
	d := &daemon{}
	serve(t, dir, d)
	for _, dry := range []bool{false, true} {
		p, err := NewClient(dir).Reload(t.Context(), dry)
		if err != nil || p.DryRun != dry || p.Applied == dry || p.Same != 3 {
			t.Errorf("dry %t: got %+v, %v", dry, p, err)
		}
	}
	d.dead = errors.New("there is nothing to read again")
	if _, err := NewClient(dir).Reload(t.Context(), false); err == nil || !strings.Contains(err.Error(), d.dead.Error()) {
		t.Errorf("got %v, want %v", err, d.dead)
	}
}

// What a client asks to be done to routers is what the daemon is asked.
func TestEdit(t *testing.T) {
	for _, want := range []Edit{
		{Verb: AddRouters, Text: "vrrp_instance VI_9 {\n}\n", Label: "new routers.conf", Keep: true},
		{Verb: SetRouter, Names: []string{"a/b c"}, Text: "priority 150", Label: "argument", DryRun: true},
		{Verb: RemoveRouters, Names: []string{"VI_1", "VI_2"}, Label: "request"},
		{Verb: ResetRouters, Names: []string{"VI_1"}, Label: "request"},
	} {
		t.Run(want.Verb, func(t *testing.T) {
			dir := t.TempDir()
			d := &daemon{}
			serve(t, dir, d)
			p, err := NewClient(dir).Edit(t.Context(), want)
			if err != nil || p.DryRun != want.DryRun || p.Kept != want.Keep || len(p.Changes) != 1 {
				t.Errorf("got %+v, %v", p, err)
			}
			if len(d.edits) != 1 || !reflect.DeepEqual(d.edits[0], want) {
				t.Errorf("asked %+v, want %+v", d.edits, want)
			}
		})
	}
}

func TestOverridesCrossUnchanged(t *testing.T) {
	dir := t.TempDir()
	d := &daemon{}
	serve(t, dir, d)
	want, _ := d.Overrides(t.Context())
	got, err := NewClient(dir).Overrides(t.Context())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestOneRouter(t *testing.T) {
	names := []string{"up/down 100%", "..", ".", "a/../b", "../v1/status", "%2E%2E", "?"} // they may hold anything
	var s Snapshot
	for i, name := range names {
		s.Routers = append(s.Routers, Router{Name: name, VRID: uint8(i)})
	}
	dir := t.TempDir()
	serve(t, dir, &daemon{snap: s})
	c := NewClient(dir)
	for i, name := range names {
		if d, err := c.Detail(t.Context(), name); err != nil || d.Router.VRID != uint8(i) {
			t.Errorf("detail of %s: %+v, %v", name, d, err)
		}
		if s, err := c.Stories(t.Context(), name, false); err != nil || s.Router != name || len(s.Stories) != 1 || s.Stories[0].Event != 7 {
			t.Errorf("stories of %s: %+v, %v", name, s, err)
		}
	}
	if _, err := c.Detail(t.Context(), "VI_9"); err == nil || err.Error() != "no router is named VI_9: there are VI_1" {
		t.Errorf("of a router that is not there: %v", err)
	}
}

func TestUnknownRouter(t *testing.T) {
	many := make([]string, mostNames+3)
	for i := range many {
		many[i] = "VI"
	}
	for _, c := range []struct {
		name  string
		there []string
		want  string
	}{
		{"none", nil, "the daemon only observes"},
		{"few", []string{"VI_1", "VI_2"}, "there are VI_1, VI_2"},
		{"many", many, "VI and 3 more"},
	} {
		if got := (&UnknownRouter{Name: "X", There: c.there}).Error(); !strings.HasSuffix(got, c.want) {
			t.Errorf("%s: %q does not end in %q", c.name, got, c.want)
		}
	}
}

func TestOtherSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, &daemon{snap: Snapshot{Schema: "xvrrp.status/v9", Version: "9.0"}})
	if _, err := NewClient(dir).Status(t.Context()); err == nil || !strings.Contains(err.Error(), "9.0") {
		t.Errorf("got %v, want an error naming the daemon's version", err)
	}
}

func TestEvents(t *testing.T) {
	d := &daemon{}
	for _, why := range []string{"one", "two", "three"} {
		d.happen(why)
	}
	dir := t.TempDir()
	serve(t, dir, d)
	for _, c := range []struct {
		name  string
		since uint64
		want  string
	}{
		{"all", 0, "one two three"},
		{"since the first", 1, "two three"},
		{"nothing new", 3, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for e, err := range NewClient(dir).Events(t.Context(), c.since, false) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, e.Why)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

func TestFollowSeesWhatHappensAndTheParting(t *testing.T) {
	d := &daemon{}
	d.happen("before")
	dir := t.TempDir()
	stop := serve(t, dir, d)
	ended := make(chan struct{})
	script := map[string]func(){
		"before": func() { d.happen("after") },
		"after": func() {
			d.happen("parting")
			go func() { stop(); close(ended) }()
		},
		"parting": func() {},
	}
	var seen []string
	var last error
	for e, err := range NewClient(dir).Events(t.Context(), 0, true) {
		if err != nil {
			last = err
			break
		}
		seen = append(seen, e.Why)
		script[e.Why]()
	}
	<-ended
	if got := strings.Join(seen, " "); got != "before after parting" {
		t.Errorf("saw %q", got)
	}
	if !errors.Is(last, ErrEnded) {
		t.Errorf("ended with %v, want ErrEnded", last)
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	d := &daemon{}
	d.happen("one")
	dir := t.TempDir()
	serve(t, dir, d)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range NewClient(dir).Events(ctx, 0, true) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("ended with %v, want context.Canceled", last)
	}
}

func TestServeEndsAlthoughAFollowerDoesNotRead(t *testing.T) {
	d := &daemon{}
	for range Keep {
		d.happen(strings.Repeat("x", 1024)) // more than a socket buffers
	}
	dir := t.TempDir()
	stop := serve(t, dir, d)
	conn, err := net.Dial("unix", filepath.Join(dir, socketName))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /v1/events?follow=1 HTTP/1.1\r\nHost: xvrrp\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	stop()
	if took := time.Since(began); took > leaveWithin+answerWithin {
		t.Errorf("took %v to leave", took)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	stuck := t.TempDir()
	serve(t, dir, &daemon{})
	serve(t, stuck, &daemon{dead: errors.New("loop is busy")})
	for _, c := range []struct {
		name, dir, method, target string
		code                      int
		says                      string
	}{
		{"since is no number", dir, "GET", "/v1/events?since=x", http.StatusBadRequest, "since"},
		{"no router named", dir, "DELETE", "/v1/routers", http.StatusBadRequest, "name=NAME"},
		{"edit of a stuck loop", stuck, "POST", "/v1/routers", http.StatusConflict, "loop is busy"},
		{"overrides of a stuck loop", stuck, "GET", "/v1/overrides", http.StatusConflict, "loop is busy"},
		{"status of a stuck loop", stuck, "GET", "/v1/status", http.StatusServiceUnavailable, "loop is busy"},
		{"events of a stuck loop", stuck, "GET", "/v1/events", http.StatusServiceUnavailable, "loop is busy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := http.NewRequest(c.method, "http://xvrrp"+c.target, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := NewClient(c.dir).asking.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var f failure
			if err := json.NewDecoder(resp.Body).Decode(&f); err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != c.code || !strings.Contains(f.Error, c.says) {
				t.Errorf("got %d %q, want %d and %q", resp.StatusCode, f.Error, c.code, c.says)
			}
		})
	}
}

func TestOnlyReadingIsServed(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, &daemon{})
	resp, err := NewClient(dir).asking.Post("http://xvrrp/v1/status", "application/json", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST answered %s", resp.Status)
	}
}

func TestNoDaemon(t *testing.T) {
	stale := t.TempDir()
	abandon(t, stale)
	for _, c := range []struct{ name, dir string }{
		{"empty directory", t.TempDir()},
		{"no directory", filepath.Join(t.TempDir(), "none")},
		{"socket of a dead daemon", stale},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewClient(c.dir).Status(t.Context())
			if !errors.Is(err, ErrNoDaemon) || !strings.Contains(err.Error(), c.dir) {
				t.Errorf("status: got %v, want ErrNoDaemon naming %s", err, c.dir)
			}
			for _, err := range NewClient(c.dir).Events(t.Context(), 0, true) {
				if !errors.Is(err, ErrNoDaemon) {
					t.Errorf("events: got %v, want ErrNoDaemon", err)
				}
			}
		})
	}
}

// abandon leaves a socket in dir that nobody listens on.
func abandon(t *testing.T, dir string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, socketName), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

func TestListenReplacesWhatAKilledDaemonLeft(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holdDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatalf("the child did not get ready: %v", err)
	}

	_, err = Listen(dir, Access{})
	if !errors.Is(err, ErrRunning) {
		t.Fatalf("beside a live daemon: got %v, want ErrRunning", err)
	}
	if pid := cmd.Process.Pid; !strings.Contains(err.Error(), fmt.Sprintf("pid %d:", pid)) {
		t.Errorf("%q does not name pid %d", err, pid)
	}

	cmd.Process.Kill()
	cmd.Wait()
	l, err := Listen(dir, Access{})
	if err != nil {
		t.Fatalf("after a killed daemon: %v", err)
	}
	l.Close()
}

func TestListenTwiceAfterClose(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run", "xvrrp")
	for range 2 {
		l, err := Listen(dir, Access{})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, socketName)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the socket is still there after Close: %v", err)
		}
	}
}

func TestListenModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "xvrrp")
	l, err := Listen(dir, Access{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for path, want := range map[string]fs.FileMode{dir: 0o750, filepath.Join(dir, socketName): 0o660} {
		fi, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := fi.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
}

func TestListenNamesAPathThatIsTooLong(t *testing.T) {
	_, err := Listen(filepath.Join(t.TempDir(), strings.Repeat("d", longestPath)), Access{})
	if err == nil || !strings.Contains(err.Error(), "shorter") {
		t.Errorf("got %v, want the remedy", err)
	}
}
