package control

import (
	"net/netip"
	"testing"

	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// A unicast router without interface is on the link that has its source address, and goes with it.
func TestUnicastWithoutInterface(t *testing.T) {
	r := instance(10, "")
	r.Source, r.Peers = self, []vrrp.Peer{{Addr: peer, MaxTTL: 255}}
	second := eth0(8)
	second.Name, second.Addrs = "eth1", nil
	b := newBench(t, []host.Link{eth0(7), second}, r)
	b.want("backup")
	if id := b.routers[0].bound.id(); id.Link != 7 || id.Dst != self {
		t.Errorf("bound as %v, want it on link 7 at %v", id, self)
	}
	b.host.links[0].Addrs = nil
	b.review()
	b.want("fault")
	b.host.links[1].Addrs = []host.LinkAddr{{Prefix: netip.PrefixFrom(self, 24)}}
	b.review()
	b.want("backup")
	if id := b.routers[0].bound.id(); id.Link != 8 {
		t.Errorf("bound as %v, want it on link 8", id)
	}
}
