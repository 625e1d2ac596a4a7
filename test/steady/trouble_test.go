package steady

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// The routers in trouble. All but one are to stay masters.
const (
	plainRouters = 5
	role         = "ROLE"  // loses and regains its role all the time
	level        = "LEVEL" // changes its priority all the time
	roleVRID     = 10
	levelVRID    = 11
)

// Ports of the servers that say nothing.
const (
	webPort  = 8080
	mailPort = 2525
)

// stormy is how long trouble lasts once all of it has begun.
const stormy = 4 * time.Second

// What may be taken for good: memory (KiB) that is not given back at once, threads that wait for the next command, and
// descriptors that all trackers of a kind share. A command that runs takes two descriptors.
const (
	slackMemory  = 32 << 10
	slackThreads = 16
	slackFiles   = 8
)

// tracked is how many things hang that routers track; some of them fork.
const tracked = 4

// grace is within what time the daemon ends whatever hangs: five seconds for what is to be told, two for a command
// that takes no notice of SIGTERM, and one for the kernel.
const grace = 8 * time.Second

// trouble is a daemon all of whose surroundings hang.
type trouble struct {
	*scene
	world               *bed.Machine
	web, mail           *mute
	pipe                *clogged
	hangs, forks        string // commands
	roleFile, levelFile string
	voices              []voice // of the routers that stay masters
}

func newTrouble(t *testing.T) *trouble {
	t.Helper()
	tr := &trouble{scene: newScene(t, "trouble", lab.Segment)}
	tr.world = tr.Add("world")
	swallow(tr.m, tr.world)
	tr.web, tr.mail = serveMute(t, tr.world, webPort), serveMute(t, tr.world, mailPort)
	tr.pipe = clog(t, tr.m.Path("pipe"))
	tr.hangs = tr.script("hangs", "exec sleep 1000")
	tr.forks = tr.script("forks", "trap '' TERM\nsleep 1000 &\nwhile :; do sleep 1; done")
	tr.roleFile, tr.levelFile = tr.m.File("role", "0\n"), tr.m.File("level", "0\n")
	for vrid := uint8(1); vrid <= plainRouters; vrid++ {
		tr.voices = append(tr.voices, voice{lab.Segment, vrid})
	}
	tr.voices = append(tr.voices, voice{lab.Segment, levelVRID})
	return tr
}

// script writes a shell script and returns its path.
func (tr *trouble) script(name, text string) string {
	tr.T.Helper()
	path := tr.m.File(name, "#!/bin/sh\n"+text+"\n")
	if err := os.Chmod(path, 0o755); err != nil {
		tr.T.Fatal(err)
	}
	return path
}

// configure writes the daemon's file, with trouble or without, and returns its path.
func (tr *trouble) configure(troubled bool) string {
	var text strings.Builder
	if troubled {
		text.WriteString(tr.surroundings())
	}
	add := func(name string, vrid, priority uint8, lines ...string) {
		i := bed.Instance{Name: name, VRID: vrid, Priority: priority, Interval: beat, VIPs: []netip.Prefix{
			netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, vrid}), 32)}}
		if troubled {
			i.Lines = append(lines, "notify "+tr.hangs, "smtp_alert")
		}
		text.WriteString(i.Text())
	}
	for vrid := uint8(1); vrid <= plainRouters; vrid++ {
		add(fmt.Sprintf("VI_%d", vrid), vrid, 200,
			"track_script { hangs weight -10\nforks weight -10 }", "track_check { swallowed weight -10\nmute weight -10 }")
	}
	add(role, roleVRID, 255, "state MASTER", "track_file { role weight 0 }")
	add(level, levelVRID, 100, "track_file { level weight 1 }")
	return tr.m.File("xvrrp.conf", text.String())
}

// surroundings is what hangs.
func (tr *trouble) surroundings() string {
	return fmt.Sprintf(`
global_defs {
    script_user root
    notification_email { operator@example.net }
    smtp_server %[1]s %[2]d
    smtp_connect_timeout 1
    notify_fifo %[3]s
    vrrp_notify_priority_changes on
}
vrrp_script hangs { script %[4]s
    interval 1
    timeout 1
}
vrrp_script forks { script %[5]s
    interval 1
    timeout 1
}
vrrp_check swallowed {
    TCP_CHECK { connect_ip %[6]s
        connect_port 80
        connect_timeout 1
        delay_loop 1
        retry 0
    }
}
vrrp_check mute {
    HTTP_GET { connect_ip %[1]s
        connect_port %[7]d
        connect_timeout 1
        delay_loop 1
        retry 0
    }
}
track_file role { file %[8]s }
track_file level { file %[9]s }
`, tr.world.V4, mailPort, tr.pipe.path, tr.hangs, tr.forks, swallowed, webPort, tr.roleFile, tr.levelFile)
}

// TestTrouble lets everything hang that a daemon has to do with, and state changes come in a stream: adverts stay on
// time, what is taken from the machine stays bounded and is given back, and at the end nothing is left.
func TestTrouble(t *testing.T) {
	tr := newTrouble(t)
	tr.m.Spawn("--config", tr.configure(false), "--log-level", "error")
	tr.awaitMasters()
	tr.baseline(t, tr.voices)
	before := usageOf(tr.m)
	tellers := plainRouters + 2 // commands that are told of a router hang until something waits for them

	var most usage
	storm := tr.phase("trouble", tr.voices, func() {
		tr.reload(true)
		stop := tr.stir(t)
		defer stop()
		tr.awaitTrouble(t)
		for end := lab.Now() + stormy; lab.Now() < end; time.Sleep(beat) {
			most = most.max(usageOf(tr.m))
		}
		t.Logf("%d changes of each file", stop())
	})
	tr.keepTime(t, storm, tr.voices)
	tr.stayed(t)
	tr.stormed(t, storm)
	most.within(t, "in trouble", before, usage{memory: slackMemory, threads: slackThreads, files: slackFiles + 2*(tellers+tracked),
		processes: tellers + 2*tracked})

	after := tr.phase("afterwards", tr.voices, func() {
		tr.reload(false)
		bed.UntilNone(t, "the trackers' processes gone", func() string {
			if n := len(processesOf(tr.m)); n > tellers {
				return fmt.Sprintf("%d processes", n)
			}
			return ""
		})
		tr.listen(tr.voices, time.Second)
	})
	tr.keepTime(t, after, tr.voices)
	tr.stayed(t)
	usageOf(tr.m).within(t, "afterwards", before, usage{memory: slackMemory, threads: slackThreads, files: slackFiles + 2*tellers,
		processes: tellers})

	tr.reload(true)
	stop := tr.stir(t)
	defer stop()
	tr.awaitTrouble(t)
	tr.leaves(t)
}

// stir makes roles and priorities change.
func (tr *trouble) stir(t *testing.T) (stop func() int) {
	return stir(t, restless{tr.roleFile, func(n int) int { return n % 2 }}, restless{tr.levelFile, func(n int) int { return n % 19 }})
}

func (tr *trouble) reload(troubled bool) {
	tr.T.Helper()
	tr.configure(troubled)
	if out, err := tr.m.Ask("reload"); err != nil {
		tr.T.Fatalf("%v\n%s", err, out)
	}
}

// awaitTrouble waits until everything hangs that is to hang.
func (tr *trouble) awaitTrouble(t *testing.T) {
	t.Helper()
	want := map[string]string{"hangs": "timed out", "forks": "timed out", "swallowed": "no answer in time",
		"mute": "GET /: no answer in time"}
	bed.UntilNone(t, "everything hanging", func() string {
		hang := 0
		for _, tracker := range tr.m.Snapshot().Trackers {
			if detail := want[tracker.Name]; detail != "" && tracker.State == "down" && strings.Contains(tracker.Detail, detail) {
				hang++
			}
		}
		switch {
		case hang < len(want):
			return fmt.Sprintf("%d of %d trackers hang", hang, len(want))
		case tr.web.taken() == 0:
			return "nobody has asked the web server"
		case tr.mail.taken() == 0:
			return "nobody has spoken to the mail server"
		case !tr.pipe.full(t):
			return "the pipe has room"
		}
		return ""
	})
}

// stayed demands that the routers which could stay masters did.
func (tr *trouble) stayed(t *testing.T) {
	t.Helper()
	loyal(t, slices.DeleteFunc(tr.m.Snapshot().Routers, func(r api.Router) bool { return r.Name == role }))
}

// stormed demands that states changed in a stream.
func (tr *trouble) stormed(t *testing.T, p phase) {
	t.Helper()
	changes := tr.m.RouterNamed(role).Stats.LeftMaster
	priorities := make(map[uint8]bool)
	for _, a := range tr.EarOn(lab.Segment).All() {
		if a.VRID == levelVRID && a.At >= p.from {
			priorities[a.Priority] = true
		}
	}
	t.Logf("%s left its role %d times, %s advertised %d priorities", role, changes, level, len(priorities))
	if changes < 20 || len(priorities) < 5 {
		t.Error("too few changes to show anything")
	}
}

// leaves stops the daemon amid all of that: it says goodbye, then ends what hangs within its grace.
func (tr *trouble) leaves(t *testing.T) {
	t.Helper()
	asked := lab.Now()
	tr.m.Running.Stop()
	took := lab.Now() - asked
	goodbye := time.Duration(0)
	for _, v := range tr.voices {
		last := tr.last(v)
		if last.Priority != 0 {
			t.Errorf("the last advert of %s is %s, want priority 0", v, last)
		}
		goodbye = max(goodbye, last.At-asked)
	}
	t.Logf("the last goodbye came after %s, the end after %s", goodbye, took)
	if goodbye > grace/2 {
		t.Errorf("the last goodbye came after %s: it waited for something", goodbye)
	}
	if took > 2*grace {
		t.Errorf("the daemon took %s to end, want about %s", took, grace)
	}
	if left := processesOf(tr.m); len(left) > 0 {
		t.Errorf("the daemon left processes %v", left)
	}
}
