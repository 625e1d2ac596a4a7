// Package e2e runs the real program on hosts made of namespaces and looks at it from outside: at the frames on the
// wire, at the addresses of the hosts and at what the program's own commands say. Its peers are itself and forgers
// of adverts; other implementations are the matter of package interop.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the xvrrp built for this run.
var program string

// atOnce is how many tests run at a time: they wait for intervals to pass and compute little.
const atOnce = "4"

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if err := flag.Set("test.parallel", atOnce); err != nil { // the command line still wins
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "xvrrp-e2e")
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
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: network namespaces and the filter")
	}
}

// onEachHook runs a test with the filter on both hooks: native XDP, as on a card, and TC.
func onEachHook(t *testing.T, test func(t *testing.T, hook string)) {
	t.Parallel()
	for _, hook := range []string{"xdp", "tc"} {
		t.Run(hook, func(t *testing.T) {
			t.Parallel()
			test(t, hook)
		})
	}
}
