package loader

import (
	"encoding/binary"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// never is later than any stamp.
const never = time.Duration(1<<63 - 1)

// gapUnit is what gaps are counted in.
const gapUnit = time.Duration(1 << xvAbiGAP_SHIFT)

// Stamp is where the filter keeps when a router was last seen. It is valid until RemoveRouter. Its methods cost no
// system call.
type Stamp struct {
	memory *ebpf.Memory
	router *router
}

// Stamp is that of a router; false where the filter does not know it.
func (l *Loader) Stamp(id vrrp.ID) (Stamp, bool) {
	r, ok := l.routers[id]
	return Stamp{l.seen, r}, ok
}

// Seen is when the filter last kept back an advert of the followed master, because it repeated the one that Follow
// was given, or because the ring was full or the router's budget spent; 0 if never since. It is the question asked
// before any takeover.
func (s Stamp) Seen() time.Duration {
	at := time.Duration(s.word(unsafe.Offsetof(xvSeen{}.KeptNs)))
	if at <= s.router.since {
		return 0
	}
	return at
}

// Repeats is how many adverts the filter has kept back because they repeated one that Follow was given, of whatever
// master, since the router was added. They are numbered from 0.
func (s Stamp) Repeats() uint64 { return s.word(unsafe.Offsetof(xvSeen{}.Repeats)) }

// Gaps writes to to the time between the repeat of number from and the advert before it, then the next repeat's, and so
// on, and returns how many it wrote. The filter keeps those of the last 8 repeats: where from is longer ago, the first
// is the oldest of these. They are in units of 1.024 µs, rounded down, and end at 73 minutes. The advert before a repeat
// is the one that was kept back last, be it a repeat or one that the ring or the budget had no room for, or the one that
// Follow was given, if that came later.
func (s Stamp) Gaps(from uint64, to []time.Duration) int {
	seen := s.read()
	for seen.Repeats != s.Repeats() { // the filter has written meanwhile
		seen = s.read()
	}
	kept := min(seen.Repeats, uint64(len(seen.Gaps)))
	n := 0
	for i := max(from, seen.Repeats-kept); i < seen.Repeats && n < len(to); i++ {
		to[n] = time.Duration(seen.Gaps[i%uint64(len(seen.Gaps))]) * gapUnit
		n++
	}
	return n
}

// read copies the router's row of xv_seen, word by word.
func (s Stamp) read() (seen xvSeen) {
	s.readAt(unsafe.Slice((*byte)(unsafe.Pointer(&seen)), unsafe.Sizeof(seen)), 0)
	return seen
}

// word reads an aligned word of eight bytes, which is copied whole.
func (s Stamp) word(offset uintptr) uint64 {
	var b [8]byte
	s.readAt(b[:], offset)
	return binary.NativeEndian.Uint64(b[:])
}

func (s Stamp) readAt(b []byte, offset uintptr) {
	row := int64(s.router.slot) * int64(unsafe.Sizeof(xvSeen{}))
	if _, err := s.memory.ReadAt(b, row+int64(offset)); err != nil {
		panic("loader: slot outside xv_seen: " + err.Error())
	}
}

// forget clears what was seen, counted and spent in a slot that no router has, for the one who gets it next.
func (l *Loader) forget(slot uint32) error {
	if err := l.obj.XvBudgets.Put(slot, xvBudget{}); err != nil {
		return err
	}
	if err := l.obj.XvTallies.Put(slot, xvTally{}); err != nil {
		return err
	}
	size := unsafe.Sizeof(xvSeen{})
	_, err := l.seen.WriteAt(make([]byte, size), int64(slot)*int64(size))
	return err
}
