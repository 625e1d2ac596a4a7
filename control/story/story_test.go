package story

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	ms   = time.Millisecond
	noon = 100 * time.Second // the instant at twelve o'clock
)

var (
	ours   = netip.MustParseAddr("10.0.0.2")
	theirs = netip.MustParseAddr("10.0.0.1")
	group  = vrrp.DefaultGroup(false)
)

// advert is one of the other router, some time after noon.
func advert(after time.Duration, priority uint8) Advert {
	a := vrrp.Advert{Version: 3, VRID: 56, Priority: priority, Interval: time.Second, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.100")}}
	return Advert{At: noon + after, Src: theirs, Dst: group, MAC: [6]byte{2, 0, 0, 0, 0, 1}, TTL: 255, Message: a.AppendTo(nil, theirs, group, vrrp.Plain)}
}

// backup is a router of priority 150 with an interval of 1 s that follows the other one.
func backup(heard, due time.Duration) election.State {
	return election.State{Role: election.Backup, Since: noon - time.Minute, Priority: 150, Master: theirs, MasterPriority: 200, MasterInterval: time.Second,
		LastHeard: noon + heard, Skew: 414 * ms, Down: 3414 * ms, Why: election.Startup, Due: noon + due, Timer: "master-down"}
}

// master is the same as master.
func master() election.State {
	return election.State{Role: election.Master, Since: noon - time.Minute, Priority: 150, Master: ours, MasterPriority: 150,
		MasterInterval: time.Second, Skew: 414 * ms, Down: 3414 * ms, Why: election.Silence, Due: noon + time.Second, Timer: "advert"}
}

// facts are those of a change some time after noon, which was carried out 100 µs later.
func facts(after time.Duration, was election.State, to election.Role, why election.Reason, detail string) Facts {
	return Facts{Router: "VI_1", Version: 3, Epoch: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).Add(-noon), At: noon + after,
		Served: noon + after + 100*time.Microsecond, Priority: 150,
		Changed: election.Changed{From: was.Role, To: to, Why: why, Detail: detail, Was: was}}
}

// with changes facts.
func with(f Facts, change func(*Facts)) Facts {
	change(&f)
	return f
}

func cases() map[string]Facts {
	silent := facts(3414*ms, backup(0, 3414*ms), election.Master, election.Silence, "")
	silent.Adverts = []Advert{advert(-40*time.Second, 200)}
	outranked := facts(700*ms, master(), election.Backup, election.Outranked, "")
	outranked.Adverts = []Advert{advert(700*ms, 200)}
	preempts := backup(0, 3414*ms)
	preempts.Rival, preempts.MasterPriority = theirs, 100
	preemption := facts(3414*ms, preempts, election.Master, election.Preempted, "")
	preemption.Adverts = []Advert{advert(-40*time.Second, 200), advert(0, 100), advert(900*ms, 100)}
	resigned := backup(-300*ms, 414*ms)
	resigned.Master, resigned.Rival, resigned.Timer = netip.Addr{}, theirs, "skew"
	alone := backup(0, 3414*ms)
	alone.Master, alone.LastHeard, alone.Since = netip.Addr{}, 0, noon
	faulty := election.State{Role: election.Fault, Since: noon - time.Second, Due: election.Never}
	idle := election.State{Due: election.Never}
	weighed := func(was, now uint8) []Event {
		return []Event{{At: noon - 500*ms, Kind: OfTracker, Text: "script chk is down (exited with status 1)", Was: was, Now: now}}
	}
	return map[string]Facts{
		"silence": silent,
		"silence after repeats": with(silent, func(f *Facts) {
			f.Repeats, f.Gaps = 40, []time.Duration{1000 * ms, 1010 * ms, 2000 * ms}
		}),
		"silence in version 2": with(silent, func(f *Facts) { f.Version = 2 }),
		"silence noticed late": with(silent, func(f *Facts) {
			f.At, f.Served = f.At+9*time.Second, f.Served+9*time.Second
			f.Pauses = []Pause{{Ran: noon + 3*time.Second, Due: noon + 3414*ms, Until: f.Served}}
		}),
		"no master": facts(3414*ms, alone, election.Master, election.Silence, ""),
		"goodbye": with(facts(414*ms, resigned, election.Master, election.Resigned, ""), func(f *Facts) {
			f.Adverts = []Advert{advert(-40*time.Second, 200), advert(0, 0)}
		}),
		"preemption":                          with(preemption, func(f *Facts) { f.Adverts = f.Adverts[2:] }),
		"preemption of one that sank":         preemption,
		"preemption after a tracker came up":  with(preemption, func(f *Facts) { f.Adverts, f.Events = f.Adverts[2:], weighed(90, 150) }),
		"outranked":                           outranked,
		"outranked after a tracker went down": with(outranked, func(f *Facts) { f.Events = weighed(250, 150) }),
		"outranked with a priority that had been too low before": with(outranked, func(f *Facts) { f.Events = weighed(180, 150) }),
		"outranked after a pause": with(outranked, func(f *Facts) {
			f.Served = noon + 10*time.Second
			f.Pauses = []Pause{{Ran: noon - 100*ms, Due: noon, Until: f.Served}}
		}),
		"outranked after a short pause": with(outranked, func(f *Facts) {
			f.Pauses = []Pause{{Ran: noon - 100*ms, Due: noon, Until: noon + 600*ms}}
		}),
		"outranked after a reload": with(outranked, func(f *Facts) {
			f.Events = []Event{{At: noon + 600*ms, Kind: OfConfig, Text: "the configuration was reloaded", Was: 220, Now: 150}}
		}),
		"tie": with(facts(700*ms, master(), election.Backup, election.TieLost, ""), func(f *Facts) { f.Adverts = []Advert{advert(700*ms, 150)} }),
		"late": with(facts(700*ms, master(), election.Backup, election.Late,
			"no advert was sent for 4s, a backup of priority 200 waits no longer than 3.2s"), func(*Facts) {}),
		"link down": with(facts(0, master(), election.Fault, election.Faulted, "interface eth0 is down"), func(f *Facts) {
			f.Events = []Event{{At: noon, Kind: OfLink, Text: "interface eth0 is down", Fault: "interface eth0 is down"}}
		}),
		"link up": with(facts(0, faulty, election.Backup, election.Recovered, ""), func(f *Facts) {
			f.Events = []Event{{At: noon, Kind: OfLink, Text: "the fault is gone: interface eth0 is down", Fault: "interface eth0 is down", Lifted: true}}
		}),
		"script failed": with(facts(0, master(), election.Fault, election.Faulted, "script chk: exited with status 1"), func(f *Facts) {
			f.Reason = Event{At: noon, Kind: OfTracker, Text: "script chk is down (exited with status 1)"}
		}),
		"fault of unknown kind": facts(0, master(), election.Fault, election.Faulted, "something is wrong"),
		"start":                 facts(0, idle, election.Backup, election.Startup, ""),
		"start by a reload": with(facts(0, idle, election.Backup, election.Startup, ""), func(f *Facts) {
			f.Reason = Event{Kind: OfConfig, Text: "the configuration was reloaded"}
		}),
		"owner": facts(0, idle, election.Master, election.Ownership, ""),
		"stop":  facts(0, master(), election.Init, election.Shutdown, ""),
		"failover": with(facts(0, master(), election.Backup, election.HandedOver, "asked for by root"), func(f *Facts) {
			f.Reason = Event{At: noon, Kind: OfOperator, Text: "xvrrp failover was asked for by root"}
		}),
		"sync group": with(facts(0, master(), election.Fault, election.Grouped, "sync group G: VI_2 is in fault"), func(f *Facts) {
			f.Lead, f.Moved = "VI_2", "VI_2 went to fault because interface eth1 is down."
		}),
		"sync group without a story": facts(0, master(), election.Backup, election.Grouped, "sync group G: VI_2 is in backup"),
		"rescued before": with(silent, func(f *Facts) {
			f.Events = []Event{{At: noon - 20*time.Second, Kind: OfRescue, Text: "no takeover: the deadline was served 5s late, but the kernel had seen 10.0.0.1 until 200ms ago"}}
		}),
	}
}

// TestTell holds the words for each set of facts against a file of testdata.
func TestTell(t *testing.T) {
	for name, f := range cases() {
		t.Run(name, func(t *testing.T) {
			golden(t, name, told(&f))
		})
	}
}

// told is a story as text.
func told(f *Facts) string {
	s := f.Tell()
	var b strings.Builder
	fmt.Fprintf(&b, "cause: %s\n%s\nrule: %s\n", s.Cause, s.Summary, s.Rule)
	for _, l := range s.Lines {
		fmt.Fprintf(&b, "%s %s\n", f.clock(l.At), l.Text)
	}
	fmt.Fprintf(&b, "%+v\n", s.Numbers)
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run go test -update and review the difference", err)
	}
	if got != string(want) {
		t.Errorf("%s differs\n--- got\n%s--- want\n%s", path, got, want)
	}
}

func TestSpan(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{0, "0 ms"}, {100 * time.Microsecond, "0.1 ms"}, {312500 * time.Microsecond, "312.5 ms"}, {time.Second, "1 s"}, {3414062500, "3.414 s"},
		{time.Minute, "60 s"},
	} {
		if got := span(c.d); got != c.want {
			t.Errorf("span(%v) = %s, want %s", c.d, got, c.want)
		}
	}
}
