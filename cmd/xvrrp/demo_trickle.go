package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/loader"
)

type trickleOptions struct{ keepalived, attach string }

func newDemoTrickle(a *app) *cobra.Command {
	var o trickleOptions
	c := &cobra.Command{
		Use:   "trickle",
		Short: "Send two bogus adverts per interval and show who keeps a master, xvrrp or keepalived",
		Long: `Trickle builds a pair of hosts that run xvrrp and, where keepalived is installed, a pair that runs keepalived
with the same files, each on a segment of its own. A fifth host belongs to neither. It sends both segments the
same bogus adverts for their routers, two in each interval: with a wrong checksum, with a wrong TTL, with the
address list of another cluster and a higher priority, with a wrong password. The time line says who speaks for
the router instead of whom. The table in the end counts, as the segment heard it, how often that changed, how
long nobody spoke, and the adverts.

Everything is removed in the end, after Ctrl-C and after a failure too. The machine's own network is not
touched. It takes about half a minute and needs root.`,
		Example: `  xvrrp demo trickle
  xvrrp demo trickle --keepalived /opt/keepalived/sbin/keepalived`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return perform(cmd.Context(), a, false, func(ctx context.Context, s *stage) error { return s.ordeals(ctx, o) })
		},
	}
	f := c.Flags()
	f.StringVar(&o.keepalived, "keepalived", "keepalived", "`PROGRAM` to show beside xvrrp, if there is one")
	f.StringVar(&o.attach, "attach", string(loader.XDP), "where the filter sits, a `MODE` of run: on a virtual card auto would choose tc")
	return c
}

// camp is a pair of hosts that run the same software, on a segment of its own.
type camp struct {
	name           string // of the software
	segment        string
	master, backup *actor
	ear            *lab.Capture
	heard          int // frames that were looked at
}

// otherSegment is where keepalived plays.
const otherSegment = "lan2"

// The stranger is on both segments.
var (
	strangerAddr  = netip.MustParseAddr("172.160.180.66")
	strangerCards = map[string]string{lab.Segment: "ens160", otherSegment: "ens161"}
)

// pairs are the hosts of the camps, of each the master first.
var pairs = map[string][2]part{
	lab.Segment:  {cast[0], cast[1]},
	otherSegment: {{"test3", netip.MustParsePrefix("172.160.180.48/24"), "MASTER", 160}, {"test4", netip.MustParsePrefix("172.160.180.49/24"), "BACKUP", 150}},
}

// assemble adds the camps and the stranger. Without a keepalived there is one camp.
func (s *stage) assemble(o trickleOptions) (camps []*camp, stranger *lab.Host, err error) {
	ours, err := s.addCamp("xvrrp", lab.Segment, func(p part) error { return s.addActor(p, o.attach, trickleConfig(p)) })
	if err != nil {
		return nil, nil, err
	}
	camps = append(camps, ours)
	if program, name := findKeepalived(o.keepalived); program != "" {
		theirs, err := s.addCamp(name, otherSegment, func(p part) error { return s.addKeepalived(p, program, trickleConfig(p)) })
		if err != nil {
			return nil, nil, err
		}
		camps = append(camps, theirs)
	}
	var cards []lab.NIC
	for _, c := range camps {
		cards = append(cards, lab.NIC{Name: strangerCards[c.segment], Segment: c.segment})
	}
	stranger, err = s.lab.AddHost("stranger", cards...)
	return camps, stranger, err
}

// addCamp adds a pair of hosts, each by add, and an ear on their segment.
func (s *stage) addCamp(name, segment string, add func(part) error) (*camp, error) {
	for _, p := range pairs[segment] {
		if err := add(p); err != nil {
			return nil, err
		}
	}
	ear, err := s.lab.Wire.Capture(segment)
	if err != nil {
		return nil, err
	}
	s.atEnd(ear.Close)
	n := len(s.hosts)
	return &camp{name: name, segment: segment, master: s.hosts[n-2], backup: s.hosts[n-1], ear: ear}, nil
}

// addKeepalived adds a host and prepares its keepalived.
func (s *stage) addKeepalived(p part, program, config string) error {
	h, conf, err := s.addHost(p, otherSegment, config)
	if err != nil {
		return err
	}
	h.program = program
	h.args = []string{"--vrrp", "--dont-fork", "--log-console", "--no-syslog", "--use-file", conf,
		"--pid", h.dir + ".pid", "--vrrp_pid", h.dir + "-vrrp.pid"}
	return nil
}

// findKeepalived finds a program and what it calls itself. xvrrp in the place of keepalived is not what is looked for.
func findKeepalived(program string) (path, name string) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", ""
	}
	if same, err := isSelf(path); err != nil || same {
		return "", ""
	}
	out, err := exec.Command(path, "--version").CombinedOutput()
	words := strings.Fields(string(out))
	if err != nil || len(words) < 2 {
		return "", ""
	}
	return path, "keepalived " + strings.TrimPrefix(words[1], "v")
}

// isSelf tells whether a program is this one.
func isSelf(path string) (bool, error) {
	self, err := os.Executable()
	if err != nil {
		return false, err
	}
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return false, err
	}
	ours, err := os.Stat(self)
	theirs, err2 := os.Stat(path)
	return os.SameFile(ours, theirs), errors.Join(err, err2)
}

// The routers of a pair: one with the shortest round interval, and one with a password, which only version 2 has, whose
// intervals are whole seconds.
const (
	quickVRID   = demoVRID
	guardedVRID = demoVRID + 1
)

var guardedVIP = netip.MustParsePrefix("172.160.180.169/24")

// trickleConfig is the file of a host.
func trickleConfig(p part) string {
	return fmt.Sprintf(`vrrp_instance QUICK {
    state %[1]s
    interface %[2]s
    version 3
    virtual_router_id %[3]d
    priority %[4]d
    advert_int 0.1
    virtual_ipaddress {
        %[5]v
    }
}

vrrp_instance GUARDED {
    state %[1]s
    interface %[2]s
    virtual_router_id %[6]d
    priority %[4]d
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        %[7]v
    }
}
`, p.state, demoCard, quickVRID, p.priority, demoVIP, guardedVRID, guardedVIP)
}
