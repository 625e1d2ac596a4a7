package steady

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

// The fleet: routers on four links, of which the first ten of each are in a hurry, and those beyond the fleet.
const (
	fleetLinks = 4
	fleetVRIDs = 250
	hurried    = 10

	fleetBeat = time.Second
	hurry     = 250 * time.Millisecond
)

// fleet is a daemon with a thousand routers, all of them masters.
type fleet struct {
	*scene
	routers []bed.Instance
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	var segments []string
	for n := range fleetLinks {
		segments = append(segments, fmt.Sprintf("lan%d", n))
	}
	f := &fleet{scene: newScene(t, "fleet", segments...)}
	for n := range fleetLinks {
		for vrid := uint8(1); vrid <= fleetVRIDs; vrid++ {
			f.routers = append(f.routers, fleetRouter(n, vrid))
		}
	}
	f.m.Spawn("--config", f.configure(), "--log-level", "warn")
	f.awaitMasters()
	return f
}

// fleetRouter is the router of a VRID on the nth link.
func fleetRouter(n int, vrid uint8) bed.Instance {
	i := bed.Instance{Name: fmt.Sprintf("R%d_%d", n, vrid), Iface: bed.Card(n), VRID: vrid, Interval: fleetBeat, Priority: 100,
		VIPs: []netip.Prefix{fleetVIP(n, vrid)}}
	if vrid <= hurried || vrid > fleetVRIDs {
		i.Interval = hurry
	}
	return i
}

// fleetVIP is the address of such a router.
func fleetVIP(n int, vrid uint8) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n), 0, vrid}), 32)
}

// configure writes the daemon's file and returns its path.
func (f *fleet) configure() string { return f.m.Configure(nil, f.routers...) }

// router is the configuration of a router, to be changed.
func (f *fleet) router(name string) *bed.Instance {
	f.T.Helper()
	for i := range f.routers {
		if f.routers[i].Name == name {
			return &f.routers[i]
		}
	}
	f.T.Fatalf("no router %s", name)
	return nil
}

// drop takes a router out of the configuration.
func (f *fleet) drop(name string) {
	f.routers = slices.DeleteFunc(f.routers, func(i bed.Instance) bool { return i.Name == name })
}

// voices are the routers but for some.
func (f *fleet) voices(but ...string) (all []voice) {
	for _, i := range f.routers {
		if !slices.Contains(but, i.Name) {
			all = append(all, f.voice(i))
		}
	}
	return all
}

// voice is where a router is heard.
func (f *fleet) voice(i bed.Instance) voice {
	for n := range fleetLinks {
		if bed.Card(n) == i.Iface {
			return voice{f.segments[n], i.VRID}
		}
	}
	f.T.Fatalf("%s is on no link", i.Name)
	return voice{}
}
