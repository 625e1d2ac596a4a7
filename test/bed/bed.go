// Package bed is what the tests of the whole program share: hosts made of namespaces, daemons that run on them, and
// an ear on the wire. It judges nothing; tests look at what it has heard. Only packages below test import it.
package bed

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// Program is the xvrrp built for this run, once Main has begun.
var Program string

// Patience is how long anything but a protocol deadline may take. Where a processor is taken away from a virtual
// machine, whoever waits for the kernel's rtnetlink lock waits for seconds, while adverts go on.
const Patience = time.Minute

// Main is the TestMain of a package two folders below the module: it builds the program and runs the tests, this many
// parallel ones at once. That may be more than there are processors: tests wait for intervals to pass and compute
// little.
func Main(m *testing.M, atOnce int) {
	os.Exit(run(m, atOnce))
}

func run(m *testing.M, atOnce int) int {
	if err := flag.Set("test.parallel", strconv.Itoa(atOnce)); err != nil { // the command line still wins
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "xvrrp")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	Program = filepath.Join(dir, "xvrrp")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", Program, "../../cmd/xvrrp")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build xvrrp: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// NeedRoot skips a test that makes namespaces.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: network namespaces and the filter")
	}
}

// Until polls a condition; what it waits for is named if it has not come within the limit.
func Until(t testing.TB, what string, limit time.Duration, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no sign in %s of: %s", limit, what)
		}
	}
}

// UntilNone polls what is still missing; what that was last is told if it has not come to nothing within Patience.
func UntilNone(t testing.TB, what string, missing func() string) {
	t.Helper()
	var last string
	for end := time.Now().Add(Patience); ; time.Sleep(5 * time.Millisecond) {
		if last = missing(); last == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no sign in %s of %s: %s", Patience, what, last)
		}
	}
}
