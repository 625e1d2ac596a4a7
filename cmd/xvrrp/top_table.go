package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xvrrp/xvrrp/control/api"
)

// topColumn is a column of the table.
type topColumn struct {
	head  string
	from  int  // width of the terminal from which it is shown
	right bool // aligned
	cell  func(m *topModel, r api.Router) string
}

var topColumns = []topColumn{
	{"ROUTER", 0, false, func(_ *topModel, r api.Router) string { return r.Name }},
	{"IFACE", 60, false, func(_ *topModel, r api.Router) string { return place(r.Interface, r.VLAN) }},
	{"VRID", 0, true, func(_ *topModel, r api.Router) string { return fmt.Sprint(r.VRID) }},
	{"AF", 100, false, func(_ *topModel, r api.Router) string { return shortFamily(r.Family) }},
	{"STATE", 0, false, func(_ *topModel, r api.Router) string { return strings.ToUpper(r.Role) }},
	{"PRIO", 70, true, func(_ *topModel, r api.Router) string { return fmt.Sprint(r.Priority) }},
	{"MASTER", 60, false, func(_ *topModel, r api.Router) string { return masterOf(r) }},
	{"ADVERT", 120, true, func(_ *topModel, r api.Router) string { return seconds(r.Interval) }},
	{"IN/S", 0, true, func(m *topModel, r api.Router) string { return m.pace(r, func(n rate) float64 { return n.in }) }},
	{"OUT/S", 50, true, func(m *topModel, r api.Router) string { return m.pace(r, func(n rate) float64 { return n.out }) }},
	{"MARGIN", 50, true, func(_ *topModel, r api.Router) string { return percent(r) }},
	{"SINCE", 60, true, func(m *topModel, r api.Router) string { return since(m.snap, r) }},
	{"VIPS", 100, false, func(_ *topModel, r api.Router) string { return holding(r) }},
	{"WHY", 120, false, func(_ *topModel, r api.Router) string { return r.Why }},
	{"ADDRESSES", 160, false, func(_ *topModel, r api.Router) string { return joinVIPs(r) }},
	{"NOTES", 90, false, func(m *topModel, r api.Router) string {
		return strings.Join(remarks(r, linkOf(m.snap, r.Interface)), "; ")
	}},
}

// pace is a rate of a router, once there is one.
func (m *topModel) pace(r api.Router, of func(rate) float64) string {
	n, known := m.rates.routers[r.Name]
	if !known {
		return ""
	}
	return fmt.Sprintf("%.1f", of(n))
}

// percent is the MARGIN column.
func percent(r api.Router) string {
	share, waits := margin(r)
	if !waits {
		return ""
	}
	return fmt.Sprintf("%.0f%%", 100*share)
}

// topSort is an order of the table.
type topSort struct {
	name    string
	compare func(m *topModel, a, b api.Router) int
}

// severity is the order of the states in which they want to be looked at.
var severity = []string{"fault", "init", "master", "backup"}

var topSorts = []topSort{
	{"config", func(*topModel, api.Router, api.Router) int { return 0 }},
	{"name", func(_ *topModel, a, b api.Router) int { return cmp.Compare(a.Name, b.Name) }},
	{"state", func(_ *topModel, a, b api.Router) int {
		return cmp.Compare(slices.Index(severity, a.Role), slices.Index(severity, b.Role))
	}},
	{"iface", func(_ *topModel, a, b api.Router) int {
		return cmp.Or(cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.VLAN, b.VLAN), cmp.Compare(a.VRID, b.VRID))
	}},
	{"vrid", func(_ *topModel, a, b api.Router) int { return cmp.Compare(a.VRID, b.VRID) }},
	{"priority", func(_ *topModel, a, b api.Router) int { return cmp.Compare(b.Priority, a.Priority) }},
	{"margin", func(_ *topModel, a, b api.Router) int {
		left, _ := margin(a)
		right, _ := margin(b)
		return cmp.Compare(left, right)
	}},
	{"in", func(m *topModel, a, b api.Router) int {
		return cmp.Compare(m.rates.routers[b.Name].in, m.rates.routers[a.Name].in)
	}},
	{"since", func(_ *topModel, a, b api.Router) int { return b.Since.Compare(a.Since) }},
}

var topSortNames = func() (names []string) {
	for _, s := range topSorts {
		names = append(names, s.name)
	}
	return names
}()

func sortNames() string { return strings.Join(topSortNames, ", ") }

// sortBy chooses an order by its name; the first one is that of the configuration.
func (m *topModel) sortBy(name string) error {
	if name == "" {
		return nil
	}
	i := slices.Index(topSortNames, name)
	if i < 0 {
		return usagef("--sort %s: choose one of %s", name, sortNames())
	}
	m.sort = i
	return nil
}

// drawTable draws so many lines of the table, its heading among them.
func (m *topModel) drawTable(width, height int) []strip {
	rows := m.table()
	m.height = max(height-1, 1)
	m.first = max(0, min(m.first, m.row, len(rows)-m.height))
	m.first = max(m.first, m.row-m.height+1)
	shown := rows[min(m.first, len(rows)):min(m.first+m.height, len(rows))]
	var columns []topColumn
	for _, c := range topColumns {
		if width >= c.from {
			columns = append(columns, c)
		}
	}
	cells := m.cells(columns, shown)
	var b strings.Builder
	for i, c := range columns {
		m.pad(&b, c, c.head, i == len(columns)-1)
	}
	out := []strip{said(bar, b.String())}
	if len(rows) == 0 {
		out = append(out, said(faint, m.noRows()))
	}
	for n, r := range shown {
		out = append(out, m.drawRow(columns, cells[n], r, m.first+n == m.row))
	}
	return out
}

// noRows says why the table is empty.
func (m *topModel) noRows() string {
	if len(m.snap.Routers) == 0 {
		return "the daemon only observes: e shows what happened, d what it heard and left"
	}
	return "no router has all of these words"
}

// cells is the text of some rows. Columns grow with what is in them, and stay as wide: a table must not jump.
func (m *topModel) cells(columns []topColumn, rows []api.Router) [][]string {
	out := make([][]string, len(rows))
	for _, c := range columns {
		m.widths[c.head] = max(m.widths[c.head], len(c.head))
	}
	for n, r := range rows {
		for _, c := range columns {
			cell := c.cell(m, r)
			m.widths[c.head] = min(max(m.widths[c.head], utf8.RuneCountInString(cell)), 40)
			out[n] = append(out[n], cell)
		}
	}
	return out
}

// pad writes a cell as wide as its column. The last one may be as wide as it likes.
func (m *topModel) pad(b *strings.Builder, c topColumn, cell string, last bool) {
	if last && !c.right {
		b.WriteString(cell)
		return
	}
	width := m.widths[c.head]
	if cell == "" {
		cell = "-"
	}
	cell = cut(cell, width)
	gap := strings.Repeat(" ", width-utf8.RuneCountInString(cell))
	if c.right {
		b.WriteString(gap + cell + "  ")
	} else {
		b.WriteString(cell + gap + "  ")
	}
}

func (m *topModel) drawRow(columns []topColumn, cells []string, r api.Router, cursor bool) strip {
	var l strip
	for i, c := range columns {
		var b strings.Builder
		m.pad(&b, c, cells[i], i == len(columns)-1)
		t := plain
		switch {
		case cursor:
			t = chosen
		case c.head == "STATE":
			t = map[string]tone{"master": good, "fault": bad, "init": doubtful}[r.Role]
		case c.head == "MARGIN":
			t = toneOfMargin(r)
		case c.head == "NOTES":
			t = doubtful
		}
		l = append(l, span{b.String(), t})
	}
	return l
}

// toneOfMargin warns of a master that was nearly given up: it owed more than an advert, or more than two.
func toneOfMargin(r api.Router) tone {
	switch share, _ := margin(r); {
	case share < 1.0/3:
		return bad
	case share < 0.55:
		return doubtful
	}
	return plain
}
