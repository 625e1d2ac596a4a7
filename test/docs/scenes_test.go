package docs

import (
	"net/netip"
	"os/exec"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

// scenes sets up each of the troubles that guides talk about, and returns its hosts.
var scenes = map[string]func(*bed.Site) []*bed.Machine{
	"pair":      pair,
	"conflict":  conflict,
	"refused":   refused,
	"split":     split,
	"flapping":  flapping,
	"outranked": outranked,
	"taken":     taken,
}

// tutorial is the pair of the tutorial, ten times as quick.
func tutorial(priority uint8, lines ...string) bed.Instance {
	return bed.Instance{Version: 2, Interval: time.Second, Priority: priority,
		Lines: append([]string{"authentication {", "    auth_type PASS", "    auth_pass 1111", "}"}, lines...)}
}

// started starts a daemon that can also be asked for metrics.
func started(m *bed.Machine, globals []string, i bed.Instance) {
	m.Spawn("--config", m.Configure(globals, i), "--attach", "xdp", "--listen", "9112")
}

// pair is test1, which is master, and test2.
func pair(s *bed.Site) []*bed.Machine {
	test1, test2 := s.Add("test1"), s.Add("test2")
	started(test1, nil, tutorial(160))
	test1.AwaitRole(bed.Only, "master") // before test2 starts: the guides tell that nobody else was there
	test1.AwaitVIPs(true, bed.VIP)
	started(test2, nil, tutorial(100))
	test2.AwaitFollowing(test1)
	return []*bed.Machine{test1, test2}
}

// conflict is the pair, and a host of another cluster with its VRID.
func conflict(s *bed.Site) []*bed.Machine {
	hosts := pair(s)
	other := s.Add("other")
	i := tutorial(200)
	i.VIPs = []netip.Prefix{netip.MustParsePrefix("172.160.180.200/24")}
	started(other, nil, i)
	hosts[0].AwaitDrops("conflict", 3)
	return append(hosts, other)
}

// refused is a master that does not accept packets to its address, and a host that pings it.
func refused(s *bed.Site) []*bed.Machine {
	test1, client := s.Add("test1"), s.Add("client")
	started(test1, []string{"vrrp_strict"}, bed.Instance{Priority: 160})
	test1.AwaitVIPs(true, bed.VIP)
	return []*bed.Machine{test1, client}
}

// split is the pair on a switch that lets neither hear the other.
func split(s *bed.Site) []*bed.Machine {
	hosts := pair(s)
	for _, h := range hosts {
		port := h.Port(bed.NIC)
		if err := s.Lab.Wire.Do(func() error {
			return exec.Command("ip", "link", "set", port, "type", "bridge_slave", "isolated", "on").Run()
		}); err != nil {
			s.T.Fatal(err)
		}
	}
	hosts[1].AwaitRole(bed.Only, "master")
	return hosts
}

// flapping is a host whose check fails and recovers.
func flapping(s *bed.Site) []*bed.Machine {
	test1 := s.Add("test1")
	i := tutorial(160, "track_script {", "    web", "}")
	i.Interval = 100 * time.Millisecond
	i.Version, i.Lines = 3, i.Lines[4:]
	state := test1.File("state", "")
	conf := test1.File("xvrrp.conf", "vrrp_script web {\n    script \"/usr/bin/test -e "+state+"\"\n    interval 1\n    fall 1\n    rise 1\n}\n"+i.Text())
	test1.Spawn("--config", conf)
	test1.AwaitRole(bed.Only, "master")
	if err := exec.Command("rm", state).Run(); err != nil {
		s.T.Fatal(err)
	}
	test1.AwaitRole(bed.Only, "fault")
	test1.File("state", "")
	test1.AwaitRole(bed.Only, "master")
	return []*bed.Machine{test1}
}

// outranked is test2 as master, and test1, which would be if it were not for nopreempt.
func outranked(s *bed.Site) []*bed.Machine {
	test1, test2 := s.Add("test1"), s.Add("test2")
	started(test2, nil, tutorial(100))
	test2.AwaitRole(bed.Only, "master")
	started(test1, nil, tutorial(160, "nopreempt"))
	test1.AwaitFollowing(test2)
	return []*bed.Machine{test1, test2}
}

// taken is a host whose card has another program on it already: another xvrrp.
func taken(s *bed.Site) []*bed.Machine {
	test1 := s.Add("test1")
	other := test1.File("other.conf", bed.Instance{Name: "VI_2", VRID: 57, Priority: 100,
		VIPs: []netip.Prefix{netip.MustParsePrefix("172.160.180.200/24")}}.Text())
	first := test1.Start("another xvrrp", bed.Program, "run", "--config", other, "--attach", "xdp", "--runtime-dir", test1.Path("other"))
	first.AwaitLog("filter attached")
	started(test1, nil, tutorial(160))
	test1.AwaitRole(bed.Only, "fault")
	return []*bed.Machine{test1}
}
