package loader

import (
	"errors"
	"fmt"
	"time"

	"github.com/cilium/ebpf"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// segments knows the row of each segment in xv_policed.
type segments struct {
	slots slots
	rows  map[xvSegmentKey]uint32
}

func newSegments(size uint32) segments {
	return segments{slots: slots{size: size}, rows: make(map[xvSegmentKey]uint32)}
}

// SetSegment and RemoveSegment say which VLANs of a link are looked at; frames of others pass untouched.
func (l *Loader) SetSegment(s Segment) error {
	if err := l.setSegment(s); err != nil {
		return fmt.Errorf("set VLAN %s of link %d: %w", s.VLAN, s.Link, explainPut(err))
	}
	return nil
}

func (l *Loader) setSegment(s Segment) error {
	key := xvSegmentKey{Link: uint32(s.Link), Vlan: uint32(s.VLAN)}
	row, known := l.segments.rows[key]
	if !known {
		var err error
		if row, err = l.segments.slots.take(); err != nil {
			return err
		}
	}
	value := xvSegment{UnknownDrop: bit[uint32](s.UnknownDrop), Row: row}
	if s.UnknownRate != 0 {
		value.ForeignCostNs = uint64(time.Second) / uint64(s.UnknownRate)
	}
	if err := l.obj.XvSegments.Put(key, value); err != nil {
		if !known {
			l.segments.slots.release(row)
		}
		return err
	}
	l.segments.rows[key] = row
	return nil
}

// RemoveSegment undoes SetSegment.
func (l *Loader) RemoveSegment(link int, v vrrp.VLAN) error {
	key := xvSegmentKey{Link: uint32(link), Vlan: uint32(v)}
	row, known := l.segments.rows[key]
	if !known {
		return nil
	}
	if err := l.obj.XvSegments.Delete(key); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
		return fmt.Errorf("remove VLAN %s of link %d: %w", v, link, err)
	}
	delete(l.segments.rows, key)
	l.segments.slots.release(row)
	return nil
}
