// Package interop runs the real program against real peers, Debian's keepalived and FRR, on hosts made of
// namespaces, and judges by what was on the wire. It also measures failovers beside keepalived's.
package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is bin/xvrrp, built for this run.
var program string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "xvrrp-interop")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "xvrrp")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "../../cmd/xvrrp")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build xvrrp: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// needRoot skips a test that makes namespaces.
func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: network namespaces and the filter")
	}
}
