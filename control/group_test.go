package control

import (
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/notify"
)

// twins is two routers of one sync group on two links.
func twins() *config.Config {
	a, b := instance(10, "eth0"), instance(11, "eth1")
	a.SyncGroup, b.SyncGroup = "G", "G"
	return &config.Config{Routers: []config.Router{a, b}, SyncGroups: []config.SyncGroup{{Name: "G", Members: []string{"VI_10", "VI_11"}}}}
}

func twoLinks() []host.Link {
	second := eth0(8)
	second.Name = "eth1"
	return []host.Link{eth0(7), second}
}

func (b *bench) roles() []string {
	var out []string
	for i := range b.routers {
		out = append(out, b.role(i))
	}
	return out
}

func (b *bench) wantRoles(want ...string) {
	b.t.Helper()
	if got := b.roles(); !slices.Equal(got, want) {
		b.t.Fatalf("roles %q, want %q", got, want)
	}
}

// Members of a group become master together, and their adverts go before any address work.
func TestGroupTakesOverTogether(t *testing.T) {
	b := openBench(t, twoLinks(), twins())
	b.wantRoles("backup", "backup")
	b.host.did = nil
	b.advance(5 * time.Second)
	b.wantRoles("master", "master")
	for _, id := range []string{"10", "11"} {
		advert := slices.Index(b.host.did, "advertise "+id+"/100")
		acquired := slices.Index(b.host.did, "acquire 10")
		if advert < 0 || acquired < advert {
			t.Errorf("did %q: adverts go before addresses", b.host.did)
		}
	}
}

// What faults one member faults all, and the group recovers as a whole.
func TestGroupFaultsTogether(t *testing.T) {
	b := openBench(t, twoLinks(), twins())
	b.advance(5 * time.Second)
	b.host.links[1].Up = false
	b.review()
	b.wantRoles("fault", "fault")
	b.host.links[1].Up = true
	b.review()
	b.wantRoles("backup", "backup")
	last := b.host.told[len(b.host.told)-1]
	if !slices.ContainsFunc(b.host.told, func(e notify.Event) bool { return e.Group && e.Name == "G" && e.State == "FAULT" }) {
		t.Errorf("the group's fault was not told; last %+v", last)
	}
}
