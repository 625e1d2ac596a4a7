package bench

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// rival is a daemon to be measured, on its host, with segments of its own.
type rival struct {
	*bed.Machine
	name     string
	segments []string
	command  func(file, run string) []string
}

// The daemons, as a distribution's service would start them, writing what they do to a file.
var daemons = []rival{
	{name: "xvrrp", command: func(file, run string) []string {
		return []string{bed.Program, "run", "--config", file, "--runtime-dir", run}
	}},
	{name: "keepalived", command: func(file, run string) []string {
		return []string{bed.PeersScript, "keepalived", "keepalived", "--vrrp", "--dont-fork", "--log-console", "--no-syslog",
			"--use-file", file, "--pid", run + ".pid", "--vrrp_pid", run + "-vrrp.pid"}
	}},
}

// becameBackup is what both write when a router becomes backup.
const becameBackup = "Entering BACKUP STATE"

// stage is the network of a benchmark: the daemons, and one source of adverts that reaches all of their segments.
type stage struct {
	*bed.Site
	b      *testing.B
	fleet  fleet
	rivals []*rival
	source *source
}

func newStage(b *testing.B, name string, f fleet) *stage {
	b.Helper()
	s := &stage{Site: bed.New(b, "bench-"+name), b: b, fleet: f}
	bed.NeedPeer(b, "keepalived")
	var all []string
	for _, d := range daemons {
		for n := range f.links() {
			d.segments = append(d.segments, fmt.Sprintf("%.1s%d", d.name, n))
		}
		d.Machine = s.host(d.name, 46, d.segments)
		s.rivals = append(s.rivals, &d)
		all = append(all, d.segments...)
	}
	s.source = newSource(s.host("source", sourceHost, all), f)
	return s
}

// host adds a host with a card on each segment. Nothing listens there: what a capture costs would be charged to who
// sends.
func (s *stage) host(name string, last byte, segments []string) *bed.Machine {
	s.b.Helper()
	var cards []lab.NIC
	for n, segment := range segments {
		cards = append(cards, lab.NIC{Name: bed.Card(n), Segment: segment, Addrs: []netip.Prefix{netip.PrefixFrom(cardAddr(n, last), 24)}})
	}
	h, err := s.Lab.AddHost(name, cards...)
	if err != nil {
		s.b.Fatal(err)
	}
	return &bed.Machine{Host: h, Site: s.Site}
}

// cardAddr is the address of a host's nth card.
func cardAddr(n int, last byte) netip.Addr { return netip.AddrFrom4([4]byte{172, 160, byte(n), last}) }

// start starts a daemon with the fleet and returns once every router is backup.
func (s *stage) start(r *rival) {
	s.b.Helper()
	r.launch(r.File("conf", s.fleet.conf(priority)))
	p := r.Running
	bed.Until(s.b, "every router of "+r.name+" being backup", bed.Patience, func() bool {
		return p.Ended() || strings.Count(p.Written(), becameBackup) >= s.fleet.count
	})
	if p.Ended() {
		s.b.Fatalf("%s ended", r.name)
	}
}

// launch starts a daemon on a file, with an empty folder for its state as after a boot.
func (r *rival) launch(file string) {
	t := r.Site.T
	t.Helper()
	dir, err := os.MkdirTemp(r.Site.Dir, "")
	if err != nil {
		t.Fatal(err)
	}
	r.Start(r.name, r.command(file, filepath.Join(dir, "run"))...)
}

// pids are the processes of a daemon.
func (r *rival) pids() []int { return append(r.Running.Children(), r.Running.PID()) }

// alternate gives each daemon its turn, round after round; between turns none runs.
func (s *stage) alternate(turn func(r *rival)) {
	for range rounds() {
		for _, r := range s.rivals {
			turn(r)
			r.Running.Kill()
			s.flush(r)
		}
	}
}

// flush removes the addresses that a killed daemon leaves.
func (s *stage) flush(r *rival) {
	s.b.Helper()
	for n := range s.fleet.links() {
		addrs, err := r.Addrs(bed.Card(n))
		if err != nil {
			s.b.Fatal(err)
		}
		for _, a := range addrs {
			if a.Bits() == 32 {
				if err := r.DelAddr(bed.Card(n), a); err != nil {
					s.b.Fatal(err)
				}
			}
		}
	}
}
