package host

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// membership is a group joined on a link. A router inside a VLAN tag is only a member towards the card: a report
// for it would leave without the tag.
type membership struct {
	link   int
	group  netip.Addr
	tagged bool
}

// joiner is a socket that can join groups; those of x/net for IPv4 and IPv6 both can.
type joiner interface {
	JoinGroup(ifi *net.Interface, group net.Addr) error
	LeaveGroup(ifi *net.Interface, group net.Addr) error
	Close() error
}

// groups holds multicast memberships: those of IP, which send IGMP and MLD reports for snooping switches, and
// those of the packet layer, which open the card's filter whatever becomes of the former. It belongs to the loop.
type groups struct {
	ns      *namespace
	packets int // AF_PACKET descriptor that holds the card's filters open
	v4, v6  []joiner
	members map[membership]*member
}

type member struct {
	routers int
	socket  joiner // nil for a tagged membership
}

// openGroups takes its first sockets in the calling thread's network namespace.
func openGroups(ns *namespace) (*groups, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open packet socket (CAP_NET_RAW needed): %w", err)
	}
	return &groups{ns: ns, packets: fd, members: make(map[membership]*member)}, nil
}

func (g *groups) close() {
	unix.Close(g.packets)
	for _, s := range append(g.v4, g.v6...) {
		s.Close()
	}
}

// join adds one router to the members; the first one joins.
func (g *groups) join(m membership) error {
	if known, ok := g.members[m]; ok {
		known.routers++
		return nil
	}
	if err := g.openFilter(m, unix.PACKET_ADD_MEMBERSHIP); err != nil {
		return fmt.Errorf("receive %v: %w", m.group, err)
	}
	joined := &member{routers: 1}
	if !m.tagged {
		socket, err := g.joinIP(m)
		if err != nil {
			_ = g.openFilter(m, unix.PACKET_DROP_MEMBERSHIP)
			return fmt.Errorf("join %v: %w", m.group, err)
		}
		joined.socket = socket
	}
	g.members[m] = joined
	return nil
}

// leave takes one router out; the last one leaves. On a link that is gone the kernel has left already.
func (g *groups) leave(m membership) {
	joined, ok := g.members[m]
	if !ok {
		return
	}
	if joined.routers--; joined.routers > 0 {
		return
	}
	delete(g.members, m)
	_ = g.openFilter(m, unix.PACKET_DROP_MEMBERSHIP)
	if joined.socket != nil {
		_ = joined.socket.LeaveGroup(&net.Interface{Index: m.link}, &net.UDPAddr{IP: m.group.AsSlice()})
	}
}

func (g *groups) openFilter(m membership, option int) error {
	addr := groupMAC(m.group)
	mreq := unix.PacketMreq{Ifindex: int32(m.link), Type: unix.PACKET_MR_MULTICAST, Alen: uint16(len(addr))}
	copy(mreq.Address[:], addr[:])
	return unix.SetsockoptPacketMreq(g.packets, unix.SOL_PACKET, option, &mreq)
}

// joinIP joins on the newest socket or, that one being full (net.ipv4.igmp_max_memberships is 20), on a new one.
func (g *groups) joinIP(m membership) (joiner, error) {
	sockets := &g.v4
	if m.group.Is6() {
		sockets = &g.v6
	}
	link, group := &net.Interface{Index: m.link}, &net.UDPAddr{IP: m.group.AsSlice()}
	if n := len(*sockets); n > 0 {
		last := (*sockets)[n-1]
		if err := last.JoinGroup(link, group); !full(err) {
			return last, err
		}
	}
	var fresh joiner
	err := g.ns.do(func() (err error) {
		fresh, err = openJoiner(m.group.Is6())
		return err
	})
	if err != nil {
		return nil, err
	}
	*sockets = append(*sockets, fresh)
	return fresh, fresh.JoinGroup(link, group)
}

func full(err error) bool { return errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.ENOMEM) }

// openJoiner opens a datagram socket that has no port and therefore receives nothing.
func openJoiner(v6 bool) (joiner, error) {
	family := unix.AF_INET
	if v6 {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open group socket: %w", err)
	}
	f := os.NewFile(uintptr(fd), "group")
	defer f.Close()
	c, err := net.FilePacketConn(f)
	if err != nil {
		return nil, fmt.Errorf("open group socket: %w", err)
	}
	if v6 {
		return ipv6.NewPacketConn(c), nil
	}
	return ipv4.NewPacketConn(c), nil
}
