package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// tap hears every frame of one link of the demo, in both directions, dated by the kernel.
type tap struct{ file *os.File }

// openTap opens it on a link of the calling thread's network namespace.
func openTap(link int) (*tap, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open a packet socket: %w", err)
	}
	file := os.NewFile(uintptr(fd), "tap")
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		file.Close()
		return nil, fmt.Errorf("have frames dated: %w", err)
	}
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: link, Protocol: all}); err != nil {
		file.Close()
		return nil, fmt.Errorf("listen on link %d: %w", link, err)
	}
	return &tap{file}, nil
}

// close ends listen.
func (t *tap) close() { t.file.Close() }

// listen hands on what every frame is about until the tap is closed.
func (t *tap) listen(hear func(heardFrame)) {
	raw, err := t.file.SyscallConn()
	if err != nil {
		return
	}
	frame, control := make([]byte, 2048), make([]byte, 128)
	for {
		var n, oobn int
		var failed error
		err := raw.Read(func(fd uintptr) bool {
			n, oobn, _, _, failed = unix.Recvmsg(int(fd), frame, control, 0)
			return failed != unix.EAGAIN
		})
		if err != nil {
			return
		}
		if failed == nil { // else the link went down, and may come back
			hear(dissect(stamp(control[:oobn]), frame[:n]))
		}
	}
}

// stamp reads the kernel's date of a frame.
func stamp(control []byte) time.Time {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return time.Now()
	}
	for _, m := range messages {
		var ts unix.Timespec
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS &&
			binary.Read(bytes.NewReader(m.Data), binary.NativeEndian, &ts) == nil {
			return time.Unix(ts.Unix())
		}
	}
	return time.Now()
}

// sound is what a frame of the demo is about.
type sound uint8

const (
	nothing sound = iota
	advert        // a VRRP advert
	claim         // a gratuitous ARP: the sender says where an address is
	ping          // an ICMP echo request
	pong          // its reply
)

// heardFrame is one frame on the client's link.
type heardFrame struct {
	at   time.Time
	what sound
	mac  [6]byte    // of the sender
	addr netip.Addr // source of an advert, claimed address, address that replies
	seq  uint16     // of ping and pong
	vrid uint8      // of an advert
}

const (
	ethernetLen = 14
	arpLen      = 28
	ipv4Len     = 20
	icmpLen     = 8
	echoRequest = 8
	echoReply   = 0
)

// dissect tells what a frame is about.
func dissect(at time.Time, frame []byte) heardFrame {
	h := heardFrame{at: at}
	if len(frame) < ethernetLen+ipv4Len {
		return h
	}
	copy(h.mac[:], frame[6:])
	switch packet := frame[ethernetLen:]; binary.BigEndian.Uint16(frame[12:]) {
	case typeARP:
		h.dissectARP(packet)
	case typeIPv4:
		h.dissectIPv4(frame, packet)
	}
	return h
}

// dissectARP finds claims: sender and target are the same address.
func (h *heardFrame) dissectARP(p []byte) {
	if len(p) >= arpLen && bytes.Equal(p[14:18], p[24:28]) {
		h.what, h.addr = claim, netip.AddrFrom4([4]byte(p[14:18]))
	}
}

func (h *heardFrame) dissectIPv4(frame, p []byte) {
	h.addr = netip.AddrFrom4([4]byte(p[12:16]))
	header := int(p[0]&0x0f) * 4
	switch {
	case p[protocolAt] == unix.IPPROTO_ICMP && len(p) >= header+icmpLen:
		h.seq = binary.BigEndian.Uint16(p[header+6:])
		switch p[header] {
		case echoRequest:
			h.what = ping
		case echoReply:
			h.what = pong
		}
	default:
		f, v := vrrp.Dissect(frame)
		if id, ok := f.ID(0); ok && v == verdict.Delivered {
			h.what, h.vrid = advert, id.VRID
		}
	}
}
