package vrrp_test

import (
	"net/netip"
	"testing"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// An ID names its default group by saying nothing, so that there is one ID for a router.
func TestIDDestination(t *testing.T) {
	for _, c := range []struct {
		id   vrrp.ID
		dst  netip.Addr
		want string
	}{
		{vrrp.ID{Link: 3, VRID: 51}, vrrp.DefaultGroup(false), "ipv4 VRID 51 on link 3"},
		{vrrp.ID{Link: 3, VRID: 51, V6: true}, vrrp.DefaultGroup(true), "ipv6 VRID 51 on link 3"},
		{vrrp.ID{Link: 3, VRID: 51, VLAN: 200<<16 | 100}, own4, "ipv4 VRID 51 on link 3, VLAN 200.100, at 192.0.2.1"},
	} {
		id := c.id.To(c.dst)
		if id.ListensOn() != c.dst || id.String() != c.want {
			t.Errorf("%v listens on %v; want %s and %v", id, id.ListensOn(), c.want, c.dst)
		}
		if plain := c.dst == vrrp.DefaultGroup(id.V6); plain != (id == c.id) {
			t.Errorf("%v: Dst is %v", id, id.Dst)
		}
		if again := id.To(vrrp.DefaultGroup(id.V6)); again != c.id {
			t.Errorf("%v back to the default group: %v", id, again)
		}
	}
}
