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
	fleet  fleet // whom it is meant for
	change func(*vrrp.Advert)
	spoil  func(frame []byte)
}

// The routers under attack. Version 2, which alone has passwords, knows no shorter interval than a second.
var (
	target   = fleet{count: 10, interval: 100 * time.Millisecond}
	guarded  = fleet{count: 10, interval: time.Second, password: "1111"}
	password = vrrp.NewPass("2222")
)

var hostilities = []hostility{
	{"wrong checksum", target, nil, func(f []byte) { f[bed.EtherLen+bed.IPv4Len+6]++ }},
	{"wrong TTL", target, nil, func(f []byte) {
		f[bed.EtherLen+8] = 64
		sumHeader(f[bed.EtherLen:])
	}},
	{"wrong password", guarded, func(a *vrrp.Advert) { a.Version, a.Auth = 2, password }, nil},
	{"another cluster's list with higher priority", target, func(a *vrrp.Advert) { a.Addrs = []netip.Addr{stranger} }, nil},
	{"another cluster's list with lower priority", target, func(a *vrrp.Advert) { a.Priority, a.Addrs = 1, []netip.Addr{stranger} }, nil},
	{"VRIDs that nobody has here", target, func(a *vrrp.Advert) { a.VRID += 100 }, nil},
	{"valid adverts that lose", target, func(a *vrrp.Advert) { a.Priority = 1 }, nil},
}

// BenchmarkTrickle sends two of each hostile advert in an interval, for each router, to a master and its backup.
func BenchmarkTrickle(b *testing.B) {
	beset(b, "trickle", byForm(3*time.Second, 6*time.Second), func(f fleet) time.Duration { return f.interval / 2 })
}

// BenchmarkFlood sends them fifty thousand times a second.
func BenchmarkFlood(b *testing.B) {
	beset(b, "flood", byForm(2*time.Second, 10*time.Second), func(f fleet) time.Duration {
		return time.Duration(f.count) * 20 * time.Microsecond
	})
}

// beset sends every router's hostile advert once in a period, for a while, and measures what becomes of a pair of
// daemons: also of keepalived with the one option that keeps its clock from what it receives.
func beset(b *testing.B, name string, while time.Duration, period func(fleet) time.Duration) {
	t := newTable(b, name, everyone...)
	for _, h := range hostilities {
		while := max(while, 10*h.fleet.interval)
		takeovers := t.row(h.name, "takeovers", "in "+while.String(), goal{none: true})
		gap := t.row(h.name, "longest gap of the master", "ms", goal{value: 1.5 * millis(h.fleet.interval)})
		stall := t.row(h.name, "longest stall of the machine", "ms", goal{})
		cpu := t.row(h.name, "the master's processor", "ms/s", goal{value: 20})
		filter := t.row(h.name, "its filter", "ms/s", goal{})
		hostile := t.row(h.name, "hostile adverts", "packets/s", goal{})
		sent := t.row(h.name, "both send", "packets/s", goal{})
		answers := t.row(h.name, "answers to each", "packets", goal{value: 1})
		b.Run(h.name, func(b *testing.B) {
			countBPF(b)
			for round := range rounds() {
				for _, d := range everyone {
					p := newPair(b, d, h.fleet, round)
					p.source.shots = h.shots(p.source)
					o := p.endure(period(h.fleet), while)
					takeovers.add(p.master, o.takeovers)
					gap.add(p.master, o.gap)
					stall.add(p.master, o.stall)
					cpu.add(p.master, o.cpu)
					filter.add(p.master, o.filter)
					hostile.add(p.master, o.hostile)
					sent.add(p.master, o.sent)
					answers.add(p.master, o.answers)
					p.dissolve()
				}
			}
		})
	}
	t.print()
}

// shots are one such advert for each router.
func (h hostility) shots(s *source) (all []shot) {
	for _, r := range h.fleet.routers() {
		a := vrrp.Advert{Version: 3, VRID: r.vrid, Priority: 254, Interval: h.fleet.interval, Addrs: []netip.Addr{r.vip()}}
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

// pair is a master, its backup and the source of trouble on a segment. The ear hears the master.
type pair struct {
	*stage
	master, backup *rival
}

func newPair(b *testing.B, d rival, f fleet, round int) *pair {
	b.Helper()
	bed.NeedPeer(b, "keepalived")
	p := &pair{stage: &stage{Site: bed.New(b, fmt.Sprintf("bench-%s%d", d.name, round)), b: b, fleet: f, ear: newEar(b)}}
	var segments []string
	for n := range f.links() {
		segments = append(segments, fmt.Sprintf("%s%d", lab.Segment, n))
	}
	master, backup := d, d
	p.master, p.backup = &master, &backup
	master.Machine = p.host("master", 46, segments)
	backup.Machine = p.host("backup", 47, segments)
	p.source = newSource(p.host("source", sourceHost, segments), f)
	p.ear.on(master.Machine, passed)
	p.ear.on(backup.Machine, passed)
	return p
}

// begin starts the master, and the backup once all routers of the master are. It returns how long the master took.
func (p *pair) begin() (took time.Duration) {
	p.b.Helper()
	began := lab.Now()
	p.master.launch(p.master.File("conf", p.master.globals+p.fleet.conf(superior)))
	p.await(p.master, becameMaster)
	took = lab.Now() - began
	p.backup.launch(p.backup.File("conf", p.backup.globals+p.fleet.conf(priority)))
	p.await(p.backup, becameBackup)
	time.Sleep(settling)
	return took
}

// dissolve ends both.
func (p *pair) dissolve() {
	p.master.Running.Kill()
	p.backup.Running.Kill()
}

// takeovers is how often a daemon's routers became master.
func (r *rival) takeovers() int { return strings.Count(r.Running.Written(), becameMaster) }

// sent is how many packets a daemon's host has sent on its first card.
func (r *rival) sent() uint64 { return r.Link(bed.NIC).Statistics.TxPackets }

// outcome is what became of a pair: how often a router changed its master, the longest silence of one of the master's
// routers and the longest stall of the machine in milliseconds, the processor time of the master and of its filter in
// milliseconds, the hostile packets and those of both, per second, and how many of these there were for each hostile one
// beyond the routers' own.
type outcome struct{ takeovers, gap, stall, cpu, filter, hostile, sent, answers float64 }

// endure lets the source send for a while, and ends the pair.
func (p *pair) endure(period, while time.Duration) (o outcome) {
	p.b.Helper()
	p.begin()
	p.ear.forget()
	takeovers, sent, spent := p.takeovers(), p.sent(), p.master.spent()
	begin, machine := lab.Now(), newWitness()
	p.source.start(period)
	time.Sleep(while)
	p.source.stop()
	end := lab.Now()
	o.stall = machine.longest(p.b)
	o.takeovers = float64(p.takeovers() - takeovers)
	packets, seconds := float64(p.sent()-sent), (end - begin).Seconds()
	o.sent, o.hostile = packets/seconds, float64(p.source.sent)/seconds
	rhythm := float64(p.fleet.count) * float64(end-begin) / float64(p.fleet.interval)
	o.answers = max(0, packets-rhythm) / float64(p.source.sent)
	cost := p.master.spent().since(spent)
	o.cpu, o.filter = millis(cost.daemon)/seconds, millis(cost.filter)/seconds
	o.gap = p.longestGap(begin, end)
	return o
}

func (p *pair) takeovers() int { return p.master.takeovers() + p.backup.takeovers() }
func (p *pair) sent() uint64   { return p.master.sent() + p.backup.sent() }

// longestGap is the longest silence of any of the master's routers between two instants, in milliseconds.
func (p *pair) longestGap(begin, end time.Duration) float64 {
	p.b.Helper()
	last := make(map[router]time.Duration)
	for _, r := range p.fleet.routers() {
		last[r] = begin
	}
	longest := 0.0
	p.ear.each(func(d door, f lab.Frame) {
		a, ok := bed.ReadAdvert(f)
		if r := (router{d.card, a.VRID}); ok && d.machine == p.master.Machine && a.At < end {
			longest = max(longest, millis(a.At-max(begin, last[r])))
			last[r] = a.At
		}
	})
	for _, at := range last {
		longest = max(longest, millis(end-at))
	}
	return longest
}
