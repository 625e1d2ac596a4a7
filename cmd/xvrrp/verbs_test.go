package main

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// stood is the tutorial's cluster with one router in a given state.
func stood(role, master string, priority uint8) api.Snapshot {
	s := pair()
	r := &s.Routers[0]
	r.Role, r.Master, r.MasterPrio, r.Priority = role, master, 160, priority
	r.Down = 0.01
	return s
}

// A failover waits until it is clear who is master, and says so.
func TestFailover(t *testing.T) {
	until := time.Date(2026, 11, 22, 12, 5, 0, 0, time.Local)
	done := api.Done{Schema: api.DoneSchema, Verb: "failover", Routers: []string{"ERIC_VI_1"}, Until: &until}
	group := done
	group.Routers = []string{"ERIC_VI_1", "db"}
	ended := done
	ended.Until = nil
	unknown, taken := stood("backup", "", 1), stood("backup", "172.160.180.46", 1)
	for _, c := range []struct {
		name      string
		args      []string
		snapshots []api.Snapshot
		done      api.Done
		err       error
		want      any // asked of the daemon
		code      int
		says      string // on standard error
	}{
		{"failover", nil, []api.Snapshot{unknown, unknown, taken}, done, nil, api.Failover{Router: "ERIC_VI_1", For: 5 * time.Minute}, exitOK, ""},
		{"failover-group", []string{"--for", "1h"}, []api.Snapshot{taken}, group, nil, api.Failover{Router: "ERIC_VI_1", For: time.Hour}, exitOK, ""},
		{"failover-json", []string{"-o", "json"}, []api.Snapshot{taken}, done, nil, api.Failover{Router: "ERIC_VI_1", For: 5 * time.Minute}, exitOK, ""},
		{"failover-cancel", []string{"--cancel"}, []api.Snapshot{stood("backup", "172.160.180.46", 150)}, ended, nil,
			api.Failover{Router: "ERIC_VI_1", Cancel: true}, exitOK, ""},
		{"failover-nobody", nil, []api.Snapshot{unknown, stood("master", "172.160.180.47", 1)}, done, nil, api.Failover{Router: "ERIC_VI_1", For: 5 * time.Minute},
			exitNotReached, "nobody else took over: ERIC_VI_1 is master again, with priority 1 until 2026-11-22 12:05:00"},
		{"failover-silence", nil, []api.Snapshot{unknown}, done, nil, api.Failover{Router: "ERIC_VI_1", For: 5 * time.Minute},
			exitNotReached, "no master is heard, and ERIC_VI_1 is backup"},
		{"failover-refused", nil, []api.Snapshot{taken}, done, errors.New("ERIC_VI_1 is backup here"), api.Failover{Router: "ERIC_VI_1", For: 5 * time.Minute},
			exitFailed, "ERIC_VI_1 is backup here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &fakeDaemon{snapshots: c.snapshots, done: c.done, err: c.err}
			r := newCommand(append([]string{"failover", "ERIC_VI_1", "--runtime-dir", d.start(t)}, c.args...)...).run(t)
			r.expect(t, c.code, c.says)
			if c.code != exitOK {
				if r.stdout != "" {
					t.Errorf("stdout: %s", r.stdout)
				}
			} else {
				golden(t, c.name+".golden", strings.ReplaceAll(r.stdout, until.Format(time.RFC3339), "UNTIL"))
			}
			if got := anonymous(d.wanted[0]); !reflect.DeepEqual(got, c.want) {
				t.Errorf("asked %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestMaintenanceAndGARP(t *testing.T) {
	until := time.Date(2026, 11, 22, 12, 5, 0, 0, time.Local)
	two := []string{"VI_1", "VI_2"}
	many := slices.Repeat(two, 10)
	for _, c := range []struct {
		name, args string
		done       api.Done
		want       any
		says       string
	}{
		{"on", "maintenance on", api.Done{Routers: two}, api.Maintenance{On: true}, "out of service until xvrrp maintenance off: VI_1, VI_2"},
		{"many", "maintenance on", api.Done{Routers: many}, api.Maintenance{On: true}, "out of service until xvrrp maintenance off: 20 routers"},
		{"for a while, kept", "maintenance on VI_1 VI_2 --for 5m --keep", api.Done{Routers: two, Until: &until, Kept: true},
			api.Maintenance{On: true, Routers: two, For: 5 * time.Minute, Keep: true},
			"out of service until 2026-11-22 12:05:00 or xvrrp maintenance off, over a restart, too: VI_1, VI_2"},
		{"off", "maintenance off", api.Done{Routers: two}, api.Maintenance{}, "back in service: VI_1, VI_2"},
		{"off one", "maintenance off VI_1", api.Done{Routers: two[:1]}, api.Maintenance{Routers: two[:1]}, "back in service: VI_1"},
		{"off again", "maintenance off", api.Done{}, api.Maintenance{}, "no router was in maintenance"},
		{"garp", "garp VI_1 VI_2", api.Done{Routers: two}, api.Announcement{Routers: two}, "announcing the addresses of VI_1, VI_2"},
		{"garp of all", "garp --all", api.Done{}, api.Announcement{}, "no router is master: nothing to announce"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &fakeDaemon{done: c.done}
			dir := d.start(t)
			args := append(strings.Fields(c.args), "--runtime-dir", dir)
			r := newCommand(args...).run(t)
			r.expect(t, exitOK, "")
			if r.stdout != c.says+"\n" {
				t.Errorf("said %q, want %q", r.stdout, c.says)
			}
			if got := anonymous(d.wanted[0]); !reflect.DeepEqual(got, c.want) {
				t.Errorf("asked %+v, want %+v", got, c.want)
			}
			r = newCommand(append(args, "-o", "json")...).run(t)
			if err := json.Unmarshal([]byte(r.stdout), new(api.Done)); err != nil || !strings.Contains(r.stdout, `"routers": [`) {
				t.Errorf("%v: %s", err, r.stdout)
			}
		})
	}
}

// anonymous is what was asked without who asked it.
func anonymous(asked any) any {
	switch asked := asked.(type) {
	case api.Failover:
		asked.By = ""
		return asked
	case api.Maintenance:
		asked.By = ""
		return asked
	case api.Announcement:
		asked.By = ""
		return asked
	}
	return asked
}

func TestVerbsInTheWrong(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"failover", "accepts 1 arg"},
		{"failover VI_1 --for 0s", "say for how long"},
		{"failover VI_1 --for 5m --cancel", "not both"},
		{"maintenance on --for -1s", "say for how long"},
		{"garp", "name routers, or give --all"},
		{"garp VI_1 --all", "name routers, or give --all"},
	} {
		t.Run(c.args, func(t *testing.T) {
			newCommand(append(strings.Fields(c.args), "--runtime-dir", t.TempDir())...).run(t).expect(t, exitUsage, c.says)
		})
	}
	for _, args := range []string{"failover VI_1", "maintenance on", "maintenance off", "garp --all"} {
		newCommand(append(strings.Fields(args), "--runtime-dir", t.TempDir())...).run(t).expect(t, exitNoDaemon, "no daemon is running")
	}
}
