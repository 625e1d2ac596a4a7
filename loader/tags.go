package loader

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The offloads of a card that take VLAN tags out of frames before XDP sees them.
var tagOffloads = []string{"rx-vlan-hw-parse", "rx-vlan-stag-hw-parse"}

// What linux/ethtool.h calls ETH_SS_FEATURES and ETH_GSTRING_LEN.
const (
	stringSetFeatures = 4
	stringLen         = 32
)

// showTags has links leave VLAN tags in their frames and makes sure that they do. What it returns puts back what
// was changed, also beside an error.
func showTags(names []string) (restore []func() error, err error) {
	for _, name := range names {
		for _, offload := range tagOffloads {
			changed, err := setFeature(name, offload, false)
			if changed {
				restore = append(restore, func() error { return restoreFeature(name, offload) })
			}
			if err != nil {
				return restore, fmt.Errorf("switch %s of %s off: %w", offload, name, err)
			}
		}
	}
	return restore, nil
}

func restoreFeature(name, feature string) error {
	if _, err := setFeature(name, feature, true); err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("switch %s of %s back on: %w", feature, name, err)
	}
	return nil
}

// setFeature switches a feature of a link, tells whether that changed anything, and checks the result.
func setFeature(name, feature string, on bool) (changed bool, err error) {
	fd, err := controlSocket()
	if err != nil {
		return false, err
	}
	defer unix.Close(fd)
	bit, total, err := featureBit(fd, name, feature)
	if err != nil || bit < 0 {
		return false, err
	}
	if is, err := hasFeature(fd, name, bit, total); err != nil || is == on {
		return false, err
	}
	blocks := make([]uint32, 2+2*blocksOf(total)) // command, size, and per block: valid, requested
	blocks[0], blocks[1] = unix.ETHTOOL_SFEATURES, uint32(blocksOf(total))
	blocks[2+2*(bit/32)] = 1 << (bit % 32)
	if on {
		blocks[3+2*(bit/32)] = 1 << (bit % 32)
	}
	if err := ioctlData(fd, unix.SIOCETHTOOL, name, unsafe.Pointer(&blocks[0])); err != nil {
		return false, err
	}
	is, err := hasFeature(fd, name, bit, total)
	if err == nil && is != on {
		err = errors.New("the driver keeps it")
	}
	return true, err
}

// hasFeature reports whether the feature of that number is active.
func hasFeature(fd int, name string, bit, total int) (bool, error) {
	blocks := make([]uint32, 2+4*blocksOf(total)) // command, size, and per block: available, requested, active, fixed
	blocks[0], blocks[1] = unix.ETHTOOL_GFEATURES, uint32(blocksOf(total))
	if err := ioctlData(fd, unix.SIOCETHTOOL, name, unsafe.Pointer(&blocks[0])); err != nil {
		return false, err
	}
	return blocks[2+4*(bit/32)+2]>>(bit%32)&1 != 0, nil
}

// featureBit finds the number of a feature by its name; -1 where the kernel does not know it.
func featureBit(fd int, name, feature string) (bit, total int, err error) {
	count := struct {
		command, reserved uint32
		mask              uint64
		count             uint32
	}{command: unix.ETHTOOL_GSSET_INFO, mask: 1 << stringSetFeatures}
	if err := ioctlData(fd, unix.SIOCETHTOOL, name, unsafe.Pointer(&count)); err != nil {
		return 0, 0, err
	}
	const head = 12 // command, string set, length
	names := make([]byte, head+int(count.count)*stringLen)
	binary.NativeEndian.PutUint32(names, unix.ETHTOOL_GSTRINGS)
	binary.NativeEndian.PutUint32(names[4:], stringSetFeatures)
	binary.NativeEndian.PutUint32(names[8:], count.count)
	if err := ioctlData(fd, unix.SIOCETHTOOL, name, unsafe.Pointer(&names[0])); err != nil {
		return 0, 0, err
	}
	for i := range int(count.count) {
		if text(names[head+i*stringLen:][:stringLen]) == feature {
			return i, int(count.count), nil
		}
	}
	return -1, int(count.count), nil
}

func blocksOf(features int) int { return (features + 31) / 32 }
