// Package interop runs the real program against real peers, Debian's keepalived and FRR, on hosts made of
// namespaces, and judges by what was on the wire.
package interop

import (
	"testing"

	"github.com/xvrrp/xvrrp/test/bed"
)

func TestMain(m *testing.M) { bed.Main(m, 4) }

func newSite(t testing.TB, name string) *bed.Site {
	t.Helper()
	return bed.New(t, "interop-"+name)
}
