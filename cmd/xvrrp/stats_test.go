package main

import (
	"reflect"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// What an interval shows is what came in it. A counter that was begun anew shows what it has, as a new router's do.
func TestStatisticsOfAnInterval(t *testing.T) {
	at := func(second int, global uint64, routers ...routerStatistics) statistics {
		return statistics{at: noon.Add(time.Duration(second) * time.Second), global: map[string]uint64{"g": global}, routers: routers}
	}
	router := func(name string, n uint64) routerStatistics {
		return routerStatistics{Router: api.Router{Name: name}, counts: map[string]uint64{"n": n}}
	}
	first := at(0, 5, router("goes on", 10), router("begins anew", 10), router("goes", 10))
	next := at(2, 8, router("goes on", 17), router("begins anew", 3), router("comes", 4))
	want := at(2, 3, router("goes on", 7), router("begins anew", 3), router("comes", 4))
	want.interval = 2 * time.Second
	if got := next.since(first); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if next.routers[0].counts["n"] != 17 {
		t.Error("the later moment has changed, too")
	}
}

func TestReasonsOfTheMIB(t *testing.T) {
	for why, want := range map[string]string{
		"": "notMaster", "silence": "masterNoResponse", "preempt": "preempted", "resigned": "priority", "owner": "priority",
	} {
		if got := reasonName(why); got != want {
			t.Errorf("%q is %s, want %s", why, got, want)
		}
	}
	ago := func(s int) *time.Time { at := noon.Add(-time.Duration(s) * time.Second); return &at }
	s := api.Snapshot{Drops: []api.Drop{
		{Router: "a", Verdict: "ttl", Last: ago(9)}, {Router: "a", Verdict: "checksum", Last: ago(3)},
		{Router: "a", Verdict: "conflict", Last: ago(1)}, {Router: "b", Verdict: "version", Last: ago(1)},
		{Router: "a", Verdict: "version"}, // never sampled
	}}
	for name, want := range map[string]string{"a": "checksumError", "b": "versionError", "c": "noError"} {
		if got := protocolError(s, api.Router{Name: name}); got != want {
			t.Errorf("the last error of %s is %s, want %s", name, got, want)
		}
	}
}

func TestStatsInterval(t *testing.T) {
	newCommand("stats", "--interval", "-1s").run(t).expect(t, exitUsage, "--interval")
	dir := (&fakeDaemon{snapshots: []api.Snapshot{pair()}}).start(t)
	newCommand("stats", "VI_9", "--interval", "1ms", "--runtime-dir", dir).run(t).expect(t, exitFailed, "there are ERIC_VI_1")
}
