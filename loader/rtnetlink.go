package loader

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"
)

// netlinkBuffer holds the largest datagram that the kernel makes of a dump.
const netlinkBuffer = 1 << 16

// request sends one message and waits for the kernel's word on it. body is the header that the kind of message has,
// and attributes.
func request(kind, flags uint16, body string) error {
	fd, err := send(kind, flags|unix.NLM_F_ACK, body)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return receive(fd, func([]byte) {})
}

// send sends one message through a socket of its own, from which the answer is to be received.
func send(kind, flags uint16, body string) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return -1, err
	}
	order := binary.NativeEndian
	b := order.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	b = order.AppendUint16(order.AppendUint16(b, kind), flags|unix.NLM_F_REQUEST)
	b = order.AppendUint32(order.AppendUint32(b, 1), 0) // sequence number, sender
	if err := unix.Sendto(fd, append(b, body...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// receive hands the bodies of an answer to each, until the kernel acknowledges, refuses or is done.
func receive(fd int, each func(body []byte)) error {
	buf := make([]byte, netlinkBuffer)
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			return err
		}
		for b := buf[:n]; len(b) >= unix.SizeofNlMsghdr; {
			size := int(binary.NativeEndian.Uint32(b))
			if size < unix.SizeofNlMsghdr || size > len(b) {
				return errors.New("netlink message of impossible length")
			}
			body := b[unix.SizeofNlMsghdr:size]
			switch binary.NativeEndian.Uint16(b[4:]) {
			case unix.NLMSG_DONE:
				return nil
			case unix.NLMSG_ERROR:
				if code := int32(binary.NativeEndian.Uint32(body)); code != 0 {
					return unix.Errno(-code)
				}
				return nil
			}
			each(body)
			b = b[min(align(size), len(b)):]
		}
	}
}

// attribute encodes one netlink attribute, padded.
func attribute(kind uint16, value string) string {
	order := binary.NativeEndian
	b := order.AppendUint16(order.AppendUint16(nil, uint16(4+len(value))), kind)
	b = append(b, value...)
	return string(append(b, make([]byte, align(len(b))-len(b))...))
}

// attributeMask leaves the flags out of an attribute's kind.
const attributeMask = 0x3fff

func attributes(b []byte) map[uint16][]byte {
	found := make(map[uint16][]byte)
	for len(b) >= 4 {
		size := int(binary.NativeEndian.Uint16(b))
		if size < 4 || size > len(b) {
			break
		}
		found[binary.NativeEndian.Uint16(b[2:])&attributeMask] = b[4:size]
		b = b[min(align(size), len(b)):]
	}
	return found
}

func align(n int) int { return (n + 3) &^ 3 }

func word(v uint32) string { return string(binary.NativeEndian.AppendUint32(nil, v)) }
