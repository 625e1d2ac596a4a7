package control

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"weak"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/host"
)

// manyRouters is a configuration of so many masters, 250 to a link, and the links.
func manyRouters(t *testing.T, n int) (*config.Config, []host.Link) {
	t.Helper()
	var text strings.Builder
	var links []host.Link
	for i := range n {
		if i%250 == 0 {
			link := eth0(i/250 + 1)
			link.Name = fmt.Sprintf("eth%d", i/250)
			links = append(links, link)
		}
		fmt.Fprintf(&text, "vrrp_instance router_%d {\n    state MASTER\n    interface eth%d\n    virtual_router_id %d\n    version 3\n"+
			"    priority 200\n    virtual_ipaddress {\n        10.%d.1.%d/32\n    }\n}\n", i, i/250, i%250+1, i/250, i%250+1)
	}
	c, problems := config.Load(fstest.MapFS{"routers.conf": {Data: []byte(text.String())}}, "routers.conf", config.Options{})
	if config.Worst(problems) == config.Error || len(c.Routers) != n {
		t.Fatalf("%d routers of %d, %v", len(c.Routers), n, problems)
	}
	return c, links
}

// kept is what a daemon with so many masters keeps in memory, in bytes.
func kept(t *testing.T, routers int) int {
	t.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c, links := manyRouters(t, routers)
	b := openBench(t, links, c)
	b.advance(5 * time.Second)
	if b.role(routers-1) != "master" {
		t.Fatalf("the last of %d routers is %s", routers, b.role(routers-1))
	}
	b.host.did, b.host.told = nil, nil
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(b)
	return int(after.HeapAlloc) - int(before.HeapAlloc)
}

// A router costs little memory: its configuration, its election, its binding, and an entry here and there. Half of what is
// measured here is the text and the checks of its configuration; the host's and the filter's own share is not in it.
func TestMemoryOfARouter(t *testing.T) {
	const few, many, limit = 250, 2250, 5 << 10
	each := (kept(t, many) - kept(t, few)) / (many - few)
	t.Logf("%d bytes for each router", each)
	if each > limit {
		t.Errorf("each router takes %d bytes, want at most %d", each, limit)
	}
}

// counting is hands that count adverts and do nothing else.
type counting struct {
	*recorder
	adverts int
}

func (c *counting) Advertise(*host.Sender, uint8) { c.adverts++ }
func (c *counting) Flush()                        {}

// At rest nothing is allocated: neither for an advert of ours nor for a deadline.
func TestNoGarbageAtRest(t *testing.T) {
	c, links := manyRouters(t, 500)
	b := openBench(t, links, c)
	b.advance(10 * time.Second) // spread over the interval by now
	hands := &counting{recorder: b.host}
	b.daemon.hands = hands
	allocated := testing.AllocsPerRun(10, func() { b.advance(time.Second) })
	if hands.adverts < 10*500 {
		t.Fatalf("%d adverts in ten intervals of 500 routers", hands.adverts)
	}
	if allocated > 10 {
		t.Errorf("%v allocations for the adverts of 500 routers", allocated)
	}
}

// A reload leaves nothing of the configuration before it, however many there were.
func TestReloadFreesTheConfiguration(t *testing.T) {
	first := many(2)
	before, routers := weak.Make(first), weak.Make(&first.Routers[0])
	b := openBench(t, []host.Link{eth0(7)}, first)
	first = nil
	next := many(2)
	next.Routers[0].Priority = 150
	b.reload(next)
	b.turn()
	runtime.GC()
	if before.Value() != nil || routers.Value() != nil {
		t.Error("the configuration of the start is still kept")
	}
	runtime.KeepAlive(b)
}
