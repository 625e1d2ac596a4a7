package e2e

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// goodbyes are the adverts of priority 0 among those of a machine after a mark.
func goodbyes(e *bed.Ear, mark int, m *bed.Machine) (n int) {
	for _, a := range e.From(mark, m) {
		if a.Priority == 0 {
			n++
		}
	}
	return n
}

// TestFailoverByHand has a master hand over: one goodbye, then the peer serves after its skew, which a client hardly
// notices. The old master stays behind until that is taken back, and then preempts.
func TestFailoverByHand(t *testing.T) {
	t.Parallel()
	s := newSite(t, "handover")
	high, low, client := s.Add("high"), s.Add("low"), s.Add("client")
	i := bed.Instance{Priority: 200, Interval: 400 * time.Millisecond}
	behind := i
	behind.Priority = 100
	high.Run("xdp", nil, i)
	low.Run("tc", nil, behind)
	high.AwaitRole(bed.Only, "master")
	low.AwaitFollowing(high)
	ping, err := client.Ping(t.Context(), bed.VIP.Addr(), 10*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	bed.Until(t, "an answer to a ping", bed.Patience, func() bool { return answered(ping.Echos()) > 0 })

	mark := s.Ear.Mark()
	out, err := high.Ask("failover", bed.Only)
	if err != nil || !strings.Contains(string(out), low.V4.String()+" is master, with priority 100") {
		t.Fatalf("%v: %s", err, out)
	}
	last, first := s.Ear.Takeover(mark, high, low)
	within(t, last, first, behind.Skew(), behind.Down())
	if n := goodbyes(s.Ear, mark, high); n != 1 || last.Priority != 0 {
		t.Errorf("%d goodbyes and %s at the end, want one there", n, last)
	}
	low.AwaitVIPs(true, bed.VIP)
	high.AwaitVIPs(false, bed.VIP)
	s.Ear.Await(s.Ear.Mark(), several, low)
	r := high.Router()
	if r.Role != "backup" || r.Priority != 1 || r.Base != 200 || r.Failover == nil || r.Failover.By != "uid 0" || r.Why != "failover" {
		t.Errorf("after the failover: %+v", r)
	}
	for _, o := range lab.Outages(settledEchos(ping.Stop())) {
		if o.To-o.From > behind.Down() {
			t.Errorf("%d pings were lost in %s", o.Lost, o.To-o.From)
		}
	}

	mark = s.Ear.Mark()
	if _, err := high.Ask("failover", bed.Only, "--cancel"); err != nil {
		t.Fatal(err)
	}
	_, first = s.Ear.Takeover(mark, low, high)
	if first.Priority != 200 {
		t.Errorf("came back by %s, want priority 200", first)
	}
	low.AwaitFollowing(high)
	low.AwaitVIPs(false, bed.VIP)
	high.AwaitVIPs(true, bed.VIP)
	if why := high.Router().Why; why != "preempt" {
		t.Errorf("came back because of %s, want preempt", why)
	}
	if _, err := low.Ask("failover", bed.Only); err == nil || !strings.Contains(err.Error(), "run this on its master, "+high.V4.String()) {
		t.Errorf("failover of a backup: %v", err)
	}
}

// settledEchos leaves out the echos that had no time.
func settledEchos(all []lab.Echo) []lab.Echo { return all[:max(0, len(all)-2)] }

// TestFailoverToNobody has the only router hand over: it serves again, and the command says that it failed.
func TestFailoverToNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t, "nobody")
	m := s.Add("m")
	m.Run("tc", nil, bed.Instance{Priority: 200})
	m.AwaitRole(bed.Only, "master")
	mark := s.Ear.Mark()
	out, err := m.Ask("failover", bed.Only, "--for", "1s")
	if err == nil || !strings.Contains(err.Error(), "exit status 6") || !strings.Contains(err.Error(), "nobody else took over") {
		t.Fatalf("%v: %s", err, out)
	}
	m.AwaitVIPs(true, bed.VIP)
	bed.Until(t, "adverts of the router's own priority", bed.Patience, func() bool {
		heard := s.Ear.From(mark, m)
		return len(heard) > 0 && heard[len(heard)-1].Priority == 200
	})
	seen := make(map[uint8]bool)
	for _, a := range s.Ear.From(mark, m) {
		seen[a.Priority] = true
	}
	if !seen[0] || !seen[1] || m.Router().Failover != nil {
		t.Errorf("priorities %v on the wire, failover %v; want 0, 1 and 200, and no failover", seen, m.Router().Failover)
	}
}

// TestMaintenance takes a host out of service over a restart, and back into it: its peer serves meanwhile, whatever
// becomes of it.
func TestMaintenance(t *testing.T) {
	t.Parallel()
	s := newSite(t, "maintenance")
	high, low := s.Add("high"), s.Add("low")
	i := bed.Instance{Priority: 200, Interval: 200 * time.Millisecond}
	file := high.Configure(nil, i)
	start := func() { high.Spawn("--config", file, "--attach", "xdp", "--state-file", high.Path("routers.conf")) }
	start()
	high.AwaitRole(bed.Only, "master")
	i.Priority = 100
	low.Run("tc", nil, i)
	low.AwaitFollowing(high)

	mark := s.Ear.Mark()
	if _, err := high.Ask("maintenance", "on", "--keep"); err != nil {
		t.Fatal(err)
	}
	last, first := s.Ear.Takeover(mark, high, low)
	within(t, last, first, i.Skew(), i.Down())
	high.AwaitVIPs(false, bed.VIP)
	out := func(when string) {
		if r := high.Router(); r.Role != "fault" || r.Maintenance == nil || !strings.HasPrefix(strings.Join(r.Faults, "; "), "maintenance, asked for by uid 0") {
			t.Errorf("%s: %s, faults %q, maintenance %v", when, r.Role, r.Faults, r.Maintenance)
		}
	}
	out("in maintenance")
	high.Running.Stop()
	start()
	high.AwaitRole(bed.Only, "fault")
	out("after a restart")
	mark = s.Ear.Mark()
	low.Running.Stop()
	low.AwaitVIPs(false, bed.VIP)
	low.Run("tc", nil, i)
	low.AwaitRole(bed.Only, "master")
	silent(t, s.Ear, mark, high)

	if _, err := high.Ask("maintenance", "off"); err != nil {
		t.Fatal(err)
	}
	high.AwaitRole(bed.Only, "master")
	low.AwaitFollowing(high)
	low.AwaitVIPs(false, bed.VIP)
	high.AwaitVIPs(true, bed.VIP)
}

// TestAnnounceByHand has a master announce its address again.
func TestAnnounceByHand(t *testing.T) {
	t.Parallel()
	s := newSite(t, "garp")
	m := s.Add("m")
	m.Run("tc", nil, bed.Instance{Priority: 100})
	m.AwaitRole(bed.Only, "master")
	m.AwaitVIPs(true, bed.VIP)
	before := announced(s.Ear.Capture)
	if _, err := m.Ask("garp", bed.Only); err != nil {
		t.Fatal(err)
	}
	bed.Until(t, "another announcement", bed.Patience, func() bool { return announced(s.Ear.Capture) > before })
	events := m.Events(0)
	if e := events[len(events)-1]; e != (api.Event{Seq: e.Seq, Time: e.Time, Kind: "daemon", Router: bed.Only, Why: "garp", Detail: "asked for by uid 0"}) {
		t.Errorf("the last event is %+v", e)
	}
}

// announced counts the gratuitous ARP packets for the virtual address.
func announced(c *lab.Capture) (n int) {
	vip := bed.VIP.Addr().As4()
	for _, f := range c.Frames() {
		b := f.Data
		if len(b) < bed.EtherLen+28 || binary.BigEndian.Uint16(b[12:]) != bed.EtherARP {
			continue
		}
		if sender, target := [4]byte(b[bed.EtherLen+14:]), [4]byte(b[bed.EtherLen+24:]); sender == vip && target == vip {
			n++
		}
	}
	return n
}
