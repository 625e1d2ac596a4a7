// Package bench measures xvrrp beside the distribution's keepalived: on the same machine, in the same run, on the same
// configuration file, in turns. It reads the wire from outside, with the kernel's stamps, and prints ratios with their
// spread; docs/performance.md holds the results and says what limits them. It holds no tests: `make bench` runs its
// short form, `make bench-full` the long one.
package bench

import (
	"testing"

	"github.com/xvrrp/xvrrp/test/bed"
)

func TestMain(m *testing.M) { bed.Main(m, 1) }

// byForm chooses between what is measured in the short form (-short) and in the long one.
func byForm[T any](short, long T) T {
	if testing.Short() {
		return short
	}
	return long
}

// rounds is how often each daemon has its turn.
func rounds() int { return byForm(3, 5) }
