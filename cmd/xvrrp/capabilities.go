package main

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// needed are the capabilities the daemon cannot do without, with what it needs them for.
var needed = []struct {
	bit  int
	name string
}{
	{unix.CAP_NET_ADMIN, "CAP_NET_ADMIN (virtual addresses, attaching the filter)"},
	{unix.CAP_NET_RAW, "CAP_NET_RAW (sending adverts and gratuitous ARP)"},
	{unix.CAP_BPF, "CAP_BPF (loading the filter)"},
}

// requireCapabilities names the capabilities that this process lacks. CAP_SYS_ADMIN stands for CAP_BPF, as it
// does in the kernel.
func requireCapabilities(effective func() (uint64, error)) error {
	have, err := effective()
	if err != nil {
		return fmt.Errorf("read this process's capabilities: %w", err)
	}
	if have&(1<<unix.CAP_SYS_ADMIN) != 0 {
		have |= 1 << unix.CAP_BPF
	}
	var missing []string
	for _, c := range needed {
		if have&(1<<c.bit) == 0 {
			missing = append(missing, c.name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return exitWith(exitPrivilege, fmt.Errorf("missing privilege: %s: run as root, or grant them with AmbientCapabilities= or setcap", strings.Join(missing, ", ")))
}

// effectiveCapabilities is the effective set of this thread, a bit each.
func effectiveCapabilities() (uint64, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return 0, err
	}
	return uint64(data[1].Effective)<<32 | uint64(data[0].Effective), nil
}
