package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

func TestDemoTrickleRefuses(t *testing.T) {
	cmd := newCommand("demo", "trickle")
	cmd.capabilities = func() (uint64, error) { return 0, nil }
	cmd.run(t).expect(t, exitPrivilege, "needs root")
	newCommand("demo", "trickle", "now").run(t).expect(t, exitUsage, "now")
}

// TestDemoTrickle wants every kind to be told of, and xvrrp to keep its master under each. keepalived is shown where the
// distribution's package is to be had.
func TestDemoTrickle(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: creates network namespaces")
	}
	program, have := unpackedKeepalived(t)
	r := newCommand("demo", "trickle", "--keepalived", program).run(t)
	r.expect(t, exitOK, "")
	rest := r.stdout
	for _, o := range trickles {
		_, after, found := strings.Cut(rest, "\n"+o.name+"\n")
		if !found || !strings.Contains(after, "xvrrp: the master never changed") {
			t.Fatalf("%q and a master that stays do not follow\n%s", o.name, strings.TrimSuffix(r.stdout, rest))
		}
		rest = after
	}
	if shown := strings.Contains(rest, "keepalived 2."); shown != have {
		t.Errorf("keepalived shown: %t, want %t, in\n%s", shown, have, r.stdout)
	}
	noDemoLeft(t)
}

// unpackedKeepalived is a program that runs the distribution's keepalived, if that can be unpacked.
func unpackedKeepalived(t *testing.T) (program string, have bool) {
	t.Helper()
	peers, err := filepath.Abs("../../test/peers.sh")
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(t.TempDir(), "keepalived")
	if exec.Command(peers, "keepalived").Run() != nil {
		return program, false
	}
	text := fmt.Sprintf("#!/bin/sh\nexec %s keepalived keepalived \"$@\"\n", peers)
	if err := os.WriteFile(program, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return program, true
}

func TestFindKeepalivedIsNotXvrrp(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "keepalived")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{link, filepath.Join(t.TempDir(), "keepalived"), "/bin/false"} {
		if path, name := findKeepalived(program); path != "" {
			t.Errorf("%s is taken for %s", path, name)
		}
	}
}

func TestBogusFrames(t *testing.T) {
	for _, o := range trickles {
		t.Run(o.name, func(t *testing.T) {
			f, v := vrrp.Dissect(o.frame([6]byte{2}))
			if v != verdict.Delivered || f.Src != strangerAddr {
				t.Fatalf("the frame does not open: %v, from %v", v, f.Src)
			}
			a, v := vrrp.Parse(f.Message, f.Src, f.Dst)
			listed := a.Addrs[0] == demoVIP.Addr() || a.Addrs[0] == guardedVIP.Addr()
			wrong := map[string]bool{
				"wrong checksum":         v == verdict.BadChecksum,
				"wrong TTL":              f.TTL != 255,
				"another cluster's list": !listed,
				"wrong password":         a.Version == 2 && a.Auth != vrrp.NewPass("1111"),
			}
			for what, is := range wrong {
				if is != (what == o.name) {
					t.Errorf("%s: %t", what, is)
				}
			}
			if a.VRID != o.vrid || a.Priority != 254 {
				t.Errorf("VRID %d priority %d, want %d and 254", a.VRID, a.Priority, o.vrid)
			}
		})
	}
}

func TestRecord(t *testing.T) {
	one, two := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	at := func(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }
	r := record{speaker: one, last: at(0)}
	for _, h := range []heardFrame{{at: at(100), addr: one}, {at: at(442), addr: two}, {at: at(443), addr: one}} {
		r.hear(h)
	}
	if r.changes != 2 || r.adverts != 3 || r.silence != 342*time.Millisecond {
		t.Errorf("%+v", r)
	}
	if r.pass(at(1443)); r.silence != time.Second {
		t.Errorf("a silence to the end of %v, want 1s", r.silence)
	}
}

func TestDemoTrickleTells(t *testing.T) {
	var out bytes.Buffer
	s := stage{app: &app{env: env{stdout: &out}}, began: noon}
	host := func(name string) *actor { return &actor{Host: &lab.Host{Name: name}} }
	camps := []*camp{{name: "xvrrp", master: host("test1"), backup: host("test2")},
		{name: "keepalived 2.2.7", master: host("test3"), backup: host("test4")}}
	s.introduceCamps(camps, trickleOptions{})
	var results [][]record
	for range trickles {
		results = append(results, []record{{adverts: 40, silence: 101 * time.Millisecond}, {changes: 20, adverts: 23, silence: 342 * time.Millisecond}})
	}
	s.tellOrdeal(camps, results[0])
	s.tellResults(camps, results)
	s.introduceCamps(camps[:1], trickleOptions{keepalived: "keepalived"})
	golden(t, "demo-trickle.golden", out.String())
}
