package e2e

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/test/bed"
)

// conflictsOf asks a machine who troubles its routers. The command's exit code has to say whether somebody does.
func conflictsOf(m *bed.Machine, args ...string) (found api.Conflicts) {
	m.Site.T.Helper()
	out, err := m.Ask(append([]string{"conflict", "-o", "json"}, args...)...)
	if jsonErr := json.Unmarshal(out, &found); jsonErr != nil {
		m.Site.T.Fatalf("%v: %v", jsonErr, err)
	}
	if troubled := len(found.Conflicts) > 0; troubled != (err != nil) || troubled && !strings.Contains(err.Error(), "exit status 6") {
		m.Site.T.Fatalf("%d conflicts, and %v", len(found.Conflicts), err)
	}
	return found
}

// awaitConflict waits for a conflict of a kind and demands that it names the sender.
func awaitConflict(m *bed.Machine, kind string, source netip.Addr, mac [6]byte) (c api.Conflict) {
	t := m.Site.T
	t.Helper()
	bed.Until(t, "a conflict of kind "+kind, bed.Patience, func() bool {
		found := conflictsOf(m).Conflicts
		i := slices.IndexFunc(found, func(c api.Conflict) bool { return c.Kind == kind })
		if i >= 0 {
			c = found[i]
		}
		return i >= 0
	})
	if want := fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]); c.Sender.Source != source.String() || c.Sender.MAC != want {
		t.Errorf("names %s and %s, want %v and %s", c.Sender.Source, c.Sender.MAC, source, want)
	}
	return c
}

// differsIn demands that a conflict shows just these settings as different.
func differsIn(t *testing.T, c api.Conflict, keywords ...string) {
	t.Helper()
	var got []string
	for _, d := range c.Differences {
		got = append(got, d.Keyword)
	}
	if !slices.Equal(got, keywords) {
		t.Errorf("differs in %q, want %q", got, keywords)
	}
}

// changesVRID demands that the line to change is where the configuration gives the VRID, and that the new one is free.
func changesVRID(t *testing.T, m *bed.Machine, c api.Conflict, taken ...int) {
	t.Helper()
	if c.FreeVRID == 0 || slices.Contains(taken, c.FreeVRID) || c.Change == nil || c.Change.Text != fmt.Sprintf("virtual_router_id %d", c.FreeVRID) {
		t.Fatalf("VRID %d is said to be free, and %+v to be changed", c.FreeVRID, c.Change)
	}
	b, err := os.ReadFile(c.Change.File)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(string(b), "\n"); c.Change.Line < 1 || c.Change.Line > len(lines) || !strings.Contains(lines[c.Change.Line-1], "virtual_router_id 56") {
		t.Errorf("line %d is not that of the VRID", c.Change.Line)
	}
}

// TestConflictWithAnotherCluster has three adverts of another cluster on our VRID, which is all it takes.
func TestConflictWithAnotherCluster(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		s := newSite(t, "clash-"+hook)
		m, forger := s.Add("m"), s.Add("forger")
		m.Run(hook, nil, bed.Instance{Priority: 100})
		m.AwaitRole(bed.Only, "master")
		if found := conflictsOf(m); len(found.Conflicts) != 0 {
			t.Fatalf("%+v before there is any", found.Conflicts)
		}
		next := forge(forger, 100)
		next.VRID = bed.VRID + 1
		inject(forger, next.frame())
		m.AwaitDrops("foreign", 1)
		f := forge(forger, 200)
		f.Addrs = []netip.Addr{other}
		for range 3 {
			inject(forger, f.frame())
		}
		c := awaitConflict(m, api.OtherCluster, forger.V4, forger.MAC)
		differsIn(t, c, "virtual_ipaddress", "priority")
		changesVRID(t, m, c, bed.VRID, bed.VRID+1)
		if !strings.Contains(c.Effect, "stays MASTER") || m.Router().Role != "master" {
			t.Errorf("%q, and it is %s", c.Effect, m.Router().Role)
		}
		m.Running.AwaitLog("ip address associated with VRID 56 not present in MASTER advert : " + bed.VIP.Addr().String())
		m.Running.AwaitLog(fmt.Sprintf("write virtual_router_id %d at ", c.FreeVRID))
	})
}

// TestConflictAtStart starts a router on a VRID that keepalived uses for another address.
func TestConflictAtStart(t *testing.T) {
	t.Parallel()
	s := newSite(t, "clash-start")
	m, peer := s.Add("m"), s.Add("peer")
	theirs := bed.Instance{Priority: 150, VIPs: []netip.Prefix{netip.PrefixFrom(other, 24)}}
	peer.Keepalived(peer.File("keepalived.conf", theirs.Text()))
	s.Ear.Await(0, 1, peer)
	m.Run("auto", nil, bed.Instance{Priority: 100, Interval: 2 * time.Second}) // it listens for longer than a peer is silent
	m.AwaitStart()
	c := awaitConflict(m, api.OtherCluster, peer.V4, peer.MAC)
	differsIn(t, c, "virtual_ipaddress", "advert_int", "priority")
	changesVRID(t, m, c, bed.VRID)
	m.Running.AwaitLog("the VRID was in use when this router started")
	m.AwaitRole(bed.Only, "master")
}

// TestRogue has somebody win the election whom nobody knows: his adverts are valid, so that he is told as what he may be.
func TestRogue(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		s := newSite(t, "rogue-"+hook)
		m, forger := s.Add("m"), s.Add("forger")
		m.Run(hook, nil, bed.Instance{Priority: 100})
		m.AwaitRole(bed.Only, "master")
		keepInjecting(t, forger.Host, bed.NIC, interval, forge(forger, 254).frame())
		c := awaitConflict(m, api.Intruder, forger.V4, forger.MAC)
		differsIn(t, c, "priority")
		if !strings.Contains(c.Effect, "yielded") || !strings.Contains(c.Effect, "priority 254, ours 100") || c.Change != nil {
			t.Errorf("%q, to be changed %+v", c.Effect, c.Change)
		}
		if found := conflictsOf(m, "--peer", forger.V4.String()); len(found.Conflicts) != 0 || len(found.Peers) != 1 {
			t.Errorf("%+v of a peer that is named", found)
		}
	})
}

// TestMisfits has senders that are at odds with us in one thing each.
func TestMisfits(t *testing.T) {
	for _, c := range []struct {
		name    string
		spoil   func(f *forged, victim *bed.Machine)
		kind    string
		differs []string
	}{
		{"version", func(f *forged, _ *bed.Machine) { f.Version, f.Interval = 2, time.Second }, api.Misfit, []string{"version", "advert_int"}},
		{"clone", func(f *forged, victim *bed.Machine) { f.Src = victim.V4 }, api.Clone, nil},
		{"loop", func(f *forged, victim *bed.Machine) { f.Src, f.MAC = victim.V4, victim.MAC }, api.Loop, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "misfit-"+c.name)
			m, forger := s.Add("m"), s.Add("forger")
			m.Run("auto", nil, bed.Instance{Priority: 100})
			m.AwaitRole(bed.Only, "master")
			f := forge(forger, 100)
			c.spoil(&f, m)
			keepInjecting(t, s.Lab.Wire, m.Port(bed.NIC), interval, f.frame()) // past the bridge, which would learn the victim's MAC there
			differsIn(t, awaitConflict(m, c.kind, f.Src, f.MAC), c.differs...)
		})
	}
}

// TestWrongPassword has keepalived with our addresses and another password, which no advert shows us to be told.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t, "password")
	m, peer := s.Add("m"), s.Add("peer")
	instance := func(priority uint8, password string) bed.Instance {
		return bed.Instance{Version: 2, Interval: time.Second, Priority: priority,
			Lines: []string{"authentication {", "auth_type PASS", "auth_pass " + password, "}"}}
	}
	peer.Keepalived(peer.File("keepalived.conf", instance(150, "swordfsh").Text()))
	m.Run("auto", nil, instance(100, "sesame"))
	m.AwaitStart()
	c := awaitConflict(m, api.Misfit, peer.V4, peer.MAC)
	differsIn(t, c, "auth_pass", "priority")
	if b, _ := json.Marshal(c); bytes.Contains(b, []byte("swordfsh")) || bytes.Contains(b, []byte("sesame")) {
		t.Errorf("a password is told: %s", b)
	}
}

// TestScan lists who speaks on a segment: this host, a peer, another cluster and a stranger.
func TestScan(t *testing.T) {
	t.Parallel()
	s := newSite(t, "scan")
	m, peer, forger := s.Add("m"), s.Add("peer"), s.Add("forger")
	m.Run("auto", nil, bed.Instance{Priority: 100}, bed.Instance{Name: "VI_2", VRID: 57, Priority: 100, VIPs: []netip.Prefix{netip.PrefixFrom(other, 24)}})
	m.AwaitRole("VI_2", "master")
	peer.Run("auto", nil, bed.Instance{Priority: 200})
	m.AwaitRole(bed.Only, "backup")
	foreign, clash := forge(forger, 70), forge(forger, 80)
	foreign.VRID, foreign.Version, foreign.Interval = 77, 2, time.Second
	clash.VRID, clash.Addrs = 57, []netip.Addr{other.Next()}
	keepInjecting(t, forger.Host, bed.NIC, interval, foreign.frame(), clash.frame())
	want := []string{"56 VI_1 delivered " + peer.V4.String() + " 3 200", "56 VI_1 self " + m.V4.String() + " 3 100",
		"57 VI_2 conflict " + forger.V4.String() + " 3 80", "57 VI_2 self " + m.V4.String() + " 3 100", "77  foreign " + forger.V4.String() + " 2 70"}
	bed.UntilNone(t, "the senders of the segment", func() string {
		out, err := m.Ask("scan", "-o", "json")
		var found api.Segments
		if err != nil || json.Unmarshal(out, &found) != nil || len(found.Segments) != 1 {
			return fmt.Sprintf("%s, %v", out, err)
		}
		var rows []string
		for _, h := range found.Segments[0].Heard {
			what := h.Verdict
			if h.Self {
				what = "self"
			}
			rows = append(rows, fmt.Sprintf("%d %s %s %s %d %d", h.VRID, h.Router, what, h.Source, h.Version, h.Priority))
		}
		slices.Sort(rows)
		if free := found.Segments[0].Free; !slices.Equal(rows, want) || len(free) != 252 {
			return fmt.Sprintf("%q and %d free, want %q", rows, len(free), want)
		}
		return ""
	})

	// A second stranger on the VRID hides behind the first where samples are taken, but not where all is heard.
	second := foreign
	second.Src = second.Src.Next()
	keepInjecting(t, forger.Host, bed.NIC, interval, second.frame())
	bed.UntilNone(t, "the second stranger", func() string {
		out, err := m.Ask("scan", "--for", "500ms", "-o", "json")
		for _, source := range []netip.Addr{foreign.Src, second.Src, peer.V4, m.V4} {
			if !bytes.Contains(out, []byte(fmt.Sprintf("%q", source))) {
				return fmt.Sprintf("%v is not in %s, %v", source, out, err)
			}
		}
		return ""
	})
}

// TestSniff shows bogus adverts and the repeats of a followed master, which nobody else gets to see, as they were sent.
func TestSniff(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		s := newSite(t, "sniff-"+hook)
		m, master, forger := s.Add("m"), s.Add("master"), s.Add("forger")
		master.Run(hook, nil, bed.Instance{Priority: 200})
		master.AwaitRole(bed.Only, "master")
		m.Run(hook, nil, bed.Instance{Priority: 100})
		m.AwaitFollowing(master)
		var frames [][]byte
		sent := make(map[string][]byte) // by verdict
		for verdict, f := range bogus(forger, m) {
			sent[verdict] = f.frame()
			frames = append(frames, sent[verdict])
		}
		keepInjecting(t, s.Lab.Wire, m.Port(bed.NIC), 10*time.Millisecond, frames...)

		capture := m.Path("adverts.pcap")
		daemon := m.Running
		sniffing := m.Start("sniff", "timeout", fmt.Sprint(bed.Patience.Seconds()), bed.Program, "sniff", "--runtime-dir", m.Path("run"),
			"--count", fmt.Sprint(4*len(frames)), "-o", "json", "--pcap", capture)
		m.Running = daemon
		if code := sniffing.Await(); code != 0 {
			t.Fatalf("exit code %d: %s", code, sniffing.Written())
		}
		seen := make(map[string]bool)
		captured := pcapFrames(t, capture)
		for line := range strings.Lines(sniffing.Written()) {
			var a api.Sniffed
			if err := json.Unmarshal([]byte(line), &a); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if len(captured) == 0 {
				t.Fatal("the capture is short of what was shown")
			}
			frame := captured[0]
			captured = captured[1:]
			if want := sent[a.Verdict]; want != nil && !bytes.Equal(frame, want) {
				t.Errorf("%s was captured as % x, sent as % x", a.Verdict, frame, want)
			}
			if a.Why == "" || a.Interface != bed.NIC || sent[a.Verdict] == nil && a.Source != master.V4.String() {
				t.Errorf("%+v", a)
			}
			seen[a.Verdict] = true
		}
		for verdict := range sent {
			if !seen[verdict] {
				t.Errorf("%s was not shown", verdict)
			}
		}
		if !seen["coalesced"] {
			t.Error("the master's repeats were not shown")
		}
	})
}

// pcapFrames reads the frames of a capture.
func pcapFrames(t *testing.T, path string) (frames [][]byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil || len(b) < 24 || binary.LittleEndian.Uint32(b) != 0xa1b23c4d {
		t.Fatalf("no capture: % x, %v", b[:min(len(b), 24)], err)
	}
	for b = b[24:]; len(b) >= 16; {
		n := int(binary.LittleEndian.Uint32(b[8:]))
		frames = append(frames, b[16:16+n])
		b = b[16+n:]
	}
	return frames
}
