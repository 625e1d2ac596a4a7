package page

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

var update = flag.Bool("update", false, "rewrite docs/page.png")

func TestMain(m *testing.M) { bed.Main(m, 1) }

// port is where daemons listen for readers.
const port = "9112"

const origin = "http://127.0.0.1:" + port

// watch has the page write down when the first row of the table first shows a state.
const watch = `new Promise((seen) => {
	const look = () => document.querySelector("tbody td.c-state")?.textContent === %q && (seen(Date.now()), true);
	if (!look()) new MutationObserver((_, self) => look() && self.disconnect()).observe(document.body,
		{ childList: true, subtree: true, characterData: true });
})`

// TestFailover looks at a backup while its master is killed, and goes on looking while its own daemon is.
func TestFailover(t *testing.T) {
	s := bed.New(t, "page")
	master, m := s.Add("master"), s.Add("m")
	master.Run("tc", nil, bed.Instance{Priority: 200})
	master.AwaitRole(bed.Only, "master")
	file := m.Configure(nil, bed.Instance{Priority: 100})
	start := func() {
		m.Spawn("--config", file, "--attach", "tc", "--listen", port)
		m.AwaitStart()
	}
	start()
	m.AwaitFollowing(master)

	tab := Open(t, m.Command).Visit(origin+"/", 1280, 800)
	tab.Await("the router as backup", `document.querySelector("tbody td.c-state")?.textContent === "backup" && document.querySelector("td.c-master").textContent === "`+master.V4.String()+`"`)
	tab.Await("the stream of events", `document.querySelector("#newest time")`)

	Ask[bool](tab, "window.shown = "+fmt.Sprintf(watch, "master")+", true")
	master.Running.Kill()
	shown := time.UnixMilli(Ask[int64](tab, "window.shown"))
	events := m.Events(0)
	took := events[slices.IndexFunc(events, func(e event) bool { return e.To == "master" })].Time
	t.Logf("the failover showed %v after it", shown.Sub(took).Round(time.Millisecond))
	tab.Await("the address as held", `document.querySelector("td.c-held").textContent === "1/1"`)

	tab.Press("/")
	tab.Await("the filter to have the keyboard", `document.activeElement.type === "search"`)
	Ask[bool](tab, `document.querySelector("tbody tr[tabindex]").focus(), true`)
	tab.Press("Enter")
	tab.Await("the router's detail", `!document.getElementById("detail").hidden && document.getElementById("detail-name").textContent === "`+bed.Only+`"`)
	tab.Await("why it took over", `document.querySelector(".why-told").textContent.includes("`+master.V4.String()+`")`)
	tab.Await("its history", `document.querySelectorAll(".lanes rect.is-master").length === 1 && document.querySelectorAll(".changes li").length >= 2`)
	tab.Press("Escape")
	tab.Await("the detail to go", `document.getElementById("detail").hidden`)
	if trouble := tab.Trouble(); len(trouble) > 0 {
		t.Errorf("the console shows %q, want nothing", trouble)
	}

	m.Running.Kill()
	tab.Await("the page to say that the daemon is gone", `!document.getElementById("alarm").hidden`)
	start()
	tab.Await("the page to recover", `document.getElementById("alarm").hidden && document.getElementById("pulse").textContent === "live"`)
	master.Run("tc", nil, bed.Instance{Priority: 200})
	tab.Await("the master's return", `document.querySelector("tbody td.c-state").textContent === "backup"`)
	for _, trouble := range tab.Trouble() {
		if !strings.Contains(trouble, "net::ERR_") { // that the daemon did not answer
			t.Errorf("the console shows %q", trouble)
		}
	}
	onlyAsks(t, tab)
}

// onlyAsks checks that a page asked its own daemon and nobody else.
func onlyAsks(t *testing.T, tab *Tab) {
	t.Helper()
	requests := tab.Requests()
	for _, url := range requests {
		if !strings.HasPrefix(url, origin+"/") {
			t.Errorf("the page asked for %s", url)
		}
	}
	if len(requests) == 0 {
		t.Error("no request was recorded")
	}
}

// TestThousands shows 2,500 routers and works on the table.
func TestThousands(t *testing.T) {
	d := stage(2500)
	tab := visit(t, d)
	tab.Await("all routers", `document.querySelector(".chip b").textContent === "2\u202f500"`)
	if rows := Ask[int](tab, `document.querySelectorAll("tbody tr").length`); rows > 80 {
		t.Errorf("%d rows are elements, want no more than are in sight", rows)
	}
	Ask[bool](tab, `(document.querySelector(".scroller").scrollTop = 1e9, true)`)
	tab.Await("the last router at the end", `[...document.querySelectorAll("td.c-name a")].some((a) => a.textContent === "VI_2500")`)
	search(tab, "vi_2499")
	tab.Await("the one that is searched for", `document.querySelectorAll("td.c-name a").length === 1`)
	search(tab, "")
	Ask[bool](tab, `document.querySelector("th.c-state button").click(), true`)
	tab.Await("the fault first", `document.querySelector("td.c-state").textContent === "fault"`)

	many := 1000
	Ask[bool](tab, `(document.querySelector(".scroller").scrollTop = 0, window.slowest = 0, window.last = performance.now(), (function beat(now) {
		window.slowest = Math.max(window.slowest, now - window.last); window.last = now; requestAnimationFrame(beat); })(performance.now()), true)`)
	d.failOver(many)
	tab.Await("a thousand failovers", fmt.Sprintf(`document.getElementById("newest").textContent.includes("changes")
		&& document.querySelector(".chip.is-master b").textContent === "%s"`, "2\u202f249"))
	t.Logf("a thousand failovers at once held a frame up for %.0f ms", Ask[float64](tab, "window.slowest"))
	if trouble := tab.Trouble(); len(trouble) > 0 {
		t.Errorf("the console shows %q, want nothing", trouble)
	}
	onlyAsks(t, tab)
}

func search(tab *Tab, text string) {
	Ask[bool](tab, fmt.Sprintf(`(() => { const i = document.querySelector("input[type=search]"); i.value = %q;
		i.dispatchEvent(new Event("input")); return true; })()`, text))
}

// TestViews visits every view of a daemon that has seen something of everything, at several widths and in both schemes:
// what is to be read there is there, and nothing sticks out sideways.
func TestViews(t *testing.T) {
	tab := visit(t, stage(24))
	for _, c := range []struct{ view, says string }{
		{"routers", "interface ens161 is down"},
		{"routers/VI_12", "VRID 12 is also used by"},
		{"routers/VI_8", "gave way to 172.160.180.47"},
		{"routers/VI_2", "followed, 319ms of silence left"},
		{"events", "silence"},
		{"drops", "shares no address with us"},
		{"heard", "VRID 78: not configured here"},
		{"heard", "1 conflict"},
		{"heard", "02:78:76:00:00:5a"},
		{"system", "up to 50µs"},
	} {
		Ask[bool](tab, fmt.Sprintf("(location.hash = '#/%s', true)", c.view))
		for n, width := range []int{2560, 1280, 400} {
			tab.Resize(width, 900)
			tab.Dark(n%2 == 1)
			if n == 0 {
				tab.Await(c.view+" saying "+c.says, fmt.Sprintf("document.body.textContent.includes(%q)", c.says))
			}
			if wide := Ask[int](tab, "document.documentElement.scrollWidth"); wide > width {
				t.Errorf("%s is %d pixels wide on a screen of %d", c.view, wide, width)
			}
		}
	}
	if trouble := tab.Trouble(); len(trouble) > 0 {
		t.Errorf("the console shows %q, want nothing", trouble)
	}
	onlyAsks(t, tab)
}

// TestObserving shows a daemon without a router.
func TestObserving(t *testing.T) {
	tab := visit(t, stage(0))
	tab.Await("that it only observes", `document.querySelector("main").textContent.includes("It observes ens160")`)
}

// TestPicture makes the picture of the guide when it is asked to.
func TestPicture(t *testing.T) {
	if !*update {
		return
	}
	tab := visit(t, stage(24))
	Ask[bool](tab, "(location.hash = '#/routers/VI_12', true)")
	tab.Resize(1360, 800)
	tab.Await("the detail", `document.querySelectorAll(".changes li").length > 1`)
	if err := os.WriteFile("../../docs/page.png", tab.Picture(), 0o644); err != nil {
		t.Fatal(err)
	}
}
