package notify

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/script"
)

func TestScriptsKeepTheOrderOfAName(t *testing.T) {
	const names, each = 20, 8
	j := newJournal(t)
	n := start(t, Options{})
	var notifying sync.WaitGroup
	for name := range names {
		notifying.Go(func() {
			for i := range each {
				// The earlier a script, the longer it takes.
				slow := fmt.Sprintf("sleep 0.0%d; ", each-1-i)
				n.Notify(Event{Name: fmt.Sprint(name), State: Master, Commands: []*script.Command{
					j.says(t, fmt.Sprintf("%d/%da", name, i), slow),
					j.says(t, fmt.Sprintf("%d/%db", name, i), ""),
				}})
			}
		})
	}
	notifying.Wait()
	eventually(t, "all scripts have run", func() bool { return len(j.lines()) == names*each*2 })
	for name := range names {
		var got, want []string
		for _, line := range j.lines() {
			if strings.HasPrefix(line, fmt.Sprint(name, "/")) {
				got = append(got, line)
			}
		}
		for i := range each {
			want = append(want, fmt.Sprintf("%d/%da", name, i), fmt.Sprintf("%d/%db", name, i))
		}
		if !slices.Equal(got, want) {
			t.Errorf("ran %v", got)
		}
	}
	if all := n.complaints.list(); len(all) > 0 {
		t.Errorf("reported %v", all)
	}
}

func TestScriptsBeforeRunWait(t *testing.T) {
	j := newJournal(t)
	n := prepare(Options{}, briskPace)
	n.Notify(Event{Name: "VI_1", State: Backup, Commands: []*script.Command{j.says(t, "told", "")}})
	n.begin(t)
	eventually(t, "the script has run", func() bool { return len(j.lines()) == 1 })
}

func TestGroupAndRouterOfOneNameDoNotWaitForEachOther(t *testing.T) {
	j := newJournal(t)
	n := start(t, Options{Grace: 10 * time.Millisecond})
	n.Notify(Event{Name: "VI_1", State: Master, Commands: []*script.Command{shell(t, "sleep 100")}})
	n.Notify(Event{Group: true, Name: "VI_1", State: Master, Commands: []*script.Command{j.says(t, "group", "")}})
	eventually(t, "the group's script has run", func() bool { return len(j.lines()) == 1 })
}

func TestHangingScriptHoldsUpItsOwnNameForTheTimeout(t *testing.T) {
	j := newJournal(t)
	n := start(t, Options{Timeout: time.Hour})
	hang := shell(t, `echo hanging >>"$0"; sleep 100`, string(j))
	n.Notify(Event{Name: "VI_1", State: Master, Commands: []*script.Command{hang, j.says(t, "notify", "")}})
	n.Notify(Event{Name: "VI_1", State: Backup, Commands: []*script.Command{j.says(t, "backup", "")}})
	eventually(t, "it hangs", func() bool { return len(j.lines()) == 1 })
	n.scripts.mu.Lock()
	n.scripts.runs[0].timer.Reset(0) // the timeout
	n.scripts.mu.Unlock()
	want := []string{"hanging", "notify", "backup"}
	eventually(t, "the scripts behind it have run", func() bool { return slices.Equal(j.lines(), want) })
	if !n.complaints.mention("VI_1", "something waited for it") {
		t.Errorf("reported %v", n.complaints.list())
	}
}

func TestLongScriptIsLeftAloneUntilSomethingWaits(t *testing.T) {
	j := newJournal(t)
	n := start(t, Options{Timeout: 10 * time.Millisecond})
	long := shell(t, `trap 'echo ended >>"$0"; exit' TERM; echo started >>"$0"; while :; do sleep 0.05; done`, string(j))
	n.Notify(Event{Name: "VI_1", State: Master, Commands: []*script.Command{long}})
	eventually(t, "it is overdue", func() bool {
		n.scripts.mu.Lock()
		defer n.scripts.mu.Unlock()
		return len(j.lines()) == 1 && n.scripts.runs[0].overdue
	})
	n.Notify(Event{Name: "VI_2", State: Master, Commands: []*script.Command{j.says(t, "other", "")}})
	eventually(t, "another name's script has run", func() bool { return len(j.lines()) == 2 })
	n.Notify(Event{Name: "VI_1", State: Backup, Commands: []*script.Command{j.says(t, "backup", "")}})
	want := []string{"started", "other", "ended", "backup"}
	eventually(t, "it was ended for the next", func() bool { return slices.Equal(j.lines(), want) })
}

func TestHangingScriptsDoNotTakeAllPlacesForEver(t *testing.T) {
	j := newJournal(t)
	n := start(t, Options{Timeout: 200 * time.Millisecond, Grace: time.Millisecond})
	hang := shell(t, "exec sleep 100")
	for i := range atOnce {
		n.Notify(Event{Name: fmt.Sprint("hang", i), State: Master, Commands: []*script.Command{hang}})
	}
	n.Notify(Event{Name: "VI_1", State: Master, Commands: []*script.Command{j.says(t, "told", "")}})
	eventually(t, "a place was made", func() bool { return len(j.lines()) == 1 })
}

func TestMemoryBehindAHangingScriptIsBounded(t *testing.T) {
	j := newJournal(t)
	n := start(t, Options{Timeout: time.Hour})
	hang := shell(t, `until test -e "$0"; do sleep 0.01; done`, string(j)+".go")
	n.Notify(Event{Name: "VI_1", State: Master, Commands: []*script.Command{hang}})
	eventually(t, "it hangs", func() bool {
		n.scripts.mu.Lock()
		defer n.scripts.mu.Unlock()
		return len(n.scripts.runs) == 1
	})
	ordinary := j.says(t, "intermediate", "")
	for i := range 10000 {
		e := Event{Name: "VI_1", State: Backup, Priority: uint8(i), Commands: []*script.Command{ordinary}}
		if i == 9999 {
			e.State, e.Commands = Master, []*script.Command{j.says(t, "newest", "")}
		}
		n.Notify(e)
	}
	n.scripts.mu.Lock()
	queued := n.scripts.queues[subject{name: "VI_1"}].len()
	n.scripts.mu.Unlock()
	if queued > scriptBacklog {
		t.Errorf("%d events are queued", queued)
	}
	go shell(t, `: >"$0"`, string(j)+".go").Run(t.Context(), 0)
	eventually(t, "the newest state is told", func() bool { return slices.Contains(j.lines(), "newest") })
	if got := j.lines(); got[len(got)-1] != "newest" {
		t.Errorf("the newest state is not told last: %v", got)
	}
	n.end(t)
	lost := 0
	for _, c := range n.complaints.list() {
		var part int
		if _, after, ok := strings.Cut(c.What, "out of date, "); ok {
			fmt.Sscan(after, &part)
		}
		lost += part
	}
	if told := len(j.lines()); told+lost != 10000 {
		t.Errorf("%d told, %d reported lost, of 10000: %v", told, lost, n.complaints.list())
	}
}

func TestFailingScriptIsReported(t *testing.T) {
	n := start(t, Options{})
	for range 3 {
		n.Notify(Event{Name: "VI_1", State: Fault, Commands: []*script.Command{shell(t, "exit 3")}})
	}
	eventually(t, "it is reported", func() bool { return n.complaints.mention("VI_1", "exited with status 3") })
	n.end(t)
	all := n.complaints.list()
	if len(all) != 2 || !strings.HasPrefix(all[0].What, "script for FAULT, /bin/sh") ||
		!strings.HasSuffix(all[1].What, "exited with status 3 (and 1 more like it)") {
		t.Errorf("reported %v", all)
	}
}

func TestStopIsToldAtTheEnd(t *testing.T) {
	j := newJournal(t)
	n := start(t, Options{})
	for i := range 100 {
		n.Notify(Event{Name: fmt.Sprint(i), State: Stop, Commands: []*script.Command{j.says(t, fmt.Sprint(i), "")}})
	}
	n.end(t)
	if told := len(j.lines()); told != 100 {
		t.Errorf("%d of 100 were told: %v", told, n.complaints.list())
	}
}

func TestStopIsToldBehindAHangingScript(t *testing.T) {
	j := newJournal(t)
	n := start(t, Options{})
	hang := shell(t, `echo hanging >>"$0"; sleep 100`, string(j))
	n.Notify(Event{Name: "VI_1", State: Master, Commands: []*script.Command{hang}})
	n.Notify(Event{Name: "VI_1", State: Backup, Commands: []*script.Command{j.says(t, "backup", "")}})
	n.Notify(Event{Name: "VI_1", State: Stop, Commands: []*script.Command{j.says(t, "stop", "")}})
	eventually(t, "it hangs", func() bool { return len(j.lines()) == 1 })
	n.end(t)
	if got := j.lines(); !slices.Equal(got, []string{"hanging", "stop"}) {
		t.Errorf("ran %v", got)
	}
	if !n.complaints.mention("VI_1", "no time for scripts at the end: out of date, 1 event lost") {
		t.Errorf("reported %v", n.complaints.list())
	}
}

func TestGraceEnds(t *testing.T) {
	j := newJournal(t)
	n := start(t, Options{Grace: 300 * time.Millisecond})
	hang := shell(t, `echo hanging >>"$0"; exec sleep 100`, string(j))
	for _, state := range []string{Stop, Deleted} {
		n.Notify(Event{Name: "VI_1", State: state, Commands: []*script.Command{hang, hang}})
	}
	eventually(t, "it hangs", func() bool { return len(j.lines()) == 1 })
	n.end(t)
	if !n.complaints.mention("VI_1", "ended with the daemon") && !n.complaints.mention("VI_1", "no time for scripts at the end") {
		t.Errorf("reported %v", n.complaints.list())
	}
}
