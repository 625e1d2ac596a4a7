package loader

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"unsafe"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Counts reads the counters. The order is by link, router and verdict. Those of routers cost no system call.
func (l *Loader) Counts() ([]Count, error) {
	strangers, err := l.linkCounts()
	if err != nil {
		return nil, fmt.Errorf("read the counters: %w", err)
	}
	ids := slices.Collect(maps.Keys(l.routers))
	slices.SortFunc(ids, compareIDs)
	var counts []Count
	for _, id := range ids {
		for len(strangers) > 0 && strangers[0].Link <= id.Link {
			counts, strangers = append(counts, strangers[0]), strangers[1:]
		}
		counts = l.appendCounts(counts, id)
	}
	return append(counts, strangers...), nil
}

// linkCounts are those of frames that belong to no router, summed over the CPUs, in order.
func (l *Loader) linkCounts() ([]Count, error) {
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
	return counts, rows.Err()
}

// appendCounts appends those of a router.
func (l *Loader) appendCounts(counts []Count, id vrrp.ID) []Count {
	var tally xvTally
	size := unsafe.Sizeof(tally)
	r := l.routers[id]
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(&tally)), size)
	if _, err := l.tallies.ReadAt(bytes, int64(r.value.Slot)*int64(size)); err != nil {
		panic("loader: slot outside xv_tallies: " + err.Error())
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
