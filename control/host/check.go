package host

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// check refuses a binding that could not send its adverts. What may change by itself, such as a link being down,
// is no reason.
func (h *Host) check(b *Binding) error {
	l := h.watch.link(b.ID.Link)
	if l == nil {
		return fmt.Errorf("link %d is gone", b.ID.Link)
	}
	if !b.Source.IsValid() || b.Source.Is6() != b.ID.V6 {
		return fmt.Errorf("source %v is no %s address", b.Source, b.ID.Family())
	}
	if err := checkSize(b, l); err != nil {
		return err
	}
	if len(b.Peers) == 0 {
		return checkMulticast(b, l)
	}
	return h.checkUnicast(b)
}

func checkMulticast(b *Binding, l *Link) error {
	group := b.ID.ListensOn()
	switch {
	case !group.IsMulticast() || group.Is6() != b.ID.V6:
		return fmt.Errorf("%v is no %s multicast group", group, b.ID.Family())
	case !l.ethernet || !l.Multicast:
		return fmt.Errorf("%s cannot send multicast; name the other routers with unicast_peer", l.Name)
	}
	return nil
}

func (h *Host) checkUnicast(b *Binding) error {
	if b.ID.V6 && h.tx.routed6 == nil {
		return errors.New("this kernel has IPv6 switched off")
	}
	for _, peer := range b.Peers {
		if !peer.IsValid() || peer.Is6() != b.ID.V6 {
			return fmt.Errorf("peer %v is no %s address", peer, b.ID.Family())
		}
	}
	return nil
}

// checkSize refuses adverts that would have to be fragmented, which no receiver accepts.
func checkSize(b *Binding, l *Link) error {
	header := ipv4Len
	if b.ID.V6 {
		header = ipv6Len
	}
	dst := b.Source // any address of the family will do to find the length
	for _, f := range b.Adverts {
		if err := checkFamilies(f.Advert.Addrs, b); err != nil {
			return err
		}
		n, most := header+len(f.Advert.AppendTo(nil, b.Source, dst, f.Checksum)), l.MTU
		if b.HMAC.Signs() {
			n, most = n+vrrp.TrailerLen, min(most, header+vrrp.MaxMessage)
		}
		if n > most {
			return fmt.Errorf("an advert with %d addresses takes %d bytes and %s carries %d; "+
				"move addresses to virtual_ipaddress_excluded", len(f.Advert.Addrs), n, l.Name, most)
		}
	}
	return nil
}

func checkFamilies(addrs []netip.Addr, b *Binding) error {
	for _, a := range addrs {
		if !a.IsValid() || a.Is6() != b.ID.V6 {
			return fmt.Errorf("advertised address %v is no %s address", a, b.ID.Family())
		}
	}
	return nil
}
