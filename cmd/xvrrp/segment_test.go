package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// stranger is another cluster on the VRID of the tutorial's.
func stranger() api.Sighting {
	return api.Sighting{Interface: "ens160", Family: "ipv4", VRID: 56, Source: "172.160.180.49", MAC: "02:42:ac:00:00:09", Version: 2,
		Priority: 200, Interval: 1, Addresses: []string{"172.160.180.99"}, Checksum: "message", Auth: "pass", Verdict: "conflict",
		Samples: 41, First: noon.Add(-3 * time.Minute), Last: noon.Add(-time.Second), Present: true, Router: "ERIC_VI_1"}
}

func master() api.Sighting {
	h := stranger()
	h.Source, h.MAC, h.Priority, h.Addresses, h.Verdict = "172.160.180.46", "00:50:56:00:00:46", 160, []string{"172.160.180.168"}, "delivered"
	return h
}

func segments() api.Segments {
	us, gone, foreign := master(), stranger(), stranger()
	us.Source, us.MAC, us.Self, us.Present, us.Role = "172.160.180.47", "00:50:56:00:00:47", true, false, "backup"
	gone.VRID, gone.Router, gone.Verdict, gone.Present, gone.Last = 51, "", "foreign", false, noon.Add(-time.Hour)
	foreign.VRID, foreign.Router, foreign.Verdict = 52, "", "foreign"
	free := []int{1, 53, 54, 255}
	return api.Segments{Schema: api.SegmentsSchema, Now: noon, Segments: []api.Segment{
		{Interface: "ens160", Family: "ipv4", Listening: 273600, Heard: []api.Sighting{gone, foreign, us, master(), stranger()}, Free: free},
		{Interface: "ens192", VLAN: "100", Family: "ipv6", Listening: 12, Heard: []api.Sighting{}, Free: free},
	}}
}

func conflicts() api.Conflicts {
	rogue := master()
	rogue.Router, rogue.MAC = "lan6", "00:00:5e:00:01:38"
	return api.Conflicts{Schema: api.ConflictsSchema, Now: noon, Routers: 2, Conflicts: []api.Conflict{
		{Router: "ERIC_VI_1", Role: "master", Kind: api.OtherCluster, Summary: "another cluster uses this VRID: none of its addresses is ours",
			Sender: stranger(), MACKind: "local", Why: "addresses 172.160.180.99 share none with ours 172.160.180.168",
			Differences: []api.Difference{{Keyword: "virtual_ipaddress", Ours: "172.160.180.168", Theirs: "172.160.180.99"}, {Keyword: "priority", Ours: "160", Theirs: "200"}},
			Effect:      "its adverts are dropped: this router stays MASTER (priority 160)", FreeVRID: 57, Listening: 273600,
			Change: &api.Line{File: "/etc/keepalived/keepalived.conf", Line: 7, Text: "virtual_router_id 57"},
			Advice: []string{"change it on every router of this cluster, then: xvrrp reload", "or have the other cluster move away"}},
		{Router: "lan6", Role: "backup", Kind: api.Intruder, Summary: "a router that was never heard before took over", Sender: rogue,
			MACKind: "virtual", Differences: []api.Difference{}, Effect: "this router yielded", Advice: []string{}},
	}, Peers: []api.Sighting{master()}}
}

func quiet() api.Conflicts {
	return api.Conflicts{Schema: api.ConflictsSchema, Now: noon, Routers: 1, Conflicts: []api.Conflict{}, Peers: []api.Sighting{master()}}
}

func TestSegmentQueries(t *testing.T) {
	for _, c := range []struct {
		name      string
		args      string
		conflicts api.Conflicts
		code      int
	}{
		{"scan", "scan", quiet(), exitOK},
		{"scan-all", "scan --all --iface ens160", quiet(), exitOK},
		{"scan-json", "scan --iface ens192 -o json", quiet(), exitOK},
		{"conflict", "conflict", conflicts(), exitNotReached},
		{"conflict-json", "conflict ERIC_VI_1 -o json", conflicts(), exitNotReached},
		{"conflict-none", "conflict", quiet(), exitOK},
		{"conflict-observing", "conflict", api.Conflicts{}, exitOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &fakeDaemon{segments: []api.Segments{segments()}, conflicts: c.conflicts}
			r := newCommand(append(strings.Fields(c.args), "--runtime-dir", d.start(t))...).run(t)
			r.expect(t, c.code, "")
			if r.stderr != "" {
				t.Errorf("stderr: %s", r.stderr)
			}
			golden(t, c.name+".golden", r.stdout)
			if strings.HasSuffix(c.name, "-json") && !json.Valid([]byte(r.stdout)) {
				t.Errorf("no JSON: %s", r.stdout)
			}
		})
	}
}

// With --for every advert is heard, also those that the daemon takes no sample of, and nothing from before counts.
func TestScanListens(t *testing.T) {
	clash := adverts()[0]
	hidden := clash
	hidden.Source, hidden.Time = "172.160.180.50", noon.Add(-time.Second)
	followed := clash
	followed.Source, followed.MAC, followed.Verdict, followed.Action = master().Source, master().MAC, "coalesced", "take"
	unread := clash
	unread.Advert = nil
	strange := *clash.Advert
	strange.VRID = 54
	other := clash
	other.Advert, other.Verdict, other.Action, other.Router = &strange, "foreign", "pass", ""
	d := &fakeDaemon{segments: []api.Segments{segments()}, sniffed: []api.Sniffed{clash, clash, hidden, followed, unread, other}}
	r := newCommand("scan", "--for", "300ms", "--iface", "ens160", "--runtime-dir", d.start(t)).run(t)
	r.expect(t, exitOK, "")
	golden(t, "scan-for.golden", r.stdout)
}

func TestSegmentMistakes(t *testing.T) {
	dir := (&fakeDaemon{segments: []api.Segments{segments()}}).start(t)
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"scan --iface eth9", exitFailed, "the daemon does not listen on eth9, but on ens160, ens192"},
		{"scan --for 1s --all", exitUsage, "choose"},
		{"scan --runtime-dir /nowhere", exitNoDaemon, "observes a link without taking part"},
		{"scan --for 1s --runtime-dir /nowhere", exitNoDaemon, "observes a link without taking part"},
		{"conflict --peer x", exitUsage, "not an IP address"},
	} {
		t.Run(c.args, func(t *testing.T) {
			newCommand(append([]string{"--runtime-dir", dir}, strings.Fields(c.args)...)...).run(t).expect(t, c.code, c.says)
		})
	}
}

func TestRanges(t *testing.T) {
	for _, c := range []struct {
		numbers []int
		want    string
	}{{nil, "none"}, {[]int{7}, "7"}, {[]int{1, 2, 3, 9, 11, 12}, "1-3, 9, 11-12"}} {
		if got := ranges(c.numbers); got != c.want {
			t.Errorf("%v: %s, want %s", c.numbers, got, c.want)
		}
	}
}

func adverts() []api.Sniffed {
	conflict := api.Sniffed{Time: noon, Interface: "ens160", Family: "ipv4", Router: "ERIC_VI_1", Source: "172.160.180.49", Destination: "224.0.0.18",
		MAC: "02:42:ac:00:00:09", TTL: 255, Verdict: "conflict", Action: "drop", Why: "addresses 172.160.180.99 share none with ours 172.160.180.168",
		Bytes: 60, Frame: []byte("not really a frame"), Advert: &api.Advert{Version: 2, VRID: 56, Priority: 200, Interval: 1,
			Addresses: []string{"172.160.180.99"}, Auth: "pass", Checksum: "message"}}
	taken := conflict
	taken.Source, taken.Verdict, taken.Action, taken.VLAN, taken.Router = "172.160.180.46", "coalesced", "take", "100", ""
	taken.Advert = &api.Advert{Version: 3, VRID: 7, Priority: 100, Interval: 0.1, Auth: "none", Checksum: "message",
		Addresses: []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7"}}
	again := conflict
	again.Time, again.Lost = noon.Add(1000005*time.Microsecond), 3
	secret := *conflict.Advert
	secret.Password = "1111"
	again.Advert = &secret
	broken := conflict
	broken.Advert, broken.Verdict, broken.Why, broken.Router = nil, "ip_malformed", "IP header is broken", ""
	return []api.Sniffed{conflict, taken, broken, again}
}

func TestSniff(t *testing.T) {
	for _, c := range []struct {
		name  string
		args  string
		asked api.SniffFilter
	}{
		{"sniff", "--count 4", api.SniffFilter{}},
		{"sniff-one-json", "--iface ens160 --router lan6 --source 172.160.180.46 --count 1 -o json", api.SniffFilter{Interface: "ens160", Router: "lan6"}},
		{"sniff-drops", "--vrid 56 --verdict drop --count 3 --show-passwords", api.SniffFilter{VRID: 56, Secrets: true}},
		{"sniff-verdict", "--verdict ip_malformed,coalesced --count 2", api.SniffFilter{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &fakeDaemon{sniffed: adverts()}
			r := newCommand(append(strings.Fields("sniff "+c.args), "--runtime-dir", d.start(t))...).run(t)
			r.expect(t, exitOK, "")
			if d.sniffing != c.asked {
				t.Errorf("asked %+v, want %+v", d.sniffing, c.asked)
			}
			golden(t, c.name+".golden", r.stdout)
		})
	}
}

func TestSniffTellsWhatIsLeftOut(t *testing.T) {
	d := &fakeDaemon{sniffed: adverts()}
	r := newCommand("sniff", "--count", "4", "--runtime-dir", d.start(t)).run(t)
	r.expect(t, exitOK, "3 adverts left out")
}

// The file of --pcap is a capture that explain reads, with the frames as they were.
func TestSniffCaptures(t *testing.T) {
	for _, to := range []string{"-", filepath.Join(t.TempDir(), "adverts.pcap")} {
		d := &fakeDaemon{sniffed: adverts()}
		r := newCommand("sniff", "--count", "2", "--pcap", to, "--runtime-dir", d.start(t)).run(t)
		r.expect(t, exitOK, "")
		text := r.stdout
		if to != "-" {
			b, err := os.ReadFile(to)
			if err != nil || strings.Count(r.stdout, "\n") != 2 {
				t.Fatalf("%v, printed %q", err, r.stdout)
			}
			text = string(b)
		}
		c, err := openCapture(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			p, err := c.next()
			if err != nil || string(p.data) != "not really a frame" || p.length != 60 || !p.at.Equal(noon) {
				t.Errorf("%+v, %v", p, err)
			}
		}
		if !d.sniffing.Frames {
			t.Error("the frames were not asked for")
		}
	}
}

// What an older capture holds is lost to none that never began.
func TestSniffWithoutDaemonKeepsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "adverts.pcap")
	if err := os.WriteFile(path, []byte("an older capture"), 0o600); err != nil {
		t.Fatal(err)
	}
	newCommand("sniff", "--pcap", path, "--runtime-dir", t.TempDir()).run(t).expect(t, exitNoDaemon, "no daemon is running")
	if b, err := os.ReadFile(path); err != nil || string(b) != "an older capture" {
		t.Errorf("the file holds %q, %v", b, err)
	}
}

func TestSniffMistakes(t *testing.T) {
	for args, says := range map[string]string{
		"--verdict bogus": "no such verdict", "--source x": "not an IP address", "--count -1": "above 0", "--router A --vrid 1": "leave out --vrid",
	} {
		newCommand(append([]string{"sniff"}, strings.Fields(args)...)...).run(t).expect(t, exitUsage, says)
	}
}
