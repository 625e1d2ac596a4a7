package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// real is a file that keepalived 2.2.7 wrote when it ran testdata/keepalived-2.2.7/keepalived.conf.
func real(t *testing.T, kind string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "keepalived-2.2.7", "keepalived."+kind))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// standIn is the configuration and state that keepalived was in then.
func standIn() dump {
	c := &config.Config{
		Global: config.Global{JSONVersion: 1, UMask: -1, ScriptUser: "root", ScriptSecurity: true},
		Trackers: config.Trackers{
			Scripts: []config.Script{
				{Name: "good", Command: *words("/usr/bin/true x"), Interval: time.Second, Timeout: 4 * time.Second, Rise: 2, Fall: 3},
				{Name: "bad", Command: config.Command{Argv: []string{"/usr/bin/false"}, User: "nobody"}, Interval: 2 * time.Second, Rise: 1, Fall: 1},
			},
			Files:     []config.File{{Name: "tf", Path: "/mnt/o/file"}},
			Processes: []config.Process{{Name: "tp", Argv: []string{"sleep"}, Quorum: 1, QuorumMax: -1}},
		},
	}
	s := api.Snapshot{Now: noon, Trackers: []api.Tracker{
		{Kind: "script", Name: "good", State: "up"}, {Kind: "script", Name: "bad", State: "down"},
		{Kind: "file", Name: "tf", State: "up", Value: 5}, {Kind: "process", Name: "tp", State: "down"},
	}}
	add := func(name, role, since string, base, prio uint8, change func(*config.Router, *api.Router)) {
		r := config.Router{Name: name, Interface: "v0", VRID: uint8(len(c.Routers) + 1), Version: 3, Priority: base,
			Interval: time.Second, Preempt: true, Accept: true, TrackPrimary: true, DownAdverts: 3,
			Group: netip.MustParseAddr("224.0.0.18"), Notify: &config.Notify{PriorityChanges: true},
			GARP: &config.GARP{Delay: 5 * time.Second, Repeat: 5, RefreshRepeat: 1, LowerDelay: 5 * time.Second, LowerRepeat: 5}}
		at, _ := time.Parse("05.000000", since)
		q := api.Router{Name: name, Role: role, Priority: prio, Base: base, Source: "10.0.0.1", MasterInterval: 1,
			Since: time.Unix(1795355040, 0).Add(time.Duration(at.Second())*time.Second + time.Duration(at.Nanosecond()))}
		change(&r, &q)
		c.Routers, s.Routers = append(c.Routers, r), append(s.Routers, q)
	}
	add("B1", "backup", "41.146761", 90, 95, func(r *config.Router, q *api.Router) {
		r.Interval, r.TrackPrimary, r.SkipCheckAddr, r.PromoteSecondaries, r.Preempt = 700*time.Millisecond, false, true, true, false
		r.LowerNoAdvert, r.HigherSendAdvert = true, true
		r.GARP = &config.GARP{Delay: 2 * time.Second, Repeat: 3, Refresh: time.Minute, RefreshRepeat: 2, LowerDelay: time.Second, LowerRepeat: 4}
		r.Addresses = prefixes("10.0.0.100/24")
		r.Tracks = []config.Track{{Kind: config.TrackInterface, Name: "v1", Weight: -10}, {Kind: config.TrackScript, Name: "good", Weight: 10},
			{Kind: config.TrackScript, Name: "bad", Weight: -5}, {Kind: config.TrackFile, Name: "tf", Weight: 2}, {Kind: config.TrackProcess, Name: "tp", Weight: 3}}
		r.Notify = &config.Notify{Backup: words("/usr/bin/true b"), Stop: words("/usr/bin/true s"), Deleted: words("/usr/bin/true d"),
			Fault:         &config.Command{Argv: []string{"/usr/bin/true", "f g"}, User: "nobody"},
			MasterRxLower: words("/usr/bin/true r"), Mail: true, PriorityChanges: true}
		q.Master, q.MasterPrio, q.MasterInterval, q.Down = "10.0.0.2", 200, 0.7, 2.540234
		q.Stats = api.Stats{Received: 17, Sent: 2, BecameMaster: 1, LeftMaster: 1}
	})
	add("B2", "backup", "48.109445", 90, 90, func(r *config.Router, q *api.Router) {
		r.Version, r.Interval, r.Auth = 2, 3*time.Second, vrrp.Auth{Type: 2}
		r.Addresses = prefixes("10.0.0.102/24")
		r.Addresses[0].Broadcast, r.Addresses[0].Scope = netip.MustParseAddr("10.0.0.255"), 253
		q.Master, q.MasterPrio, q.MasterInterval, q.Down = "10.0.0.2", 200, 3, 9.648437
		q.Stats = api.Stats{Received: 2, Sent: 1, BecameMaster: 1, LeftMaster: 1}
	})
	add("F1", "fault", "37.919696", 100, 100, func(r *config.Router, q *api.Router) {
		r.Interface, r.Accept = "v1", false
		r.Addresses = prefixes("10.1.0.100/24")
		r.Addresses[0].Home = true
		q.Source, q.Faults, q.Down = "10.1.0.1", []string{"interface v1 is down"}, 3.609375
	})
	add("NV", "master", "37.964060", 255, 255, func(r *config.Router, q *api.Router) {
		r.Strict, r.LowerNoAdvert, r.GARP.LowerDelay, r.GARP.LowerRepeat = true, true, 0, 0
		r.Addresses = prefixes("10.0.0.104/32")
		q.Down, q.Stats, q.VIPs = 1e-6, api.Stats{Sent: 14, BecameMaster: 1}, held(r.Addresses)
	})
	add("VM", "master", "41.771094", 50, 50, func(r *config.Router, q *api.Router) {
		r.VMAC, q.VMAC = &config.VMAC{XmitBase: true}, "vrrp.5"
		r.Source, q.Source = netip.MustParseAddr("10.0.0.9"), "10.0.0.9"
		r.Addresses = prefixes("10.0.0.105/24", "10.0.0.106/24")
		r.Addresses[1].Dev = "v0"
		q.Down, q.Stats, q.VIPs = 3.804687, api.Stats{Sent: 11, BecameMaster: 1}, held(r.Addresses)
	})
	return newDump(c, s, nil)
}

// words is a command line without quotes.
func words(line string) *config.Command { return &config.Command{Argv: strings.Fields(line)} }

func prefixes(list ...string) (out []config.Address) {
	for _, p := range list {
		out = append(out, config.Address{Prefix: netip.MustParsePrefix(p), Scope: -1, PreferredLifetime: -1})
	}
	return out
}

func held(list []config.Address) (out []api.VIP) {
	for _, a := range list {
		out = append(out, api.VIP{Address: a.Prefix, Held: true})
	}
	return out
}

func TestJSONIsKeepaliveds(t *testing.T) {
	// Later versions mask passwords, and tell which processes are tracked.
	want := strings.ReplaceAll(real(t, "json"), `"secret12"`, `"`+masked+`"`)
	got := strings.Replace(string(standIn().json()), `,"track_process":["tp"]`, "", 1)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestStatsAreKeepaliveds(t *testing.T) {
	if got, want := string(standIn().counters()), real(t, "stats"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// internal are the lines of keepalived's .data that tell of its insides: descriptors, timers, counters between states.
var internal = regexp.MustCompile(`^   (fd_in|Read timeout|Result|Insecure|Init state|VRRP instances|.* timer not running)|^   Weight = `)

// kept are the sections that we write, too.
var kept = []string{"VRRP Topology", "VRRP Scripts", "VRRP Track files", "VRRP Track processes"}

func TestDataIsKeepaliveds(t *testing.T) {
	want, got := dataLines(real(t, "data")), dataLines(string(standIn().text()))
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got) || i >= len(want):
			t.Fatalf("%d lines, want %d", len(got), len(want))
		case got[i] != want[i]:
			t.Fatalf("line %d is %q, want %q", i+1, got[i], want[i])
		}
	}
}

// dataLines are the lines of the kept sections, without those about the inside.
func dataLines(text string) (lines []string) {
	take := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if title, ok := strings.CutPrefix(line, "------< "); ok {
			take = slices.Contains(kept, strings.TrimSuffix(title, " >------"))
		}
		if take && !internal.MatchString(line) {
			// keepalived leaves "none" out when flags are set that it has no words for; the day is in local time.
			line = strings.TrimSuffix(line, " none")
			line, _, _ = strings.Cut(line, " (Sun ")
			lines = append(lines, line)
		}
	}
	return lines
}

// TestMonitoringReads reads the files as their readers do: VyOS its JSON, keepalived-exporter all three.
func TestMonitoringReads(t *testing.T) {
	var list []struct {
		Data  map[string]any `json:"data"`
		Stats map[string]int `json:"stats"`
	}
	if err := json.Unmarshal(standIn().json(), &list); err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		for _, key := range []string{"iname", "ifp_ifname", "vrid", "state", "effective_priority", "last_transition", "garp_delay", "wantstate"} {
			if _, ok := r.Data[key]; !ok {
				t.Errorf("%s has no %s", r.Data["iname"], key)
			}
		}
		for _, vip := range r.Data["vips"].([]any) {
			addr, _, more := strings.Cut(vip.(string), " ")
			addr, _, _ = strings.Cut(addr, "/")
			if _, err := netip.ParseAddr(addr); err != nil || !more {
				t.Errorf("%s has the address %q", r.Data["iname"], vip)
			}
		}
	}
	status := regexp.MustCompile(`(?m)^ VRRP Script = (\w+)\n(?:   .*\n)*?   Status = (GOOD|BAD)\n(?:   .*\n)*?   State = idle$`)
	if n := len(status.FindAllString(string(standIn().text()), -1)); n != 2 {
		t.Errorf("%d scripts with status and state, want 2", n)
	}
}

func TestJSONOfTheSecondVersion(t *testing.T) {
	d := standIn()
	d.conf.Global.JSONVersion = 2
	var got struct {
		Routers   []json.RawMessage `json:"vrrp"`
		Processes []map[string]any  `json:"track_process"`
	}
	if err := json.Unmarshal(d.json(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Routers) != 5 || len(got.Processes) != 1 || got.Processes[0]["process"] != "sleep" || got.Processes[0]["have_quorum"] != false {
		t.Errorf("got %d routers and %v", len(got.Routers), got.Processes)
	}
}

func TestWithoutRoutersThereIsNoJSON(t *testing.T) {
	if got := newDump(&config.Config{}, api.Snapshot{}, nil).json(); got != nil {
		t.Errorf("got %s", got)
	}
}

func TestVerdictsBecomeKeepalivedsCounters(t *testing.T) {
	for v, want := range map[verdict.Verdict]string{
		verdict.BadLength: "packet_len_err", verdict.Malformed: "packet_len_err", verdict.BadInterval: "advert_interval_err",
		verdict.BadTTL: "ip_ttl_err", verdict.BadType: "invalid_type_rcvd", verdict.AddrList: "addr_list_err",
		verdict.Conflict: "addr_list_err", verdict.NoAddresses: "addr_list_err", verdict.AuthType: "authtype_mismatch",
		verdict.AuthData: "auth_failure", verdict.HMACMissing: "auth_ext_missing", verdict.HMACMalformed: "auth_ext_malformed",
		verdict.HMACKey: "auth_ext_unknown_key", verdict.HMACInvalid: "auth_ext_invalid_hmac", verdict.HMACStale: "auth_ext_stale",
		verdict.HMACReplay: "auth_ext_replay",
	} {
		b, err := json.Marshal(api.Stats{Verdicts: map[string]uint64{v.String(): 7}}.Keepalived(true))
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]uint64
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		maps.DeleteFunc(got, func(_ string, n uint64) bool { return n == 0 })
		if !maps.Equal(got, map[string]uint64{want: 7}) {
			t.Errorf("%s counts as %v, want %s", v, got, want)
		}
	}
}

func TestTrailerCounters(t *testing.T) {
	d := standIn()
	d.conf.Routers[0].HMAC = new(vrrp.HMAC)
	d.routers[0].snap.Stats.Verdicts = map[string]uint64{verdict.HMACStale.String(): 3}
	for kind, text := range map[string][]byte{`"auth_ext_stale":3,"auth_ext_replay":0,"pri_zero_rcvd":0`: d.json(), "\n    Stale: 3\n    Replay: 0\n  Priority Zero:\n": d.counters()} {
		if n := bytes.Count(text, []byte(kind)); n != 1 {
			t.Errorf("%q is there %d times", kind, n)
		}
	}
}

func TestCountersSinceTheyWereCleared(t *testing.T) {
	now := api.Stats{Received: 10, Sent: 5, BecameMaster: 2, Verdicts: map[string]uint64{"bad_ttl": 4}}
	for _, c := range []struct {
		name string
		zero api.Stats
		want api.Stats
	}{
		{"never", api.Stats{}, now},
		{"a while ago", api.Stats{Received: 9, Sent: 5, BecameMaster: 1, Verdicts: map[string]uint64{"bad_ttl": 1}},
			api.Stats{Received: 1, BecameMaster: 1, Verdicts: map[string]uint64{"bad_ttl": 3}}},
		{"before the router started anew", api.Stats{Received: 100, Sent: 50}, now},
	} {
		got := sinceCleared(now, c.zero)
		if got.Received != c.want.Received || got.Sent != c.want.Sent || got.BecameMaster != c.want.BecameMaster || !maps.Equal(got.Verdicts, c.want.Verdicts) {
			t.Errorf("%s: got %+v", c.name, got)
		}
	}
}

func TestDumpPath(t *testing.T) {
	for _, c := range []struct {
		name string
		g    config.Global
		want string
	}{
		{"default", config.Global{NetNamespace: "ns"}, "/tmp/keepalived.data"},
		{"both names", config.Global{NetNamespace: "ns", Instance: "blue", DataUseInstance: true}, "/tmp/keepalived.ns_blue.data"},
		{"one name", config.Global{Instance: "blue", DataUseInstance: true}, "/tmp/keepalived.blue.data"},
		{"no name", config.Global{DataUseInstance: true}, "/tmp/keepalived.data"},
		{"chosen", config.Global{StateDump: "/run/x.data", StatsDump: "/run/x.stats"}, "/run/x.data"},
	} {
		if got := dumpPath(c.g, "data"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestReplaceFileTakesAPlaceOthersPrepared(t *testing.T) {
	dir := t.TempDir()
	victim, path := filepath.Join(dir, "victim"), filepath.Join(dir, "keepalived.json")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, path); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(path, 0o640, []byte("[]\n")); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(victim); !bytes.Equal(b, []byte("precious")) {
		t.Errorf("the file behind the link is %q", b)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".keepalived*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestReplaceFileIsSeenByInotify waits as VyOS does: for the end of writing to a file of that name.
func TestReplaceFileIsSeenByInotify(t *testing.T) {
	dir := t.TempDir()
	await := watchWrites(t, dir)
	if err := replaceFile(filepath.Join(dir, "keepalived.json"), 0o600, []byte("[]\n")); err != nil {
		t.Fatal(err)
	}
	await("keepalived.json")
}
