package bench

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// ears hear the segments of a daemon during its turn, by link.
type ears []*lab.Capture

func (s *stage) listen(r *rival) ears {
	s.b.Helper()
	var e ears
	for _, segment := range r.segments {
		c, err := s.Lab.Wire.Capture(segment)
		if err != nil {
			s.b.Fatal(err)
		}
		e = append(e, c)
	}
	return e
}

// close ends the listening, and returns what was heard.
func (s *stage) close(e ears) map[router]*voice {
	s.b.Helper()
	for _, c := range e {
		if err := c.Close(); err != nil {
			s.b.Fatal(err)
		}
	}
	return e.heard()
}

// voice is what was heard of a router.
type voice struct {
	fed       []time.Duration // adverts of the source
	adverts   []time.Duration // of the daemon
	announced []time.Duration // gratuitous ARP for its address
}

func (e ears) heard() map[router]*voice {
	all := make(map[router]*voice)
	for link, c := range e {
		for _, f := range c.Frames() {
			if addr, ok := announcement(f.Data); ok {
				v := of(all, router{link, addr.As4()[3]})
				v.announced = append(v.announced, f.At)
			} else if a, ok := bed.ReadAdvert(f); ok {
				switch v := of(all, router{link, a.VRID}); a.Priority {
				case superior:
					v.fed = append(v.fed, a.At)
				case priority:
					v.adverts = append(v.adverts, a.At)
				}
			}
		}
	}
	return all
}

func of(all map[router]*voice, r router) *voice {
	if all[r] == nil {
		all[r] = &voice{}
	}
	return all[r]
}

// announcement is the address that a gratuitous ARP announces.
func announcement(frame []byte) (addr netip.Addr, ok bool) {
	const sender, target, end = bed.EtherLen + 14, bed.EtherLen + 24, bed.EtherLen + 28
	if len(frame) < end || binary.BigEndian.Uint16(frame[12:]) != bed.EtherARP ||
		[4]byte(frame[sender:]) != [4]byte(frame[target:]) {
		return addr, false
	}
	return netip.AddrFrom4([4]byte(frame[sender:])), true
}
