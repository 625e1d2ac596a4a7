package loader

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/cilium/ebpf"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Rounds of a measurement, in each of which an empty program runs beside the filter: what else the machine does
// then falls on both.
const (
	rounds = 15
	batch  = 20000 // frames per run
)

// BenchmarkFilter measures the filter's time per frame with warm caches, beside an empty XDP program's, as medians.
func BenchmarkFilter(b *testing.B) {
	l := open(b, Options{Trace: true})
	empty := pass(b, ebpf.XDP, 2)
	strict := func(r *vrrp.Rules) { r.Mismatch = vrrp.DropMismatch }
	twenty := addresses(20, false)
	for _, c := range []struct {
		name    string
		rules   func(*vrrp.Rules)
		frame   []byte
		prepare func(b *testing.B, l *Loader, id vrrp.ID, frame []byte)
		want    verdict.Verdict
	}{
		{"bystander/tcp", nil, tcp(own), nil, verdict.NotVRRP},
		{"coalesced/v3", nil, v3().bytes(), follow, verdict.Coalesced},
		{"coalesced/v3-vlan", nil, v3().tagged(0x8100 << 16).bytes(), follow, verdict.Coalesced},
		{"coalesced/v3-20", func(r *vrrp.Rules) { r.Addrs = twenty }, v3(twenty...).bytes(), follow, verdict.Coalesced},
		{"coalesced/v3-ipv6", func(r *vrrp.Rules) { *r = ordinaryIPv6() }, v3IPv6().bytes(), follow, verdict.Coalesced},
		{"coalesced/v2-pass", password, v2("secret").bytes(), follow, verdict.Coalesced},
		{"delivered/v3", nil, v3().bytes(), indulge, verdict.Delivered},
		{"delivered/v3-20-strict", func(r *vrrp.Rules) { strict(r); r.Addrs = twenty }, v3(twenty...).bytes(), indulge, verdict.Delivered},
		{"bogus/vlan", nil, v3().tagged(0x8100<<16 | 5).bytes(), nil, verdict.OtherVLAN},
		{"bogus/foreign", nil, v3().with(func(p *packet) { p.advert.VRID = 99 }).bytes(), nil, verdict.Foreign},
		{"bogus/malformed", nil, v3().with(func(p *packet) { p.frame = func(f []byte) []byte { f[14+10]++; return f } }).bytes(), nil, verdict.Malformed},
		{"bogus/ttl", nil, v3().with(func(p *packet) { p.ttl = 254 }).bytes(), nil, verdict.BadTTL},
		{"bogus/self_source", nil, v3().from(own).bytes(), nil, verdict.SelfSource},
		{"bogus/length", nil, v3().with(func(p *packet) { p.message = func(m []byte) []byte { return m[:11] } }).bytes(), nil, verdict.BadLength},
		{"bogus/version", nil, v2("").bytes(), nil, verdict.BadVersion},
		{"bogus/checksum", nil, v3().with(func(p *packet) { p.message = func(m []byte) []byte { m[2]++; return m } }).bytes(), nil, verdict.BadChecksum},
		{"bogus/auth_type", password, v2("").bytes(), nil, verdict.AuthType},
		{"bogus/auth_data", password, v2("Secret").bytes(), nil, verdict.AuthData},
		{"bogus/conflict", nil, v3(rival).bytes(), nil, verdict.Conflict},
		{"bogus/addr_list", strict, v3(vip, rival).bytes(), nil, verdict.AddrList},
		{"bogus/interval", nil, v3().with(func(p *packet) { p.advert.Interval = 0 }).bytes(), nil, verdict.BadInterval},
		{"excess/v3", nil, v3().bytes(), exhaust, verdict.Excess},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := ordinary()
			if c.rules != nil {
				c.rules(&r)
			}
			id := add(b, l, r)
			start(b, l)
			if c.prepare != nil {
				c.prepare(b, l, id, c.frame)
			}
			if got, err := l.Try(c.frame, XDP); err != nil || got != c.want {
				b.Fatalf("%v, %v; want %s", got, err, c.want)
			}
			filter := programAt(b, l, XDP)
			measure(b, func() float64 { return perFrame(b, filter, c.frame) },
				func() float64 { return perFrame(b, empty, c.frame) })
			drain(l)
		})
	}
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

// indulge lets the sender of v3 hand over whatever it wants.
func indulge(b *testing.B, l *Loader, id vrrp.ID, _ []byte) {
	b.Helper()
	r := l.routers[id]
	rules, err := l.places.rulesOf(r)
	if err != nil {
		b.Fatal(err)
	}
	rules.Followed, rules.ReserveCostNs = address(master), 0
	if err := l.places.put(r, &rules); err != nil {
		b.Fatal(err)
	}
}

// exhaust spends a router's budget for longer than any test runs.
func exhaust(b *testing.B, l *Loader, id vrrp.ID, _ []byte) {
	b.Helper()
	spent := xvBudget{Router: xvBucket{EmptyNs: 1 << 62}}
	if err := l.obj.XvBudgets.Put(l.routers[id].slot, spent); err != nil {
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

// measure reports the time of the filter by itself and beside that of an empty program.
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
