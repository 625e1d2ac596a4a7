package loader

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/cilium/ebpf"
)

// places is where routers lie in the filter's maps. Rules are put in force by writing them to a row of xv_routers that
// nobody reads and then its number to the router's block: one word, which a frame finds old or new. Neither takes
// a system call.
type places struct {
	index   *ebpf.Map // xv_places
	blocks  *ebpf.Memory
	routers *ebpf.Memory

	known map[xvBlockKey]*block
	slots slots // of xv_blocks
	rows  slots // of xv_routers
	fence atomic.Uint32
}

// block is a row of xv_blocks.
type block struct {
	slot    uint32
	routers int
}

// rowsFor is how many rows some routers need: one each, others that wait until no frame reads them any longer, and the
// row 0, which means none. A frame is done within microseconds, in which few routers get new rules.
func rowsFor(routers uint32) uint32 { return routers + min(routers, waitingRows) + 1 }

const waitingRows = 1024

func (p *places) open(maps *xvMaps) (err error) {
	p.index, p.known = maps.XvPlaces, make(map[xvBlockKey]*block)
	p.slots = slots{size: maps.XvBlocks.MaxEntries()}
	p.rows = slots{size: maps.XvRouters.MaxEntries(), used: 1}
	if p.blocks, err = maps.XvBlocks.Memory(); err != nil {
		return err
	}
	p.routers, err = maps.XvRouters.Memory()
	return err
}

// put puts rules of a router in force. A router that is not there yet is added.
func (p *places) put(r *router, rules *xvRouter) error {
	row, err := p.rows.take()
	if err != nil {
		return err
	}
	b, err := p.blockOf(r)
	if err == nil {
		err = p.publish(b, r.vrid, row, rules)
	}
	if err != nil {
		p.rows.release(row)
		return errors.Join(err, p.dismiss(r.block))
	}
	if r.row == 0 {
		b.routers++
	} else {
		p.rows.release(r.row)
	}
	r.row = row
	return nil
}

// remove takes a router from its block.
func (p *places) remove(r *router) error {
	b := p.known[r.block]
	if r.row == 0 {
		return nil
	}
	if err := p.point(b, r.vrid, 0); err != nil {
		return err
	}
	p.rows.release(r.row)
	r.row = 0
	b.routers--
	return p.dismiss(r.block)
}

// publish writes a row and then names it. Processors other than x86 may show two writes in another order than they
// were made in, unless an atomic operation stands between them.
func (p *places) publish(b *block, vrid uint8, row uint32, rules *xvRouter) error {
	if _, err := p.routers.WriteAt(rowBytes(rules), int64(row)*rowSize); err != nil {
		return fmt.Errorf("write row %d of xv_routers: %w", row, err)
	}
	p.fence.Add(1)
	return p.point(b, vrid, row)
}

// rulesOf are the rules of a router that are in force.
func (p *places) rulesOf(r *router) (rules xvRouter, err error) {
	if _, err := p.routers.ReadAt(rowBytes(&rules), int64(r.row)*rowSize); err != nil {
		return rules, fmt.Errorf("read row %d of xv_routers: %w", r.row, err)
	}
	return rules, nil
}

const rowSize = int64(unsafe.Sizeof(xvRouter{}))

// rowBytes is a row as it lies in the map.
func rowBytes(row *xvRouter) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(row)), rowSize) }

// point writes one word of a block. Aligned as it is, it is copied whole.
func (p *places) point(b *block, vrid uint8, row uint32) error {
	var bytes [4]byte
	binary.NativeEndian.PutUint32(bytes[:], row)
	at := int64(b.slot)*int64(unsafe.Sizeof(xvBlock{})) + int64(vrid%blockVRIDs)*4
	if _, err := p.blocks.WriteAt(bytes[:], at); err != nil {
		return fmt.Errorf("write row %d of xv_blocks: %w", b.slot, err)
	}
	return nil
}

const blockVRIDs = uint8(len(xvBlock{}.Rows))

// blockOf is a router's block, made for the first one in it.
func (p *places) blockOf(r *router) (*block, error) {
	if b := p.known[r.block]; b != nil {
		return b, nil
	}
	slot, err := p.slots.take()
	if err != nil {
		return nil, err
	}
	if err := p.index.Put(r.block, slot); err != nil {
		p.slots.release(slot)
		return nil, err
	}
	b := &block{slot: slot}
	p.known[r.block] = b
	return b, nil
}

// dismiss forgets a block without routers.
func (p *places) dismiss(key xvBlockKey) error {
	b := p.known[key]
	if b == nil || b.routers > 0 {
		return nil
	}
	if err := removeKeys(p.index, []xvBlockKey{key}); err != nil {
		return err
	}
	delete(p.known, key)
	p.slots.release(b.slot)
	return nil
}
