package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// The least screen that something can be shown on.
const (
	topWidth  = 40
	topHeight = 10
)

// render is the screen, line by line.
func (m *topModel) render(width, height int) []strip {
	if width < topWidth || height < topHeight {
		return []strip{said(plain, fmt.Sprintf("%dx%d is too small", width, height)), said(plain, fmt.Sprintf("for top: %dx%d", topWidth, topHeight))}
	}
	out := []strip{m.title(width)}
	if !m.seen {
		return m.withKeys(out, height)
	}
	if m.page != pageRouters {
		return m.withKeys(append(out, m.drawText(height-2)...), height)
	}
	out = append(out, m.summary()...)
	events := m.drawEvents(max(2, (height-len(out)-2)/4))
	out = append(out, m.drawTable(width, height-len(out)-len(events)-1)...)
	for len(out) < height-len(events)-1 {
		out = append(out, nil)
	}
	return m.withKeys(append(out, events...), height)
}

// title says who is looked at and when, or that nobody is there.
func (m *topModel) title(width int) strip {
	if m.away != nil {
		return said(bad, fmt.Sprintf("AWAY since %s: %v", m.gone.Format(time.TimeOnly), m.away))
	}
	if !m.seen {
		return said(plain, "looking for the daemon in "+m.dir)
	}
	left := fmt.Sprintf("xvrrp %s, up %s: %s", m.snap.Version, age(m.snap.Now.Sub(m.snap.Started)), censusOf(m.snap))
	clock := m.snap.Now.Local().Format(time.TimeOnly)
	if gap := width - len(left) - len(clock); gap > 0 {
		left += strings.Repeat(" ", gap) + clock
	}
	return said(strong, left)
}

// summary is what is told of all routers together.
func (m *topModel) summary() []strip {
	adverts := fmt.Sprintf("adverts %.1f/s in, %.1f/s out", m.rates.in, m.rates.out)
	if t := m.snap.Timing; t.Expiries > 0 {
		adverts += fmt.Sprintf("; 99%% of ours less than %s late, the worst %s", within(t, 990), seconds(t.WorstLateness))
	}
	return []strip{said(plain, adverts), m.refusals(), m.trouble()}
}

// refusals is what was dropped, by reason, what is being dropped first.
func (m *topModel) refusals() strip {
	total := refusedBy(m.snap)
	if len(total) == 0 {
		return said(plain, "no advert was refused")
	}
	verdicts := slices.SortedFunc(maps.Keys(total), func(a, b string) int {
		return cmp.Or(cmp.Compare(m.rates.refused[b], m.rates.refused[a]), cmp.Compare(total[b], total[a]), cmp.Compare(a, b))
	})
	l := said(plain, "refused: ")
	for i, v := range verdicts {
		if i > 0 {
			l = append(l, span{", ", plain})
		}
		text, t := fmt.Sprintf("%s %d", v, total[v]), plain
		if pace := m.rates.refused[v]; pace > 0 {
			text, t = fmt.Sprintf("%s (%.1f/s)", text, pace), doubtful
		}
		l = append(l, span{text, t})
	}
	return append(l, span{"", plain})
}

// trouble is the worst that is wrong, and how the table is looked at.
func (m *topModel) trouble() strip {
	if m.typing {
		return strip{{"filter: " + m.filter, strong}, {"_", strong}, {"", plain}}
	}
	order := "order: " + topSorts[m.sort].name
	if m.reverse {
		order += ", reversed"
	}
	if m.filter != "" {
		order += "; only: " + m.filter
	}
	if problems := problemsOf(m.snap, m.conflicts); len(problems) > 0 {
		text := problems[0]
		if n := len(problems) - 1; n > 0 {
			text += fmt.Sprintf(" (and %d more)", n)
		}
		return strip{{order + "; ", plain}, {text, bad}, {"", plain}}
	}
	return said(plain, order)
}

// drawEvents draws the latest events on so many lines, a heading among them.
func (m *topModel) drawEvents(height int) []strip {
	out := []strip{said(bar, "EVENTS")}
	latest := m.events[max(0, len(m.events)-height+1):]
	for _, e := range latest {
		out = append(out, said(toneOf(e), eventText(e)))
	}
	for len(out) < height {
		out = append(out, nil)
	}
	return out
}

// toneOf says how alarming an event is.
func toneOf(e api.Event) tone {
	switch {
	case e.To == "fault":
		return bad
	case e.Kind == "conflict", e.Kind == "note":
		return doubtful
	}
	return plain
}

// eventText is an event in one line of a screen.
func eventText(e api.Event) string {
	words := []string{e.Time.Local().Format(time.TimeOnly), e.Kind}
	if e.Router != "" {
		words = append(words, e.Router)
	}
	if e.From != "" {
		words = append(words, strings.ToUpper(e.From+" -> "+e.To))
	}
	text := strings.Join(append(words, e.Why), "  ")
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// drawText draws a page of text on so many lines, as far as it is scrolled.
func (m *topModel) drawText(height int) []strip {
	head, text := m.text()
	m.height = height - 1
	m.scroll = max(0, min(m.scroll, len(text)-m.height))
	text = text[m.scroll:min(m.scroll+m.height, len(text))]
	return append([]strip{said(bar, head)}, text...)
}

// text is the page that is shown, with its heading.
func (m *topModel) text() (head string, lines []strip) {
	switch m.page {
	case pageDetail:
		return "ROUTER " + m.name, m.detail()
	case pageDrops:
		return "WHAT WAS NOT TAKEN", printed(func(b *bytes.Buffer) error { return printDrops(b, m.snap, false) })
	case pageEvents:
		for _, e := range m.events {
			lines = append(lines, said(toneOf(e), eventText(e)))
		}
		return "EVENTS", lines
	}
	for text := range strings.Lines(topHelp) {
		lines = append(lines, said(plain, strings.TrimSuffix(text, "\n")))
	}
	return "KEYS", lines
}

// detail is all there is to tell of the chosen router.
func (m *topModel) detail() []strip {
	i := slices.IndexFunc(m.snap.Routers, func(r api.Router) bool { return r.Name == m.name })
	if i < 0 {
		return []strip{said(bad, "it is no more")}
	}
	r := m.snap.Routers[i]
	n := m.rates.routers[r.Name]
	lines := []strip{said(plain, fmt.Sprintf("adverts %.1f/s in, %.1f/s out; margin %s", n.in, n.out, orDash(percent(r)))), nil}
	switch {
	case m.full.name != r.Name:
		lines = append(lines, said(plain, "asking the daemon"))
	case m.full.err != nil:
		lines = append(lines, said(bad, m.full.err.Error()))
	default:
		lines = append(lines, printed(func(b *bytes.Buffer) error { return printDetail(b, &m.full.Detail) })...)
	}
	lines = append(lines, nil)
	for _, e := range slices.Backward(m.events) {
		if e.Router == r.Name {
			lines = append(lines, said(toneOf(e), eventText(e)))
		}
	}
	return lines
}

// printed is what a command would print.
func printed(print func(b *bytes.Buffer) error) (lines []strip) {
	var b bytes.Buffer
	if err := print(&b); err != nil {
		return []strip{said(bad, err.Error())}
	}
	for text := range strings.Lines(b.String()) {
		lines = append(lines, said(plain, strings.TrimSuffix(text, "\n")))
	}
	return lines
}

// withKeys puts the keys on the last line.
func (m *topModel) withKeys(out []strip, height int) []strip {
	for len(out) < height-1 {
		out = append(out, nil)
	}
	keys := "q quit  ? help  / filter  s sort  r reverse  enter detail  d drops  e events"
	switch {
	case m.typing:
		keys = "enter keeps the filter  esc drops it"
	case m.page != pageRouters:
		keys = "q quit  esc back  arrows, page up and page down scroll"
	}
	return append(out[:height-1], said(bar, keys))
}

var topHelp = `j k, arrows        next and previous row or line
page up, page down next and previous screen (also ^B and ^F)
g G, home, end     first and last
enter, right       the chosen router in full
esc, left          back to the table; there: no filter
/                  filter as you type: rows that have all of the words
s                  next order: ` + sortNames() + `
r                  reverse the order
d                  what was not taken: all reasons
e                  all events
^L                 draw the screen anew
q, ^C              quit

MARGIN   how much of the master-down interval the last gap between adverts has left
IN/S     adverts taken a second; OUT/S adverts sent a second
refused  adverts dropped in the kernel, by reason; see xvrrp drops
`
