package bench

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/test/bed"
)

// becameMaster is what both daemons write when a router becomes master.
const becameMaster = "Entering MASTER STATE"

// stranger is a virtual address of another cluster.
var stranger = netip.MustParseAddr("192.0.2.1")

// hostility is a kind of advert that a segment can do without, by how it differs from a valid one of priority 254.
type hostility struct {
	name   string
	change func(*vrrp.Advert)
	spoil  func(frame []byte)
}

var hostilities = []hostility{
	{"checksum", nil, func(f []byte) { f[bed.EtherLen+bed.IPv4Len+6]++ }},
	{"ttl", nil, func(f []byte) {
		f[bed.EtherLen+8] = 64
		sumHeader(f[bed.EtherLen:])
	}},
	{"foreign_list", func(a *vrrp.Advert) { a.Addrs = []netip.Addr{stranger} }, nil},
	{"foreign_vrid", func(a *vrrp.Advert) { a.VRID += 100 }, nil},
	{"losing_list", func(a *vrrp.Advert) { a.Priority, a.Addrs = 1, []netip.Addr{stranger} }, nil},
	{"losing", func(a *vrrp.Advert) { a.Priority = 1 }, nil},
}

// BenchmarkTrickle sends two of each hostile advert in an interval, for each router, to a master and its backup.
func BenchmarkTrickle(b *testing.B) { beset(b, "trickle", hostileFleet.interval/2) }

// BenchmarkFlood sends them fifty thousand times a second.
func BenchmarkFlood(b *testing.B) {
	beset(b, "flood", time.Duration(hostileFleet.count)*20*time.Microsecond)
}

var hostileFleet = fleet{10, 100 * time.Millisecond}

// beset sends every router's hostile advert once in a period, and measures what becomes of a pair of daemons.
func beset(b *testing.B, name string, period time.Duration) {
	for _, h := range hostilities {
		b.Run(h.name, func(b *testing.B) {
			countBPF(b)
			takeovers, gap := newFigure("takeovers", "per run"), newFigure("longest gap", "ms")
			cpu, sent := newFigure("cpu of master", "ms/s"), newFigure("sent by pair", "packets/s")
			for round := range byForm(1, 3) {
				for _, d := range daemons {
					p := newPair(b, d, round)
					p.source.shots = h.shots(p.source)
					o := p.endure(period)
					takeovers.add(p.master, o.takeovers)
					gap.add(p.master, o.gap)
					cpu.add(p.master, o.cpu)
					sent.add(p.master, o.sent)
				}
			}
			report(b, name+" of "+h.name+", a pair with "+hostileFleet.String(), takeovers, gap, cpu, sent)
		})
	}
}

// shots are one such advert for each router.
func (h hostility) shots(s *source) (all []shot) {
	for _, r := range hostileFleet.routers() {
		a := vrrp.Advert{Version: 3, VRID: r.vrid, Priority: 254, Interval: hostileFleet.interval, Addrs: []netip.Addr{r.vip()}}
		if h.change != nil {
			h.change(&a)
		}
		shot := s.forge(0, a)
		if h.spoil != nil {
			h.spoil(shot.frame)
		}
		all = append(all, shot)
	}
	return all
}

// pair is a master, its backup and the source of trouble on a segment.
type pair struct {
	*bed.Site
	b              *testing.B
	master, backup *rival
	source         *source
}

func newPair(b *testing.B, d rival, round int) *pair {
	b.Helper()
	bed.NeedPeer(b, "keepalived")
	s := &stage{Site: bed.New(b, fmt.Sprintf("bench-%s%d", d.name, round)), b: b, fleet: hostileFleet}
	segment := []string{lab.Segment}
	p := &pair{Site: s.Site, b: b}
	for i, name := range []string{"master", "backup"} {
		r := d
		r.Machine = s.host(name, byte(46+i), segment)
		if i == 0 {
			p.master = &r
		} else {
			p.backup = &r
		}
	}
	p.source = newSource(s.host("source", sourceHost, segment), s.fleet)
	p.master.launch(p.master.File("conf", s.fleet.conf(superior)))
	bed.Until(b, "the master's routers", bed.Patience, func() bool { return p.master.takeovers() == s.fleet.count })
	p.backup.launch(p.backup.File("conf", s.fleet.conf(priority)))
	bed.Until(b, "the backup's routers", bed.Patience, func() bool {
		return strings.Count(p.backup.Running.Written(), becameBackup) >= s.fleet.count
	})
	time.Sleep(settling)
	return p
}

// takeovers is how often a daemon's routers became master.
func (r *rival) takeovers() int { return strings.Count(r.Running.Written(), becameMaster) }

// sent is how many packets a daemon's host has sent.
func (r *rival) sent() uint64 { return r.Link(bed.NIC).Statistics.TxPackets }

// outcome is what became of a pair: how often a router changed its master, the longest silence of one of the master's
// routers in milliseconds, the master's processor time in milliseconds and the packets of both, per second.
type outcome struct{ takeovers, gap, cpu, sent float64 }

// endure lets the source send for a while, and ends the pair.
func (p *pair) endure(period time.Duration) (o outcome) {
	p.b.Helper()
	hear, err := p.Lab.Wire.Capture(lab.Segment)
	if err != nil {
		p.b.Fatal(err)
	}
	takeovers, sent, spent := p.takeovers(), p.sent(), p.master.spent()
	begin := lab.Now()
	p.source.start(period)
	time.Sleep(byForm(3*time.Second, 10*time.Second))
	p.source.stop()
	end := lab.Now()
	o.takeovers = float64(p.takeovers() - takeovers)
	o.sent = float64(p.sent()-sent) / (end - begin).Seconds()
	o.cpu = millis(p.master.spent().since(spent).total()) / (end - begin).Seconds()
	p.master.Running.Kill()
	p.backup.Running.Kill()
	if err := hear.Close(); err != nil {
		p.b.Fatal(err)
	}
	o.gap = longestGap(hear.Frames(), begin, end)
	return o
}

func (p *pair) takeovers() int { return p.master.takeovers() + p.backup.takeovers() }
func (p *pair) sent() uint64   { return p.master.sent() + p.backup.sent() }

// longestGap is the longest silence of any of the master's routers between two instants, in milliseconds.
func longestGap(frames []lab.Frame, begin, end time.Duration) float64 {
	last := make(map[uint8]time.Duration)
	for _, r := range hostileFleet.routers() {
		last[r.vrid] = begin
	}
	longest := 0.0
	for _, f := range frames {
		a, ok := bed.ReadAdvert(f)
		if ok && a.Priority == superior && a.At < end {
			longest = max(longest, millis(a.At-last[a.VRID]))
			last[a.VRID] = a.At
		}
	}
	for _, at := range last {
		longest = max(longest, millis(end-at))
	}
	return longest
}
