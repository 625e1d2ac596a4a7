package loader

import (
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// crowd is as many routers as a daemon may run on a few links, each following a master.
const crowd = 1000

// BenchmarkCrowd measures a repeated advert of each of a crowd of routers in turn, with a system call for each: few of
// the filter's instructions and nothing of the router is in the nearest caches then.
func BenchmarkCrowd(b *testing.B) {
	l := open(b, Options{Trace: true})
	empty := pass(b, ebpf.XDP, 2)
	frames := enrol(b, l, loopback)
	each := func(p *ebpf.Program) float64 {
		var ns float64
		for _, frame := range frames {
			_, took, err := p.Benchmark(frame, 1, nil)
			if err != nil {
				b.Fatal(err)
			}
			ns += float64(took)
		}
		return ns / crowd
	}
	filter := programAt(b, l, XDP)
	measure(b, func() float64 { return each(filter) }, func() float64 { return each(empty) })
}

// BenchmarkLive measures the same adverts as they come in through a veth, ten thousand a second in batches of ten, by
// the run time that the kernel counts. What the counting costs is in the empty program's time, too.
func BenchmarkLive(b *testing.B) {
	c := plug(b)
	l := open(b, Options{Trace: true})
	stats, err := ebpf.EnableStats(uint32(unix.BPF_STATS_RUN_TIME))
	if err != nil {
		b.Fatal(err)
	}
	defer stats.Close()
	if _, err := l.Attach(c.index(), "near", TC); err != nil {
		b.Fatal(err)
	}
	empty := pass(b, ebpf.SchedCLS, -1)
	beside, err := link.AttachTCX(link.TCXOptions{
		Program: empty, Attach: ebpf.AttachTCXIngress, Interface: c.index(), Anchor: link.Head()})
	if err != nil {
		b.Fatal(err)
	}
	defer beside.Close()
	frames := enrol(b, l, c.index())
	each := func(p *ebpf.Program) float64 {
		return runTime(b, p, func() {
			for i, frame := range frames {
				c.send(b, frame)
				if i%10 == 9 {
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	filter := programAt(b, l, TC)
	measure(b, func() float64 { return each(filter) }, func() float64 { return each(empty) })
}

// runTime is the mean of a program's runs while work is done, as the kernel counts it.
func runTime(b *testing.B, p *ebpf.Program, work func()) float64 {
	b.Helper()
	read := func() *ebpf.ProgramStats {
		s, err := p.Stats()
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	before := read()
	work()
	after := read()
	return float64(after.Runtime-before.Runtime) / float64(after.RunCount-before.RunCount)
}

// enrol adds a crowd to a link and returns, for each of its routers, the advert that it has repeated to it.
func enrol(b *testing.B, l *Loader, link int) (frames [][]byte) {
	b.Helper()
	for i := range crowd {
		r := ordinary()
		r.ID = vrrp.ID{Link: link, VLAN: vrrp.VLAN(1 + i/255), VRID: uint8(1 + i%255)}
		id := add(b, l, r)
		p := v3().tagged(0x8100<<16 | uint32(id.VLAN)).with(func(p *packet) { p.advert.VRID = id.VRID })
		message := p.advert.AppendTo(nil, p.src, p.dst, p.checksum)
		if err := l.Follow(id, &Advert{ID: id, Src: p.src, Dst: p.dst, MAC: p.mac, Message: message}); err != nil {
			b.Fatal(err)
		}
		frames = append(frames, p.bytes())
	}
	return frames
}
