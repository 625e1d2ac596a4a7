package page

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/web"
	"github.com/xvrrp/xvrrp/test/bed"
)

type event = api.Event

// played is a daemon that is played: its routers have a past of some minutes, one is at fault, and a stranger uses the
// VRID of another.
type played struct {
	api.Viewer // is not asked for more than what is below

	mu   sync.Mutex
	log  api.Log
	snap api.Snapshot
}

func (d *played) Snapshot(context.Context) (api.Snapshot, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.snap
	s.Now = time.Now()
	s.Routers = append([]api.Router{}, s.Routers...)
	return s, nil
}

func (d *played) Events(_ context.Context, since uint64) (api.Page, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Since(since), nil
}

// stage makes a daemon with n routers: every second is backup.
func stage(n int) *played {
	now := time.Now()
	d := &played{snap: api.Snapshot{
		Schema: api.Schema, Version: "0.5.0", PID: 4711, Started: now.Add(-26 * time.Hour), Config: "/etc/xvrrp/xvrrp.conf",
		Scheduling: "real-time priority 10, memory locked",
		Links: []api.Link{
			{Name: "ens160", Index: 2, Mode: "xdp", Hook: "native", Reason: "the driver has native XDP", Up: true},
			{Name: "ens161", Index: 3, Mode: "tc", Hook: "tcx", Reason: "the driver has no native XDP"},
		},
		Timing: api.Timing{Expiries: 912344, WorstLateness: 0.00091, LastLateness: 0.000038, Lateness: []api.LatenessClass{
			{UpTo: 5e-5, Adverts: 701321}, {UpTo: 1e-4, Adverts: 200411}, {UpTo: 1e-3, Adverts: 10612}, {UpTo: 1e-2}, {}}},
	}}
	d.log.Append(event{Time: d.snap.Started, Kind: "daemon", Why: "start", Detail: "xvrrp 0.5.0, pid 4711"})
	for i := range n {
		d.snap.Routers = append(d.snap.Routers, router(i, now))
	}
	for i := range n {
		d.live(i, now)
	}
	if n > 12 {
		d.disturb(now)
	}
	return d
}

// peer is the master of those who are backup.
const peer = "172.160.180.47"

// router is the ith, a master if i is even.
func router(i int, now time.Time) api.Router {
	heard := 0.0412
	r := api.Router{Name: fmt.Sprintf("VI_%d", i+1), Interface: "ens160", Family: "ipv4", VRID: uint8(i%255 + 1), Version: 3,
		Role: "backup", Why: "startup", Since: now.Add(-26 * time.Hour), Priority: 100, Base: 100, Source: "172.160.180.46",
		Master: peer, MasterPrio: 150, Interval: 0.1, MasterInterval: 0.1, Skew: 0.061, Down: 0.361, LastHeard: &heard,
		Preempt: true, Accept: true,
		VIPs:  []api.VIP{{Address: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}), 24), Device: "ens160"}},
		Stats: api.Stats{Received: 932120, Sent: 77, BecameMaster: 3, LeftMaster: 3}}
	if i >= 255 {
		r.VLAN = fmt.Sprint(100 + i/255)
	}
	if i%2 == 0 {
		r.Priority, r.Base = 150, 150
	}
	return r
}

// live gives a router a past: the masters have taken over, half of the backups were master for a while.
func (d *played) live(i int, now time.Time) {
	if i%2 == 0 {
		d.change(i, "master", "silence", now.Add(-25*time.Hour))
	}
	if i%4 == 3 {
		began := now.Add(-time.Duration(150+i*31%400) * time.Second)
		d.change(i, "master", "silence", began)
		d.change(i, "backup", "outranked", began.Add(time.Duration(30+i*17%60)*time.Second))
	}
}

// change has a router change its role.
func (d *played) change(i int, to, why string, at time.Time) {
	r := &d.snap.Routers[i]
	d.log.Append(event{Time: at, Kind: "transition", Router: r.Name, From: r.Role, To: to, Why: why})
	r.Role, r.Why, r.Since = to, why, at
	r.VIPs = []api.VIP{{Address: r.VIPs[0].Address, Device: r.VIPs[0].Device, Held: to == "master"}}
	if r.Master, r.MasterPrio = "", 0; to == "backup" {
		r.Master, r.MasterPrio = peer, 150
	}
}

// failOver has backups become master, all at once.
func (d *played) failOver(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.snap.Routers {
		if d.snap.Routers[i].Role == "backup" && n > 0 {
			d.change(i, "master", "silence", time.Now())
			n--
		}
	}
}

// disturb faults the seventh router and has a stranger use the twelfth's VRID.
func (d *played) disturb(now time.Time) {
	last := now.Add(-time.Second)
	d.change(6, "fault", "fault", now.Add(-4*time.Minute))
	d.snap.Routers[6].Interface, d.snap.Routers[6].Faults = "ens161", []string{"interface ens161 is down"}
	d.snap.Routers[11].Notes = []string{"VRID 12 is also used by 172.160.180.99"}
	d.snap.Drops = []api.Drop{
		{Interface: "ens160", Router: "VI_12", Verdict: "conflict", Action: "drop", Frames: 4123, Last: &last,
			Meaning: "shares no address with us: another cluster uses this VRID", Source: "172.160.180.99", MAC: "02:78:76:00:00:63",
			Detail: "addresses 10.9.9.1, ours 10.0.11.1"},
		{Interface: "ens160", Router: "VI_4", Verdict: "ttl", Action: "drop", Frames: 200, Last: &last, Source: "172.160.180.98",
			MAC: "02:78:76:00:00:62", Meaning: "TTL or hop limit is not 255 (RFC 9568 5.1.1.3), or outside the peer's range",
			Detail: "TTL 64, want 255"},
		{Interface: "ens160", Verdict: "foreign", Action: "pass", Frames: 93120, Last: &last, Source: "172.160.180.90",
			MAC: "02:78:76:00:00:5a", Meaning: "advert for a VRID that is not configured here"},
	}
	stranger := api.Sighting{Interface: "ens160", Family: "ipv4", VRID: 12, Source: "172.160.180.99", MAC: "02:78:76:00:00:63",
		Version: 3, Priority: 100, Interval: 1, Addresses: []string{"10.9.9.1"}, Verdict: "conflict", Samples: 61,
		First: now.Add(-time.Hour), Last: last}
	neighbour := stranger
	neighbour.VRID, neighbour.Source, neighbour.MAC, neighbour.Verdict = 77, "172.160.180.90", "02:78:76:00:00:5a", "foreign"
	neighbour.Addresses = []string{"10.8.9.1", "10.8.9.2"}
	d.snap.Heard = []api.Sighting{stranger, neighbour}
}

// Conflicts are about the stranger, in words that no sighting has.
func (d *played) Conflicts(context.Context, string, []string) (api.Conflicts, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found := api.Conflicts{Schema: api.ConflictsSchema, Now: time.Now(), Routers: len(d.snap.Routers), Conflicts: []api.Conflict{}, Peers: []api.Sighting{}}
	if len(d.snap.Heard) > 0 {
		found.Conflicts = append(found.Conflicts, api.Conflict{Router: "VI_12", Role: "backup", Kind: api.OtherCluster,
			Summary: "another cluster uses this VRID for other addresses", Sender: d.snap.Heard[0],
			Differences: []api.Difference{{Keyword: "virtual_ipaddress", Ours: "10.0.11.1", Theirs: "10.9.9.1"}},
			Effect:      "its adverts are dropped: the election does not hear them", FreeVRID: 78, Listening: 3600,
			Change: &api.Line{File: "/etc/xvrrp/xvrrp.conf", Line: 97, Text: "virtual_router_id 78"},
			Advice: []string{"make the same change on every router of this cluster"}})
	}
	return found, nil
}

// Detail is what is known of a router beside its state.
func (d *played) Detail(_ context.Context, name string) (api.Detail, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	margin := 0.319
	for _, r := range d.snap.Routers {
		if r.Name == name {
			return api.Detail{Schema: api.DetailSchema, Now: now, Router: r, PeersHeard: []api.Peer{{Address: peer, Followed: r.Master == peer,
				MAC: "02:78:76:00:00:2f", Version: 3, Priority: 150, Interval: 0.1, First: now.Add(-26 * time.Hour), Last: now, Adverts: 932120,
				Share: 1, Margin: &margin}}}, nil
		}
	}
	return api.Detail{}, &api.UnknownRouter{Name: name}
}

// Stories tell of the last change of a router.
func (d *played) Stories(_ context.Context, name string) (api.Stories, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.snap.Routers {
		if r.Name != name {
			continue
		}
		s := api.Stories{Schema: api.StorySchema, Router: name, Role: r.Role, Since: r.Since, Why: r.Why}
		if r.Role == "backup" {
			s.Stories = []api.Story{{Time: r.Since, From: "master", To: "backup", Cause: "outranked", Why: r.Why,
				Summary: name + " gave way to " + peer + ", which advertised priority 150 where ours was 100.",
				Rule:    "RFC 9568 6.4.3: a master that hears a higher priority becomes backup",
				Lines: []api.StoryLine{
					{Time: r.Since.Add(-time.Millisecond), Text: peer + " advertised priority 150 every 100 ms, version 3"},
					{Time: r.Since, Text: name + " went from master to backup with priority 100"}}}}
		}
		return s, nil
	}
	return api.Stories{}, &api.UnknownRouter{Name: name}
}

// visit serves a played daemon on the loopback of a host with nothing else, and visits it there.
func visit(t *testing.T, d *played) *Tab {
	t.Helper()
	m := bed.New(t, "page").Add("m")
	var l net.Listener
	m.Do(func() (err error) {
		l, err = net.Listen("tcp", "127.0.0.1:"+port)
		return err
	})
	s := &http.Server{Handler: web.Handler(d, slog.New(slog.DiscardHandler))}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	tab := Open(t, m.Command).Visit(origin+"/", 1280, 800)
	tab.Await("an answer", `document.getElementById("pulse").textContent === "live"`)
	return tab
}
