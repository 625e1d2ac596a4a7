package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	captureBuffer = 64 << 20 // bytes of kernel memory
	maxFrame      = 64 << 10 // a frame that segmentation offload has put together
)

// Frame is an Ethernet frame that was seen, with its VLAN tags in place.
type Frame struct {
	At       time.Duration // when the kernel saw it
	Wall     time.Time     // the same on the realtime clock
	Outgoing bool          // sent by the host on whose card it was seen
	Data     []byte
}

// Capture records the frames of a card until it is closed.
type Capture struct {
	conn *os.File
	done chan struct{} // closed when the recorder has ended

	mu     sync.Mutex
	frames []Frame
	more   chan struct{} // closed and replaced when a frame was recorded
	err    error         // of the recorder; valid when done is closed
}

// Capture starts recording every frame that a card sends or receives. On the bridge of Lab.Wire it sees what the
// bridge itself would receive, which is what is flooded: broadcast and multicast.
func (h *Host) Capture(nic string) (*Capture, error) {
	conn, err := h.openPacket(nic, unix.ETH_P_ALL)
	if err != nil {
		return nil, err
	}
	c := &Capture{conn: conn, done: make(chan struct{}), more: make(chan struct{})}
	go func() {
		c.err = c.record()
		close(c.done)
	}()
	return c, nil
}

// openPacket opens a packet socket on a card for the frames of a protocol, or for sending only if that is 0.
func (h *Host) openPacket(nic string, protocol uint16) (*os.File, error) {
	l, err := h.link(nic)
	if err != nil {
		return nil, err
	}
	var fd int
	err = h.Do(func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open packet socket on host %s: %w", h.Name, err)
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, captureBuffer),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: networkOrder(protocol), Ifindex: l.Attrs().Index}),
	)
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("set up packet socket on %s of host %s: %w", nic, h.Name, err)
	}
	return os.NewFile(uintptr(fd), nic), nil
}

func networkOrder(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}

// record takes frames until the socket is closed.
func (c *Capture) record() error {
	conn, err := c.conn.SyscallConn()
	if err != nil {
		return err
	}
	buf, oob := make([]byte, maxFrame), make([]byte, 256)
	for {
		var n, oobn int
		var from unix.Sockaddr
		var failure error
		err := conn.Read(func(fd uintptr) bool {
			n, oobn, _, from, failure = unix.Recvmsg(int(fd), buf, oob, unix.MSG_DONTWAIT)
			return failure != unix.EAGAIN
		})
		switch {
		case err != nil:
			return nil // closed, which is the only reason for waiting to fail
		case failure == unix.EINTR || failure == unix.ENETDOWN: // the latter once when the card goes down
		case failure != nil:
			return fmt.Errorf("record frames: %w", failure)
		default:
			c.add(readFrame(buf[:n], oob[:oobn], from))
		}
	}
}

func (c *Capture) add(f Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frames = append(c.frames, f)
	close(c.more)
	c.more = make(chan struct{})
}

// Frames are those recorded so far, in the order of the kernel.
func (c *Capture) Frames() []Frame {
	frames, _ := c.since(0)
	return frames
}

// since returns the frames from the one with this number on, and what is closed when there are more.
func (c *Capture) since(number int) ([]Frame, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.frames[number:len(c.frames):len(c.frames)], c.more
}

// Await returns the first frame that fits, of those recorded already and those to come before ctx ends.
func (c *Capture) Await(ctx context.Context, fits func(Frame) bool) (Frame, error) {
	for number := 0; ; {
		frames, more := c.since(number)
		for _, f := range frames {
			if fits(f) {
				return f, nil
			}
		}
		number += len(frames)
		select {
		case <-more:
		case <-c.done:
			return Frame{}, errors.Join(errors.New("the capture has ended"), c.err)
		case <-ctx.Done():
			return Frame{}, fmt.Errorf("wait for a frame: %w", ctx.Err())
		}
	}
}

// Close ends the recording. The frames stay.
func (c *Capture) Close() error {
	err := c.conn.Close()
	<-c.done
	return errors.Join(err, c.err)
}

// Inject sends a whole Ethernet frame from a card.
func (h *Host) Inject(nic string, frame []byte) error {
	conn, err := h.openPacket(nic, 0)
	if err != nil {
		return err
	}
	_, err = conn.Write(frame)
	return errors.Join(err, conn.Close())
}

// readFrame makes a frame of what the kernel handed over.
func readFrame(data, oob []byte, from unix.Sockaddr) Frame {
	f := Frame{Wall: time.Now(), Data: append([]byte(nil), data...)}
	if sa, ok := from.(*unix.SockaddrLinklayer); ok {
		f.Outgoing = sa.Pkttype == unix.PACKET_OUTGOING
	}
	msgs, _ := unix.ParseSocketControlMessage(oob) // without them the frame is only less well described
	for _, m := range msgs {
		switch {
		case m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= 16:
			f.Wall = time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
		case m.Header.Level == unix.SOL_PACKET && m.Header.Type == unix.PACKET_AUXDATA && len(m.Data) >= auxdataLen:
			f.Data = retag(f.Data, m.Data)
		}
	}
	f.At = monotonic(f.Wall)
	return f
}

// struct tpacket_auxdata of <linux/if_packet.h>, in host order.
const (
	auxdataLen    = 20
	auxdataStatus = 0
	auxdataTCI    = 16
	auxdataTPID   = 18
)

// retag puts the outer VLAN tag back where the kernel took it out of the frame.
func retag(frame, auxdata []byte) []byte {
	if binary.NativeEndian.Uint32(auxdata[auxdataStatus:])&unix.TP_STATUS_VLAN_VALID == 0 || len(frame) < 12 {
		return frame
	}
	tagged := append([]byte(nil), frame[:12]...)
	tagged = binary.BigEndian.AppendUint16(tagged, binary.NativeEndian.Uint16(auxdata[auxdataTPID:]))
	tagged = binary.BigEndian.AppendUint16(tagged, binary.NativeEndian.Uint16(auxdata[auxdataTCI:]))
	return append(tagged, frame[12:]...)
}
