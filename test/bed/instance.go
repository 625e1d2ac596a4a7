package bed

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// VRID is that of the tutorial's virtual router.
const VRID = 56

// VIP is the tutorial's virtual address.
var VIP = netip.MustParsePrefix("172.160.180.168/24")

// Only is the name of an instance that is given none.
const Only = "VI_1"

// Instance is a vrrp_instance to be configured. What is left out is the tutorial's: its name, card, VRID and address;
// and version 3 with 100 ms.
type Instance struct {
	Name     string
	Iface    string
	VRID     uint8
	Version  uint8
	Interval time.Duration
	Priority uint8
	VIPs     []netip.Prefix
	Lines    []string // further lines of the block
}

// Filled is the instance with nothing left out.
func (i Instance) Filled() Instance {
	if i.Name == "" {
		i.Name = Only
	}
	if i.Iface == "" {
		i.Iface = NIC
	}
	if i.VRID == 0 {
		i.VRID = VRID
	}
	if i.Version == 0 {
		i.Version = 3
	}
	if i.Interval == 0 {
		i.Interval = 100 * time.Millisecond
	}
	if i.VIPs == nil {
		i.VIPs = []netip.Prefix{VIP}
	}
	return i
}

// Text is the instance as both keepalived and xvrrp read it. Both announce addresses once: keepalived does so before
// its next advert.
func (i Instance) Text() string {
	i = i.Filled()
	var b strings.Builder
	fmt.Fprintf(&b, "vrrp_instance %s {\n    state BACKUP\n    interface %s\n    virtual_router_id %d\n    version %d\n"+
		"    priority %d\n    advert_int %g\n    garp_master_repeat 1\n    garp_master_delay 0\n",
		i.Name, i.Iface, i.VRID, i.Version, i.Priority, i.Interval.Seconds())
	for _, line := range i.Lines {
		fmt.Fprintf(&b, "    %s\n", line)
	}
	b.WriteString("    virtual_ipaddress {\n")
	for _, vip := range i.VIPs {
		fmt.Fprintf(&b, "        %s\n", vip)
	}
	b.WriteString("    }\n}\n")
	return b.String()
}

// Skew is the instance's Skew_Time while the master's interval is its own.
func (i Instance) Skew() time.Duration {
	i = i.Filled()
	return Skew(i.Version, i.Priority, i.Interval)
}

// Down is its Active_Down_Interval, likewise.
func (i Instance) Down() time.Duration {
	i = i.Filled()
	return Down(i.Version, i.Priority, i.Interval)
}
