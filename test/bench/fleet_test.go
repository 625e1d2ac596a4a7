package bench

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

// perLink is how many routers a link carries at most.
const perLink = 250

// The priorities of what is measured and of the source of adverts that it follows.
const (
	priority = 100
	superior = 200
)

// fleet is a number of virtual routers with one interval, 250 to a link, and each with one address.
type fleet struct {
	count    int
	interval time.Duration
	password string // of version 2; without one the routers speak version 3
}

func (f fleet) String() string { return fmt.Sprintf("%d@%s", f.count, f.interval) }

// version is the VRRP version that its routers speak.
func (f fleet) version() uint8 {
	if f.password != "" {
		return 2
	}
	return 3
}

// patience is how long a daemon may take until all of its routers have a role.
func (f fleet) patience() time.Duration {
	return bed.Patience + time.Duration(f.count)*20*time.Millisecond
}

// links is how many links the routers need.
func (f fleet) links() int { return (f.count + perLink - 1) / perLink }

// router is one of the fleet: what tells it from the others on the wire.
type router struct {
	link int
	vrid uint8
}

func (f fleet) routers() []router {
	all := make([]router, f.count)
	for i := range all {
		all[i] = router{i / perLink, uint8(i%perLink + 1)}
	}
	return all
}

// vip is a router's virtual address.
func (r router) vip() netip.Addr { return netip.AddrFrom4([4]byte{10, byte(r.link), 0, r.vrid}) }

// conf is the fleet with a priority, as both daemons read it.
func (f fleet) conf(priority uint8) string {
	var text strings.Builder
	for _, r := range f.routers() {
		text.WriteString(f.instance(r, priority).Text())
	}
	return text.String()
}

// instance is one of the fleet's routers.
func (f fleet) instance(r router, priority uint8) bed.Instance {
	i := bed.Instance{Name: fmt.Sprintf("R%d_%d", r.link, r.vrid), Iface: bed.Card(r.link), VRID: r.vrid,
		Version: f.version(), Interval: f.interval, Priority: priority, VIPs: []netip.Prefix{netip.PrefixFrom(r.vip(), 32)}}
	if f.password != "" {
		i.Lines = []string{"authentication {", "auth_type PASS", "auth_pass " + f.password, "}"}
	}
	return i
}

// down is how long its routers wait for a silent master.
func (f fleet) down() time.Duration { return bed.Down(f.version(), priority, f.interval) }
