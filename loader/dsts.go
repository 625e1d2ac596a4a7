package loader

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/cilium/ebpf"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// dsts numbers the destinations of adverts that are part of keys of xv_places. The default groups are number 0, the
// same in both families, which a key tells apart by itself.
type dsts struct {
	numbers slots
	used    map[netip.Addr]*dst
}

type dst struct {
	number  uint16
	routers int // that listen there
}

func newDsts() dsts {
	numbers := slots{size: 1<<16 - 1}
	return dsts{numbers: numbers, used: make(map[netip.Addr]*dst)}
}

// listen takes the number of where a router listens, for one more router.
func (l *Loader) listen(id vrrp.ID) (uint16, error) {
	if !id.Dst.IsValid() {
		return 0, nil
	}
	d := l.dsts.used[id.Dst]
	if d == nil {
		slot, err := l.dsts.numbers.take()
		if err != nil {
			return 0, err
		}
		d = &dst{number: uint16(slot + 1)}
		if err := l.obj.XvDsts.Put(xvDstKey{Addr: id.Dst.As16()}, d.number); err != nil {
			l.dsts.numbers.release(slot)
			return 0, fmt.Errorf("destination %s: %w", id.Dst, err)
		}
		l.dsts.used[id.Dst] = d
	}
	d.routers++
	return d.number, nil
}

// leave undoes listen for one router.
func (l *Loader) leave(id vrrp.ID) error {
	d := l.dsts.used[id.Dst]
	if d == nil {
		return nil
	}
	if d.routers--; d.routers > 0 {
		return nil
	}
	delete(l.dsts.used, id.Dst)
	if err := l.obj.XvDsts.Delete(xvDstKey{Addr: id.Dst.As16()}); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
		return fmt.Errorf("destination %s: %w", id.Dst, err)
	}
	l.dsts.numbers.release(uint32(d.number - 1))
	return nil
}
