package control

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/host"
)

// A static object that is not there faults the routers of its track_group and no others.
func TestTrackGroup(t *testing.T) {
	static := config.Static{
		Addresses: []config.StaticAddress{{Address: config.Address{Prefix: netip.MustParsePrefix("198.51.100.1/24"), Dev: "eth0", Scope: -1}}},
		Routes: []config.Route{{Text: "203.0.113.0/24 dev eth1", Dst: netip.MustParsePrefix("203.0.113.0/24"), Dev: "eth1",
			Group: "uplink"}},
		Groups: map[string][]string{"uplink": {"VI_10"}},
	}
	b := openBench(t, []host.Link{eth0(7)}, &config.Config{Static: static,
		Routers: []config.Router{instance(10, "eth0"), instance(11, "eth0")}})
	b.wantRoles("fault", "backup")
	if got := b.missingStatic(); !slices.Equal(got, []string{"203.0.113.0/24 dev eth1: interface eth1 does not exist"}) {
		t.Errorf("missing %q", got)
	}
	if len(b.host.kept.Addrs) != 1 || len(b.host.kept.Routes) != 0 {
		t.Errorf("the host keeps %+v", b.host.kept)
	}
	second := eth0(8)
	second.Name = "eth1"
	b.host.links = append(b.host.links, second)
	b.review()
	b.wantRoles("backup", "backup")
	b.host.missing = []string{"203.0.113.0/24 dev eth1"}
	b.review()
	b.wantRoles("fault", "backup")
}

// use_vmac: the macvlan is made before the router is bound, carries its addresses and lends adverts its MAC.
func TestVMAC(t *testing.T) {
	r := instance(10, "eth0")
	r.VMAC = new(config.VMAC)
	b := openBench(t, []host.Link{eth0(7)}, &config.Config{Global: config.Global{VMACPrefix: "vrrp"}, Routers: []config.Router{r}})
	b.want("backup")
	bound := b.host.bound[idOnE0]
	if want := [6]byte{0, 0, 0x5e, 0, 1, 10}; bound.MAC != want {
		t.Errorf("adverts from %x, want %x", bound.MAC, want)
	}
	if len(bound.Addrs) != 1 || bound.Addrs[0].Link != 1007 {
		t.Errorf("addresses %+v, want them on the macvlan", bound.Addrs)
	}
	b.advance(4 * time.Second)
	b.want("master")
	b.reload(&config.Config{Routers: []config.Router{instance(11, "eth0")}})
	if !slices.Contains(b.host.did, "remove vrrp.10") {
		t.Errorf("did %q, want the macvlan removed", b.host.did)
	}
}

// A macvlan that is gone is made anew behind a master's back; only if that fails is the master at fault.
func TestVMACMadeAnew(t *testing.T) {
	r := instance(10, "eth0")
	r.VMAC = new(config.VMAC)
	b := openBench(t, []host.Link{eth0(7)}, &config.Config{Global: config.Global{VMACPrefix: "vrrp"}, Routers: []config.Router{r}})
	b.advance(4 * time.Second)
	b.want("master")
	for _, step := range []struct {
		making error
		role   string
	}{{host.ErrVMACPending, "master"}, {nil, "master"}, {host.ErrVMACPending, "master"}, {errors.New("no"), "fault"}, {nil, "backup"}} {
		b.host.making = step.making
		vmac := host.Link{Index: 2000 + len(b.host.did), Name: "vrrp.10"} // not the one that was made
		b.host.links = []host.Link{eth0(7), vmac}
		b.review()
		b.want(step.role)
	}
}

// A daemon that is stopped while it starts does not wait for macvlans any longer.
func TestVMACsAreNotAwaitedWhenStopped(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, withVMACs("eth0"))
	b.raise(b.routers[0], map[string]string{causeVMAC: vmacPending})
	ctx, stop := context.WithCancel(t.Context())
	stop()
	begun := time.Now()
	b.awaitVMACs(ctx)
	if waited := time.Since(begun); waited >= vmacPatience {
		t.Errorf("waited %v", waited)
	}
}

// The names of macvlans are keepalived's, and no two routers get the same.
func TestVMACNames(t *testing.T) {
	var routers []*router
	for _, c := range []struct {
		vrid uint8
		v6   bool
		name string
	}{{10, false, ""}, {10, true, ""}, {10, false, ""}, {11, false, "virtual0"}, {12, true, ""}} {
		r := instance(c.vrid, "eth0")
		r.V6, r.VMAC = c.v6, &config.VMAC{Name: c.name}
		routers = append(routers, &router{conf: &r})
	}
	nameVMACs(routers, nil, make(map[string]bool), "vrrp")
	var names []string
	for _, r := range routers {
		names = append(names, r.vmac)
	}
	if want := []string{"vrrp.10", "vrrp6.10", "vrrp1.10", "virtual0", "vrrp.12"}; !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
}

// A macvlan keeps its name through a reload, also when another router would be named before it now.
func TestReloadKeepsVMACNames(t *testing.T) {
	b := openBench(t, twoLinks(), withVMACs("eth0", "eth1"))
	b.advance(5 * time.Second)
	wantPlan(t, b.reload(withVMACs("eth1")), 1, "removed VI_eth0")
	wantPlan(t, b.reload(withVMACs("eth0", "eth1")), 1, "added VI_eth0")
	if a, b := b.routers[0].vmac, b.routers[1].vmac; a != "vrrp.10" || b != "vrrp1.10" {
		t.Errorf("names %s and %s", a, b)
	}
}

// withVMACs has a router with use_vmac and VRID 10 on each link.
func withVMACs(links ...string) *config.Config {
	c := new(config.Config)
	for _, link := range links {
		r := instance(10, link)
		r.Name, r.VMAC = "VI_"+link, new(config.VMAC)
		c.Routers = append(c.Routers, r)
	}
	c.Global.VMACPrefix = "vrrp"
	return c
}
