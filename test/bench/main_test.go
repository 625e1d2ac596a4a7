// Package bench measures xvrrp beside the distribution's keepalived: on the same machine, in the same run, on the same
// configuration file, in turns. It dates what leaves their cards in the kernel, and prints ratios with their spread as
// tables in Markdown; docs/performance.md holds them and says what limits them. It holds no tests: `make bench` runs its
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
func rounds() int { return byForm(1, 5) }
