// Package e2e runs the real program on hosts made of namespaces and looks at it from outside: at the frames on the
// wire, at the addresses of the hosts and at what the program's own commands say. Its peers are itself and forgers
// of adverts; other implementations are the matter of package interop.
package e2e

import (
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

func TestMain(m *testing.M) { bed.Main(m, 4) }

// interval is that of instances which are given none.
const interval = 100 * time.Millisecond

func newSite(t *testing.T, name string) *bed.Site {
	t.Helper()
	return bed.New(t, "e2e-"+name)
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
