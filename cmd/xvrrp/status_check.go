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

// conflictFor is how long a conflict counts after it was last heard.
const conflictFor = time.Minute

// printHealth says that all is well, or else what is not, in a line each; the error asks for the exit code.
func printHealth(w io.Writer, s api.Snapshot) error {
	problems := problemsOf(s)
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

// problemsOf lists what keeps routers from doing their work.
func problemsOf(s api.Snapshot) (out []string) {
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	told := func(trouble string) bool { // by a router
		return slices.ContainsFunc(s.Routers, func(r api.Router) bool { return slices.Contains(r.Faults, trouble) })
	}
	for _, l := range s.Links {
		switch {
		case told(l.Error):
		case l.Error != "":
			add("%s: %s", l.Name, l.Error)
		case l.Mode == "":
			add("%s: the filter is not attached", l.Name)
		}
	}
	for _, r := range s.Routers {
		if p := problemOf(s, r); p != "" {
			add("%s: %s", r.Name, p)
		}
		if h := conflictOf(s, r); h != nil {
			add("%s: conflict: VRID %d on %s is also used by %s (%s)", r.Name, r.VRID, place(r.Interface, r.VLAN), h.Source, h.MAC)
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

// conflictOf is who else used a router's VRID a short time ago, nil if nobody did.
func conflictOf(s api.Snapshot, r api.Router) *api.Sighting {
	for i, h := range s.Heard {
		if h.Verdict == "conflict" && h.VRID == r.VRID && h.Family == r.Family && h.Interface == r.Interface && h.VLAN == r.VLAN &&
			s.Now.Sub(h.Last) < conflictFor {
			return &s.Heard[i]
		}
	}
	return nil
}

// printBrief says in one line what the daemon does.
func printBrief(w io.Writer, s api.Snapshot) error {
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
	if n := len(problemsOf(s)); n > 0 {
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
	for _, r := range s.Routers {
		in[r.Role]++
	}
	parts := []string{counted(len(s.Routers), "router")}
	for _, role := range []string{"master", "backup", "init", "fault"} {
		if in[role] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", in[role], role))
		}
	}
	return strings.Join(parts, ", ")
}
