package host

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

const (
	// ifaProto is IFA_PROTO: who added an address. Kernels before 5.18 ignore and never report it.
	ifaProto = 11
	// protoVRRP marks our addresses, so that those of a killed daemon can be told from everybody else's.
	protoVRRP = 112
)

// addrKey is what the kernel tells two addresses of one link apart by.
type addrKey struct {
	local netip.Addr
	dest  netip.Prefix // the peer's, or the address's own; not masked
}

func (a *Address) key() addrKey {
	if a.Peer.IsValid() {
		return addrKey{a.Prefix.Addr(), a.Peer}
	}
	return addrKey{a.Prefix.Addr(), a.Prefix}
}

// Shown is the address as LinkAddr has it once it is on its link: with the length of its peer, if it has one.
func (a *Address) Shown() netip.Prefix { return a.key().prefix() }

// prefix is the address as `ip addr` shows it.
func (k addrKey) prefix() netip.Prefix { return netip.PrefixFrom(k.local, k.dest.Bits()) }

// addRequest asks for an address. It fails when the address is there already.
func addRequest(a *Address) *nl.NetlinkRequest {
	req, msg := addrRequest(a, unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	if a.Scope >= 0 {
		msg.Scope = uint8(a.Scope)
	}
	if flags := a.flags(); flags != 0 {
		req.AddData(nl.NewRtAttr(unix.IFA_FLAGS, nl.Uint32Attr(flags)))
	}
	if a.Prefix.Addr().Is4() && a.Broadcast.Is4() {
		req.AddData(nl.NewRtAttr(unix.IFA_BROADCAST, a.Broadcast.AsSlice()))
	}
	if a.Prefix.Addr().Is4() && a.Label != "" {
		req.AddData(nl.NewRtAttr(unix.IFA_LABEL, nl.ZeroTerminated(a.Label)))
	}
	if preferred, limited := a.preferredLifetime(); limited {
		lifetimes := nl.IfaCacheInfo{IfaCacheinfo: unix.IfaCacheinfo{Prefered: preferred, Valid: ^uint32(0)}}
		req.AddData(nl.NewRtAttr(unix.IFA_CACHEINFO, lifetimes.Serialize()))
	}
	req.AddData(nl.NewRtAttr(ifaProto, []byte{protoVRRP}))
	return req
}

func removeRequest(a *Address) *nl.NetlinkRequest {
	req, _ := addrRequest(a, unix.RTM_DELADDR, 0)
	return req
}

// addrRequest is what adding and removing have in common.
func addrRequest(a *Address, kind, flags int) (*nl.NetlinkRequest, *nl.IfAddrmsg) {
	key := a.key()
	msg := nl.NewIfAddrmsg(familyOf(key.local))
	msg.Index = uint32(a.Link)
	msg.Prefixlen = uint8(key.dest.Bits())
	req := nl.NewNetlinkRequest(kind, flags)
	req.AddData(msg)
	req.AddData(nl.NewRtAttr(unix.IFA_LOCAL, key.local.AsSlice()))
	req.AddData(nl.NewRtAttr(unix.IFA_ADDRESS, key.dest.Addr().AsSlice()))
	return req, msg
}

// flags adds IFA_F_NODAD to IPv6, unless detection is asked for: the last master may still hold the address, and
// detection takes a second.
func (a *Address) flags() uint32 {
	if a.Prefix.Addr().Is6() && !a.DAD {
		return uint32(a.Flags) | unix.IFA_F_NODAD
	}
	return uint32(a.Flags)
}

// preferredLifetime is in seconds. IPv4 does not choose sources by it, so that 0 means nothing there.
func (a *Address) preferredLifetime() (seconds uint32, limited bool) {
	limited = a.PreferredLifetime > 0 || a.PreferredLifetime == 0 && a.Prefix.Addr().Is6()
	return uint32(a.PreferredLifetime), limited
}

func familyOf(a netip.Addr) int {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// addrEntry is an address as the kernel reports it.
type addrEntry struct {
	link  int
	key   addrKey
	flags uint32
	proto uint8
}

// listRequest asks for the addresses of a link, or of all links for 0.
func listRequest(link int) *nl.NetlinkRequest {
	req := nl.NewNetlinkRequest(unix.RTM_GETADDR, 0)
	msg := nl.NewIfAddrmsg(unix.AF_UNSPEC)
	msg.Index = uint32(link)
	req.AddData(msg)
	return req
}

// listAddrs returns the addresses of a link in the kernel's order, or those of all links for 0.
func (r *rtnl) listAddrs(link int) ([]addrEntry, error) {
	var entries []addrEntry
	reset := func() { entries = entries[:0] }
	err := r.dump(listRequest(link), reset, func(m syscall.NetlinkMessage) {
		if e, ok := parseAddr(m); ok && (link == 0 || e.link == link) {
			entries = append(entries, e)
		}
	})
	return entries, err
}

// parseAddr reads RTM_NEWADDR and RTM_DELADDR. IPv4 always names the local address; IPv6 only beside a peer's.
func parseAddr(m syscall.NetlinkMessage) (e addrEntry, ok bool) {
	if m.Header.Type != unix.RTM_NEWADDR && m.Header.Type != unix.RTM_DELADDR || len(m.Data) < unix.SizeofIfAddrmsg {
		return e, false
	}
	length := m.Data[1] // of struct ifaddrmsg
	e.link, e.flags = int(binary.NativeEndian.Uint32(m.Data[4:])), uint32(m.Data[2])
	var dest netip.Addr
	for b := m.Data[unix.SizeofIfAddrmsg:]; len(b) > 0; {
		kind, value, rest, whole := nextAttr(b)
		if !whole {
			return e, false
		}
		b = rest
		switch kind {
		case unix.IFA_LOCAL:
			e.key.local, _ = netip.AddrFromSlice(value)
		case unix.IFA_ADDRESS:
			dest, _ = netip.AddrFromSlice(value)
		case unix.IFA_FLAGS:
			if len(value) == 4 {
				e.flags = binary.NativeEndian.Uint32(value)
			}
		case ifaProto:
			if len(value) == 1 {
				e.proto = value[0]
			}
		}
	}
	if !e.key.local.IsValid() {
		e.key.local = dest
	}
	if !dest.IsValid() {
		dest = e.key.local
	}
	e.key.dest = netip.PrefixFrom(dest, int(length))
	return e, e.key.local.IsValid() && e.key.dest.IsValid()
}

func (e *addrEntry) linkAddr() LinkAddr {
	return LinkAddr{
		Prefix:    e.key.prefix(),
		Secondary: e.key.local.Is4() && e.flags&unix.IFA_F_SECONDARY != 0,
		Tentative: e.flags&unix.IFA_F_TENTATIVE != 0,
		DADFailed: e.flags&unix.IFA_F_DADFAILED != 0,
	}
}

// address names the address in a request to remove it.
func (e *addrEntry) address() Address {
	a := Address{Prefix: e.key.prefix(), Link: e.link}
	if e.key.dest.Addr() != e.key.local {
		a.Peer = e.key.dest
	}
	return a
}

// kernelMarks tells whether the kernel keeps IFA_PROTO, which came with 5.18.
func kernelMarks() bool {
	var name unix.Utsname
	var major, minor int
	if err := unix.Uname(&name); err != nil {
		return false
	}
	if _, err := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &major, &minor); err != nil {
		return false
	}
	return major > 5 || major == 5 && minor >= 18
}
