package main

import (
	"slices"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"

	"github.com/xvrrp/xvrrp/control/api"
)

// topPage is what fills the screen.
type topPage int

const (
	pageRouters topPage = iota
	pageDetail
	pageDrops
	pageEvents
	pageHelp
)

// topModel is what top shows: the daemon as it was last seen, and what the operator made of the screen.
type topModel struct {
	dir       string         // of the daemon
	snap      api.Snapshot   // the last one
	seen      bool           // that there was one
	away      error          // why there is no newer one
	gone      time.Time      // since when
	conflicts []api.Conflict // as the last one
	events    []api.Event    // the latest, oldest first
	rates     rates
	full      inFull // the router that is shown in full, as it was last seen
	old       bool   // what full is

	page    topPage
	sort    int // in topSorts
	reverse bool
	filter  string
	typing  bool   // the filter
	row     int    // of the table that is chosen
	first   int    // row of the table that is at its top
	name    string // of the router that is chosen; it stays so wherever it moves
	scroll  int    // of a page of text
	height  int    // of what is scrolled, when last drawn
	widths  map[string]int
}

// inFull is a router in full, or why it could not be had.
type inFull struct {
	name string
	api.Detail
	err error
}

func newTopModel(dir string) *topModel {
	return &topModel{dir: dir, widths: make(map[string]int)}
}

// mostEvents is how many events are kept for the page of them.
const mostEvents = 1000

// take takes in a look at the daemon.
func (m *topModel) take(g glance) {
	m.events = append(m.events, g.events...)
	m.events = m.events[max(0, len(m.events)-mostEvents):]
	if g.err != nil {
		if m.away == nil {
			m.gone = time.Now()
		}
		m.away = g.err
		return
	}
	if g.snap.PID != m.snap.PID {
		m.rates = rates{}
	}
	m.rates.take(g.snap)
	m.snap, m.conflicts, m.seen, m.away, m.old = g.snap, g.conflicts, true, nil, true
}

// wanted names the router that has to be had in full, if one has; each time is answered once, by takeFull.
func (m *topModel) wanted() (name string, ok bool) {
	if m.page != pageDetail || !m.old {
		return "", false
	}
	m.old = false
	return m.name, true
}

// takeFull takes in a router in full.
func (m *topModel) takeFull(f inFull) { m.full = f }

// press takes a key and reports whether the operator wants to leave.
func (m *topModel) press(key tcell.Key, r rune) (quit bool) {
	if key == tcell.KeyCtrlC {
		return true
	}
	if m.typing {
		m.edit(key, r)
		return false
	}
	if m.move(key, r) {
		return false
	}
	switch {
	case r == 'q':
		return true
	case key == tcell.KeyEsc, key == tcell.KeyBackspace, key == tcell.KeyBackspace2, key == tcell.KeyLeft:
		if m.page == pageRouters {
			m.filter = ""
		}
		m.turnTo(pageRouters)
	case key == tcell.KeyEnter, key == tcell.KeyRight:
		if m.page == pageRouters && m.name != "" {
			m.turnTo(pageDetail)
		}
	case r == '/':
		m.turnTo(pageRouters)
		m.typing = true
	case r == 's':
		m.sort, m.reverse = (m.sort+1)%len(topSorts), false
	case r == 'r':
		m.reverse = !m.reverse
	case r == 'd':
		m.turnTo(pageDrops)
	case r == 'e':
		m.turnTo(pageEvents)
	case r == '?', r == 'h':
		m.turnTo(pageHelp)
	}
	return false
}

// turnTo shows a page from its top, events from their end.
func (m *topModel) turnTo(p topPage) {
	if p == m.page && p != pageRouters {
		p = pageRouters
	}
	m.page, m.scroll, m.old = p, 0, true
	if p == pageEvents {
		m.scroll = mostEvents
	}
}

// edit changes the filter as it is typed.
func (m *topModel) edit(key tcell.Key, r rune) {
	switch key {
	case tcell.KeyEnter:
		m.typing = false
	case tcell.KeyEsc:
		m.typing, m.filter = false, ""
	case tcell.KeyBackspace, tcell.KeyBackspace2:
		if runes := []rune(m.filter); len(runes) > 0 {
			m.filter = string(runes[:len(runes)-1])
		}
	case tcell.KeyCtrlU:
		m.filter = ""
	case tcell.KeyRune:
		m.filter += string(r)
	}
}

// move moves through the table or the text, if that is what the key is for.
func (m *topModel) move(key tcell.Key, r rune) bool {
	by := 0
	switch {
	case key == tcell.KeyUp, r == 'k':
		by = -1
	case key == tcell.KeyDown, r == 'j':
		by = 1
	case key == tcell.KeyPgUp, key == tcell.KeyCtrlB:
		by = -max(m.height-1, 1)
	case key == tcell.KeyPgDn, key == tcell.KeyCtrlF, r == ' ':
		by = max(m.height-1, 1)
	case key == tcell.KeyHome, r == 'g':
		by = -1 << 30
	case key == tcell.KeyEnd, r == 'G':
		by = 1 << 30
	default:
		return false
	}
	if m.page == pageRouters {
		m.row, m.name = max(m.row+by, 0), ""
	} else {
		m.scroll = max(m.scroll+by, 0)
	}
	return true
}

// table is the routers that are shown, in order. The chosen one is looked up by its name, and chosen anew if it has
// gone.
func (m *topModel) table() []api.Router {
	var rows []api.Router
	for _, r := range m.snap.Routers {
		if m.matches(r) {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b api.Router) int {
		order := topSorts[m.sort].compare(m, a, b)
		if m.reverse {
			order = -order
		}
		return order
	})
	if i := slices.IndexFunc(rows, func(r api.Router) bool { return r.Name == m.name }); i >= 0 {
		m.row = i
	}
	m.row = min(m.row, max(len(rows)-1, 0))
	m.name = ""
	if len(rows) > 0 {
		m.name = rows[m.row].Name
	}
	return rows
}

// matches reports whether a router has all words of the filter.
func (m *topModel) matches(r api.Router) bool {
	if m.filter == "" {
		return true
	}
	hay := strings.ToLower(strings.Join([]string{r.Name, place(r.Interface, r.VLAN), shortFamily(r.Family), r.Role, masterOf(r), r.Why,
		joinVIPs(r), strings.Join(remarks(r, api.Link{}), " ")}, " "))
	for _, word := range strings.Fields(strings.ToLower(m.filter)) {
		if !strings.Contains(hay, word) {
			return false
		}
	}
	return true
}
