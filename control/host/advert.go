package host

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// priorityControl is TC_PRIO_CONTROL: adverts pass what else waits for the card.
const priorityControl = 7

// advert is one prebuilt packet of a router: a form for a destination. Multicast adverts are Ethernet frames,
// unicast ones begin with the IP header.
type advert struct {
	id       vrrp.ID
	form     Form
	src, dst netip.Addr
	buf      []byte
	ip, msg  int    // where the IP header and the message begin in buf
	serial   uint16 // IPv4 identification
	queued   bool
}

func newMulticast(b *Binding, f Form) *advert {
	a := &advert{id: b.ID, form: f, src: b.Source, dst: b.Group}
	etherType := uint16(etherIPv4)
	if b.ID.V6 {
		etherType = etherIPv6
	}
	a.buf = appendEther(nil, groupMAC(b.Group), mac{}, b.ID.VLAN, etherType)
	return a.build(hopLimit)
}

func newUnicast(b *Binding, f Form, peer netip.Addr) *advert {
	a := &advert{id: b.ID, form: f, src: b.Source, dst: peer}
	ttl := b.TTL
	if ttl == 0 {
		ttl = hopLimit
	}
	return a.build(ttl)
}

// build appends everything from the IP header on.
func (a *advert) build(ttl uint8) *advert {
	message := a.form.Advert.AppendTo(nil, a.src, a.dst, a.form.Checksum)
	a.ip = len(a.buf)
	if a.id.V6 {
		a.buf = appendIPv6(a.buf, a.src, a.dst, classCS6, protocolVRRP, ttl, len(message))
	} else {
		a.buf = appendIPv4(a.buf, a.src, a.dst, ttl, len(message))
	}
	a.msg = len(a.buf)
	a.buf = append(a.buf, message...)
	return a
}

// setPriority makes the packet say what is to be sent now.
func (a *advert) setPriority(priority uint8) {
	if a.form.Advert.Priority != priority {
		a.form.Advert.Priority = priority
		a.buf = a.form.Advert.AppendTo(a.buf[:a.msg], a.src, a.dst, a.form.Checksum)
	}
	if !a.id.V6 {
		a.serial++
		sumIPv4(a.buf[a.ip:], a.serial)
	}
}

func (a *advert) setSource(m mac) { copy(a.buf[6:12], m[:]) }

// packet is the IP packet.
func (a *advert) packet() []byte { return a.buf[a.ip:] }

// transmitter sends adverts. It belongs to the loop and never waits.
type transmitter struct {
	watch    *watcher
	failures *failures
	socket   *packetSocket
	routed4  *routedSocket
	routed6  *routedSocket

	adverts map[vrrp.ID][]*advert
	queue   []*advert // multicast ones
}

// openTransmitter takes its sockets in the calling thread's network namespace.
func openTransmitter(w *watcher, f *failures) (t *transmitter, err error) {
	t = &transmitter{watch: w, failures: f, adverts: make(map[vrrp.ID][]*advert)}
	if t.socket, err = openPacketSocket(priorityControl); err != nil {
		return nil, err
	}
	if t.routed4, err = openRouted4(); err == nil {
		t.routed6, err = openRouted6()
	}
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *transmitter) close() {
	t.socket.close()
	t.routed4.close()
	t.routed6.close()
}

// bind builds the router's adverts anew.
func (t *transmitter) bind(b *Binding) {
	t.flush() // what is queued was meant to leave as it was
	var adverts []*advert
	for _, f := range b.Adverts {
		f.Advert.Addrs = slices.Clone(f.Advert.Addrs)
		if len(b.Peers) == 0 {
			adverts = append(adverts, newMulticast(b, f))
		}
		for _, peer := range b.Peers {
			adverts = append(adverts, newUnicast(b, f, peer))
		}
	}
	t.adverts[b.ID] = adverts
}

func (t *transmitter) unbind(id vrrp.ID) {
	t.flush()
	delete(t.adverts, id)
}

// queueAdverts puts all adverts of the router into the next flush.
func (t *transmitter) queueAdverts(id vrrp.ID, priority uint8) {
	adverts := t.adverts[id]
	if len(adverts) == 0 {
		return
	}
	link := t.watch.link(id.Link)
	if link == nil {
		t.failures.report(id, opAdvertise, fmt.Errorf("link %d is gone", id.Link))
		return
	}
	for _, a := range adverts {
		if a.queued {
			t.flush() // a second advert of one turn must not overwrite the first
		}
		a.queued = true
		a.setPriority(priority)
		switch {
		case a.ip > 0:
			a.setSource(link.MAC)
			t.queue = append(t.queue, a)
		case id.V6:
			t.routed6.add(a)
		default:
			t.routed4.add(a)
		}
	}
}

// flush sends what is queued.
func (t *transmitter) flush() {
	for batch := range slices.Chunk(t.queue, frameBatch) {
		for _, a := range batch {
			a.queued = false
			t.socket.add(a.id.Link, a.buf)
		}
		t.socket.send(func(i int, err error) { t.failed(batch[i], err) })
	}
	clear(t.queue)
	t.queue = t.queue[:0]
	t.routed4.send(t.failed)
	t.routed6.send(t.failed)
}

func (t *transmitter) failed(a *advert, err error) {
	t.failures.report(a.id, opAdvertise, fmt.Errorf("send from %v to %v: %w", a.src, a.dst, err))
}
