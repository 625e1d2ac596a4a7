package loader

import (
	"encoding/binary"
	"time"
	"unsafe"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// LastSeen is the question asked before any takeover. It costs no system call.
func (l *Loader) LastSeen(id vrrp.ID) Seen {
	r, ok := l.routers[id]
	if !ok {
		return Seen{}
	}
	at := int64(r.value.Slot) * int64(unsafe.Sizeof(xvSeen{}))
	return Seen{
		Followed: l.stamp(at + int64(unsafe.Offsetof(xvSeen{}.FollowedNs))),
		Any:      l.stamp(at + int64(unsafe.Offsetof(xvSeen{}.AnyNs))),
	}
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
