package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

func TestQueries(t *testing.T) {
	for _, c := range []struct {
		name string
		snap api.Snapshot
		args string
	}{
		{"status", pair(), "status"},
		{"status-wide", pair(), "status -o wide"},
		{"status-json", pair(), "status -o json"},
		{"status-backup", pair(), "status ERIC_VI_1"},
		{"status-master", pair(), "status lan6"},
		{"status-fault", pair(), "status db"},
		{"status-one-json", pair(), "status db -o json"},
		{"show-json", grouped(), "show ERIC_VI_1 -o json"},
		{"why", pair(), "why ERIC_VI_1"},
		{"why-last", pair(), "why ERIC_VI_1 --last 2"},
		{"why-event", pair(), "why ERIC_VI_1 --event 17"},
		{"why-forgotten", pair(), "why db"},
		{"why-json", pair(), "why ERIC_VI_1 -o json"},
		{"status-groups", grouped(), "status"},
		{"status-everything", grouped(), "status ERIC_VI_1"},
		{"status-observing", observed(), "status"},
		{"drops", pair(), "drops"},
		{"drops-json", pair(), "drops -o json"},
		{"drops-wide", pair(), "drops -o wide --iface ens160 --action drop --router ERIC_VI_1 --verdict conflict,ttl"},
		{"drops-by-source", pair(), "drops --by-source"},
		{"drops-source", pair(), "drops --source 172.160.180.9 -o wide"},
		{"drops-none-of-source", pair(), "drops --source 172.160.180.10"},
		{"drops-none", observed(), "drops"},
		{"stats", pair(), "stats"},
		{"stats-wide", pair(), "stats -o wide"},
		{"stats-one", pair(), "stats ERIC_VI_1"},
		{"stats-json", pair(), "stats -o json"},
		{"events", pair(), "events"},
		{"events-since", pair(), "events --since 2"},
		{"events-json", pair(), "events -o json"},
		{"events-chosen", pair(), "events --router ERIC_VI_1 --kind conflict,note --since 2000-01-01"},
		{"events-none", pair(), "events --router nobody"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &fakeDaemon{snapshots: []api.Snapshot{c.snap}, log: failover()}
			args := append(strings.Fields(c.args), "--runtime-dir", d.start(t))
			r := newCommand(args...).run(t)
			r.expect(t, exitOK, "")
			if r.stderr != "" {
				t.Errorf("stderr: %s", r.stderr)
			}
			golden(t, c.name+".golden", r.stdout)
			if strings.Contains(r.stdout, ": null") {
				t.Error("there is a null, which those who walk lists stumble over")
			}
			if strings.HasSuffix(c.name, "-json") {
				for out := json.NewDecoder(strings.NewReader(r.stdout)); out.More(); {
					var v struct{ Schema string }
					if err := out.Decode(&v); err != nil || v.Schema == "" {
						t.Fatalf("schema %q, %v", v.Schema, err)
					}
				}
			}
		})
	}
}

func TestQueriesWithoutDaemon(t *testing.T) {
	for _, args := range []string{"status", "status -o json", "show VI_1", "why VI_1", "drops", "stats", "stats --interval 1s", "events", "reload", "events --follow", "status --wait master --timeout 1ns"} {
		t.Run(args, func(t *testing.T) {
			dir := t.TempDir()
			r := newCommand(append(strings.Fields(args), "--runtime-dir", dir)...).run(t)
			r.expect(t, exitNoDaemon, "no daemon is running in "+dir)
			if r.stdout != "" {
				t.Errorf("stdout: %s", r.stdout)
			}
		})
	}
}

// A daemon that hangs still takes connections: to wait for one that runs is not to be told that there is none.
func TestStatusWaitForADaemonThatHangs(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "xvrrp.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	newCommand("status", "--wait", "master", "--timeout", "20ms", "--runtime-dir", dir).run(t).
		expect(t, exitFailed, "the daemon is busy: it does not answer")
}

func TestRuntimeDirFromTheEnvironment(t *testing.T) {
	dir := (&fakeDaemon{snapshots: []api.Snapshot{pair()}}).start(t)
	c := newCommand("status")
	c.getenv = func(name string) string { return map[string]string{"XVRRP_RUNTIME_DIR": dir}[name] }
	c.run(t).expect(t, exitOK, "")
}

func TestStatusOfAnUnknownRouter(t *testing.T) {
	for _, c := range []struct {
		name string
		snap api.Snapshot
		says string
	}{
		{"names those there are", pair(), "there are ERIC_VI_1, lan6, db"},
		{"observing", observed(), "only observes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := (&fakeDaemon{snapshots: []api.Snapshot{c.snap}}).start(t)
			for _, command := range []string{"status", "show"} {
				newCommand(command, "VI_9", "--runtime-dir", dir).run(t).expect(t, exitFailed, c.says)
			}
		})
	}
}

func TestStatusWait(t *testing.T) {
	became := pair()
	became.Routers[0].Role = "master"
	for _, c := range []struct {
		name      string
		snapshots []api.Snapshot
		args      string
		code      int
		says      string
	}{
		{"there already", []api.Snapshot{pair()}, "lan6 --wait master", exitOK, ""},
		{"upper case", []api.Snapshot{pair()}, "lan6 --wait MASTER", exitOK, ""},
		{"gets there", []api.Snapshot{pair(), pair(), became}, "ERIC_VI_1 --wait master", exitOK, ""},
		{"does not get there", []api.Snapshot{pair()}, "ERIC_VI_1 --wait master --timeout 120ms", exitNotReached, "ERIC_VI_1 is backup"},
		{"not all of them", []api.Snapshot{pair()}, "--wait master --timeout 120ms", exitNotReached, "ERIC_VI_1 is backup, db is fault"},
		{"nothing to wait for", []api.Snapshot{observed()}, "--wait master --timeout 120ms", exitNotReached, "only observes"},
		{"no such router", []api.Snapshot{pair()}, "VI_9 --wait master", exitFailed, "no router is named VI_9"},
		{"no such state", []api.Snapshot{pair()}, "--wait active", exitUsage, "init, backup, master, fault"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := (&fakeDaemon{snapshots: c.snapshots}).start(t)
			args := append([]string{"status", "--runtime-dir", dir}, strings.Fields(c.args)...)
			newCommand(args...).run(t).expect(t, c.code, c.says)
		})
	}
}

func TestStatusWaitsForADaemonToCome(t *testing.T) {
	dir := t.TempDir()
	done := make(chan result)
	go func() { done <- newCommand("status", "lan6", "--wait", "master", "--runtime-dir", dir).run(t) }()
	time.Sleep(2 * askEvery) // nothing tells from outside that it has asked in vain
	(&fakeDaemon{snapshots: []api.Snapshot{pair()}}).startIn(t, dir)
	r := <-done
	r.expect(t, exitOK, "")
}

func TestEventsTellWhatIsForgotten(t *testing.T) {
	d := &fakeDaemon{}
	for range api.Keep + 10 {
		d.log.Append(api.Event{Time: noon, Kind: "note", Why: "x"})
	}
	r := newCommand("events", "--runtime-dir", d.start(t)).run(t)
	r.expect(t, exitOK, "events 1 to 10 are forgotten")
	if n := strings.Count(r.stdout, "\n"); n != api.Keep {
		t.Errorf("%d lines, want %d", n, api.Keep)
	}
}

func TestFollowedEventsEndWithTheDaemon(t *testing.T) {
	d := &fakeDaemon{log: failover()}
	dir := t.TempDir()
	stop := d.startIn(t, dir)
	read, write := io.Pipe()
	cmd := newCommand("events", "--follow", "--runtime-dir", dir)
	var stderr strings.Builder
	cmd.stdout, cmd.stderr = write, &stderr
	code := make(chan int)
	go func() { code <- run(t.Context(), cmd.env) }()
	lines := bufio.NewScanner(read)
	for range 4 {
		if !lines.Scan() {
			t.Fatal("the events did not come")
		}
	}
	stop()
	if got := <-code; got != exitNoDaemon || !strings.Contains(stderr.String(), "the daemon has stopped") {
		t.Errorf("exit code %d, stderr %q", got, stderr.String())
	}
}

func TestAge(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{-time.Second, "0s"}, {900 * time.Millisecond, "0s"}, {59 * time.Second, "59s"}, {60 * time.Second, "1m00s"},
		{time.Hour - 1, "59m59s"}, {25*time.Hour + time.Minute, "1d01h"}, {3*time.Hour + 7*time.Minute, "3h07m"},
	} {
		if got := age(c.d); got != c.want {
			t.Errorf("age(%v) = %s, want %s", c.d, got, c.want)
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		name string
		args string
		code int
		says string
	}{
		{"no command prints help", "", exitOK, ""},
		{"unknown command", "stauts", exitUsage, "status"},
		{"unknown flag", "status --jsno", exitUsage, "see xvrrp status --help"},
		{"no such verdict", "drops --verdict x", exitUsage, "no such verdict"},
		{"no such action", "drops --action take", exitUsage, "drop or pass"},
		{"no address", "drops --source x", exitUsage, "not an IP address"},
		{"too many arguments", "drops now", exitUsage, "see xvrrp drops --help"},
		{"bad number", "events --since x", exitUsage, "--since"},
		{"bad output form", "events -o yaml", exitUsage, "text, json"},
		{"explain without a capture", "explain", exitUsage, "accepts 1 arg"},
		{"explain of a file that is not there", "explain none.pcap", exitFailed, "open none.pcap: no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			newCommand(strings.Fields(c.args)...).run(t).expect(t, c.code, c.says)
		})
	}
}

func TestVersion(t *testing.T) {
	version = "1.2.3"
	defer func() { version = "" }()
	r := newCommand("version").run(t)
	if !strings.HasPrefix(r.stdout, "xvrrp 1.2.3 (go") {
		t.Errorf("got %q", r.stdout)
	}
	var b build
	r = newCommand("version", "-o", "json").run(t)
	if err := json.Unmarshal([]byte(r.stdout), &b); err != nil || b.Version != "1.2.3" || b.Go == "" {
		t.Errorf("got %q: %v", r.stdout, err)
	}
}

func TestProcessEnvIsComplete(t *testing.T) {
	v := reflect.ValueOf(processEnv())
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not set", v.Type().Field(i).Name)
		}
	}
}

// Whoever asks from another time zone than the daemon's reads times of his own, as --since takes them.
func TestTimesAreTheReaders(t *testing.T) {
	if os.Getenv(elsewhere) == "" {
		again := exec.Command(os.Args[0], "-test.run=^TestTimesAreTheReaders$")
		again.Env = append(os.Environ(), elsewhere+"=1")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("in another time zone: %v\n%s", err, out)
		}
		return
	}
	d := &fakeDaemon{snapshots: []api.Snapshot{pair()}, log: failover()}
	dir := d.start(t)
	for args, want := range map[string]string{
		"events":          "2026-11-22 17:00:00.000  #1  daemon  start",
		"show ERIC_VI_1":  "BACKUP since 2026-11-19 13:48:00",
		"why ERIC_VI_1":   "2026-11-22 17:00:09  MASTER -> BACKUP",
		"stats":           "since 2026-11-19 13:00:00:",
		"stats ERIC_VI_1": "RowDiscontinuityTime    2026-11-19T13:00:00+05:00",
	} {
		r := newCommand(append(strings.Fields(args), "--runtime-dir", dir)...).run(t)
		if r.expect(t, exitOK, ""); !strings.Contains(r.stdout, want) {
			t.Errorf("%s: no %q in\n%s", args, want, r.stdout)
		}
	}
}
