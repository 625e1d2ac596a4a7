package host

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// frameBatch is the number of frames per system call; more gain nothing.
	frameBatch = 64
	// frameBuffer is the send buffer, in bytes of kernel memory: several thousand adverts waiting for a card.
	frameBuffer = 8 << 20
)

// mac is an Ethernet address.
type mac [6]byte

var (
	broadcastMAC = mac{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	allNodesMAC  = mac{0x33, 0x33, 0, 0, 0, 1}
)

// groupMAC is the Ethernet address of a multicast group (RFC 1112 6.4, RFC 2464 7).
func groupMAC(group netip.Addr) mac {
	if group.Is4() {
		a := group.As4()
		return mac{0x01, 0x00, 0x5e, a[1] & 0x7f, a[2], a[3]}
	}
	a := group.As16()
	return mac{0x33, 0x33, a[12], a[13], a[14], a[15]}
}

// mmsghdr is struct mmsghdr of <sys/socket.h>, which x/sys lacks.
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

// packetSocket sends whole Ethernet frames on any link and receives nothing. One goroutine uses it at a time.
type packetSocket struct {
	fd    int
	n     int // frames waiting
	msgs  [frameBatch]mmsghdr
	iovs  [frameBatch]unix.Iovec
	addrs [frameBatch]unix.RawSockaddrLinklayer
}

// openPacketSocket opens a socket in the calling thread's network namespace. priority is the place of its frames
// in queueing disciplines that honour it (SO_PRIORITY).
func openPacketSocket(priority int) (*packetSocket, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open packet socket (CAP_NET_RAW needed): %w", err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PRIORITY, priority) // a preference
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, frameBuffer); err != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, frameBuffer) // within the system's limit
	}
	s := &packetSocket{fd: fd}
	for i := range s.msgs {
		h := &s.msgs[i].hdr
		h.Iov, h.Name = &s.iovs[i], (*byte)(unsafe.Pointer(&s.addrs[i]))
		h.SetIovlen(1)
		h.Namelen = unix.SizeofSockaddrLinklayer
	}
	return s, nil
}

func (s *packetSocket) close() error { return unix.Close(s.fd) }

func (s *packetSocket) full() bool { return s.n == frameBatch }

// add puts a frame into the batch, which must not be full. The frame must stay as it is until send.
func (s *packetSocket) add(link int, frame []byte) {
	s.iovs[s.n].Base = &frame[0]
	s.iovs[s.n].SetLen(len(frame))
	s.addrs[s.n] = unix.RawSockaddrLinklayer{
		Family:   unix.AF_PACKET,
		Protocol: binary.NativeEndian.Uint16(frame[12:]), // EtherType, in network order on both sides
		Ifindex:  int32(link),
	}
	s.n++
}

// send sends the batch without waiting for buffers and calls failed for each frame that was refused, by its
// place in the batch. The runtime is not told of the system call: see Timer.
func (s *packetSocket) send(failed func(i int, err error)) {
	for i := 0; i < s.n; {
		sent, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(s.fd),
			uintptr(unsafe.Pointer(&s.msgs[i])), uintptr(s.n-i), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			i += int(sent)
		case unix.EINTR:
		default:
			failed(i, errno)
			i++
		}
	}
	s.n = 0
}
