package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/lab"
)

func TestDemoRefuses(t *testing.T) {
	cmd := newCommand("demo")
	cmd.capabilities = func() (uint64, error) { return 0, nil }
	cmd.run(t).expect(t, exitPrivilege, "needs root")
	newCommand("demo", "--hosts", "1").run(t).expect(t, exitUsage, "choose 2 or 3")
	newCommand("demo", "--hosts", "4").run(t).expect(t, exitUsage, "choose 2 or 3")
}

func TestDemo(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: creates network namespaces")
	}
	r := newCommand("demo", "--hosts", "2").run(t)
	r.expect(t, exitOK, "")
	for _, want := range []string{
		"test1 is master", "test1 sends its last advert", "test1: kill -9", "test2 is master, because of silence",
		"test2 announces 172.160.180.168", "test2 answers the client", "is on test2, and left behind on test1", " 0 lost",
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("%q is missing in\n%s", want, r.stdout)
		}
	}
	noDemoLeft(t)
}

func TestDemoCleansUpWhenInterrupted(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: creates network namespaces")
	}
	cmd := newCommand("demo", "--hosts", "2")
	read, write := io.Pipe()
	var stderr bytes.Buffer
	cmd.stdout, cmd.stderr = write, &stderr
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() {
		ended := run(ctx, cmd.env)
		write.Close()
		code <- ended
	}()
	for out := bufio.NewScanner(read); ; {
		if !out.Scan() {
			t.Fatal("the demo did not start")
		}
		if strings.Contains(out.Text(), "xvrrp starts") {
			break
		}
	}
	go io.Copy(io.Discard, read)
	cancel()
	if got := <-code; got != exitFailed || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("exit code %d, stderr %q", got, stderr.String())
	}
	noDemoLeft(t)
}

// noDemoLeft fails if a namespace or a directory of a demo is still there.
func noDemoLeft(t *testing.T) {
	t.Helper()
	for _, pattern := range []string{"/run/netns/xv-demo-*", demoDir} {
		if left, err := filepath.Glob(pattern); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
	}
}

func TestDemoTellsAFailover(t *testing.T) {
	at := func(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }
	for _, c := range []struct {
		name string
		tale tale
	}{
		{"demo-crash", tale{
			disaster: crash, prescribed: 3414062500 * time.Nanosecond,
			promotion: api.Event{Time: at(8615), Why: "silence", Detail: "no advert for 3.414s"},
			passage: passage{lastAdvert: at(5200), firstAdvert: at(8614), claimed: at(8616), answered: at(8620),
				pings: 500, wait: 12 * time.Millisecond},
		}},
		{"demo-blackout", tale{
			disaster: blackout, prescribed: 3453125 * time.Microsecond,
			promotion: api.Event{Time: at(8655), Why: "silence"},
			passage:   passage{lastAdvert: at(5200), firstAdvert: at(8653), claimed: at(8654), pings: 500, lost: 295, wait: 2960 * time.Millisecond},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			s := stage{app: &app{env: env{stdout: &out}}, began: noon}
			c.tale.master = &actor{Host: &lab.Host{Name: "test1"}}
			c.tale.heir = &actor{Host: &lab.Host{Name: "test2"}}
			s.tellDisaster(c.tale.master, c.tale.disaster, at(5700), c.tale.passage.lastAdvert)
			s.tellFailover(c.tale)
			golden(t, c.name+".golden", out.String())
		})
	}
}
