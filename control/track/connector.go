package track

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The proc connector of the kernel (linux/connector.h, linux/cn_proc.h). It serves the initial namespaces alone.
const (
	procIndex, procValue = 1, 1 // CN_IDX_PROC, CN_VAL_PROC
	procListen           = 1    // PROC_CN_MCAST_LISTEN
	procIgnore           = 2    // PROC_CN_MCAST_IGNORE

	eventNone = 0
	eventFork = 1
	eventExec = 2
	eventComm = 0x200
	eventExit = 0x80000000

	connectorHeader = 20 // of struct cn_msg, in bytes
	eventHeader     = 16 // of struct proc_event before its union
)

const (
	// connectorBuffer holds the events of a storm of processes, in bytes.
	connectorBuffer = 4 << 20
	// answerTime is how long the kernel may take to answer a subscription, which it does at once or never.
	answerTime = time.Second
)

// errEventsLost says that the kernel had no room for an event.
var errEventsLost = errors.New("process events were lost")

// processEventKind is what happened to a process. Threads are not told of.
type processEventKind uint8

const (
	processForked processEventKind = iota
	processChanged
	processEnded
)

// processEvent is something that happened to a process.
type processEvent struct {
	kind   processEventKind
	pid    int
	parent int // of a fork
}

// connector is a subscription to process events.
type connector struct {
	socket *os.File
	buffer []byte
}

func dialConnector() (*connector, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_CONNECTOR)
	if err != nil {
		return nil, fmt.Errorf("open proc connector: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: procIndex}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("bind proc connector: %w: needs CAP_NET_ADMIN", err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, connectorBuffer) // a smaller one loses events, which is noticed
	return &connector{os.NewFile(uintptr(fd), "proc connector"), make([]byte, 4<<10)}, nil
}

// close ends the subscription, and next with it.
func (c *connector) close() {
	_ = c.request(procIgnore) // the kernel counts who listens and would go on making events for nobody
	c.socket.Close()
}

// subscribe asks for events and waits for the kernel to agree: to a namespace it does not serve it says nothing.
func (c *connector) subscribe() error {
	if err := c.request(procListen); err != nil {
		return fmt.Errorf("subscribe to process events: %w", err)
	}
	if err := c.socket.SetReadDeadline(time.Now().Add(answerTime)); err != nil {
		return err
	}
	for {
		what, body, err := c.read()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return errors.New("the proc connector does not answer: it serves the initial PID and user namespaces alone")
		case err != nil && err != errEventsLost:
			return err
		case err != nil || what != eventNone:
			continue
		}
		if refusal := unix.Errno(binary.NativeEndian.Uint32(body)); refusal != 0 {
			return fmt.Errorf("subscribe to process events: %w", refusal)
		}
		return c.socket.SetReadDeadline(time.Time{})
	}
}

// request sends an operation to the kernel: struct nlmsghdr, struct cn_msg, enum proc_cn_mcast_op.
func (c *connector) request(operation uint32) error {
	const size = unix.SizeofNlMsghdr + connectorHeader + 4
	order := binary.NativeEndian
	b := order.AppendUint32(nil, size)
	b = order.AppendUint16(b, unix.NLMSG_DONE)
	b = append(b, make([]byte, unix.SizeofNlMsghdr-len(b))...)
	b = order.AppendUint32(b, procIndex)
	b = order.AppendUint32(b, procValue)
	b = append(b, make([]byte, 8)...) // sequence, acknowledgement
	b = order.AppendUint16(b, 4)      // length of what follows the header
	b = order.AppendUint16(b, 0)
	b = order.AppendUint32(b, operation)
	_, err := c.socket.Write(b)
	return err
}

// next waits for an event of interest.
func (c *connector) next() (processEvent, error) {
	for {
		what, body, err := c.read()
		if err != nil {
			return processEvent{}, err
		}
		if e, ok := parseEvent(what, body); ok {
			return e, nil
		}
	}
}

// read reads a struct proc_event: what happened and the fields that belong to it.
func (c *connector) read() (what uint32, body []byte, err error) {
	const headers = unix.SizeofNlMsghdr + connectorHeader + eventHeader
	for {
		n, err := c.socket.Read(c.buffer)
		if errors.Is(err, unix.ENOBUFS) {
			return 0, nil, errEventsLost
		}
		if err != nil {
			return 0, nil, err
		}
		if n >= headers+16 { // the longest of the bodies that are looked at
			event := c.buffer[unix.SizeofNlMsghdr+connectorHeader : n]
			return binary.NativeEndian.Uint32(event), event[eventHeader:], nil
		}
	}
}

// parseEvent reads an event; ok is false for one of a thread or of no interest.
func parseEvent(what uint32, body []byte) (e processEvent, ok bool) {
	field := func(i int) int { return int(binary.NativeEndian.Uint32(body[4*i:])) }
	if what == eventFork { // parent and its thread group, child and its
		return processEvent{processForked, field(2), field(1)}, field(2) == field(3)
	}
	e = processEvent{kind: processChanged, pid: field(0)} // thread, its group
	switch what {
	case eventExec, eventComm:
	case eventExit:
		e.kind = processEnded
	default:
		return e, false
	}
	return e, field(0) == field(1)
}
