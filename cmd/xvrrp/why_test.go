package main

import (
	"encoding/hex"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

var (
	firstNode  = netip.MustParseAddr("172.160.180.46")
	secondNode = netip.MustParseAddr("172.160.180.47")
	firstVIP   = netip.MustParseAddr("172.160.180.168")
)

// detailOf is one router of a snapshot in full, with what a snapshot does not tell.
func detailOf(s api.Snapshot, r api.Router) api.Detail {
	d := api.Detail{Schema: api.DetailSchema, Now: s.Now, Router: r, Link: linkOf(s, r.Interface), Scheduling: s.Scheduling,
		PeersHeard: []api.Peer{}, Influences: []api.Influence{}}
	for i := range s.Groups {
		if s.Groups[i].Name == r.Group {
			d.Group = &s.Groups[i]
		}
	}
	for _, k := range r.Tracks {
		i := api.Influence{Track: k, Fault: k.Weight == 0 && k.State == "down"}
		if k.State == "down" {
			i.Points, i.Detail = k.Weight, "exited with status 1"
		}
		d.Influences = append(d.Influences, i)
	}
	switch r.Role {
	case "master":
		last, next := s.Now.Add(-64*time.Second), s.Now.Add(4*time.Second)
		d.Announcements = api.Announcements{Rounds: 2, Last: &last, Next: &next}
		d.Deadline = &api.Deadline{Time: s.Now.Add(20 * time.Millisecond), In: 0.02, Timer: "advert"}
	case "backup":
		margin := 3.21
		d.Deadline = &api.Deadline{Time: s.Now.Add(3210 * time.Millisecond), In: margin, Timer: "master-down"}
		d.PeersHeard = []api.Peer{
			{Address: r.Master, MAC: "02:00:00:00:00:2e", Followed: true, Version: r.Version, Priority: r.MasterPrio, Interval: 1,
				Addresses: []netip.Addr{firstVIP}, Checksum: "message", Auth: "pass", First: s.Now.Add(-75 * time.Hour),
				Last: s.Now.Add(-204 * time.Millisecond), Adverts: 270099, Share: 270099. / 270100, Margin: &margin},
			{Address: "172.160.180.48", MAC: "02:00:00:00:00:30", Version: r.Version, Priority: 20, Interval: 1,
				Addresses: []netip.Addr{firstVIP}, Checksum: "message", Auth: "none", First: s.Now.Add(-74 * time.Hour),
				Last: s.Now.Add(-74 * time.Hour), Adverts: 1, Share: 1. / 270100},
		}
	}
	return d
}

// stories are those of a router that followed the first node until that fell silent, and then met it again.
func stories(router string) api.Stories {
	at := func(s float64) time.Time { return noon.Add(time.Duration(s * float64(time.Second))) }
	s := api.Stories{Schema: api.StorySchema, Router: router, Role: "backup", Since: at(9), Why: "outranked", Now: at(10), Stories: []api.Story{}}
	if router == "db" {
		return s
	}
	heard := func(sec float64, priority uint8) api.RawAdvert {
		adv := vrrp.Advert{Version: 3, VRID: 56, Priority: priority, Interval: time.Second, Addrs: []netip.Addr{firstVIP}}
		return api.RawAdvert{Time: at(sec), Stamp: int64(sec * 1e9), Source: firstNode, Destination: vrrp.DefaultGroup(false), MAC: "02:00:00:00:00:2e",
			TTL: 255, Version: 3, Priority: priority, Interval: 1, Addresses: adv.Addrs,
			Message: adv.AppendTo(nil, firstNode, vrrp.DefaultGroup(false), vrrp.Pseudo)}
	}
	first, last := heard(0, 160), heard(8.9999, 160)
	s.Stories = []api.Story{{
		Event: 17, Time: at(4.4142), From: "backup", To: "master", Cause: "master_silent", Why: "silence",
		Summary: router + " became master because 172.160.180.46 (02:00:00:00:00:2e) fell silent.",
		Rule:    "RFC 9568 6.4.2: a backup that hears no master for the master-down interval becomes master",
		Lines:   []api.StoryLine{{Time: at(0), Text: "172.160.180.46 advertised priority 160"}, {Time: at(4.4142), Text: router + " went from backup to master"}},
		Numbers: api.StoryNumbers{Silence: 3.4142, Interval: 1, Down: 3.4141, Skew: 0.4141, Missing: 3, Late: 0.0001},
		Adverts: []api.RawAdvert{first},
	}, {
		Event: 20, Time: at(9), From: "master", To: "backup", Cause: "outranked", Why: "outranked",
		Summary: router + " gave up being master because 172.160.180.46 advertised priority 160; its own is 150.",
		Rule:    "RFC 9568 6.4.3: a master that hears a higher priority becomes backup",
		Lines:   []api.StoryLine{{Time: at(8.9999), Text: "172.160.180.46 advertised priority 160"}},
		Adverts: []api.RawAdvert{first, last},
	}}
	return s
}

func TestWhyOfAnEventThatIsForgotten(t *testing.T) {
	dir := (&fakeDaemon{snapshots: []api.Snapshot{pair()}}).start(t)
	newCommand("why", "ERIC_VI_1", "--event", "3", "--runtime-dir", dir).run(t).expect(t, exitFailed, "event 3 is no change of this router's state")
	newCommand("why", "ERIC_VI_1", "--event", "3", "--last", "2", "--runtime-dir", dir).run(t).expect(t, exitUsage, "give --last or --event, not both")
	newCommand("why", "ERIC_VI_1", "--last", "0", "--runtime-dir", dir).run(t).expect(t, exitUsage, "at least 1")
}

// TestWhyWritesACapture reads back the adverts of two stories that share one: each once, and as the filter would take it.
func TestWhyWritesACapture(t *testing.T) {
	dir := (&fakeDaemon{snapshots: []api.Snapshot{pair()}}).start(t)
	file := filepath.Join(t.TempDir(), "why.pcap")
	newCommand("why", "ERIC_VI_1", "--last", "2", "--pcap", file, "--runtime-dir", dir).run(t).expect(t, exitOK, "")
	packets := packetsOf(t, file)
	if len(packets) != 2 {
		t.Fatalf("%d packets, want 2", len(packets))
	}
	for _, p := range packets {
		f, v := vrrp.Dissect(p.data)
		if v != verdict.Delivered || f.Src != firstNode || f.TTL != 255 || f.SrcMAC != [6]byte{2, 0, 0, 0, 0, 0x2e} || f.DstMAC != [6]byte{1, 0, 0x5e, 0, 0, 0x12} {
			t.Fatalf("%v, frame %+v", v, f)
		}
		if a, v := vrrp.Parse(f.Message, f.Src, f.Dst); v != verdict.Delivered || a.Priority != 160 {
			t.Errorf("%v, advert %+v", v, a)
		}
	}
	if at := packets[1].at; !at.Equal(noon.Add(8999900 * time.Microsecond)) {
		t.Errorf("time %v", at)
	}
	newCommand("why", "db", "--pcap", file, "--runtime-dir", dir).run(t).expect(t, exitFailed, "nothing to write")
}

func packetsOf(t *testing.T, file string) (all []packet) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := openCapture(f)
	if err != nil {
		t.Fatal(err)
	}
	for {
		p, err := c.next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// TestRebuilt holds frames made anew against the one reading of frames there is.
func TestRebuilt(t *testing.T) {
	v6 := netip.MustParseAddr("fe80::1")
	for _, c := range []struct {
		name     string
		src, dst netip.Addr
		vlan     string
		want     vrrp.VLAN
		mac      string // of the destination
	}{
		{"ipv4", firstNode, vrrp.DefaultGroup(false), "", 0, "01005e000012"},
		{"ipv4 to a group of its own", firstNode, netip.MustParseAddr("239.200.1.2"), "", 0, "01005e480102"},
		{"unicast", firstNode, secondNode, "", 0, "000000000000"},
		{"ipv6", v6, vrrp.DefaultGroup(true), "", 0, "333300000012"},
		{"VLAN", firstNode, vrrp.DefaultGroup(false), "100", 100, "01005e000012"},
		{"service VLAN", v6, vrrp.DefaultGroup(true), "5.100", 5<<16 | 100, "333300000012"},
	} {
		t.Run(c.name, func(t *testing.T) {
			addrs := []netip.Addr{firstVIP}
			if c.src.Is6() {
				addrs = []netip.Addr{netip.MustParseAddr("fe80::99")}
			}
			m := vrrp.Advert{Version: 3, VRID: 9, Priority: 7, Interval: time.Second, Addrs: addrs}.AppendTo(nil, c.src, c.dst, vrrp.Plain)
			frame, err := rebuilt(&api.RawAdvert{Source: c.src, Destination: c.dst, MAC: "02:00:00:00:00:01", VLAN: c.vlan, TTL: 255, Message: m})
			if err != nil {
				t.Fatal(err)
			}
			f, v := vrrp.Dissect(frame)
			if v != verdict.Delivered || f.Src != c.src || f.Dst != c.dst || f.VLAN != c.want || f.TTL != 255 || string(f.Message) != string(m) {
				t.Errorf("%v: %+v", v, f)
			}
			if got := hex.EncodeToString(f.DstMAC[:]); got != c.mac {
				t.Errorf("to %s, want %s", got, c.mac)
			}
		})
	}
	for _, bad := range []api.RawAdvert{{Source: firstNode, MAC: "x"}, {Source: firstNode, MAC: "02:00:00:00:00:01", VLAN: "y"}} {
		if _, err := rebuilt(&bad); err == nil {
			t.Errorf("%+v was made into a frame", bad)
		}
	}
}
