package api

import (
	"fmt"
	"net"
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// peer is who is at the other end of a connection, as the kernel knows it from when it was made.
type peer struct {
	uid    uint32
	groups []uint32 // the primary one first
}

// peerOf asks the kernel who has made a connection.
func peerOf(c *net.UnixConn) (p *peer, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return p, err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		var cred *unix.Ucred
		if cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); failed == nil {
			p = &peer{cred.Uid, append([]uint32{cred.Gid}, peerGroups(fd)...)}
		}
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, fmt.Errorf("ask for the credentials of a client: %w", err)
	}
	return p, nil
}

// peerGroups is the supplementary groups of a peer, none if the kernel cannot tell (before Linux 4.13).
func peerGroups(fd uintptr) []uint32 {
	groups := make([]uint32, 64)
	for {
		size := uint32(len(groups) * 4) // bytes
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(unsafe.SliceData(groups))), uintptr(unsafe.Pointer(&size)), 0)
		switch {
		case errno == 0:
			return groups[:size/4]
		case errno != unix.ERANGE || int(size/4) <= len(groups):
			return nil
		}
		groups = make([]uint32, size/4)
	}
}

// Access says who may use the socket beside root and the daemon's own user. The zero value is nobody.
type Access struct {
	Readers *UserGroup // whose members may open the socket, which is enough to look
	Admins  *UserGroup // whose members may also change what the daemon does, if they may open the socket
}

// UserGroup is a group of users of this host.
type UserGroup struct {
	Name string
	ID   int
}

// owner is the group that the socket is given to, nil for that of the process.
func (a Access) owner() *UserGroup {
	if a.Readers != nil {
		return a.Readers
	}
	return a.Admins
}

// mayChange reports whether a peer may change what the daemon does. Who is not known may not.
func (a Access) mayChange(p *peer) bool {
	return p != nil && (p.uid == 0 || int(p.uid) == os.Geteuid() || a.Admins != nil && slices.Contains(p.groups, uint32(a.Admins.ID)))
}

// refusal tells a peer why it may not change anything.
func (a Access) refusal(p *peer) error {
	who := "root and the daemon's own user may"
	if a.Admins != nil {
		who = fmt.Sprintf("root, the daemon's own user and members of the group %s may", a.Admins.Name)
	}
	if p == nil {
		return fmt.Errorf("only the daemon's socket takes changes, where %s make them", who)
	}
	return fmt.Errorf("user %d may look and not change, nor see passwords: %s", p.uid, who)
}
