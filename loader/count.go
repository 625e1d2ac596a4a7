package loader

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"unsafe"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Counts reads the counters. The order is by link, router and verdict. Those of routers cost no system call.
func (l *Loader) Counts() ([]Count, error) {
	counts, err := l.linkCounts()
	if err != nil {
		return nil, fmt.Errorf("read the counters: %w", err)
	}
	ids := slices.SortedFunc(maps.Keys(l.routers), compareIDs)
	counts = slices.Grow(counts, len(ids))
	for _, id := range ids {
		counts = l.appendCounts(counts, id)
	}
	slices.SortStableFunc(counts, func(a, b Count) int { return cmp.Compare(a.Link, b.Link) })
	return counts, nil
}

// linkCounts are those of frames that belong to no router, summed over the CPUs.
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
	return counts, rows.Err()
}

// appendCounts appends those of a router.
func (l *Loader) appendCounts(counts []Count, id vrrp.ID) []Count {
	var (
		seen  xvSeen
		bytes [unsafe.Sizeof(seen)]byte
	)
	if _, err := l.seen.ReadAt(bytes[:], offsetOf(l.routers[id].value.Slot)); err != nil {
		panic("loader: slot outside xv_seen: " + err.Error())
	}
	frames := bytes[unsafe.Offsetof(seen.Tally):]
	for v := range verdict.Verdict(verdict.Count) {
		if n := binary.NativeEndian.Uint64(frames[v*8:]); n != 0 {
			counts = append(counts, Count{Link: id.Link, ID: id, Verdict: v, Frames: n})
		}
	}
	return counts
}

func compareIDs(a, b vrrp.ID) int {
	return cmp.Or(cmp.Compare(a.Link, b.Link), cmp.Compare(a.VLAN, b.VLAN), compareFlags(a.V6, b.V6),
		cmp.Compare(a.VRID, b.VRID), a.Dst.Compare(b.Dst))
}

func compareFlags(a, b bool) int { return cmp.Compare(bit[uint8](a), bit[uint8](b)) }
