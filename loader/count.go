package loader

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Counts reads the counters. The order is by link, router and verdict.
func (l *Loader) Counts() ([]Count, error) {
	strangers, err := l.LinkCounts()
	if err != nil {
		return nil, err
	}
	ids := slices.Collect(maps.Keys(l.routers))
	slices.SortFunc(ids, compareIDs)
	var counts []Count
	for _, id := range ids {
		for len(strangers) > 0 && strangers[0].Link <= id.Link {
			counts, strangers = append(counts, strangers[0]), strangers[1:]
		}
		counts = append(counts, l.CountsOf(id)...)
	}
	return append(counts, strangers...), nil
}

// LinkCounts are the counts of frames that belong to no router, summed over the CPUs, in order.
func (l *Loader) LinkCounts() ([]Count, error) {
	var (
		link   uint32
		perCPU []xvTally
		counts []Count
	)
	rows := l.obj.XvLinks.Iterate()
	for rows.Next(&link, &perCPU) {
		for v := range verdict.Verdict(verdict.Count) {
			c := Count{Link: int(link), Verdict: v}
			for _, tally := range perCPU {
				c.Frames += tally.Frames[v]
			}
			if c.Frames != 0 {
				counts = append(counts, c)
			}
		}
	}
	slices.SortFunc(counts, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Link, b.Link), cmp.Compare(a.Verdict, b.Verdict))
	})
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the counters: %w", err)
	}
	return counts, nil
}

// CountsOf are the counts of a router's frames, in the order of verdicts. They are not mapped: pages that are mapped count
// as memory of the daemon's, and these would be a tenth of it.
func (l *Loader) CountsOf(id vrrp.ID) (counts []Count) {
	r := l.routers[id]
	if r == nil {
		return nil
	}
	var tally xvTally
	if err := l.obj.XvTallies.Lookup(r.slot, &tally); err != nil {
		l.log.Error("a router's counters cannot be read", "router", id, "error", err)
		return nil
	}
	tally.Frames[verdict.Coalesced] = Stamp{l.seen, r}.Repeats()
	for v, n := range tally.Frames[:verdict.Count] {
		if n != 0 {
			counts = append(counts, Count{Link: id.Link, ID: id, Verdict: verdict.Verdict(v), Frames: n})
		}
	}
	return counts
}

func compareIDs(a, b vrrp.ID) int {
	switch {
	case a.Link != b.Link:
		return cmp.Compare(a.Link, b.Link)
	case a.VLAN != b.VLAN:
		return cmp.Compare(a.VLAN, b.VLAN)
	case a.V6 != b.V6:
		return cmp.Compare(bit[uint8](a.V6), bit[uint8](b.V6))
	case a.VRID != b.VRID:
		return cmp.Compare(a.VRID, b.VRID)
	}
	return a.Dst.Compare(b.Dst)
}
