package interop

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
)

// failoverRounds is how often each daemon takes over at each interval.
const failoverRounds = 15

// BenchmarkFailover measures how much later than prescribed a backup speaks after its master was killed: the time
// between the two adverts, by the kernel's stamps, less the backup's master-down interval. The master is
// keepalived throughout; the backups take turns so that both meet the same noise. Run it with -benchtime=1x.
func BenchmarkFailover(b *testing.B) {
	for _, interval := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond} {
		b.Run(interval.String(), func(b *testing.B) {
			s := newSite(b, "bench")
			master := newSide(b, s, "master", keepalived{})
			backups := []*side{
				newSide(b, s, "xdp", xvrrp{"xdp"}),
				newSide(b, s, "tc", xvrrp{"tc"}),
				newSide(b, s, "keepalived", keepalived{}),
			}
			late := make([][]time.Duration, len(backups))
			for range failoverRounds {
				for i, backup := range backups {
					late[i] = append(late[i], overshoot(b, &pair{b, s, master, backup}, interval))
				}
			}
			b.ReportMetric(0, "ns/op")
			b.Log("\n" + table(interval, backups, late))
		})
	}
}

// overshoot lets the second take over from the first once.
func overshoot(b testing.TB, p *pair, interval time.Duration) time.Duration {
	b.Helper()
	i := instance{version: 3, interval: interval, priority: 200}
	p.first.start(b, i)
	i.priority = 100
	p.second.start(b, i)
	p.awaitMaster(p.first, p.second)
	// The backup has heard adverts by now; the kill comes at any point between two of them.
	time.Sleep(2*i.down() + rand.N(interval))
	mark := p.site.Ear.Mark() - 1
	p.first.Running.Kill()
	h := p.awaitHandover(mark, p.first, p.second, i.down(), election.Silence)
	p.second.Running.Stop()
	return h.took() - i.down()
}

// table prints the distribution for each daemon; the last one is the measure of the others.
func table(interval time.Duration, backups []*side, late [][]time.Duration) string {
	var out strings.Builder
	fmt.Fprintf(&out, "takeover after more than master-down, interval %s, %d rounds\n", interval, failoverRounds)
	fmt.Fprintf(&out, "%-14s %10s %10s %10s %10s\n", "backup", "least", "median", "most", "ratio")
	for _, l := range late {
		slices.Sort(l)
	}
	measure := median(late[len(late)-1])
	for i, backup := range backups {
		fmt.Fprintf(&out, "%-14s %10s %10s %10s %10.2f\n", backup.daemon, micro(late[i][0]), micro(median(late[i])),
			micro(late[i][len(late[i])-1]), float64(median(late[i]))/float64(measure))
	}
	return out.String()
}

func median(sorted []time.Duration) time.Duration { return sorted[len(sorted)/2] }

func micro(d time.Duration) time.Duration { return d.Round(time.Microsecond) }
