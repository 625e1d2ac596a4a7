package host

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// What the kernel tells of links, addresses, routes and rules, and what of it is listened to.

const (
	// eventBuffer is the receive buffer for events; it holds the deletion of some ten thousand addresses.
	eventBuffer = 8 << 20
	// eventBurst is how many datagrams are taken before the picture is renewed, even if more are waiting.
	eventBurst = 256
)

var subscriptions = []int{unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR}

var tableSubscriptions = []int{
	unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE, unix.RTNLGRP_IPV4_RULE, unix.RTNLGRP_IPV6_RULE,
}

func subscribe() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open link events: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("bind link events: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, eventBuffer); err != nil {
		// Without CAP_NET_ADMIN the system's limit holds; an overflow is noticed and made good.
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, eventBuffer)
	}
	_ = attachEventFilter(fd, nil) // it only saves work
	for _, group := range subscriptions {
		if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, group); err != nil {
			unix.Close(fd)
			return nil, fmt.Errorf("subscribe to link events: %w", err)
		}
	}
	return os.NewFile(uintptr(fd), "rtnetlink events"), nil
}

// watchTables subscribes to routes and rules.
func (w *watcher) watchTables() error {
	conn, err := w.events.SyscallConn()
	if err != nil {
		return err
	}
	var refused error
	err = conn.Control(func(fd uintptr) {
		for _, group := range tableSubscriptions {
			refused = errors.Join(refused, unix.SetsockoptInt(int(fd), unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, group))
		}
	})
	if err := errors.Join(err, refused); err != nil {
		return fmt.Errorf("subscribe to routes: %w", err)
	}
	return nil
}

// admit lets the deletion of routes of a protocol pass the filter.
func (w *watcher) admit(protocol uint8) error {
	w.protocols = append(w.protocols, protocol)
	conn, err := w.events.SyscallConn()
	if err != nil {
		return err
	}
	var refused error
	err = conn.Control(func(fd uintptr) { refused = attachEventFilter(int(fd), w.protocols) })
	return errors.Join(err, refused)
}

// take waits for events, at most until an instant or until somebody asks for a look, and notes what they are about.
// After an overrun it throws away what is left: until the buffer is empty the kernel does not tell of another one.
func (w *watcher) take(until time.Duration) error {
	w.setAlarm(until)
	conn, err := w.events.SyscallConn()
	if err != nil {
		return err
	}
	overrun, taken := false, 0
	var failure error
	err = conn.Read(func(fd uintptr) bool {
		for overrun || taken < eventBurst {
			n, from, err := unix.Recvfrom(int(fd), w.buf, unix.MSG_DONTWAIT)
			switch {
			case err == unix.EINTR:
			case err == unix.EAGAIN:
				return taken > 0
			case err == unix.ENOBUFS:
				overrun = true
				taken++
			case err != nil:
				failure = err
				return true
			default:
				taken++
				if fromKernel(from) && !overrun {
					w.note(w.buf[:n])
				}
			}
		}
		return true
	})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	if err := errors.Join(err, failure); err != nil {
		return err
	}
	if overrun {
		w.log.Debug("link events were lost, reading everything anew")
		w.lost = true
		w.onResync()
	}
	return nil
}

// setAlarm ends the next take at an instant, or at once if somebody has poked.
func (w *watcher) setAlarm(until time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var deadline time.Time
	switch {
	case w.poked:
		deadline = time.Unix(0, 0)
	case until != never:
		deadline = time.Now().Add(until - Now())
	}
	_ = w.events.SetReadDeadline(deadline) // fails when it is closed, which reading then says
	for link := range w.asked {
		w.dirty[link] = true
	}
	clear(w.asked)
	w.poked = false
}

// poke ends take, the next one if none is under way.
func (w *watcher) poke() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.poked = true
	_ = w.events.SetReadDeadline(time.Unix(0, 0))
}

// note takes one datagram of events.
func (w *watcher) note(b []byte) {
	for len(b) > 0 {
		m, rest, ok := nextMessage(b)
		if !ok {
			w.log.Warn("unreadable link event")
			return
		}
		b = rest
		switch m.Header.Type {
		case unix.RTM_NEWLINK, unix.RTM_DELLINK:
			w.noteLink(m)
		case unix.RTM_NEWADDR, unix.RTM_DELADDR:
			e, ok := parseAddr(m)
			if !ok {
				continue
			}
			w.dirty[e.link] = true
			if m.Header.Type == unix.RTM_DELADDR {
				w.onLost(e.link, e.key)
			}
		case unix.RTM_DELROUTE, unix.RTM_DELRULE:
			if s, ok := parseTableEvent(m); ok {
				w.onRemoved(s)
			}
		}
	}
}
