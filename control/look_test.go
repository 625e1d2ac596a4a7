package control

import (
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/host"
)

// Virtual addresses that come and go concern nobody; whatever else changes concerns the routers of that link.
func TestChangedLinks(t *testing.T) {
	owner := instance(11, "eth1")
	owner.Priority = 255
	owner.Addresses = []config.Address{{Prefix: netip.MustParsePrefix("192.0.2.253/24"), Scope: -1}}
	b := newBench(t, twoLinks(), instance(10, "eth0"), owner)
	look := func() []string { return slices.Sorted(maps.Keys(b.changedLinks(b.linksByName()))) }
	look()
	address := func(link int, prefix netip.Prefix) func() {
		return func() { b.host.links[link].Addrs = append(b.host.links[link].Addrs, host.LinkAddr{Prefix: prefix}) }
	}
	for _, step := range []struct {
		what   string
		change func()
		want   []string
	}{
		{"nothing", func() {}, nil},
		{"a virtual address comes", address(0, vip), nil},
		{"another address comes", address(0, netip.MustParsePrefix("192.0.2.77/24")), []string{"eth0"}},
		{"the same virtual address on another link", address(1, vip), []string{"eth1"}},
		{"an owner's address comes", address(1, owner.Addresses[0].Prefix), []string{"eth1"}},
		{"a link goes down", func() { b.host.links[1].Up = false }, []string{"eth1"}},
		{"a link goes", func() { b.host.links = b.host.links[:1] }, []string{"eth1"}},
		{"nothing again", func() {}, nil},
	} {
		step.change()
		if got := look(); !slices.Equal(got, step.want) {
			t.Errorf("%s: changed %q, want %q", step.what, got, step.want)
		}
	}
}
