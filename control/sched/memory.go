package sched

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// lockMemory keeps from being swapped out what memory is in use, now or later. What was never touched stays absent and
// takes no room.
func lockMemory() error {
	err := error(unix.EPERM)
	if lockUnlimited() {
		err = unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT)
	}
	if err != nil {
		return fmt.Errorf("lock memory: %w: grant LimitMEMLOCK=infinity (or CAP_IPC_LOCK), or let the unit have no swap (MemorySwapMax=0)", err)
	}
	return nil
}

// lockUnlimited reports whether all memory may be locked. With a limit the process would die of the first mapping beyond
// it, long after mlockall was granted.
func lockUnlimited() bool {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err == nil && limit.Cur == unix.RLIM_INFINITY {
		return true
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var held [2]unix.CapUserData
	return unix.Capget(&header, &held[0]) == nil && held[0].Effective&(1<<unix.CAP_IPC_LOCK) != 0
}
