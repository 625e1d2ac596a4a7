package e2e

import (
	"encoding/binary"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/test/bed"
)

var (
	group    = netip.AddrFrom4([4]byte{224, 0, 0, 18})
	groupMAC = [6]byte{0x01, 0, 0x5e, 0, 0, 18}
	other    = netip.MustParseAddr("172.160.180.99") // a virtual address that nobody is configured with
)

// forged is a version 3 or 2 advert to be put on the wire as it is, right or wrong.
type forged struct {
	bed.Advert
	kind   uint8  // VRRP type
	tail   []byte // after the address list
	amiss  uint16 // what the checksum is off by
	damage func(ip []byte)
}

// forge begins with a valid advert of the machine for the tutorial's router, in the form of our own.
func forge(m *bed.Machine, priority uint8) forged {
	return forged{kind: 1, Advert: bed.Advert{MAC: m.MAC, Src: m.V4, Dst: group, TTL: 255, Version: 3, VRID: bed.VRID,
		Priority: priority, Interval: interval, Addrs: []netip.Addr{bed.VIP.Addr()}}}
}

func (f forged) frame() []byte {
	b := append(append([]byte(nil), groupMAC[:]...), f.MAC[:]...)
	b = binary.BigEndian.AppendUint16(b, bed.EtherIPv4)
	message := f.message()
	ip := []byte{0x45, 0xc0, 0, 0, 0, 0, 0, 0, f.TTL, bed.Protocol, 0, 0}
	binary.BigEndian.PutUint16(ip[2:], uint16(bed.IPv4Len+len(message)))
	ip = append(append(ip, f.Src.AsSlice()...), f.Dst.AsSlice()...)
	binary.BigEndian.PutUint16(ip[10:], vrrp.InternetChecksum(ip))
	if f.damage != nil {
		f.damage(ip)
	}
	return append(append(b, ip...), message...)
}

func (f forged) message() []byte {
	m := []byte{f.Version<<4 | f.kind, f.VRID, f.Priority, uint8(len(f.Addrs)), 0, uint8(f.Interval / time.Second), 0, 0}
	if f.Version != 2 {
		binary.BigEndian.PutUint16(m[4:], uint16(f.Interval/bed.Centisecond))
	}
	for _, a := range f.Addrs {
		m = append(m, a.AsSlice()...)
	}
	if f.Version == 2 {
		m = append(m, make([]byte, 8)...) // authentication data
	}
	m = append(m, f.tail...)
	summed := m
	if f.Version != 2 { // with a pseudo header, as keepalived and we do
		summed = append(append(append([]byte(nil), f.Src.AsSlice()...), f.Dst.AsSlice()...), 0, bed.Protocol, 0, uint8(len(m)))
		summed = append(summed, m...)
	}
	binary.BigEndian.PutUint16(m[6:], vrrp.InternetChecksum(summed)+f.amiss)
	return m
}

// bogus makes an advert invalid in one way each, by the verdict it deserves of the victim. Whatever the way, it
// would win any election.
func bogus(by, victim *bed.Machine) map[string]forged {
	spoilt := func(spoil func(*forged)) forged {
		f := forge(by, 254)
		spoil(&f)
		return f
	}
	return map[string]forged{
		"ttl":          spoilt(func(f *forged) { f.TTL = 254 }),                     // RX-01
		"version":      spoilt(func(f *forged) { f.Version = 4 }),                   // RX-02
		"type":         spoilt(func(f *forged) { f.kind = 7 }),                      // RX-03
		"count_zero":   spoilt(func(f *forged) { f.Addrs = nil }),                   // RX-05
		"length":       spoilt(func(f *forged) { f.tail = make([]byte, 4) }),        // RX-06
		"checksum":     spoilt(func(f *forged) { f.amiss = 1 }),                     // RX-07
		"interval":     spoilt(func(f *forged) { f.Interval = 0 }),                  // RX-12
		"self_source":  spoilt(func(f *forged) { f.Src = victim.V4 }),               // RX-20
		"dst":          spoilt(func(f *forged) { f.Dst = group.Next() }),            // RX-22
		"fragment":     spoilt(func(f *forged) { f.damage = moreFragments }),        // RX-24
		"src":          spoilt(func(f *forged) { f.Src = netip.IPv4Unspecified() }), // RX-30
		"ip_malformed": spoilt(func(f *forged) { f.damage = breakSum }),             // CK-09
		"conflict":     spoilt(func(f *forged) { f.Addrs = []netip.Addr{other} }),   // another cluster
	}
}

func breakSum(ip []byte) { ip[10] ^= 0xff }

// moreFragments sets MF and mends the header's checksum.
func moreFragments(ip []byte) {
	ip[6] |= 0x20
	ip[10], ip[11] = 0, 0
	binary.BigEndian.PutUint16(ip[10:], vrrp.InternetChecksum(ip[:bed.IPv4Len]))
}

func inject(m *bed.Machine, frame []byte) {
	m.Site.T.Helper()
	if err := m.Inject(bed.NIC, frame); err != nil {
		m.Site.T.Fatal(err)
	}
}

// keepInjecting sends frames in turn from a device, one at each tick, until the test ends.
func keepInjecting(t *testing.T, h *lab.Host, device string, every time.Duration, frames ...[]byte) {
	t.Helper()
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-tick.C:
				if err := h.Inject(device, frames[n%len(frames)]); err != nil {
					t.Errorf("inject: %v", err)
					return
				}
			case <-end:
				return
			}
		}
	}()
	t.Cleanup(func() {
		close(end)
		<-ended
	})
}

// flood sends frames in turn from a device, as fast as it takes them, and returns how often it took each.
func flood(h *lab.Host, device string, during time.Duration, frames [][]byte) (sent []uint64, err error) {
	sent = make([]uint64, len(frames))
	err = h.Do(func() error {
		l, err := netlink.LinkByName(device)
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return os.NewSyscallError("socket", err)
		}
		defer unix.Close(fd)
		if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: l.Attrs().Index}); err != nil {
			return os.NewSyscallError("bind", err)
		}
		for end := time.Now().Add(during); time.Now().Before(end); {
			for i, frame := range frames {
				switch _, err := unix.Write(fd, frame); err {
				case nil:
					sent[i]++
				case unix.ENOBUFS: // the cable is full
				default:
					return os.NewSyscallError("write", err)
				}
			}
		}
		return nil
	})
	return sent, err
}
