package control

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
)

// counts is the adverts of each class, the least margin first.
func counts(m api.Margins) (out []uint64) {
	for _, c := range m.Classes {
		out = append(out, c.Adverts)
	}
	return out
}

func TestMarginClasses(t *testing.T) {
	const interval, down = time.Second, 3600 * time.Millisecond
	tests := map[string]struct {
		gap     time.Duration
		classes []uint64
		near    uint64
	}{
		"in time":                  {time.Second, []uint64{0, 0, 0, 0, 1}, 0},
		"early":                    {10 * time.Millisecond, []uint64{0, 0, 0, 0, 1}, 0},
		"two thirds left":          {1200 * time.Millisecond, []uint64{0, 0, 0, 1, 0}, 0},
		"late":                     {1500 * time.Millisecond, []uint64{0, 0, 0, 1, 0}, 0},
		"one lost":                 {2 * time.Second, []uint64{0, 0, 1, 0, 0}, 0},
		"one lost, the next late":  {2500 * time.Millisecond, []uint64{0, 1, 0, 0, 0}, 0},
		"an interval left":         {2600 * time.Millisecond, []uint64{0, 1, 0, 0, 0}, 0},
		"two lost":                 {3 * time.Second, []uint64{0, 1, 0, 0, 0}, 1},
		"two lost, the next late":  {3300 * time.Millisecond, []uint64{1, 0, 0, 0, 0}, 1},
		"later than the takeover":  {4 * time.Second, []uint64{1, 0, 0, 0, 0}, 1},
		"as late as it can be had": {down, []uint64{1, 0, 0, 0, 0}, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var m margins
			m.add(tt.gap, interval, down)
			got := m.snapshot()
			if !slices.Equal(counts(got), tt.classes) || got.NearFailovers != tt.near || got.Adverts != 1 {
				t.Errorf("%v, %d near failovers; want %v, %d", counts(got), got.NearFailovers, tt.classes, tt.near)
			}
			if got.LastGap != tt.gap.Seconds() || got.LongestGap != tt.gap.Seconds() {
				t.Errorf("gaps %v, %v; want %v", got.LastGap, got.LongestGap, tt.gap)
			}
		})
	}
}

// follower is a backup of a master whose adverts come every second.
func follower(t *testing.T) (b *bench, hear func(priority uint8), repeat func(gap time.Duration)) {
	b = openBench(t, []host.Link{eth0(7)}, many(1))
	b.filter.gaps = make(map[vrrp.ID][]time.Duration)
	r := b.routers[0]
	hear = func(priority uint8) {
		a := vrrp.Advert{Version: 3, VRID: r.conf.VRID, Priority: priority, Interval: time.Second, Addrs: []netip.Addr{vip.Addr()}}
		b.heard(loader.Advert{At: b.clock, ID: r.bound.id(), TTL: 255, Src: peer, Dst: group4,
			Message: a.AppendTo(nil, peer, group4, vrrp.Pseudo)})
		b.turn()
	}
	repeat = func(gap time.Duration) {
		b.clock += gap
		id := r.bound.id()
		b.filter.seen[id], b.filter.gaps[id] = b.clock, append(b.filter.gaps[id], gap)
	}
	hear(200)
	return b, hear, repeat
}

// Every gap is counted once, whether the kernel kept the advert back or handed it over, and none across a change of
// masters.
func TestMarginsOfAMaster(t *testing.T) {
	b, hear, repeat := follower(t)
	for range 5 {
		repeat(time.Second)
		b.refresh(b.routers[0])
	}
	repeat(time.Second)
	repeat(3 * time.Second) // both seen at the next look
	b.clock += 2 * time.Second
	hear(190) // the same master, with news
	b.clock += time.Second
	hear(0)

	m := b.routers[0].margins.snapshot()
	if want := []uint64{0, 1, 1, 0, 6}; !slices.Equal(counts(m), want) || m.Adverts != 8 || m.NearFailovers != 1 {
		t.Errorf("%v of %d adverts, %d near failovers; want %v of 8, 1", counts(m), m.Adverts, m.NearFailovers, want)
	}
	if m.LongestGap != 3 || m.LastGap != 2 {
		t.Errorf("the longest gap was %v, the last %v; want 3, 2", m.LongestGap, m.LastGap)
	}
	if n := b.links["eth0"].arrivals.Count(); n != 8 {
		t.Errorf("%d adverts arrived on the link, want 8", n)
	}

	b.clock += time.Minute
	hear(200)
	if got := b.routers[0].margins.adverts; got != 8 {
		t.Errorf("%d adverts, want 8: nobody was followed", got)
	}
}

// A router that was bound anew counts on.
func TestMarginsOutliveABinding(t *testing.T) {
	b, hear, repeat := follower(t)
	repeat(time.Second)
	b.refresh(b.routers[0])
	b.unbind(b.routers[0])
	clear(b.filter.gaps)
	b.review()
	hear(200)
	repeat(time.Second)
	b.refresh(b.routers[0])
	if got := b.routers[0].margins.adverts; got != 2 {
		t.Errorf("%d adverts, want one of each binding", got)
	}
}
