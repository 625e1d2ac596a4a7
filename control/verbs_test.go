package control

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// attempt plays f, which may fail.
func (b *bench) attempt(f func() error) (err error) {
	b.t.Helper()
	b.play(func() error { err = f(); return nil })
	b.turn()
	return err
}

func (b *bench) failover(f api.Failover) (done api.Done, err error) {
	b.t.Helper()
	f.By = "uid 0"
	err = b.attempt(func() (err error) { done, err = b.Failover(context.Background(), f); return err })
	return done, err
}

func (b *bench) maintain(m api.Maintenance) (done api.Done, err error) {
	b.t.Helper()
	m.By = "uid 0"
	err = b.attempt(func() (err error) { done, err = b.Maintain(context.Background(), m); return err })
	return done, err
}

// happened are the events that were told, each as "router why detail".
func (b *bench) happened(kinds ...string) (out []string) {
	for _, e := range b.events.Since(0).Events {
		if slices.Contains(kinds, e.Kind) && e.Router != "" {
			out = append(out, strings.TrimSpace(e.Router+" "+e.Why+" "+e.Detail))
		}
	}
	return out
}

// wantLast checks the last ones of a list; what a time of day follows is cut.
func wantLast(t *testing.T, got []string, want ...string) {
	t.Helper()
	for i := range got {
		got[i], _, _ = strings.Cut(got[i], ", until ")
	}
	if n := len(got) - len(want); n < 0 || !slices.Equal(got[n:], want) {
		t.Errorf("happened %q\nwant at the end %q", got, want)
	}
}

// A failover by hand: goodbye, then the addresses; the router gives way as long as it is to, then has its priority
// back.
func TestFailover(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.advance(4 * time.Second)
	b.want("master")
	b.host.did = nil
	done, err := b.failover(api.Failover{Router: "VI_10", For: time.Minute})
	if err != nil || done.Verb != "failover" || !slices.Equal(done.Routers, []string{"VI_10"}) || done.Until == nil {
		t.Fatalf("%+v, %v", done, err)
	}
	b.wantDid("advertise 10/0", "flush", "release 10")
	b.want("backup")
	r := b.snapshot().Routers[0]
	if r.Why != "failover" || r.Priority != 1 || r.Base != 100 || r.Failover == nil || r.Failover.By != "uid 0" ||
		len(r.Notes) != 1 || !strings.HasPrefix(r.Notes[0], "failover, asked for by uid 0, until ") {
		t.Errorf("snapshot %+v", r)
	}
	b.heard(b.advert(b.clock+600*time.Millisecond, 50))
	if got := b.routers[0].core.State().MasterPriority; got != 50 {
		t.Fatalf("master of priority %d, want the peer's 50", got)
	}
	b.filter.lastSeen = func(vrrp.ID) time.Duration { return b.clock } // it repeats itself
	b.advance(61 * time.Second)
	b.want("backup")
	if r := b.snapshot().Routers[0]; r.Priority != 100 || r.Failover != nil || len(r.Notes) > 0 {
		t.Errorf("afterwards %+v", r)
	}
	b.filter.lastSeen = nil
	b.advance(5 * time.Second)
	b.want("master")
	wantLast(t, b.happened("daemon", "priority"), "VI_10 failover asked for by uid 0", "VI_10 failover 100 -> 1",
		"VI_10 failover ends its time is up", "VI_10 failover 1 -> 100")
}

// Nobody else is there: the router serves again, still with the lowest priority, and says why.
func TestFailoverToNobody(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.advance(4 * time.Second)
	if _, err := b.failover(api.Failover{Router: "VI_10", For: time.Minute}); err != nil {
		t.Fatal(err)
	}
	b.host.did = nil
	b.advance(4 * time.Second)
	b.want("master")
	wantLast(t, b.happened("transition"), "VI_10 failover asked for by uid 0", "VI_10 silence nobody else took over")
	if b.host.did[0] != "advertise 10/1" {
		t.Errorf("did %q", b.host.did)
	}
	if _, err := b.failover(api.Failover{Router: "VI_10", Cancel: true}); err != nil {
		t.Fatal(err)
	}
	if got := b.routers[0].core.State().Priority; got != 100 {
		t.Errorf("priority %d after it was taken back", got)
	}
	if _, err := b.failover(api.Failover{Router: "VI_10", Cancel: true}); err == nil || !strings.Contains(err.Error(), "has not handed over") {
		t.Errorf("taken back twice: %v", err)
	}
}

// Who cannot hand over is told why.
func TestFailoverIsRefused(t *testing.T) {
	owner := instance(11, "eth0")
	owner.Priority, owner.StartMaster = 255, true
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"), owner, instance(12, "eth9"))
	for _, c := range []struct{ router, says string }{
		{"VI_10", "VI_10 is backup: only a master can hand over"},
		{"VI_11", "owns its addresses"},
		{"VI_12", "VI_12 is fault"},
		{"VI_9", "no router is named VI_9"},
	} {
		if _, err := b.failover(api.Failover{Router: c.router, For: time.Minute}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.router, err, c.says)
		}
	}
	b.heard(b.advert(b.clock, 200))
	if _, err := b.failover(api.Failover{Router: "VI_10", For: time.Minute}); err == nil || !strings.Contains(err.Error(), "run this on its master, 192.0.2.2") {
		t.Errorf("a backup: %v", err)
	}
	if len(b.failovers) > 0 {
		t.Errorf("noted %v", b.failovers)
	}
}

// The members of a sync group go together, each with a goodbye, and what their trackers say meanwhile raises nobody.
func TestFailoverOfAGroup(t *testing.T) {
	b := editBench(t, "vrrp_script chk {\n script /bin/true\n weight 30\n}\nvrrp_sync_group G {\n group {\n VI_1\n VI_2\n }\n}\n"+
		block(1, "track_script {\n chk weight 0\n}")+block(2)+block(3))
	b.report("script chk", true, "")
	b.advance(5 * time.Second)
	b.wantRoles("master", "master", "master")
	b.host.did = nil
	done, err := b.failover(api.Failover{Router: "VI_2", For: time.Minute})
	if err != nil || !slices.Equal(done.Routers, []string{"VI_1", "VI_2"}) {
		t.Fatalf("%+v, %v", done, err)
	}
	b.wantRoles("backup", "backup", "master")
	b.wantDid("advertise 1/0", "advertise 2/0", "flush", "release 1", "release 2")
	if _, err := b.failover(api.Failover{Router: "VI_1", Cancel: true}); err != nil || len(b.failovers) > 0 {
		t.Errorf("%v, noted %v", err, b.failovers)
	}
}

// What is said by trackers during a failover counts once it has ended.
func TestTrackingDuringFailover(t *testing.T) {
	b := editBench(t, "vrrp_script chk {\n script /bin/true\n weight -30\n}\n"+block(1, "track_script {\n chk\n}"))
	b.report("script chk", true, "")
	if _, err := b.failover(api.Failover{Router: "VI_1", For: time.Minute}); err != nil {
		t.Fatal(err)
	}
	b.report("script chk", false, "exited with status 1")
	if got := b.routers[0].core.State().Priority; got != 1 {
		t.Errorf("priority %d during the failover, want 1", got)
	}
	b.advance(time.Minute)
	if got := b.routers[0].core.State().Priority; got != 70 {
		t.Errorf("priority %d after the failover, want 70", got)
	}
}

// Maintenance keeps a router in fault until it ends, one way or the other.
func TestMaintenance(t *testing.T) {
	for _, c := range []struct {
		name string
		m    api.Maintenance
		ends func(b *bench)
		want []string // roles during it
		why  string   // it ended
	}{
		{"of all", api.Maintenance{On: true}, func(b *bench) { b.maintain(api.Maintenance{}) }, []string{"fault", "fault"}, "taken back by uid 0"},
		{"of one", api.Maintenance{On: true, Routers: []string{"VI_1"}}, func(b *bench) { b.maintain(api.Maintenance{Routers: []string{"VI_1"}}) },
			[]string{"fault", "master"}, "taken back by uid 0"},
		{"of one, until all is well", api.Maintenance{On: true, Routers: []string{"VI_1"}}, func(b *bench) { b.maintain(api.Maintenance{}) },
			[]string{"fault", "master"}, "taken back by uid 0"},
		{"for a while", api.Maintenance{On: true, For: time.Minute}, func(b *bench) { b.advance(time.Minute) }, []string{"fault", "fault"}, "its time is up"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := editBench(t, blocks(2))
			done, err := b.maintain(c.m)
			if err != nil || len(done.Routers) == 0 {
				t.Fatalf("%+v, %v", done, err)
			}
			b.wantRoles(c.want...)
			if b.host.did[0] != "advertise 1/0" {
				t.Errorf("did %q", b.host.did)
			}
			r := b.snapshot().Routers[0]
			if r.Maintenance == nil || len(r.Faults) != 1 || !strings.HasPrefix(r.Faults[0], "maintenance, asked for by uid 0") {
				t.Errorf("snapshot %+v", r)
			}
			b.linksChanged() // which lifts other faults
			b.wantRoles(c.want...)
			c.ends(b)
			if got := b.role(0); got != "backup" {
				t.Errorf("%s after maintenance, want backup", got)
			}
			if r := b.snapshot().Routers[0]; r.Maintenance != nil || len(r.Faults) > 0 {
				t.Errorf("afterwards %+v", r)
			}
			if got := b.happened("daemon"); !slices.Contains(got, "VI_1 maintenance off "+c.why) {
				t.Errorf("happened %q", got)
			}
			b.advance(5 * time.Second)
			b.wantRoles("master", "master")
		})
	}
}

// Maintenance of all concerns routers to come, and one of them alone cannot leave it.
func TestMaintenanceOfTheHost(t *testing.T) {
	b := editBench(t, blocks(1))
	b.maintain(api.Maintenance{On: true})
	b.edit(api.Edit{Verb: api.AddRouters, Text: block(2)})
	b.edit(api.Edit{Verb: api.SetRouter, Names: []string{"VI_1"}, Text: "virtual_router_id 9"})
	b.advance(5 * time.Second)
	b.wantRoles("fault", "fault")
	if _, err := b.maintain(api.Maintenance{Routers: []string{"VI_1"}}); !errors.Is(err, errAllDrained) {
		t.Errorf("one of all taken back: %v", err)
	}
	b.maintain(api.Maintenance{On: true, Routers: []string{"VI_1"}, For: time.Minute})
	b.advance(2 * time.Minute)
	b.wantRoles("fault", "fault")
}

// A member in maintenance takes its sync group with it, and brings it back.
func TestMaintenanceOfAMember(t *testing.T) {
	b := editBench(t, "vrrp_sync_group G {\n group {\n VI_1\n VI_2\n }\n}\n"+blocks(2))
	b.maintain(api.Maintenance{On: true, Routers: []string{"VI_2"}})
	b.wantRoles("fault", "fault")
	b.maintain(api.Maintenance{Routers: []string{"VI_2"}})
	b.advance(5 * time.Second)
	b.wantRoles("master", "master")
}

// What is kept of maintenance a daemon finds when it starts anew; what was taken back or is over it does not.
func TestMaintenanceIsKept(t *testing.T) {
	for _, c := range []struct {
		name  string
		asked []api.Maintenance
		later time.Duration // how long the daemon is away
		want  []string
	}{
		{"of all", []api.Maintenance{{On: true, Keep: true}}, 0, []string{"fault", "fault"}},
		{"of one", []api.Maintenance{{On: true, Keep: true, Routers: []string{"VI_1"}, For: time.Hour}}, 0, []string{"fault", "master"}},
		{"not to be kept", []api.Maintenance{{On: true}}, 0, []string{"master", "master"}},
		{"one of two taken back", []api.Maintenance{{On: true, Keep: true, Routers: []string{"VI_1", "VI_2"}}, {Routers: []string{"VI_1"}}}, 0, []string{"master", "fault"}},
		{"all taken back", []api.Maintenance{{On: true, Keep: true, Routers: []string{"VI_1"}}, {}}, 0, []string{"master", "master"}},
		{"over meanwhile", []api.Maintenance{{On: true, Keep: true, For: time.Millisecond}}, 2 * time.Millisecond, []string{"master", "master"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := editBench(t, blocks(2))
			for _, m := range c.asked {
				if done, err := b.maintain(m); err != nil || done.Kept != m.Keep {
					t.Fatalf("%+v, %v", done, err)
				}
			}
			time.Sleep(c.later)
			again := startBench(t, []host.Link{eth0(7)}, Options{Config: loadFile(t, blocks(2)), State: b.o.State})
			again.advance(5 * time.Second)
			again.wantRoles(c.want...)
		})
	}
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	if _, err := b.maintain(api.Maintenance{On: true, Keep: true}); !errors.Is(err, ErrNotKept) || len(b.drained) > 0 {
		t.Errorf("without a file: %v, noted %v", err, b.drained)
	}
}

// Masters announce when they are asked to; nobody else can.
func TestAnnounce(t *testing.T) {
	for _, c := range []struct {
		name    string
		routers []string
		did     []string
		says    string
	}{
		{"one", []string{"VI_10"}, []string{"announce 10"}, ""},
		{"all masters", nil, []string{"announce 10"}, ""},
		{"a fault", []string{"VI_12"}, nil, "only a master announces"},
		{"one of two wrong", []string{"VI_10", "VI_12"}, nil, "only a master announces"},
		{"unknown", []string{"VI_9"}, nil, "no router is named VI_9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"), instance(12, "eth9"))
			b.advance(4 * time.Second)
			b.host.did = nil
			err := b.attempt(func() error {
				_, err := b.Announce(context.Background(), api.Announcement{Routers: c.routers, By: "uid 0"})
				return err
			})
			if (c.says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %q", err, c.says)
			}
			b.wantDid(c.did...)
		})
	}
}

// A daemon that only observes has nothing to do it to.
func TestVerbsWhileObserving(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, &config.Config{Routers: []config.Router{instance(10, "eth0")}})
	b.daemon.conf, b.daemon.routers = nil, nil
	if _, err := b.failover(api.Failover{Router: "VI_1"}); !errors.Is(err, errNoRouter) {
		t.Error(err)
	}
	if _, err := b.maintain(api.Maintenance{On: true}); !errors.Is(err, errNoRouter) {
		t.Error(err)
	}
}
