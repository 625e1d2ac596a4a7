package loader

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Counts sums the per-CPU counters. The order is by link, router and verdict.
func (l *Loader) Counts() ([]Count, error) {
	ids := make(map[uint32]vrrp.ID, len(l.routers))
	for id, r := range l.routers {
		ids[r.value.Slot] = id
	}
	var (
		key    xvCountKey
		perCPU []uint64
		counts []Count
	)
	rows := l.obj.XvVerdicts.Iterate()
	for rows.Next(&key, &perCPU) {
		c := Count{Link: int(key.Link), ID: ids[key.Slot], Verdict: verdict.Verdict(key.Verdict)}
		for _, n := range perCPU {
			c.Frames += n
		}
		counts = append(counts, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the counters: %w", err)
	}
	slices.SortFunc(counts, compareCounts)
	return counts, nil
}

func compareCounts(a, b Count) int {
	return cmp.Or(cmp.Compare(a.Link, b.Link), cmp.Compare(a.ID.VLAN, b.ID.VLAN), compareFlags(a.ID.V6, b.ID.V6),
		cmp.Compare(a.ID.VRID, b.ID.VRID), a.ID.Dst.Compare(b.ID.Dst), cmp.Compare(a.Verdict, b.Verdict))
}

func compareFlags(a, b bool) int { return cmp.Compare(bit[uint8](a), bit[uint8](b)) }
