package interop

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// The tutorial's file, wherever a checkout has it; docs/ holds one of our own wording.
var tutorialFiles = []string{"../../../shared/seed/keepalived.conf", "../../docs/examples/tutorial.conf"}

// tutorial is the file to take the tutorial's part with, byte for byte. XVRRP_SEED names another one.
func tutorial(t *testing.T) string {
	t.Helper()
	files := tutorialFiles
	if seed := os.Getenv("XVRRP_SEED"); seed != "" {
		files = []string{seed}
	}
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil {
			return string(b)
		}
	}
	t.Fatalf("the tutorial's configuration is at none of %s", strings.Join(files, ", "))
	return ""
}

// attachModes are the two hooks: native XDP, as on a card, and TC.
var attachModes = []string{"xdp", "tc"}

// TestTutorial pairs the tutorial's file with a backup of the tutorial's set-up, xvrrp on one side and keepalived
// on the other. With state MASTER its nopreempt has no effect, and both daemons say so.
func TestTutorial(t *testing.T) {
	high := instance{version: 2, interval: time.Second, priority: 160, file: tutorial(t)}
	low := instance{version: 2, interval: time.Second, priority: 100}
	polite := instance{version: 2, interval: time.Second, priority: 160, nopreempt: true}
	for _, mode := range attachModes {
		t.Run("xvrrp on "+mode+" is master", func(t *testing.T) {
			t.Parallel()
			newPair(t, "tut-m-"+mode, xvrrp{mode}, keepalived{}).run(high, low, polite)
		})
		t.Run("xvrrp on "+mode+" is backup", func(t *testing.T) {
			t.Parallel()
			newPair(t, "tut-b-"+mode, keepalived{}, xvrrp{mode}).run(high, low, polite)
		})
	}
}

// TestKeepalived goes through the failovers of version 3 at sub-second intervals.
func TestKeepalived(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for _, interval := range []time.Duration{100 * time.Millisecond, 10 * time.Millisecond} {
			versionThree(t, keepalived{}, "ka", v6, interval)
		}
	}
}

// TestFRR does so with FRR's vrrpd, whose IPv6 adverts list no link-local address.
func TestFRR(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		versionThree(t, frr{}, "frr", v6, 100*time.Millisecond)
	}
}

// versionThree runs xvrrp against a peer in both roles and on both hooks.
func versionThree(t *testing.T, peer daemon, short string, v6 bool, interval time.Duration) {
	family := "IPv4"
	if v6 {
		family = "IPv6"
	}
	high := instance{version: 3, v6: v6, interval: interval, priority: 160}
	low, polite := high, high
	low.priority = 100
	polite.nopreempt = true
	for _, mode := range attachModes {
		name := fmt.Sprintf("%s-%s-%s-%s", short, family, interval, mode)
		run := func(t *testing.T, name string, first, second daemon) {
			if interval >= 100*time.Millisecond { // quicker ones take the machine for themselves
				t.Parallel()
			}
			newPair(t, name, first, second).run(high, low, polite)
		}
		t.Run(fmt.Sprintf("%s %s xvrrp on %s is master", family, interval, mode), func(t *testing.T) {
			run(t, name+"-m", xvrrp{mode}, peer)
		})
		t.Run(fmt.Sprintf("%s %s xvrrp on %s is backup", family, interval, mode), func(t *testing.T) {
			run(t, name+"-b", peer, xvrrp{mode})
		})
	}
}
