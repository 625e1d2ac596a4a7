package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/test/bed"
)

// because holds the story of a machine's router against the true cause, and what it has to say.
func because(m *bed.Machine, router, to, cause string, says ...string) {
	m.Site.T.Helper()
	m.AwaitRole(router, to)
	became(m, last(m, router), to, cause, says...)
}

// last is the newest story of a machine's router.
func last(m *bed.Machine, router string) api.Story {
	m.Site.T.Helper()
	stories := m.Stories(router)
	return stories[len(stories)-1]
}

// became does so for one of several stories.
func became(m *bed.Machine, s api.Story, to, cause string, says ...string) {
	m.Site.T.Helper()
	if s.To != to || s.Cause != cause {
		m.Site.T.Errorf("%s went to %s because of %s, want %s because of %s: %s", m.Name, s.To, s.Cause, to, cause, s.Summary)
	}
	for _, text := range says {
		if !strings.Contains(s.Summary, text) {
			m.Site.T.Errorf("%q does not say %q", s.Summary, text)
		}
	}
}

// named is a machine as stories name it.
func named(m *bed.Machine) string {
	return m.V4.String() + " (" + net.HardwareAddr(m.MAC[:]).String() + ")"
}

// TestWhyOfSilence ends masters in every way in which they fall silent; the one that is only stopped comes back.
func TestWhyOfSilence(t *testing.T) {
	t.Parallel()
	s := newSite(t, "why-silence")
	low, high := s.Add("low"), s.Add("high")
	i := bed.Instance{Priority: 100}
	better := bed.Instance{Priority: 200, Lines: []string{"nopreempt"}}
	low.Run("xdp", nil, i)
	because(low, bed.Only, "master", "no_master", "nobody else was master", "waits 360.9 ms (3 x 100 ms + skew 60.9 ms)")
	high.Run("tc", nil, better)
	high.AwaitFollowing(low)
	because(high, bed.Only, "backup", "start")

	// A backup that was stopped does not take its own lateness for silence.
	high.Running.Signal(syscall.SIGSTOP)
	s.Ear.Await(s.Ear.Mark(), several, low)
	high.Running.Signal(syscall.SIGCONT)
	high.AwaitEvent("rescue", "late")
	because(high, bed.Only, "backup", "start")

	// A master that was stopped finds that another took over.
	low.Running.Signal(syscall.SIGSTOP)
	because(high, bed.Only, "master", "master_silent", named(low)+" fell silent", " more were due", "This daemon was ")
	if n := last(high, bed.Only).Numbers; n.Gap <= 0 || n.Margin >= n.Down {
		t.Errorf("the last gap was %g and left a margin of %g", n.Gap, n.Margin)
	}
	s.Ear.Await(s.Ear.Mark(), 2, high)
	low.Running.Signal(syscall.SIGCONT)
	because(low, bed.Only, "backup", "paused", "this daemon itself did not run", "Meanwhile "+named(high))

	high.Running.Stop()
	because(low, bed.Only, "master", "master_resigned", named(high)+" resigned", "priority 0", "the skew alone, 60.9 ms")
	high.Run("tc", nil, better)
	high.AwaitFollowing(low)
	low.Running.Kill()
	because(high, bed.Only, "master", "master_silent", named(low)+" fell silent")
	readsCapture(t, high)
}

// readsCapture writes the adverts of a story and has the program's own reader and, where there is one, tcpdump read them.
func readsCapture(t *testing.T, m *bed.Machine) {
	t.Helper()
	file := filepath.Join(m.Site.Dir, "why.pcap")
	if _, err := m.Ask("why", bed.Only, "--last", "4", "--pcap", file); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(bed.Program, "explain", file).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "VRID 56") {
		t.Errorf("explain: %v: %s", err, out)
	}
	tcpdump, err := exec.LookPath("tcpdump")
	if err != nil {
		return
	}
	out, err = exec.Command(tcpdump, "-nvr", file).CombinedOutput()
	if text := string(out); err != nil || !strings.Contains(text, "VRRPv3, Advertisement") || strings.Contains(text, "bad") {
		t.Errorf("tcpdump: %v: %s", err, text)
	}
}

// TestWhyOfPriorities moves mastership by priorities: by joining, by a reload, by a rogue; and takes a link down.
func TestWhyOfPriorities(t *testing.T) {
	t.Parallel()
	s := newSite(t, "why-priority")
	low, high, rogue := s.Add("low"), s.Add("high"), s.Add("rogue")
	i := bed.Instance{Priority: 100}
	low.Run("tc", nil, i)
	low.AwaitRole(bed.Only, "master")

	inject(rogue, forge(rogue, 250).frame())
	low.AwaitEvent("transition", "outranked")
	low.AwaitRole(bed.Only, "master")
	stories := low.Stories(bed.Only)
	became(low, stories[len(stories)-2], "backup", "outranked", named(rogue)+" advertised priority 250; its own is 100")
	became(low, stories[len(stories)-1], "master", "master_silent", named(rogue)+" fell silent")

	i.Priority = 200
	high.Run("xdp", nil, i)
	because(high, bed.Only, "master", "preemption", "it preempted "+named(low)+", whose priority 100 is lower than its own, 200")
	because(low, bed.Only, "backup", "outranked", named(high)+" advertised priority 200")

	reload := func(priority uint8) {
		t.Helper()
		i.Priority = priority
		high.Configure(nil, i)
		if _, err := high.Ask("reload"); err != nil {
			t.Fatal(err)
		}
	}
	reload(50)
	because(low, bed.Only, "master", "preemption", "whose priority 50 is lower", "It had advertised 200 until ")
	because(high, bed.Only, "backup", "configuration", "the configuration was reloaded, which took its priority from 200 to 50")
	reload(200)
	because(high, bed.Only, "master", "configuration", "which took its priority from 50 to 200, above the 100 of "+named(low))

	if err := high.SetLink(bed.NIC, false); err != nil {
		t.Fatal(err)
	}
	because(high, bed.Only, "fault", "link", "interface ens160 is down")
	because(low, bed.Only, "master", "master_silent", named(high))
	if err := high.SetLink(bed.NIC, true); err != nil {
		t.Fatal(err)
	}
	because(high, bed.Only, "master", "preemption", named(low))
}

// TestWhyOfCommands has an operator move mastership, and take a router out of service.
func TestWhyOfCommands(t *testing.T) {
	t.Parallel()
	s := newSite(t, "why-command")
	low, high := s.Add("low"), s.Add("high")
	i := bed.Instance{Priority: 200}
	high.Run("xdp", nil, i)
	high.AwaitRole(bed.Only, "master")
	i.Priority = 100
	low.Run("tc", nil, i)
	low.AwaitFollowing(high)
	command := func(args ...string) {
		t.Helper()
		if _, err := high.Ask(args...); err != nil {
			t.Fatal(err)
		}
	}
	command("failover", bed.Only)
	because(high, bed.Only, "backup", "operator", "xvrrp failover was asked for by ")
	because(low, bed.Only, "master", "master_resigned", named(high))
	command("failover", bed.Only, "--cancel")
	because(high, bed.Only, "master", "operator", "xvrrp failover ended", "which took its priority from 1 to 200, above the 100 of "+named(low))
	command("maintenance", "on", bed.Only)
	because(high, bed.Only, "fault", "operator", "because maintenance, asked for by ")
	because(low, bed.Only, "master", "master_resigned", named(high))
	command("maintenance", "off", bed.Only)
	because(high, bed.Only, "master", "preemption", named(low))
}

// TestWhyOfATracker lets a script fail that one router tracks with a weight, one without, and one by its sync group.
func TestWhyOfATracker(t *testing.T) {
	t.Parallel()
	s := newSite(t, "why-track")
	m, peer := s.Add("m"), s.Add("peer")
	weighed := bed.Instance{Name: "WEIGHED", Priority: 200, Lines: []string{"track_script {", "    chk weight -150", "}"}}
	faulted := bed.Instance{Name: "FAULTED", VRID: 57, Priority: 200, Lines: []string{"track_script {", "    chk", "}"}}
	grouped := bed.Instance{Name: "GROUPED", VRID: 58, Priority: 200}
	well := m.File("well", "")
	m.Spawn("--attach", "xdp", "--config", m.File("xvrrp.conf", "global_defs {\n    enable_script_security\n    script_user root\n}\n"+
		"vrrp_script chk {\n    script \"/usr/bin/test -e "+well+"\"\n    interval 1\n    fall 1\n    rise 1\n}\n"+
		weighed.Text()+faulted.Text()+grouped.Text()+"vrrp_sync_group G {\n    group {\n        FAULTED\n        GROUPED\n    }\n}\n"))
	m.AwaitRole("WEIGHED", "master")
	m.AwaitRole("GROUPED", "master")
	low := weighed
	low.Priority, low.Lines = 100, nil
	peer.Run("tc", nil, low)
	peer.AwaitRole("WEIGHED", "backup")

	if err := os.Remove(well); err != nil {
		t.Fatal(err)
	}
	because(m, "WEIGHED", "backup", "tracker", "script chk is down", "which took its priority from 200 to 50; "+named(peer)+" advertises 100")
	because(m, "FAULTED", "fault", "tracker", "script chk is down")
	because(m, "GROUPED", "fault", "sync_group", "which FAULTED moved: FAULTED went to fault because script chk is down")
	m.File("well", "")
	because(m, "WEIGHED", "master", "tracker", "script chk is up, which took its priority from 50 to 200, above the 100 of "+named(peer))
}
