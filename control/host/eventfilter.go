package host

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// The filter for events keeps in the kernel what need not be looked at: added routes, and deleted ones of protocols that
// ours do not have, of which a router with a full table has many; a bridge's words about its ports; and the addresses
// that carry our mark, for the crew says when it has added some.

// Where the filter finds things in an event.
const (
	offsetType     = 4                                        // of struct nlmsghdr, 16 bits
	offsetFamily   = unix.NLMSG_HDRLEN                        // of every message
	offsetFlags    = unix.NLMSG_HDRLEN + 2                    // of struct ifaddrmsg
	offsetProtocol = unix.NLMSG_HDRLEN + 5                    // of struct rtmsg
	offsetAttrs    = unix.NLMSG_HDRLEN + unix.SizeofIfAddrmsg // behind struct ifaddrmsg
	findAttr       = 1<<32 - 0x1000 + 12                      // SKF_AD_OFF + SKF_AD_NLATTR: A = offset of attribute X from A on
)

// The instructions of the filter. A jump counts from the instruction behind it.
const (
	load8    = unix.BPF_LD | unix.BPF_B | unix.BPF_ABS
	load16   = unix.BPF_LD | unix.BPF_H | unix.BPF_ABS
	load8AtX = unix.BPF_LD | unix.BPF_B | unix.BPF_IND
	equal    = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	has      = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
)

var (
	drop = unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0}
	pass = unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 1 << 20}
)

// attachEventFilter puts the filter on a socket for events; protocols are those of our routes.
func attachEventFilter(fd int, protocols []uint8) error {
	program := eventFilter(protocols)
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

func eventFilter(protocols []uint8) []unix.SockFilter {
	program := []unix.SockFilter{{Code: load16, K: offsetType}}
	for _, part := range []struct {
		kind uint16
		body []unix.SockFilter // decides on every message of that kind
	}{
		{unix.RTM_NEWROUTE, []unix.SockFilter{drop}},
		{unix.RTM_DELROUTE, routeFilter(protocols)},
		{unix.RTM_NEWLINK, []unix.SockFilter{
			{Code: load8, K: offsetFamily},
			{Code: equal, K: unix.AF_UNSPEC, Jt: 1},
			drop, pass,
		}},
		{unix.RTM_NEWADDR, markFilter},
	} {
		kind := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, part.kind)) // as BPF loads it
		program = append(program, unix.SockFilter{Code: equal, K: uint32(kind), Jf: uint8(len(part.body))})
		program = append(program, part.body...)
	}
	return append(program, pass)
}

// routeFilter passes routes of these protocols, or of all where there are more than a jump can cross.
func routeFilter(protocols []uint8) []unix.SockFilter {
	if len(protocols) > 100 {
		return []unix.SockFilter{pass}
	}
	body := []unix.SockFilter{{Code: load8, K: offsetProtocol}}
	for i, p := range protocols {
		body = append(body, unix.SockFilter{Code: equal, K: uint32(p), Jt: uint8(len(protocols) - i)})
	}
	return append(body, drop, pass)
}

// markFilter drops addresses with our mark, but for IPv6 ones that wait for duplicate detection (without IFA_F_NODAD):
// what comes of that is told by a second event.
var markFilter = []unix.SockFilter{
	{Code: load8, K: offsetFamily},
	{Code: equal, K: unix.AF_INET, Jt: 2},
	{Code: load8, K: offsetFlags},
	{Code: has, K: unix.IFA_F_NODAD, Jf: 8},
	{Code: unix.BPF_LD | unix.BPF_IMM, K: offsetAttrs},
	{Code: unix.BPF_LDX | unix.BPF_IMM, K: ifaProto},
	{Code: load8, K: findAttr},
	{Code: equal, K: 0, Jt: 4}, // there is none
	{Code: unix.BPF_MISC | unix.BPF_TAX},
	{Code: load8AtX, K: unix.SizeofRtAttr},
	{Code: equal, K: protoVRRP, Jf: 1},
	drop, pass,
}
