package loader

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/cilium/ebpf"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// router is where a router is in the filter's maps. Its rules are kept nowhere but in its row.
type router struct {
	block xvBlockKey
	vrid  uint8
	slot  uint32        // in xv_seen, xv_tallies and xv_budgets
	row   uint32        // in xv_routers; 0: not there yet
	since time.Duration // instant of the advert given to Follow; never when nobody is followed
	addrs []xvAddrKey   // its entries in xv_addrs
	peers []xvAddrKey   // and in xv_peers
}

// SetRouter adds a router or replaces its rules at one instant; what it follows is forgotten but for
// Rules.Followed, and its stamps are kept. An error leaves the filter as it was. Its VLAN is looked at from then on;
// SetSegment says what becomes of other frames there.
func (l *Loader) SetRouter(r vrrp.Rules) error {
	if err := l.setRouter(r); err != nil {
		return fmt.Errorf("set router %v: %w", r.ID, explainPut(err))
	}
	return nil
}

func (l *Loader) setRouter(r vrrp.Rules) error {
	switch {
	case r.ID.V6 && r.Versions&vrrp.V2 != 0:
		return errors.New("version 2 has no IPv6")
	case r.ListensOn() != r.ID.ListensOn():
		return fmt.Errorf("its adverts are sent to %v", r.ListensOn())
	}
	old := l.routers[r.ID]
	next := router{vrid: r.ID.VRID, since: never}
	if r.Followed.IsValid() {
		next.since = 0
	}
	if old != nil {
		next.block, next.row, next.slot = old.block, old.row, old.slot
		return l.replaceRouter(old, next, r)
	}
	return l.addRouter(&next, r)
}

// addRouter gives a new router its place.
func (l *Loader) addRouter(next *router, r vrrp.Rules) error {
	slot, err := l.slots.take()
	if err != nil {
		return err
	}
	next.slot = slot
	dst, err := l.listen(r.ID)
	if err != nil {
		l.slots.release(slot)
		return err
	}
	next.block = blockKey(r.ID, dst)
	if err = l.forget(slot); err == nil {
		err = l.introduce(next, r)
	}
	if err != nil {
		l.slots.release(slot)
		return errors.Join(err, l.leave(r.ID))
	}
	l.routers[r.ID] = next
	return nil
}

// introduce makes the filter know a new router, and its VRID first: an advert that goes elsewhere is never foreign then.
func (l *Loader) introduce(next *router, r vrrp.Rules) error {
	if err := l.claim(next); err != nil {
		return err
	}
	if err := l.writeRouter(next, r); err != nil {
		return errors.Join(err, l.unclaim(next))
	}
	return nil
}

// replaceRouter puts new rules in force. The router stays what Stamps refer to.
func (l *Loader) replaceRouter(old *router, next router, r vrrp.Rules) error {
	if err := l.writeRouter(&next, r); err != nil {
		return err
	}
	replaced := *old
	*old = next
	return l.removeLists(&replaced)
}

// writeRouter writes a router's lists, and then the router that names them.
func (l *Loader) writeRouter(next *router, r vrrp.Rules) error {
	l.lastList++
	value := rules(r)
	value.Slot, value.List = next.slot, l.lastList
	err := l.writeLists(next, &value, r)
	if err == nil {
		err = l.places.put(next, &value)
	}
	if err != nil {
		return errors.Join(err, l.removeLists(next))
	}
	return nil
}

// RemoveRouter forgets a router and its counters.
func (l *Loader) RemoveRouter(id vrrp.ID) error {
	r, ok := l.routers[id]
	if !ok {
		return nil
	}
	if err := l.places.remove(r); err != nil {
		return fmt.Errorf("remove router %v: %w", id, err)
	}
	delete(l.routers, id)
	if err := errors.Join(l.unclaim(r), l.removeLists(r), l.leave(id)); err != nil {
		return fmt.Errorf("remove router %v: %w", id, err)
	}
	l.slots.release(r.slot)
	return nil
}

// Follow makes the filter coalesce adverts equal to a: same source, MAC, header and length. nil follows nobody. Where
// a trailer may follow the message none is coalesced: the filter cannot tell a good signature from a forged one.
func (l *Loader) Follow(id vrrp.ID, a *Advert) error {
	r, ok := l.routers[id]
	if !ok {
		return fmt.Errorf("follow a master: no router %v", id)
	}
	value, err := l.places.rulesOf(r)
	if err != nil {
		return fmt.Errorf("follow a master: router %v: %w", id, err)
	}
	next := *r
	value.Followed, value.RepeatHead, value.RepeatNs, value.RepeatMac = [16]byte{}, [8]byte{}, 0, [6]byte{}
	next.since = never
	if a != nil {
		if len(a.Message) < len(value.RepeatHead) {
			return fmt.Errorf("follow a master: router %v: advert of %d bytes is no advert", id, len(a.Message))
		}
		value.Followed = a.Src.As16()
		if value.Trailer == uint8(xvTrailerRuleTRAILER_REFUSED) {
			value.RepeatHead, value.RepeatNs, value.RepeatMac = [8]byte(a.Message), uint64(a.At), a.MAC
		}
		next.since = a.At
	}
	if err := l.places.put(&next, &value); err != nil {
		return fmt.Errorf("follow a master: router %v: %w", id, err)
	}
	*r = next
	return nil
}

// SetGuard makes the filter drop packets to addr on link, save neighbour discovery; Options.Guard must be set.
func (l *Loader) SetGuard(link int, addr netip.Addr, on bool) error {
	if on && !l.options.Guard {
		return fmt.Errorf("guard %s on link %d: the filter was loaded without guard", addr, link)
	}
	key := xvGuardKey{Link: uint32(link), Addr: addr.As16()}
	var err error
	if on {
		err = l.obj.XvGuard.Put(key, uint8(1))
	} else if err = l.obj.XvGuard.Delete(key); errors.Is(err, ebpf.ErrKeyNotExist) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("guard %s on link %d: %w", addr, link, explainPut(err))
	}
	return nil
}

// writeLists writes the addresses and peers of a router under the list that its row is to name, and what sums up the
// addresses into that row.
func (l *Loader) writeLists(next *router, row *xvRouter, r vrrp.Rules) error {
	weights := make(map[netip.Addr]uint64)
	for _, a := range r.Addrs {
		if weights[a] == 0 {
			weights[a] = rand.Uint64() | 1
			key := xvAddrKey{List: row.List, Addr: a.As16()}
			next.addrs = append(next.addrs, key)
			if err := l.obj.XvAddrs.Put(key, weights[a]); err != nil {
				return fmt.Errorf("address %s: %w", a, err)
			}
		}
		row.Weight += weights[a]
		row.LastBytes |= 1 << (a.As16()[15] % 64)
	}
	for _, p := range r.Peers {
		key := xvAddrKey{List: row.List, Addr: p.Addr.As16()}
		next.peers = append(next.peers, key)
		if err := l.obj.XvPeers.Put(key, xvPeer{MinTtl: p.MinTTL, MaxTtl: p.MaxTTL}); err != nil {
			return fmt.Errorf("peer %s: %w", p.Addr, err)
		}
	}
	return nil
}

func (l *Loader) removeLists(r *router) error {
	return errors.Join(removeKeys(l.obj.XvAddrs, r.addrs), removeKeys(l.obj.XvPeers, r.peers))
}

func removeKeys[K any](m *ebpf.Map, keys []K) error {
	for _, key := range keys {
		if err := m.Delete(key); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return err
		}
	}
	return nil
}

// rules are a router's rules as the filter reads them, without slot and lists.
func rules(r vrrp.Rules) xvRouter {
	return xvRouter{
		Own:       address(r.Own),
		Followed:  address(r.Followed),
		Password:  r.Auth.Data,
		ListRule:  uint8(listRules[r.Mismatch]),
		Trailer:   uint8(trailerRules[r.Trailer]),
		Addrs:     uint16(len(r.Addrs)),
		Versions:  uint8(r.Versions),
		Seconds:   wholeSeconds(r.Interval),
		AuthType:  uint8(r.Auth.Type),
		Flags:     uint8(flags(r)),
		Checksums: uint8(checksumForms(r)),

		ReserveCostNs: uint32(reserveCost(r.Trailer)),
		SourceCostNs:  uint32(sourceCost(r.Interval)),
	}
}

func flags(r vrrp.Rules) xvRouterFlag {
	return bit[xvRouterFlag](len(r.Peers) != 0)*xvRouterFlagROUTER_UNICAST |
		bit[xvRouterFlag](r.Owner)*xvRouterFlagROUTER_OWNER |
		bit[xvRouterFlag](r.AnyFirst)*xvRouterFlagROUTER_ANY_FIRST |
		bit[xvRouterFlag](r.SkipAddrs)*xvRouterFlagROUTER_SKIP_ADDRS |
		bit[xvRouterFlag](r.PassOn)*xvRouterFlagROUTER_PASS_ON
}

// reserveCost is what an advert of the followed master takes of its reserve. These are changes alone, for its repeats take
// nothing; but where a trailer may follow each advert is one, and as nobody but us can tell which are forged in its name
// the reserve has to hold for them, too.
func reserveCost(t vrrp.TrailerRule) time.Duration {
	if t == vrrp.TrailerRefused {
		return time.Second / 4
	}
	return time.Second / 500
}

// sourceCost is what an advert of a sender that is not followed takes of its share: four a second are enough for those who
// come and go; with short intervals that may be more often, as masters do that fail and return.
func sourceCost(interval time.Duration) time.Duration {
	return min(time.Second/4, 5*interval/2)
}

// checksumForms are the forms of checksum that a router takes.
func checksumForms(r vrrp.Rules) xvChecksumForm {
	switch {
	case r.Checksum == vrrp.Plain:
		return xvChecksumFormCHECKSUM_PLAIN
	case r.Checksum == vrrp.Pseudo:
		return xvChecksumFormCHECKSUM_PSEUDO
	case r.Checksum == vrrp.OldUnicast:
		return xvChecksumFormCHECKSUM_GROUP
	case len(r.Peers) != 0:
		return xvChecksumFormCHECKSUM_PLAIN | xvChecksumFormCHECKSUM_PSEUDO | xvChecksumFormCHECKSUM_GROUP
	}
	return xvChecksumFormCHECKSUM_PLAIN | xvChecksumFormCHECKSUM_PSEUDO
}

var trailerRules = [...]xvTrailerRule{
	vrrp.TrailerRefused:  xvTrailerRuleTRAILER_REFUSED,
	vrrp.TrailerAllowed:  xvTrailerRuleTRAILER_ALLOWED,
	vrrp.TrailerRequired: xvTrailerRuleTRAILER_REQUIRED,
}

var listRules = [...]xvListRule{
	vrrp.DropDisjoint:   xvListRuleLIST_DROP_DISJOINT,
	vrrp.AcceptMismatch: xvListRuleLIST_ACCEPT,
	vrrp.DropMismatch:   xvListRuleLIST_DROP_DIFFERENT,
}

// address is 16 bytes, IPv4 v4-mapped. No address is all zero, which no advert that is let through has as source.
func address(a netip.Addr) [16]byte {
	if !a.IsValid() {
		return [16]byte{}
	}
	return a.As16()
}

// wholeSeconds is the interval as version 2 sends it; 0, which no advert may have, where it cannot.
func wholeSeconds(d time.Duration) uint8 {
	if s := d / time.Second; s <= 255 {
		return uint8(s)
	}
	return 0
}

func bit[T ~uint8 | ~uint32](on bool) T {
	if on {
		return 1
	}
	return 0
}

func blockKey(id vrrp.ID, dst uint16) xvBlockKey {
	return xvBlockKey{Link: uint32(id.Link), Vlan: uint32(id.VLAN), V6: bit[uint8](id.V6), Dst: dst, Vrids: id.VRID / blockVRIDs}
}
