package loader

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Counts reads the counters. The order is by link, router and verdict.
func (l *Loader) Counts() ([]Count, error) {
	strangers, err := l.linkCounts()
	if err != nil {
		return nil, fmt.Errorf("read the counters: %w", err)
	}
	tallies, err := mapTallies(l.obj.XvTallies, l.slots.used)
	if err != nil {
		return nil, fmt.Errorf("read the counters: %w", err)
	}
	defer tallies.unmap()
	ids := slices.Collect(maps.Keys(l.routers))
	slices.SortFunc(ids, compareIDs)
	var counts []Count
	for _, id := range ids {
		for len(strangers) > 0 && strangers[0].Link <= id.Link {
			counts, strangers = append(counts, strangers[0]), strangers[1:]
		}
		counts = l.appendCounts(counts, tallies, id)
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

// tallies is what the filter has counted in each slot, mapped while it is read: pages that are mapped count as memory of
// the daemon's, and these would be a tenth of it.
type tallies struct {
	memory []byte
	rows   []xvTally
}

// mapTallies maps the first n slots.
func mapTallies(m *ebpf.Map, n uint32) (tallies, error) {
	if n == 0 {
		return tallies{}, nil
	}
	memory, err := unix.Mmap(m.FD(), 0, int(n)*int(unsafe.Sizeof(xvTally{})), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return tallies{}, fmt.Errorf("map xv_tallies: %w", err)
	}
	return tallies{memory, unsafe.Slice((*xvTally)(unsafe.Pointer(&memory[0])), n)}, nil
}

func (t tallies) unmap() {
	if t.memory != nil {
		_ = unix.Munmap(t.memory) // what Mmap has returned can be unmapped
	}
}

// appendCounts appends those of a router.
func (l *Loader) appendCounts(counts []Count, t tallies, id vrrp.ID) []Count {
	r := l.routers[id]
	tally := t.rows[r.value.Slot]
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
