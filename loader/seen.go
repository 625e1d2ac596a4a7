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

// Stamp is where the filter keeps when a router was last seen. It is valid until RemoveRouter.
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
// before any takeover, and costs no system call.
func (s Stamp) Seen() time.Duration {
	at := instant(s.memory, offsetOf(s.router.value.Slot))
	if at <= s.router.since {
		return 0
	}
	return at
}

// offsetOf is where a slot begins in xv_seen. Its first word is the stamp.
func offsetOf(slot uint32) int64 { return int64(slot) * int64(unsafe.Sizeof(xvSeen{})) }

// instant reads an aligned word of eight bytes, which is copied whole.
func instant(memory *ebpf.Memory, offset int64) time.Duration {
	var b [8]byte
	if _, err := memory.ReadAt(b[:], offset); err != nil {
		panic("loader: slot outside xv_seen: " + err.Error())
	}
	return time.Duration(binary.NativeEndian.Uint64(b[:]))
}

// forget clears what was seen and spent in a slot that no router has, for the one who gets it next.
func (l *Loader) forget(slot uint32) error {
	if err := l.obj.XvBudgets.Put(slot, xvBudget{}); err != nil {
		return err
	}
	_, err := l.seen.WriteAt(make([]byte, unsafe.Sizeof(xvSeen{})), offsetOf(slot))
	return err
}
