package loader

import (
	"errors"
	"fmt"
	"time"

	"github.com/cilium/ebpf"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// segments are the VLANs of links that are looked at, or that have routers.
type segments struct {
	slots slots // of xv_policed
	known map[xvSegmentKey]*segment
}

// segment is one of them, and what the filter knows of it once it is looked at.
type segment struct {
	value   xvSegment
	watched bool           // it is in xv_segments
	routers map[uint16]int // with each VRID; those of IPv6 are counted from 256
}

func newSegments(size uint32) segments {
	return segments{slots: slots{size: size}, known: make(map[xvSegmentKey]*segment)}
}

// of is the segment of that key, made if need be.
func (s *segments) of(key xvSegmentKey) *segment {
	if s.known[key] == nil {
		s.known[key] = &segment{routers: make(map[uint16]int)}
	}
	return s.known[key]
}

// dismiss forgets a segment that is neither looked at nor has routers.
func (s *segments) dismiss(key xvSegmentKey) {
	if known := s.known[key]; known != nil && !known.watched && len(known.routers) == 0 {
		delete(s.known, key)
	}
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
	known := l.segments.of(key)
	defer l.segments.dismiss(key)
	next := *known
	if !known.watched {
		row, err := l.segments.slots.take()
		if err != nil {
			return err
		}
		next.value.Row, next.watched = row, true
	}
	next.value.UnknownDrop, next.value.ForeignCostNs = bit[uint32](s.UnknownDrop), 0
	if s.UnknownRate != 0 {
		next.value.ForeignCostNs = uint64(time.Second) / uint64(s.UnknownRate)
	}
	if err := l.obj.XvSegments.Put(key, next.value); err != nil {
		if !known.watched {
			l.segments.slots.release(next.value.Row)
		}
		return err
	}
	*known = next
	return nil
}

// RemoveSegment undoes SetSegment.
func (l *Loader) RemoveSegment(link int, v vrrp.VLAN) error {
	key := xvSegmentKey{Link: uint32(link), Vlan: uint32(v)}
	known := l.segments.known[key]
	if known == nil || !known.watched {
		return nil
	}
	if err := l.obj.XvSegments.Delete(key); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
		return fmt.Errorf("remove VLAN %s of link %d: %w", v, link, err)
	}
	known.watched = false
	l.segments.slots.release(known.value.Row)
	l.segments.dismiss(key)
	return nil
}

// claim makes a VRID known as ours where a router has it, for one more router.
func (l *Loader) claim(r *router) error {
	key, number := r.segment()
	known := l.segments.of(key)
	known.routers[number]++
	if known.routers[number] > 1 {
		return nil
	}
	known.value.Vrids[number/64] |= 1 << (number % 64)
	err := l.announce(key, known)
	if err != nil {
		err = errors.Join(err, l.unclaim(r))
	}
	return err
}

// unclaim undoes claim for one router.
func (l *Loader) unclaim(r *router) error {
	key, number := r.segment()
	known := l.segments.known[key]
	if known.routers[number]--; known.routers[number] > 0 {
		return nil
	}
	delete(known.routers, number)
	known.value.Vrids[number/64] &^= 1 << (number % 64)
	l.segments.dismiss(key)
	return l.announce(key, known)
}

// announce tells the filter of a segment that is looked at.
func (l *Loader) announce(key xvSegmentKey, s *segment) error {
	if !s.watched {
		return nil
	}
	return l.obj.XvSegments.Put(key, s.value)
}

// segment is where a router's adverts come from, and the number of its VRID there.
func (r *router) segment() (key xvSegmentKey, number uint16) {
	return xvSegmentKey{Link: r.block.Link, Vlan: r.block.Vlan}, uint16(r.block.V6)<<8 | uint16(r.vrid)
}
