package loader

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// What callers tell apart. Each comes wrapped in what was being done and says what to do about it.
var (
	ErrPrivilege = errors.New("not permitted: run as root or grant CAP_BPF and CAP_NET_ADMIN")
	ErrKernel    = errors.New("the kernel is too old: 5.10 or newer is needed")
	ErrTaken     = errors.New("another program sits on the link's XDP hook: remove it (ip link set dev LINK xdp off) or attach to tc")
	ErrNoLink    = errors.New("no such link: it was removed or renamed")
	ErrFull      = errors.New("no room left in the filter's tables: remove routers or addresses, or restart with all of them configured, by which they are sized")
)

// explain puts the sentinel of err before it where there is one.
func explain(err error) error {
	var refused *ebpf.VerifierError
	switch {
	case errors.Is(err, ErrPrivilege), errors.Is(err, ErrKernel), errors.As(err, &refused):
		return err // by explainLoad
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w: %w", ErrPrivilege, err)
	case errors.Is(err, unix.EBUSY), errors.Is(err, unix.EEXIST):
		return fmt.Errorf("%w: %w", ErrTaken, err)
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("%w: %w", ErrNoLink, err)
	}
	return err
}

// explainLoad does the same for the load of programs and maps. EACCES is the verifier's word there.
func explainLoad(err error) error {
	switch {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: %w", ErrPrivilege, err)
	case errors.Is(err, ebpf.ErrNotSupported), kernelBefore(5, 10):
		return fmt.Errorf("%w: %w", ErrKernel, err)
	}
	return err
}

// explainPut does the same for entries of maps.
func explainPut(err error) error {
	if errors.Is(err, unix.E2BIG) || errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.ENOMEM) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// kernelBefore reports whether the running kernel is older than major.minor.
func kernelBefore(major, minor int) bool {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return false
	}
	var a, b int
	if n, _ := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &a, &b); n != 2 {
		return false
	}
	return a < major || a == major && b < minor
}
