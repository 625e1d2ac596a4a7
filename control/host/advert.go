package host

import (
	"net/netip"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// sender is what a router sends: its forms, each in a packet for every destination.
type sender struct {
	id      vrrp.ID
	source  netip.Addr
	mac     mac // of frames; zero: the link's
	forms   []form
	signer  *vrrp.Signer // nil: no trailers
	trouble string       // what was reported last and still holds; empty: nothing

	// While it waits for the next flush, and what its adverts are to say then.
	queued   bool
	priority uint8
}

// form is one shape of a router's advert.
type form struct {
	Form
	adverts []advert
}

// advert is one prebuilt packet. Multicast adverts are Ethernet frames, unicast ones begin with the IP header.
type advert struct {
	sender  *sender
	dst     netip.Addr
	buf     []byte
	ip, msg int    // where the IP header and the message begin in buf
	serial  uint16 // IPv4 identification
	err     error  // why it could not be sent last time
}

// newSender prebuilds the adverts of a binding. Sequences of trailers go on from those of the sender it replaces, which
// may be nil.
func newSender(b *Binding, old *sender) *sender {
	s := &sender{id: b.ID, source: b.Source, mac: b.MAC}
	if b.HMAC.Signs() {
		s.signer = vrrp.NewSigner(b.HMAC)
		if old != nil && old.signer != nil {
			s.signer = old.signer
			s.signer.Reconfigure(b.HMAC)
		}
	}
	for _, shape := range b.Adverts {
		f := form{Form: shape}
		f.Advert.Addrs = slices.Clone(f.Advert.Addrs)
		size := len(f.Advert.AppendTo(nil, s.source, s.source, f.Checksum))
		if s.signer != nil {
			size += vrrp.TrailerLen
		}
		if len(b.Peers) == 0 {
			f.adverts = append(f.adverts, s.newMulticast(b.Group, size))
		}
		for _, peer := range b.Peers {
			f.adverts = append(f.adverts, s.newUnicast(peer, b.TTL, size))
		}
		s.forms = append(s.forms, f)
		f.write(s.source)
	}
	return s
}

// newMulticast begins a frame whose message takes size bytes.
func (s *sender) newMulticast(group netip.Addr, size int) advert {
	a := advert{sender: s, dst: group}
	etherType := uint16(etherIPv4)
	if s.id.V6 {
		etherType = etherIPv6
	}
	a.buf = appendEther(nil, groupMAC(group), mac{}, s.id.VLAN, etherType)
	return a.begin(hopLimit, size)
}

// newUnicast begins a packet; a TTL of 0 stands for 255.
func (s *sender) newUnicast(peer netip.Addr, ttl uint8, size int) advert {
	if ttl == 0 {
		ttl = hopLimit
	}
	return advert{sender: s, dst: peer}.begin(ttl, size)
}

// begin appends the IP header.
func (a advert) begin(ttl uint8, size int) advert {
	a.ip = len(a.buf)
	if a.sender.id.V6 {
		a.buf = appendIPv6(a.buf, a.sender.source, a.dst, classCS6, protocolVRRP, ttl, size)
	} else {
		a.buf = appendIPv4(a.buf, a.sender.source, a.dst, ttl, size)
	}
	a.msg = len(a.buf)
	return a
}

// complete makes the packets what is to be sent now, from source if the sender has none of its own; wall is the wall clock.
func (s *sender) complete(source mac, wall func() time.Time) {
	if s.mac != (mac{}) {
		source = s.mac
	}
	for i := range s.forms {
		f := &s.forms[i]
		f.say(s, wall)
		for j := range f.adverts {
			a := &f.adverts[j]
			a.err = nil
			a.stamp()
			if a.framed() {
				a.setSource(source)
			}
		}
	}
}

// say makes the packets of a form say what its sender is to say.
func (f *form) say(s *sender, wall func() time.Time) {
	if f.Advert.Priority == s.priority && s.signer == nil {
		return
	}
	f.Advert.Priority = s.priority
	if s.signer != nil {
		s.signer.Sign(&f.Advert, s.source, wall())
	}
	f.write(s.source)
}

// write puts the message into the packets.
func (f *form) write(source netip.Addr) {
	for i := range f.adverts {
		a := &f.adverts[i]
		a.buf = f.Advert.AppendTo(a.buf[:a.msg], source, a.dst, f.Checksum)
	}
}

// stamp completes a packet: no two datagrams have the same identification.
func (a *advert) stamp() {
	if !a.sender.id.V6 {
		a.serial++
		sumIPv4(a.buf[a.ip:], a.serial)
	}
}

// framed reports whether the packet is an Ethernet frame.
func (a *advert) framed() bool { return a.ip > 0 }

func (a *advert) setSource(m mac) { copy(a.buf[6:12], m[:]) }

// packet is the IP packet.
func (a *advert) packet() []byte { return a.buf[a.ip:] }
