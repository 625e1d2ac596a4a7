package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"github.com/xvrrp/xvrrp/control/api"
)

// watchedModel is a model that has seen pair twice, a second apart.
func watchedModel() *topModel {
	m := newTopModel("/run/xvrrp")
	before := pair()
	before.Now = noon.Add(-time.Second)
	before.Routers[0].Stats.Received -= 10
	before.Drops = append([]api.Drop{}, before.Drops...)
	for i := range before.Drops {
		before.Drops[i].Frames = min(before.Drops[i].Frames, 1)
	}
	log := failover()
	m.take(glance{snap: before, events: log.Since(0).Events})
	m.take(glance{snap: pair()})
	return m
}

// text is a screen as people read it.
func text(lines []strip, width int) string {
	var b strings.Builder
	for _, l := range lines {
		var one strings.Builder
		for _, s := range l {
			one.WriteString(s.text)
		}
		b.WriteString(strings.TrimRight(cut(one.String(), width), " ") + "\n")
	}
	return b.String()
}

// keys presses keys: letters, and names of others in angle brackets.
func keys(m *topModel, script string) (quit bool) {
	named := map[string]tcell.Key{"enter": tcell.KeyEnter, "esc": tcell.KeyEsc, "down": tcell.KeyDown, "end": tcell.KeyEnd,
		"back": tcell.KeyBackspace2, "^C": tcell.KeyCtrlC, "pgdn": tcell.KeyPgDn}
	for script != "" {
		if name, rest, ok := strings.Cut(strings.TrimPrefix(script, "<"), ">"); ok && script[0] == '<' {
			quit, script = m.press(named[name], 0), rest
			continue
		}
		quit, script = m.press(tcell.KeyRune, rune(script[0])), script[1:]
	}
	return quit
}

func TestTopScreens(t *testing.T) {
	for _, c := range []struct {
		name          string
		width, height int
		keys          string
	}{
		{"80x24", 80, 24, ""},
		{"200x50", 200, 50, ""},
		{"40x10", 40, 10, ""},
		{"too-small", 39, 10, ""},
		{"sorted", 80, 24, "ss"},
		{"sorted-reversed", 80, 24, "ssr"},
		{"filtered", 80, 24, "/LAN<enter>"},
		{"filtering", 80, 24, "/lanx<back> mas"},
		{"filtered-to-nothing", 80, 24, "/nobody<enter>"},
		{"filter-dropped", 80, 24, "/lan<enter><esc>"},
		{"detail", 80, 24, "<down><enter>"},
		{"detail-scrolled", 80, 24, "<enter><pgdn>"},
		{"drops", 80, 24, "d"},
		{"events", 80, 24, "e"},
		{"help", 80, 24, "?"},
		{"help-left", 80, 24, "?<esc>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := watchedModel()
			for _, key := range splitKeys(c.keys) {
				m.render(c.width, c.height)
				if keys(m, key) {
					t.Fatal("it quit")
				}
			}
			answerInFull(m)
			lines := m.render(c.width, c.height)
			if len(lines) > c.height {
				t.Errorf("%d lines on a screen of %d", len(lines), c.height)
			}
			golden(t, "top-"+c.name+".golden", text(lines, c.width))
		})
	}
}

// answerInFull answers what a model wants to know of one router.
func answerInFull(m *topModel) {
	name, ok := m.wanted()
	for _, r := range m.snap.Routers {
		if ok && r.Name == name {
			m.takeFull(inFull{name: name, Detail: detailOf(m.snap, r)})
		}
	}
}

// A router in full is asked for when its page is opened, and with each glance while it is; never of another one.
func TestTopAsksForOneRouterInFull(t *testing.T) {
	m := watchedModel()
	m.render(80, 24)
	for _, c := range []struct {
		name, keys, want, shows string
		look                    bool
	}{
		{"table", "", "", "EVENTS", true},
		{"opened", "<enter>", "ERIC_VI_1", "asking the daemon", false},
		{"scrolled", "<down>", "", "asking the daemon", false},
		{"next glance", "", "ERIC_VI_1", "asking the daemon", true},
		{"closed", "<esc>", "", "EVENTS", true},
	} {
		keys(m, c.keys)
		if c.look {
			m.take(glance{snap: pair()})
		}
		screen := text(m.render(80, 24), 80)
		if name, _ := m.wanted(); name != c.want || !strings.Contains(screen, c.shows) {
			t.Errorf("%s: wants %q in full, want %q, and shows\n%s", c.name, name, c.want, screen)
		}
	}
	keys(m, "<enter>")
	m.takeFull(inFull{name: "ERIC_VI_1", err: errors.New("the daemon is busy")})
	if screen := text(m.render(80, 24), 80); !strings.Contains(screen, "the daemon is busy") {
		t.Errorf("got\n%s", screen)
	}
}

// splitKeys is a script key by key.
func splitKeys(script string) (all []string) {
	for script != "" {
		n := 1
		if script[0] == '<' {
			n = strings.Index(script, ">") + 1
		}
		all, script = append(all, script[:n]), script[n:]
	}
	return all
}

// Whoever is chosen stays so, wherever sorting and new states move it.
func TestTopFollowsTheChosenRouter(t *testing.T) {
	m := watchedModel()
	m.render(80, 24)
	keys(m, "<end>")
	m.render(80, 24)
	if m.name != "db" {
		t.Fatalf("%s is chosen, want db", m.name)
	}
	keys(m, "ss")
	m.render(80, 24)
	if m.name != "db" || m.row != 0 {
		t.Errorf("%s in row %d is chosen, want db in row 0", m.name, m.row)
	}
	s := pair()
	s.Routers = s.Routers[:2]
	m.take(glance{snap: s})
	m.render(80, 24)
	if m.name == "db" || m.name == "" {
		t.Errorf("%q is chosen after db was removed", m.name)
	}
}

func TestTopTellsThatTheDaemonIsAway(t *testing.T) {
	m := watchedModel()
	m.take(glance{err: errors.New("no daemon is running in /run/xvrrp")})
	m.take(glance{err: errors.New("no daemon is running in /run/xvrrp")})
	screen := text(m.render(80, 24), 80)
	if !strings.HasPrefix(screen, "AWAY since ") || !strings.Contains(screen, "no daemon is running") || !strings.Contains(screen, "lan6") {
		t.Errorf("got\n%s", screen)
	}
	back := pair()
	back.PID++
	m.take(glance{snap: back})
	if screen := text(m.render(80, 24), 80); !strings.HasPrefix(screen, "xvrrp 1.0, up") || m.rates.routers != nil {
		t.Errorf("back, but\n%s", screen)
	}
}

// shown is the style that a text on a screen begins with.
func shown(t *testing.T, s tcell.SimulationScreen, want string) tcell.Style {
	t.Helper()
	cells, width, height := s.GetContents()
	for y := range height {
		var row strings.Builder
		for x := range width {
			row.WriteString(string(cells[y*width+x].Runes))
		}
		if x := strings.Index(row.String(), want); x >= 0 {
			return cells[y*width+x].Style
		}
	}
	t.Fatalf("the screen does not show %q", want)
	return tcell.StyleDefault
}

func TestTopOnAScreen(t *testing.T) {
	for _, noColor := range []bool{false, true} {
		t.Run(fmt.Sprintf("no colour %t", noColor), func(t *testing.T) {
			s := tcell.NewSimulationScreen("UTF-8")
			if err := s.Init(); err != nil {
				t.Fatal(err)
			}
			defer s.Fini()
			s.SetSize(80, 24)
			top, m := topScreen{s, paletteFor(noColor, 8)}, newTopModel("/run/xvrrp")
			top.draw(m)
			shown(t, s, "looking for the daemon in /run/xvrrp")
			snap := pair()
			snap.Routers[0].Name = "bell\aand\x1bescape"
			m.take(glance{snap: snap})
			top.draw(m)
			shown(t, s, "bell?and?escape")
			if colour, _, _ := shown(t, s, "FAULT").Decompose(); (colour != tcell.ColorDefault) == noColor {
				t.Errorf("a fault has colour %v", colour)
			}
			m.press(tcell.KeyRune, '/')
			top.handle(tcell.NewEventKey(tcell.KeyRune, 'd', tcell.ModAlt), m) // escape, d
			top.draw(m)
			shown(t, s, "WHAT WAS NOT TAKEN")
			if !top.handle(tcell.NewEventKey(tcell.KeyRune, 'q', 0), m) {
				t.Error("q does not quit")
			}
		})
	}
}

func TestTopNeedsATerminal(t *testing.T) {
	newCommand("top").run(t).expect(t, exitUsage, "use xvrrp status --watch")
	newCommand("top", "--sort", "colour").run(t).expect(t, exitUsage, "choose one of config, name")
	newCommand("top", "--interval", "1ms").run(t).expect(t, exitUsage, "choose 100ms or more")
}

// A glance at thousands of routers has to be drawn in less time than is between two.
func BenchmarkTopFrame(b *testing.B) {
	s := pair()
	one := s.Routers[0]
	s.Routers = nil
	for n := range 2500 {
		one.Name = fmt.Sprintf("VI_%d", n)
		s.Routers = append(s.Routers, one)
	}
	m := newTopModel("/run/xvrrp")
	m.sort, m.filter = 2, "vi"
	for b.Loop() {
		s.Now = s.Now.Add(time.Second)
		m.take(glance{snap: s})
		m.render(200, 50)
	}
}
