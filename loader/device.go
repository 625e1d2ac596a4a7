package loader

import (
	"bytes"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kind is what the choice of a hook depends on.
type kind int

const (
	virtual kind = iota // veth, VLAN, bridge, macvlan, tun and the like
	card                // has a bus behind it
	bond
)

// device is a link as its driver describes it.
type device struct {
	index    int
	name     string
	driver   string
	kind     kind
	carriers []string // the links through which its frames come in: itself, or the slaves of a bond
}

func (d device) description() string {
	switch d.kind {
	case card:
		return "network card (" + d.driver + ")"
	case bond:
		return "bond"
	}
	if d.driver == "" {
		return "virtual link"
	}
	return "virtual link (" + d.driver + ")"
}

// inspect asks the kernel about a link of the calling thread's namespace. The files under /sys are no help: they
// show the namespace they were mounted in.
func inspect(index int, name string) (device, error) {
	d := device{index: index, name: name, carriers: []string{name}}
	fd, err := controlSocket()
	if err != nil {
		return d, err
	}
	defer unix.Close(fd)
	if err := checkIndex(fd, index, name); err != nil {
		return d, err
	}
	info, err := unix.IoctlGetEthtoolDrvinfo(fd, name)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return d, nil
	}
	if err != nil {
		return d, fmt.Errorf("ask for the driver: %w", err)
	}
	d.driver = text(info.Driver[:])
	d.kind = kindOf(d.driver, text(info.Bus_info[:]))
	if d.kind == bond {
		d.carriers, err = slavesOf(fd, name)
	}
	return d, err
}

func kindOf(driver, bus string) kind {
	switch {
	case driver == "bonding":
		return bond
	case driver == "tun", bus == "", bus == "N/A":
		return virtual
	}
	return card
}

func checkIndex(fd, index int, name string) error {
	r, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, r); err != nil {
		return err
	}
	if int(r.Uint32()) != index {
		return fmt.Errorf("%w: its index is %d, no longer %d", ErrNoLink, r.Uint32(), index)
	}
	return nil
}

// bondInfo is struct ifbond, bondSlave is struct ifslave of linux/if_bonding.h.
type bondInfo struct {
	mode, slaves, miimon int32
}

type bondSlave struct {
	id     int32
	name   [unix.IFNAMSIZ]byte
	link   int8
	state  int8
	_      [2]byte
	failed uint32
}

func slavesOf(fd int, name string) ([]string, error) {
	var info bondInfo
	if err := ioctlData(fd, unix.SIOCBONDINFOQUERY, name, unsafe.Pointer(&info)); err != nil {
		return nil, fmt.Errorf("ask for the slaves: %w", err)
	}
	var names []string
	for i := range info.slaves {
		slave := bondSlave{id: i}
		if err := ioctlData(fd, unix.SIOCBONDSLAVEINFOQUERY, name, unsafe.Pointer(&slave)); err != nil {
			return nil, fmt.Errorf("ask for slave %d: %w", i, err)
		}
		names = append(names, text(slave.name[:]))
	}
	return names, nil
}

// controlSocket is what interface ioctls of this namespace go through.
func controlSocket() (int, error) {
	return unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
}

// ifreqData is struct ifreq with a pointer in its union.
type ifreqData struct {
	name [unix.IFNAMSIZ]byte
	data unsafe.Pointer
	_    [24 - unsafe.Sizeof(uintptr(0))]byte
}

func ioctlData(fd int, request uintptr, name string, data unsafe.Pointer) error {
	r := ifreqData{data: data}
	copy(r.name[:unix.IFNAMSIZ-1], name)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(&r))); errno != 0 {
		return errno
	}
	return nil
}

func text(b []byte) string {
	head, _, _ := bytes.Cut(b, []byte{0})
	return string(head)
}
