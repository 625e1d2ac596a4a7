package main

import (
	"os"
	"strings"
	"testing"

	"github.com/xvrrp/xvrrp/control/api"
)

func TestDemoHealthRefuses(t *testing.T) {
	cmd := newCommand("demo", "health")
	cmd.capabilities = func() (uint64, error) { return 0, nil }
	cmd.run(t).expect(t, exitPrivilege, "needs root")
	newCommand("demo", "health", "now").run(t).expect(t, exitUsage, "now")
}

// TestDemoHealth wants the story in its order: at each level what was done, what was seen, and where that led.
func TestDemoHealth(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: creates network namespaces")
	}
	r := newCommand("demo", "health").run(t)
	r.expect(t, exitOK, "")
	rest := r.stdout
	for _, want := range []string{
		"test1: master",
		"level 1", "web1: its cable is cut", "check address is down: 172.160.180.81 does not answer ping", "is on test2",
		"web1: the cable is back", "check address is up", "is on test1",
		"level 2", "web1: the web server ends", "check port is down: connect 172.160.180.81:80: connection refused", "is on test2",
		"web1: the web server runs again", "check port is up", "is on test1",
		"level 3", "web1: it answers 200 OK", `check application is down: GET /health: the body does not match`,
		"priority: 160 -> 130", "is on test2",
		"web1: it answers well again", "priority: 130 -> 160", "is on test1",
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("%q does not follow\n%s", want, strings.TrimSuffix(r.stdout, rest))
		}
		rest = after
	}
	noDemoLeft(t)
}

func TestNews(t *testing.T) {
	tests := map[string]struct {
		event api.Event
		want  string
	}{
		"check fails":    {api.Event{Kind: "track", Why: "check port", To: "down", Detail: "connect 192.0.2.1:80: connection refused"}, "check port is down: connect 192.0.2.1:80: connection refused"},
		"check recovers": {api.Event{Kind: "track", Why: "check port", To: "up"}, "check port is up"},
		"priority":       {api.Event{Kind: "priority", Why: "tracking", Detail: "160 -> 130"}, "priority: 160 -> 130"},
		"role":           {api.Event{Kind: "transition", From: "master", To: "backup", Why: "outranked", Detail: "192.0.2.2 has priority 150"}, "backup, because of outranked: 192.0.2.2 has priority 150"},
		"another story":  {api.Event{Kind: "link", Why: "attach", Detail: "ens160: xdp"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := news(test.event); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
