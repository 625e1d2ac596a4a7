package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// startGrace is how long a daemon may take to start before routers in init are a problem, and a new master to get its
// addresses.
const startGrace = 30 * time.Second

// printHealth says that all is well, or else what is not, in a line each; the error asks for the exit code.
func printHealth(w io.Writer, s api.Snapshot, conflicts []api.Conflict) error {
	problems := problemsOf(s, conflicts)
	if len(problems) == 0 {
		_, err := fmt.Fprintln(w, "ok: "+censusOf(s))
		return err
	}
	for _, p := range problems {
		if _, err := fmt.Fprintln(w, p); err != nil {
			return err
		}
	}
	return exitWith(exitNotReached, errSilent)
}

// problemsOf lists what keeps routers from doing their work. Maintenance is no problem, nor is what goes wrong meanwhile.
func problemsOf(s api.Snapshot, conflicts []api.Conflict) (out []string) {
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	told := func(trouble string) bool { // by a router
		return slices.ContainsFunc(s.Routers, func(r api.Router) bool { return slices.Contains(r.Faults, trouble) })
	}
	for _, l := range s.Links {
		switch {
		case told(l.Error), isIdle(s, l):
		case l.Error != "":
			add("%s: %s", l.Name, l.Error)
		case l.Mode == "":
			add("%s: the filter is not attached", l.Name)
		}
	}
	for _, r := range s.Routers {
		if isDrained(s, r) {
			continue
		}
		if p := problemOf(s, r); p != "" {
			add("%s: %s", r.Name, p)
		}
		for _, c := range conflicts {
			if c.Router == r.Name && c.Kind != api.Intruder { // who may be a new peer
				add("%s: conflict with %s (%s): %s", r.Name, c.Sender.Source, c.Sender.MAC, c.Summary)
			}
		}
	}
	return out
}

// problemOf is what is wrong with a router's state, if anything is.
func problemOf(s api.Snapshot, r api.Router) string {
	settled := s.Now.Sub(r.Since) > startGrace
	switch {
	case r.Role == "fault" && len(r.Faults) > 0:
		return "fault: " + strings.Join(r.Faults, "; ")
	case r.Role == "fault":
		return "fault: " + r.Why
	case r.Role == "init" && s.Now.Sub(s.Started) > startGrace:
		return "still in init: see xvrrp status " + r.Name
	case r.Role == "master" && settled:
		for _, v := range r.VIPs {
			if !v.Held {
				return fmt.Sprintf("master without %v", v.Address)
			}
		}
	}
	return ""
}

// isDrained reports whether a router is out of service by xvrrp maintenance: its own, or that of another member of its
// sync group, which stops as one.
func isDrained(s api.Snapshot, r api.Router) bool {
	return r.Maintenance != nil || r.Group != "" && r.Role == "fault" && len(r.Faults) == 0 &&
		slices.ContainsFunc(s.Routers, func(o api.Router) bool { return o.Group == r.Group && o.Maintenance != nil })
}

// isIdle reports whether a link has routers and all of them are drained.
func isIdle(s api.Snapshot, l api.Link) bool {
	on := func(r api.Router) bool { return r.Interface == l.Name }
	return slices.ContainsFunc(s.Routers, on) &&
		!slices.ContainsFunc(s.Routers, func(r api.Router) bool { return on(r) && !isDrained(s, r) })
}

// printBrief says in one line what the daemon does.
func printBrief(w io.Writer, s api.Snapshot, conflicts []api.Conflict) error {
	var links []string
	for _, l := range s.Links {
		switch {
		case l.Mode == "":
			links = append(links, l.Name+" unfiltered")
		case !l.Up:
			links = append(links, l.Name+" down")
		default:
			links = append(links, l.Name+" "+l.Mode)
		}
	}
	line := fmt.Sprintf("xvrrp %s, up %s: %s", s.Version, age(s.Now.Sub(s.Started)), censusOf(s))
	if len(links) > 0 {
		line += "; " + strings.Join(links, ", ")
	}
	if n := len(problemsOf(s, conflicts)); n > 0 {
		line += "; " + counted(n, "problem")
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

// censusOf counts the routers by state.
func censusOf(s api.Snapshot) string {
	if len(s.Routers) == 0 {
		return "no router"
	}
	in := make(map[string]int)
	drained := 0
	for _, r := range s.Routers {
		in[r.Role]++
		if r.Maintenance != nil {
			drained++
		}
	}
	parts := []string{counted(len(s.Routers), "router")}
	for _, role := range []string{"master", "backup", "init", "fault"} {
		if in[role] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", in[role], role))
		}
	}
	if drained > 0 {
		parts = append(parts, fmt.Sprintf("%d in maintenance", drained))
	}
	return strings.Join(parts, ", ")
}
