package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// watchSchema names the shape of watchedRouter.
const watchSchema = "xvrrp.watch/v1"

// watchedRouter is a line of `xvrrp status --watch -o json`: a router after it has changed.
type watchedRouter struct {
	Schema string     `json:"schema"`
	Time   time.Time  `json:"time"` // of the change
	Router api.Router `json:"router"`
}

// watchStatus shows the routers until ctx ends: on a terminal the whole table in place, elsewhere a line for each
// router and then one for each change of one.
func watchStatus(ctx context.Context, a *app, o statusOptions) error {
	if o.watch < minWatch {
		return usagef("--watch=%v: choose %v or more", o.watch, minWatch)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	glances := watch(ctx, a.client(), o.watch, lookAtRouters)
	if t, ok := terminalOf(a.stdout); ok && o.output != "json" {
		return redraw(t, a.runtimeDir, glances, o)
	}
	told := teller{out: a.stdout, json: o.output == "json", filter: o.filter, lines: make(map[string]string)}
	for g := range glances {
		if g.err != nil && !errors.Is(g.err, api.ErrBusy) {
			return g.err
		}
		if g.err == nil {
			if err := told.tell(g); err != nil {
				return err
			}
		}
	}
	return nil
}

// teller writes a line for each change of a router.
type teller struct {
	out    io.Writer
	json   bool
	filter routerFilter
	lines  map[string]string // by router, what its last line said
}

func (t *teller) tell(g glance) error {
	first := len(t.lines) == 0
	if first {
		if err := t.filter.pick(&api.Snapshot{Routers: slices.Clone(g.snap.Routers)}); err != nil {
			return err
		}
	} else if err := t.transitions(g); err != nil {
		return err
	}
	left := make(map[string]bool, len(t.lines))
	for name := range t.lines {
		left[name] = true
	}
	for _, r := range g.snap.Routers {
		delete(left, r.Name)
		if line := watchLine(r); t.lines[r.Name] != line {
			t.lines[r.Name] = line
			if err := t.write(g.snap.Now, r); err != nil {
				return err
			}
		}
	}
	for name := range left {
		delete(t.lines, name)
		if err := t.write(g.snap.Now, api.Router{Name: name, Role: "removed", VIPs: []api.VIP{}}); err != nil {
			return err
		}
	}
	return nil
}

// transitions writes a line for each change of state since the last glance, also for those that were over before this
// one.
func (t *teller) transitions(g glance) error {
	for _, e := range g.events {
		i := slices.IndexFunc(g.snap.Routers, func(r api.Router) bool { return r.Name == e.Router })
		if e.Kind != "transition" || i < 0 {
			continue
		}
		r := g.snap.Routers[i]
		if r.Role != e.To {
			r.Master, r.MasterPrio = "", 0 // of another time
		}
		r.Role, r.Why, r.Since = e.To, e.Why, e.Time
		t.lines[r.Name] = watchLine(r)
		if err := t.write(e.Time, r); err != nil {
			return err
		}
	}
	return nil
}

func (t *teller) write(at time.Time, r api.Router) error {
	if !t.filter.chooses(r) && r.Role != "removed" {
		return nil
	}
	if t.json {
		return writeJSONLine(t.out, watchedRouter{watchSchema, at, r})
	}
	_, err := fmt.Fprintf(t.out, "%s  %s\n", at.Local().Format("2006-01-02T15:04:05.000Z07:00"), watchLine(r))
	return err
}

// watchLine is what is said of a router in one line. It has the same number of words whatever there is to say, but for
// the remarks at its end.
func watchLine(r api.Router) string {
	words := []string{r.Name, orDash(strings.ReplaceAll(place(r.Interface, r.VLAN), " ", "-")), fmt.Sprint(r.VRID), orDash(shortFamily(r.Family)),
		strings.ToUpper(r.Role), fmt.Sprint(r.Priority), orDash(masterOf(r)), holding(r), orDash(strings.ReplaceAll(r.Why, " ", "-"))}
	return strings.TrimRight(strings.Join(append(words, strings.Join(remarks(r, api.Link{}), "; ")), "  "), " ")
}

// redraw shows the table in place, as large as the terminal is, over and over. A daemon that is away is waited for.
func redraw(t terminal, dir string, glances <-chan glance, o statusOptions) error {
	var last api.Snapshot
	for g := range glances {
		head := fmt.Sprintf("every %v, ^C ends", o.watch)
		var table bytes.Buffer
		switch {
		case g.err != nil && !errors.Is(g.err, api.ErrBusy):
			head = fmt.Sprintf("%s: %v", time.Now().Format(time.TimeOnly), g.err)
		case g.err == nil:
			last = g.snap
			if err := o.filter.pick(&last); err != nil {
				return err
			}
		}
		if last.Schema != "" {
			if g.err == nil {
				head = fmt.Sprintf("%s: %s, %s", last.Now.Local().Format(time.TimeOnly), censusOf(last), head)
			}
			if err := printTables(&table, last, o); err != nil {
				return err
			}
		}
		if err := t.show(head + "\n\n" + table.String()); err != nil {
			return err
		}
	}
	return nil
}
