package host

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// The netlink package sends one message per system call and waits for its answer. Thousands of addresses need
// many messages per call, which is what rtnl adds; it is used by one goroutine at a time.

const (
	// rtnlBatch is the number of requests sent at once. Their answers must fit the default receive buffer of
	// 208 KiB, in which each takes less than 1 KiB.
	rtnlBatch = 128
	// rtnlPatience is how long an answer may take; the kernel answers before the request returns.
	rtnlPatience = 5 // seconds
	// nlaTypeMask takes the flags out of an attribute's type (NLA_TYPE_MASK).
	nlaTypeMask = 0x3fff
	// dumpRetries is how often a dump is repeated that a change interrupted.
	dumpRetries = 10
)

var errInterrupted = errors.New("the dump was interrupted by changes")

// rtnl is a request socket of rtnetlink.
type rtnl struct {
	fd  int
	seq uint32
}

// receiveBuffers hold the answers of one request each. What is not asked for a while is no memory of ours.
var receiveBuffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// openRTNL opens a socket in the calling thread's network namespace.
func openRTNL() (*rtnl, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open rtnetlink: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("bind rtnetlink: %w", err)
	}
	// Short answers and dumps filtered by the kernel; kernels without these send more than is asked for.
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1)
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: rtnlPatience})
	return &rtnl{fd: fd}, nil
}

func (r *rtnl) close() error { return unix.Close(r.fd) }

// change sends at most rtnlBatch requests at once and returns what the kernel said to each: nil or an errno.
func (r *rtnl) change(reqs []*nl.NetlinkRequest) ([]error, error) {
	var out []byte
	first := r.seq + 1
	for _, req := range reqs {
		r.seq++
		req.Seq = r.seq
		req.Flags |= unix.NLM_F_REQUEST | unix.NLM_F_ACK
		out = append(out, req.Serialize()...)
	}
	if err := r.send(out); err != nil {
		return nil, err
	}
	buf := receiveBuffers.Get().(*[64 << 10]byte)
	defer receiveBuffers.Put(buf)
	results := make([]error, len(reqs))
	for open := len(reqs); open > 0; {
		msgs, err := r.receive(buf[:])
		if err != nil {
			return nil, err
		}
		for _, m := range msgs {
			i := m.Header.Seq - first
			if m.Header.Type == unix.NLMSG_ERROR && i < uint32(len(reqs)) {
				results[i] = messageError(m)
				open--
			}
		}
	}
	return results, nil
}

// changeEach is change with an error or nil for each request in any case.
func (r *rtnl) changeEach(reqs []*nl.NetlinkRequest) []error {
	if len(reqs) == 0 {
		return nil
	}
	results, err := r.change(reqs)
	if err != nil {
		return slices.Repeat([]error{err}, len(reqs))
	}
	return results
}

// dump asks for a list and hands each entry to f. A list that a change interrupted is asked for again, after reset.
func (r *rtnl) dump(req *nl.NetlinkRequest, reset func(), f func(syscall.NetlinkMessage)) error {
	for range dumpRetries {
		reset()
		err := r.dumpOnce(req, f)
		if !errors.Is(err, errInterrupted) {
			return err
		}
	}
	return errInterrupted
}

func (r *rtnl) dumpOnce(req *nl.NetlinkRequest, f func(syscall.NetlinkMessage)) error {
	r.seq++
	req.Seq = r.seq
	req.Flags |= unix.NLM_F_REQUEST | unix.NLM_F_DUMP
	if err := r.send(req.Serialize()); err != nil {
		return err
	}
	buf := receiveBuffers.Get().(*[64 << 10]byte)
	defer receiveBuffers.Put(buf)
	var cut error
	for {
		msgs, err := r.receive(buf[:])
		if err != nil {
			return err
		}
		for _, m := range msgs {
			if m.Header.Seq != r.seq {
				continue
			}
			if m.Header.Flags&unix.NLM_F_DUMP_INTR != 0 {
				cut = errInterrupted
			}
			switch m.Header.Type {
			case unix.NLMSG_DONE, unix.NLMSG_ERROR:
				return errors.Join(cut, messageError(m))
			default:
				f(m)
			}
		}
	}
}

func (r *rtnl) send(b []byte) error {
	if err := unix.Sendto(r.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("send to rtnetlink: %w", err)
	}
	return nil
}

// receive returns the messages of one datagram, which lie in buf.
func (r *rtnl) receive(buf []byte) ([]syscall.NetlinkMessage, error) {
	for {
		n, from, err := unix.Recvfrom(r.fd, buf, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("receive from rtnetlink: %w", err)
		}
		if !fromKernel(from) {
			continue
		}
		return syscall.ParseNetlinkMessage(buf[:n])
	}
}

// nextMessage is the first message of a datagram, and what is behind it.
func nextMessage(b []byte) (m syscall.NetlinkMessage, rest []byte, ok bool) {
	if len(b) < unix.NLMSG_HDRLEN {
		return m, nil, false
	}
	m.Header = syscall.NlMsghdr{
		Len:   binary.NativeEndian.Uint32(b),
		Type:  binary.NativeEndian.Uint16(b[4:]),
		Flags: binary.NativeEndian.Uint16(b[6:]),
		Seq:   binary.NativeEndian.Uint32(b[8:]),
		Pid:   binary.NativeEndian.Uint32(b[12:]),
	}
	n := int(m.Header.Len)
	if n < unix.NLMSG_HDRLEN || n > len(b) {
		return m, nil, false
	}
	m.Data = b[unix.NLMSG_HDRLEN:n]
	return m, b[min((n+3)&^3, len(b)):], true
}

// nextAttr is the first attribute of a message, without the flags in its type, and what is behind it.
func nextAttr(b []byte) (kind uint16, value, rest []byte, ok bool) {
	if len(b) < unix.SizeofRtAttr {
		return 0, nil, nil, false
	}
	n := int(binary.NativeEndian.Uint16(b))
	if n < unix.SizeofRtAttr || n > len(b) {
		return 0, nil, nil, false
	}
	kind = binary.NativeEndian.Uint16(b[2:]) & nlaTypeMask
	return kind, b[unix.SizeofRtAttr:n], b[min((n+3)&^3, len(b)):], true
}

// fromKernel guards against other processes, which may send to any netlink socket.
func fromKernel(from unix.Sockaddr) bool {
	sa, ok := from.(*unix.SockaddrNetlink)
	return ok && sa.Pid == 0
}

// messageError reads the errno of an NLMSG_ERROR or of the NLMSG_DONE that ends a dump.
func messageError(m syscall.NetlinkMessage) error {
	if len(m.Data) < 4 {
		return nil
	}
	if errno := int32(binary.NativeEndian.Uint32(m.Data)); errno < 0 {
		return unix.Errno(-errno)
	}
	return nil
}
