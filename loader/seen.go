package loader

import (
	"encoding/binary"
	"time"
	"unsafe"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// never is later than any stamp.
const never = time.Duration(1<<63 - 1)

// LastSeen is when the filter last kept back an advert of the followed master, because it repeated the one that
// Follow was given or because the ring was full; 0 if never since. It is the question asked before any takeover,
// and costs no system call.
func (l *Loader) LastSeen(id vrrp.ID) time.Duration {
	r, ok := l.routers[id]
	if !ok {
		return 0
	}
	at := l.stamp(int64(r.value.Slot) * int64(unsafe.Sizeof(xvSeen{})))
	if at <= r.since {
		return 0
	}
	return at
}

// stamp reads one instant. An aligned word of eight bytes is copied whole.
func (l *Loader) stamp(offset int64) time.Duration {
	var b [8]byte
	if _, err := l.seen.ReadAt(b[:], offset); err != nil {
		panic("loader: slot outside xv_seen: " + err.Error())
	}
	return time.Duration(binary.NativeEndian.Uint64(b[:]))
}

// forget clears the stamps of a slot that no router has, for the one who gets it next.
func (l *Loader) forget(slot uint32) error {
	_, err := l.seen.WriteAt(make([]byte, unsafe.Sizeof(xvSeen{})), int64(slot)*int64(unsafe.Sizeof(xvSeen{})))
	return err
}
