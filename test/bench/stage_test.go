package bench

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
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
	globals  string // what its file begins with
	command  func(file, run string) []string
	segments []string
	run      string // where it keeps its state
}

// The daemons, as a distribution's service would start them, writing what they do to a file.
var (
	xvrrp = rival{name: "xvrrp", command: func(file, run string) []string {
		return []string{bed.Program, "run", "--config", file, "--runtime-dir", run}
	}}
	keepalived = rival{name: "keepalived", command: keepalivedCommand}
	tuned      = rival{name: "tuned", command: keepalivedCommand, globals: tuning}

	daemons  = []rival{xvrrp, keepalived}
	everyone = []rival{xvrrp, keepalived, tuned}
)

// tuning is everything by which keepalived.conf(5) lets keepalived hold its own against load and floods.
const tuning = `global_defs {
    vrrp_rt_priority 50
    vrrp_rlimit_rttime 10000000
    vrrp_no_swap
    vrrp_rx_bufs_policy 16777216
    vrrp_netlink_cmd_rcv_bufs 16777216
    vrrp_netlink_cmd_rcv_bufs_force true
    vrrp_netlink_monitor_rcv_bufs 16777216
    vrrp_netlink_monitor_rcv_bufs_force true
    vrrp_lower_prio_no_advert
    vrrp_garp_lower_prio_repeat 0
}
`

// keepalivedCommand runs the program itself: who measures how it starts does not want to measure a script.
func keepalivedCommand(file, run string) []string {
	return []string{"env", "LD_LIBRARY_PATH=" + peerWord("printenv", "LD_LIBRARY_PATH"),
		peerWord("sh", "-c", "command -v keepalived"), "--vrrp", "--dont-fork", "--log-console", "--no-syslog",
		"--use-file", file, "--pid", run + ".pid", "--vrrp_pid", run + "-vrrp.pid"}
}

// peerWord is what a command says where keepalived is in reach; it is asked but once.
var peerWord = func() func(command ...string) string {
	said := make(map[string]string)
	return func(command ...string) string {
		key := strings.Join(command, " ")
		if said[key] == "" {
			out, err := exec.Command(bed.PeersScript, append([]string{"keepalived"}, command...)...).Output()
			if err != nil {
				panic(fmt.Sprintf("%s: %v", key, err)) // NeedPeer has unpacked it
			}
			said[key] = strings.TrimSpace(string(out))
		}
		return said[key]
	}
}()

// becameBackup is what both write when a router becomes backup.
const becameBackup = "Entering BACKUP STATE"

// stage is the network of a benchmark: the daemons, one source of adverts that reaches all of their segments, and an
// ear on what the daemons send, which goes no further.
type stage struct {
	*bed.Site
	b      *testing.B
	fleet  fleet
	rivals []*rival
	source *source
	ear    *ear
}

func newStage(b *testing.B, name string, f fleet, daemons ...rival) *stage {
	b.Helper()
	s := &stage{Site: bed.New(b, "bench-"+name), b: b, fleet: f, ear: newEar(b)}
	bed.NeedPeer(b, "keepalived")
	var all []string
	for _, d := range daemons {
		for n := range f.links() {
			d.segments = append(d.segments, fmt.Sprintf("%.1s%d", d.name, n))
		}
		d.Machine = s.host(d.name, 46, d.segments)
		s.ear.on(d.Machine, taken)
		s.rivals = append(s.rivals, &d)
		all = append(all, d.segments...)
	}
	s.source = newSource(s.host("source", sourceHost, all), f)
	return s
}

// linkOf is the link of a daemon that a card of the source is on.
func (s *stage) linkOf(r *rival, card int) (link int, ours bool) {
	links := s.fleet.links()
	return card % links, s.rivals[card/links] == r
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
	s.launch(r)
	s.await(r, becameBackup)
}

// await waits until a daemon has written something of every router.
func (s *stage) await(r *rival, what string) {
	s.b.Helper()
	p := r.Running
	bed.Until(s.b, fmt.Sprintf("%q of every router of %s", what, r.name), s.fleet.patience(), func() bool {
		return p.Ended() || strings.Count(p.Written(), what) >= s.fleet.count
	})
	if p.Ended() {
		s.b.Fatalf("%s ended", r.name)
	}
}

// launch starts a daemon with the fleet, and does not wait.
func (s *stage) launch(r *rival) { r.launch(r.File("conf", r.globals+s.fleet.conf(priority))) }

// launch starts a daemon on a file, with an empty folder for its state as after a boot.
func (r *rival) launch(file string) {
	t := r.Site.T
	t.Helper()
	dir, err := os.MkdirTemp(r.Site.Dir, "")
	if err != nil {
		t.Fatal(err)
	}
	r.run = filepath.Join(dir, "run")
	r.Start(r.name, r.command(file, r.run)...)
}

// pids are the processes of a daemon.
func (r *rival) pids() []int { return append(r.Running.Children(), r.Running.PID()) }

// alternate gives each daemon its turn, round after round; between turns none runs.
func (s *stage) alternate(turn func(r *rival)) {
	for range rounds() {
		for _, r := range s.rivals {
			turn(r)
			s.end(r)
		}
	}
}

// end kills a daemon and removes the addresses that it leaves.
func (s *stage) end(r *rival) {
	s.b.Helper()
	r.Running.Kill()
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
