package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"

	"github.com/xvrrp/xvrrp/control/doctor"
	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// TestDoctor plants faults, each on a host of its own that is clean otherwise, and wants each to be found alone.
func TestDoctor(t *testing.T) {
	t.Parallel()
	unicast := []string{"unicast_peer {", "172.160.180.99", "}"}
	for _, c := range []struct {
		name   string
		lines  []string
		vip    string
		within []string // what runs doctor
		plant  func(p patient)
		want   string // an error or warning; empty: none
	}{
		{name: "clean"},
		{name: "rule-on-adverts", lines: unicast, plant: func(p patient) { p.filter("output", "ip protocol 112 drop") }, want: "firewall-adverts-out"},
		{name: "rule-on-vip", plant: func(p patient) { p.filter("input", "ip daddr 172.160.180.168 drop") }, want: "firewall-vip"},
		{name: "strict", lines: []string{"strict_mode"}, want: "no-accept"},
		{name: "other-xdp", plant: patient.occupyXDP, want: "xdp-taken"},
		{name: "no-privilege", within: []string{"setpriv", "--bounding-set=-net_raw"}, want: "capability"},
		{name: "arp-off", plant: func(p patient) { p.sysctl("net.ipv4.conf.ens160.arp_ignore", "8") }, want: "arp-silent"},
		{name: "networkd", plant: patient.manage, want: "networkd-deletes",
			// The .network file is where nobody but this process sees it.
			within: []string{"unshare", "--mount", "sh", "-c", `mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/network &&
				printf '[Match]\nName=ens*\n[Network]\nDHCP=no\n' >/run/systemd/network/00-xv.network && exec "$0" "$@"`}},
		{name: "vip-elsewhere", plant: func(p patient) { p.must(p.AddAddr(bed.Card(1), bed.VIP)) }, want: "vip-present"},
		{name: "wrong-length", vip: "172.160.180.168/16", want: "vip-prefix"},
		{name: "keepalived", plant: func(p patient) { p.Keepalived(p.file) }, want: "second-daemon"},
		{name: "link-down", plant: func(p patient) { p.must(p.SetLink(bed.NIC, false)) }, want: "interface-down"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "doc-"+c.name)
			i := bed.Instance{Priority: 100, Lines: c.lines}
			if c.vip != "" {
				i.VIPs = []netip.Prefix{netip.MustParsePrefix(c.vip)}
			}
			p := patient{Machine: s.Add("m", lab.Segment, "other")}
			p.file = p.Configure(nil, i)
			if c.plant != nil {
				c.plant(p)
			}
			p.expect(p.examine(c.within...), c.want)
		})
	}
}

// TestDoctorBesideADaemon: nothing is found on the hosts of a healthy pair, though the master holds the address.
func TestDoctorBesideADaemon(t *testing.T) {
	t.Parallel()
	s := newSite(t, "doc-pair")
	m, b := patient{Machine: s.Add("m")}, patient{Machine: s.Add("b")}
	m.Run("xdp", nil, bed.Instance{Priority: 200})
	m.AwaitRole(bed.Only, "master")
	m.AwaitVIPs(true, bed.VIP)
	b.Run("tc", nil, bed.Instance{Priority: 100})
	b.AwaitFollowing(m.Machine)
	for _, p := range []patient{m, b} {
		p.expect(p.examine(), "")
	}
}

// TestDoctorTellsTheTruth holds what is said of firewalls against what they do: rules on what comes in and on what is
// routed out do not matter to multicast adverts, the egress hook does, and the remedy mends it.
func TestDoctorTellsTheTruth(t *testing.T) {
	t.Parallel()
	s := newSite(t, "doc-truth")
	m, b := patient{Machine: s.Add("m")}, patient{Machine: s.Add("b")}
	m.filter("output", "ip protocol 112 drop")
	b.filter("input", "ip protocol 112 drop")
	m.Run("tc", nil, bed.Instance{Priority: 200})
	m.AwaitRole(bed.Only, "master")
	b.Run("tc", nil, bed.Instance{Priority: 100})
	b.AwaitFollowing(m.Machine)
	m.expect(m.examine(), "")
	b.expect(b.examine(), "")

	m.nft("add table netdev xv")
	m.nft("add chain netdev xv out { type filter hook egress device ens160 priority 0; }")
	m.nft("add rule netdev xv out ip protocol 112 drop")
	b.AwaitRole(bed.Only, "master")
	found := m.examine().Findings[0]
	if found.ID != "firewall-adverts-out" {
		t.Fatalf("found %+v first", found)
	}
	m.nft(strings.TrimPrefix(found.Remedy, "nft "))
	b.AwaitFollowing(m.Machine)
}

// patient is a host that doctor looks at.
type patient struct {
	*bed.Machine
	file string // its configuration; empty: the daemon's
}

func (p patient) must(err error) {
	p.Site.T.Helper()
	if err != nil {
		p.Site.T.Fatal(err)
	}
}

// examine runs doctor on the host with nft in reach, within another command.
func (p patient) examine(within ...string) (r doctor.Report) {
	t := p.Site.T
	t.Helper()
	bed.NeedPeer(t, "nftables")
	args := append(append([]string{"nftables"}, within...), bed.Program, "doctor", "-o", "json", "--runtime-dir", p.Path("run"))
	if p.file != "" {
		args = append(args, "--config", p.file)
	}
	out, err := p.Command(t.Context(), bed.PeersScript, args...).Output()
	exit := (*exec.ExitError)(nil)
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("doctor says %q: %v", out, err)
	}
	code := 0
	if exit != nil {
		code = exit.ExitCode()
	}
	if want := exitOf(r); code != want {
		t.Errorf("exit code %d, want %d", code, want)
	}
	return r
}

// exitOf is the exit code that goes with a report.
func exitOf(r doctor.Report) int {
	if r.Count(doctor.Error)+r.Count(doctor.Warning) > 0 {
		return 6
	}
	return 0
}

// expect wants one kind of finding above the notes, or none. What the kernel grants of real time is the machine's.
func (p patient) expect(r doctor.Report, want string) {
	p.Site.T.Helper()
	found := slices.DeleteFunc(r.Findings, func(f doctor.Finding) bool { return f.Severity == doctor.Note || f.ID == "not-real-time" })
	for _, f := range found {
		if f.ID != want {
			p.Site.T.Errorf("on %s was found: %+v", p.Name, f)
		}
	}
	if want != "" && len(found) == 0 {
		p.Site.T.Errorf("%s was not found on %s", want, p.Name)
	}
}

// filter adds a rule to the host's firewall.
func (p patient) filter(hook, rule string) {
	p.Site.T.Helper()
	p.nft("add table inet xv")
	p.nft(fmt.Sprintf("add chain inet xv %s { type filter hook %s priority 0; }", hook, hook))
	p.nft("add rule inet xv " + hook + " " + rule)
}

func (p patient) nft(command string) {
	p.Site.T.Helper()
	bed.NeedPeer(p.Site.T, "nftables")
	if out, err := p.Command(p.Site.T.Context(), bed.PeersScript, "nftables", "nft", command).CombinedOutput(); err != nil {
		p.Site.T.Fatalf("nft %s: %v: %s", command, err, out)
	}
}

func (p patient) sysctl(name, value string) {
	p.Site.T.Helper()
	p.must(p.Sysctl(name, value))
}

// occupyXDP attaches a program that passes everything.
func (p patient) occupyXDP() {
	p.Site.T.Helper()
	p.Do(func() error {
		card, err := net.InterfaceByName(bed.NIC)
		if err != nil {
			return err
		}
		program, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "someone", Type: ebpf.XDP, License: "GPL",
			Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 2), asm.Return()}})
		if err != nil {
			return err
		}
		l, err := link.AttachXDP(link.XDPOptions{Program: program, Interface: card.Index, Flags: link.XDPGenericMode})
		if err == nil {
			p.Site.T.Cleanup(func() { l.Close() })
		}
		return err
	})
}

// manage runs something on the host that goes by the name of systemd-networkd.
func (p patient) manage() {
	p.Site.T.Helper()
	sleep, err := exec.LookPath("sleep")
	p.must(err)
	text, err := os.ReadFile(sleep)
	p.must(err)
	program := filepath.Join(p.Site.Dir, "systemd-networkd")
	p.must(os.WriteFile(program, text, 0o700))
	d := p.Start("systemd-networkd", program, "600")
	bed.Until(p.Site.T, "the program under its name", bed.Patience, func() bool {
		comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", d.PID()))
		return err == nil && strings.HasPrefix(string(comm), "systemd-network")
	})
}
