package control

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/notify"
	"github.com/xvrrp/xvrrp/control/track"
)

// tracking is a router that tracks what the lines say.
func tracking(vrid uint8, tracks ...config.Track) config.Router {
	r := instance(vrid, "eth0")
	r.Tracks = tracks
	return r
}

// report is a tracker's result reaching the loop.
func (b *bench) report(key string, up bool, detail string) {
	b.resulted(track.Result{Key: key, Up: up, Detail: detail})
	b.turn()
}

// A router whose failing tracker would fault it waits in init for the first result (keepalived 4.2).
func TestFirstResultIsAwaited(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, tracking(10, config.Track{Kind: config.TrackScript, Name: "chk"}))
	b.advance(10 * time.Second)
	b.want("init")
	b.report("script chk", true, "succeeded")
	b.want("backup")
}

// A weight of 0 makes a failure a fault, which names what failed and ends with it.
func TestFailedTrackerFaults(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, tracking(10, config.Track{Kind: config.TrackScript, Name: "chk"}))
	b.report("script chk", true, "succeeded")
	b.advance(4 * time.Second)
	b.want("master")
	b.report("script chk", false, "exited with status 1")
	b.want("fault")
	if got := b.routers[0].core.State().Causes; !slices.Equal(got, []string{"script chk: exited with status 1"}) {
		t.Errorf("causes %q", got)
	}
	b.report("script chk", false, "timed out after 1s")
	if got := b.routers[0].core.State().Causes; !slices.Equal(got, []string{"script chk: timed out after 1s"}) {
		t.Errorf("causes %q", got)
	}
	b.report("script chk", true, "succeeded")
	b.want("backup")
}

// A weight moves the priority that is advertised, and only that.
func TestTrackerMovesPriority(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, tracking(10, config.Track{Kind: config.TrackScript, Name: "chk", Weight: -30}))
	b.advance(4 * time.Second)
	b.report("script chk", false, "exited with status 1")
	b.want("master")
	b.host.did = nil
	b.advance(time.Second)
	b.wantDid("advertise 10/70", "flush")
}

// One tracker serves all who track it; a result touches nobody else.
func TestTrackerIsShared(t *testing.T) {
	line := config.Track{Kind: config.TrackCheck, Name: "web"}
	b := newBench(t, []host.Link{eth0(7)}, tracking(10, line), tracking(11, line), instance(12, "eth0"))
	if len(b.tracked) != 1 {
		t.Fatalf("%d trackers, want 1", len(b.tracked))
	}
	b.report("check web", true, "")
	b.advance(4 * time.Second)
	b.report("check web", false, "connect 192.0.2.9:80: connection refused")
	for i, want := range []string{"fault", "fault", "master"} {
		if got := b.role(i); got != want {
			t.Errorf("router %d is %s, want %s", i, got, want)
		}
	}
}

// track_interface follows the links themselves, also one that does not exist.
func TestTrackedInterface(t *testing.T) {
	uplink := eth0(8)
	uplink.Name = "eth1"
	b := newBench(t, []host.Link{eth0(7), uplink}, tracking(10, config.Track{Kind: config.TrackInterface, Name: "eth1"}))
	b.want("backup")
	b.host.links[1].Up = false
	b.review()
	b.want("fault")
	if got := b.routers[0].core.State().Causes; !slices.Equal(got, []string{"interface eth1: is down"}) {
		t.Errorf("causes %q", got)
	}
	b.host.links[1].Up = true
	b.review()
	b.want("backup")
	b.host.links = b.host.links[:1]
	b.review()
	b.want("fault")
}

// What is told of a router comes in the order of its changes.
func TestChangesAreTold(t *testing.T) {
	r := instance(10, "eth0")
	r.Notify.PriorityChanges = true
	r.Tracks = []config.Track{{Kind: config.TrackScript, Name: "chk", Weight: -30}}
	b := newBench(t, []host.Link{eth0(7)}, r)
	b.advance(4 * time.Second)
	b.report("script chk", false, "exited with status 1")
	b.host.links[0].Up = false
	b.review()
	var states []string
	for _, e := range b.host.told {
		states = append(states, e.State)
	}
	want := []string{notify.Backup, notify.Master, notify.MasterPriority, notify.Fault}
	if !slices.Equal(states, want) {
		t.Errorf("told %q, want %q", states, want)
	}
	if last := b.host.told[len(b.host.told)-1]; !strings.Contains(last.Why, "eth0 is down") {
		t.Errorf("told why: %q", last.Why)
	}
}
