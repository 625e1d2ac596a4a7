package host

import (
	"net/netip"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// Sender is what a router sends: its adverts, prebuilt. It is good until the router is bound anew or unbound. It is small,
// since of thousands none is in the processor's cache when its turn comes.
type Sender struct {
	link    int32
	v6      bool
	framed  bool      // the packets are Ethernet frames, as in multicast mode; in unicast mode they begin with the IP header
	veiled  bool      // the frames' source is not the link's own
	queued  bool      // for the next flush
	wanted  uint8     // the priority that is to be told then
	told    uint8     // the one in the packets
	adverts []advert  // by form, and of a form by destination
	only    [1]advert // holds adverts where there is but one, as a rule
	binding *Binding
	signer  *vrrp.Signer // nil: no trailers
}

// advert is one packet.
type advert struct {
	packet  []byte
	ip, msg uint8  // where the IP header and the message begin
	form    uint8  // its place in Binding.Adverts
	serial  uint16 // IPv4 identification
}

// NewSender prebuilds the adverts of a binding. Sequences of trailers go on from those of the sender it replaces, which
// may be nil.
func NewSender(b *Binding, old *Sender) *Sender {
	s := &Sender{link: int32(b.ID.Link), v6: b.ID.V6, framed: len(b.Peers) == 0, veiled: b.MAC != mac{}, binding: b}
	s.adverts = s.only[:0]
	if b.HMAC.Signs() {
		s.signer = vrrp.NewSigner(b.HMAC)
		if old != nil && old.signer != nil {
			s.signer = old.signer
			s.signer.Reconfigure(b.HMAC)
		}
	}
	for i, f := range b.Adverts {
		size := len(f.Advert.AppendTo(nil, b.Source, b.Source, f.Checksum))
		if s.signer != nil {
			size += vrrp.TrailerLen
		}
		if s.framed {
			s.adverts = append(s.adverts, newMulticast(b, uint8(i), size))
		}
		for _, peer := range b.Peers {
			s.adverts = append(s.adverts, newUnicast(b, uint8(i), peer, size))
		}
		f.Advert.Priority = s.told
		s.write(uint8(i), f.Advert)
	}
	return s
}

// ID is that of the router.
func (s *Sender) ID() vrrp.ID { return s.binding.ID }

// newMulticast begins a frame whose message takes size bytes.
func newMulticast(b *Binding, form uint8, size int) advert {
	etherType := uint16(etherIPv4)
	if b.ID.V6 {
		etherType = etherIPv6
	}
	group := b.ID.ListensOn()
	return beginAdvert(b, form, appendEther(nil, groupMAC(group), b.MAC, b.ID.VLAN, etherType), group, hopLimit, size)
}

// newUnicast begins a packet; a TTL of 0 stands for 255.
func newUnicast(b *Binding, form uint8, peer netip.Addr, size int) advert {
	ttl := b.TTL
	if ttl == 0 {
		ttl = hopLimit
	}
	return beginAdvert(b, form, nil, peer, ttl, size)
}

// beginAdvert puts an IP header behind what comes before it.
func beginAdvert(b *Binding, form uint8, before []byte, dst netip.Addr, ttl uint8, size int) advert {
	a := advert{form: form, ip: uint8(len(before))}
	if b.ID.V6 {
		before = slices.Grow(before, ipv6Len+size)
		a.packet = appendIPv6(before, b.Source, dst, classCS6, protocolVRRP, ttl, size)
	} else {
		before = slices.Grow(before, ipv4Len+size)
		a.packet = appendIPv4(before, b.Source, dst, ttl, size)
	}
	a.msg = uint8(len(a.packet))
	return a
}

// write puts a message into the packets of a form.
func (s *Sender) write(form uint8, message vrrp.Advert) {
	b := s.binding
	for i := range s.adverts {
		if a := &s.adverts[i]; a.form == form {
			a.packet = message.AppendTo(a.packet[:a.msg], b.Source, a.dst(s.v6), b.Adverts[form].Checksum)
		}
	}
}

// complete makes the packets what is to be sent now, from the link's MAC if they have no other; wall is the wall clock.
func (s *Sender) complete(link mac, wall func() time.Time) {
	if s.told != s.wanted || s.signer != nil {
		s.tell(wall)
	}
	for i := range s.adverts {
		a := &s.adverts[i]
		if !s.v6 {
			a.serial++ // no two datagrams have the same identification
			sumIPv4(a.packet[a.ip:], a.serial)
		}
		if s.framed && !s.veiled {
			copy(a.packet[6:12], link[:])
		}
	}
}

// tell makes the packets tell the wanted priority.
func (s *Sender) tell(wall func() time.Time) {
	s.told = s.wanted
	for i, f := range s.binding.Adverts {
		f.Advert.Priority = s.told
		if s.signer != nil {
			s.signer.Sign(&f.Advert, s.binding.Source, wall())
		}
		s.write(uint8(i), f.Advert)
	}
}

// Touch reads from each packet, so that it is in the processor's cache when it is about to be sent. It is no part of its
// callers, where the compiler would find that nobody wants the sum.
//
//go:noinline
func (s *Sender) Touch() (sum byte) {
	for i := range s.adverts {
		sum += s.adverts[i].packet[0]
	}
	return sum
}

// dst is where the packet goes.
func (a *advert) dst(v6 bool) netip.Addr {
	header := a.packet[a.ip:]
	if v6 {
		return netip.AddrFrom16([16]byte(header[24:]))
	}
	return netip.AddrFrom4([4]byte(header[16:]))
}
