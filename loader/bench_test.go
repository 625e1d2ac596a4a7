package loader

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Rounds of a measurement, in each of which an empty program runs beside the filter: what else the machine does
// then falls on both.
const (
	rounds = 15
	batch  = 20000 // frames per run
)

// BenchmarkFilter measures the filter's time per frame and its ratio to an empty XDP program's, as medians.
func BenchmarkFilter(b *testing.B) {
	l := open(b, Options{Trace: true})
	empty := pass(b, ebpf.XDP, 2)
	strict := func(r *vrrp.Rules) { r.Mismatch = vrrp.DropMismatch }
	twenty := addresses(20, false)
	for _, c := range []struct {
		name   string
		rules  func(*vrrp.Rules)
		frame  []byte
		follow bool
		want   verdict.Verdict
	}{
		{"bystander/tcp", nil, tcp(own), false, verdict.NotVRRP},
		{"coalesced/v3", nil, v3().bytes(), true, verdict.Coalesced},
		{"coalesced/v3-vlan", nil, v3().tagged(0x8100 << 16).bytes(), true, verdict.Coalesced},
		{"coalesced/v3-20", func(r *vrrp.Rules) { r.Addrs = twenty }, v3(twenty...).bytes(), true, verdict.Coalesced},
		{"coalesced/v3-ipv6", func(r *vrrp.Rules) { *r = ordinaryIPv6() }, v3IPv6().bytes(), true, verdict.Coalesced},
		{"coalesced/v2-pass", password, v2("secret").bytes(), true, verdict.Coalesced},
		{"delivered/v3", nil, v3().bytes(), false, verdict.Delivered},
		{"delivered/v3-20-strict", func(r *vrrp.Rules) { strict(r); r.Addrs = twenty }, v3(twenty...).bytes(), false, verdict.Delivered},
		{"bogus/vlan", nil, v3().tagged(0x8100<<16 | 5).bytes(), false, verdict.OtherVLAN},
		{"bogus/foreign", nil, v3().with(func(p *packet) { p.advert.VRID = 99 }).bytes(), false, verdict.Foreign},
		{"bogus/malformed", nil, v3().with(func(p *packet) { p.frame = func(f []byte) []byte { f[14+10]++; return f } }).bytes(), false, verdict.Malformed},
		{"bogus/ttl", nil, v3().with(func(p *packet) { p.ttl = 254 }).bytes(), false, verdict.BadTTL},
		{"bogus/self_source", nil, v3().from(own).bytes(), false, verdict.SelfSource},
		{"bogus/length", nil, v3().with(func(p *packet) { p.message = func(m []byte) []byte { return m[:11] } }).bytes(), false, verdict.BadLength},
		{"bogus/version", nil, v2("").bytes(), false, verdict.BadVersion},
		{"bogus/checksum", nil, v3().with(func(p *packet) { p.message = func(m []byte) []byte { m[2]++; return m } }).bytes(), false, verdict.BadChecksum},
		{"bogus/auth_type", password, v2("").bytes(), false, verdict.AuthType},
		{"bogus/auth_data", password, v2("Secret").bytes(), false, verdict.AuthData},
		{"bogus/conflict", nil, v3(rival).bytes(), false, verdict.Conflict},
		{"bogus/addr_list", strict, v3(vip, rival).bytes(), false, verdict.AddrList},
		{"bogus/interval", nil, v3().with(func(p *packet) { p.advert.Interval = 0 }).bytes(), false, verdict.BadInterval},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := ordinary()
			if c.rules != nil {
				c.rules(&r)
			}
			id := add(b, l, r)
			start(b, l)
			if c.follow {
				follow(b, l, id, c.frame)
			}
			if got, err := l.Try(c.frame, XDP); err != nil || got != c.want {
				b.Fatalf("%v, %v; want %s", got, err, c.want)
			}
			measure(b, func() float64 { return perFrame(b, l.obj.XDP, c.frame) },
				func() float64 { return perFrame(b, empty, c.frame) })
			drain(l)
		})
	}
}

// crowd is as many routers as a daemon may run on a few links, each following a master.
const crowd = 1000

// BenchmarkCrowd measures a repeated advert of each of a crowd of routers in turn, one system call for each: nothing
// but the filter's own code and what the routers share is in the nearest caches then.
func BenchmarkCrowd(b *testing.B) {
	l := open(b, Options{Trace: true})
	start(b, l)
	empty := pass(b, ebpf.XDP, 2)
	var crowded [][]byte
	for i := range crowd {
		crowded = append(crowded, enroll(b, l, loopback, i))
	}
	each := func(p *ebpf.Program) func() float64 {
		return func() float64 {
			var ns float64
			for _, frame := range crowded {
				_, took, err := p.Benchmark(frame, 1, nil)
				if err != nil {
					b.Fatal(err)
				}
				ns += float64(took)
			}
			return ns / crowd
		}
	}
	measure(b, each(l.obj.XDP), each(empty))
}

// BenchmarkLive measures the same adverts as they come in through a veth, ten thousand a second, by the run time that
// the kernel counts for a program: what that adds is in the empty program's time, too.
func BenchmarkLive(b *testing.B) {
	c := plug(b)
	l := open(b, Options{Trace: true})
	start(b, l)
	empty := pass(b, ebpf.SchedCLS, -1)
	stats, err := ebpf.EnableStats(uint32(unix.BPF_STATS_RUN_TIME))
	if err != nil {
		b.Fatal(err)
	}
	defer stats.Close()
	if _, err := l.Attach(c.index(), "near", TC); err != nil {
		b.Fatal(err)
	}
	lnk, err := link.AttachTCX(link.TCXOptions{Program: empty, Attach: ebpf.AttachTCXIngress, Interface: c.index(), Anchor: link.Head()})
	if err != nil {
		b.Fatal(err)
	}
	defer lnk.Close()
	var crowded [][]byte
	for i := range crowd {
		crowded = append(crowded, enroll(b, l, c.index(), i))
	}
	run := func(p *ebpf.Program) float64 {
		before, err := p.Stats()
		if err != nil {
			b.Fatal(err)
		}
		for i, frame := range crowded {
			c.send(b, frame)
			if i%10 == 9 {
				time.Sleep(time.Millisecond - 60*time.Microsecond)
			}
		}
		after, err := p.Stats()
		if err != nil {
			b.Fatal(err)
		}
		return float64(after.Runtime-before.Runtime) / float64(after.RunCount-before.RunCount)
	}
	measure(b, func() float64 { return run(l.obj.TC) }, func() float64 { return run(empty) })
}

// enroll adds the i-th of a crowd of routers, which follows the sender of the frame it returns.
func enroll(b *testing.B, l *Loader, link, i int) []byte {
	b.Helper()
	r := ordinary()
	r.ID = vrrp.ID{Link: link, VLAN: vrrp.VLAN(1 + i/255), VRID: uint8(1 + i%255)}
	id := add(b, l, r)
	p := v3().tagged(0x8100<<16 | uint32(r.ID.VLAN)).with(func(p *packet) { p.advert.VRID = id.VRID })
	message := p.advert.AppendTo(nil, p.src, p.dst, p.checksum)
	if err := l.Follow(id, &Advert{ID: id, TTL: p.ttl, Src: p.src, Dst: p.dst, MAC: p.mac, Length: len(message), Message: message}); err != nil {
		b.Fatal(err)
	}
	return p.bytes()
}

func password(r *vrrp.Rules) { r.Versions, r.Auth = vrrp.V2, vrrp.NewPass("secret") }

// follow makes the sender of a frame the followed master.
func follow(b *testing.B, l *Loader, id vrrp.ID, frame []byte) {
	b.Helper()
	if _, err := l.Try(frame, XDP); err != nil {
		b.Fatal(err)
	}
	a := receive1(b, l.Adverts())
	if err := l.Follow(id, &a); err != nil {
		b.Fatal(err)
	}
}

// drain receives what is left, so that the next case finds the ring empty.
func drain(l *Loader) {
	for !l.Drained() {
		select {
		case <-l.Adverts():
		default:
		}
	}
}

// measure reports the filter's time for the frame that next returns, by itself and over that of an empty program.
func measure(b *testing.B, filter, empty func() float64) {
	b.Helper()
	var own, over, ratio []float64
	for b.Loop() {
		own, over, ratio = own[:0], over[:0], ratio[:0]
		for range rounds {
			base, ns := empty(), filter()
			own, over, ratio = append(own, ns), append(over, ns-base), append(ratio, ns/base)
		}
	}
	b.ReportMetric(median(own), "ns/frame")
	b.ReportMetric(median(over), "ns-over-empty")
	b.ReportMetric(median(ratio), "ratio-to-empty")
	b.ReportMetric(0, "ns/op") // of a whole series of rounds, which says nothing
}

// perFrame is the mean time of one run over a frame; the cost of the system call spreads over the batch.
func perFrame(b *testing.B, p *ebpf.Program, frame []byte) float64 {
	b.Helper()
	_, took, err := p.Benchmark(frame, batch, nil)
	if err != nil {
		b.Fatal(err)
	}
	return float64(took) / float64(time.Nanosecond)
}

func median(values []float64) float64 {
	slices.SortFunc(values, cmp.Compare)
	return values[len(values)/2]
}
