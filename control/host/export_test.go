package host

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// LeaveBehind adds addresses as a daemon would have that was killed.
func LeaveBehind(t *testing.T, link int, addrs ...string) {
	t.Helper()
	conn, err := openRTNL()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.close()
	for _, s := range addrs {
		a := Address{Prefix: netip.MustParsePrefix(s), Link: link, Scope: -1}
		results, err := conn.change([]*nl.NetlinkRequest{addRequest(&a)})
		if err != nil || results[0] != nil {
			t.Fatal(s, err, results)
		}
	}
}

// HoldEvents makes the buffer for events as small as it gets and stops taking any out until resume, so that it
// overflows.
func (h *Host) HoldEvents(t *testing.T) (resume func()) {
	t.Helper()
	conn, err := h.watch.events.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var refused error
	err = conn.Control(func(fd uintptr) { refused = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 0) })
	if err := errors.Join(err, refused); err != nil {
		t.Fatal(err)
	}
	h.mu.Lock() // the watcher stops at the first deletion
	return h.mu.Unlock
}

// MakeVMACs makes the macvlans that were asked for of a Host that does not run.
func (h *Host) MakeVMACs() { h.vmacs.fulfil(context.Background()) }

// ForgetMarks makes the Host behave as on a kernel that keeps no marks on addresses.
func (h *Host) ForgetMarks() { h.marks = false }

// KernelMarks tells whether the kernel keeps our mark on addresses.
var KernelMarks = kernelMarks
