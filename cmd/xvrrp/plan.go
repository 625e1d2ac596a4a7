package main

import (
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/xvrrp/xvrrp/control/api"
)

// How what a reload or an edit does is shown: the routers that it touches, then the rest in a word.

// printPlan shows a plan, with what it comes to at its end.
func printPlan(w io.Writer, p api.Plan, sum string) error {
	for _, problem := range p.Problems {
		fmt.Fprintln(w, problem)
	}
	if p.Rejected {
		return nil
	}
	if len(p.Changes) > 0 {
		if err := printChanges(w, p.Changes); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, sum)
	return err
}

func printChanges(w io.Writer, list []api.Change) error {
	var t table
	t.add("ROUTER", "ACTION", "STATE", "GIVES UP", "TAKES", "WHY")
	for _, c := range list {
		t.add(c.Router, c.Action, strings.ToUpper(c.Role), joinPrefixes(c.Leave), joinPrefixes(c.Gain), strings.Join(c.Why, "; "))
	}
	return t.write(w)
}

func joinPrefixes(list []netip.Prefix) string {
	var out []string
	for _, p := range list {
		out = append(out, p.String())
	}
	return strings.Join(out, ",")
}

// changes reports whether a plan does anything.
func changes(p api.Plan) bool { return len(p.Changes)+len(p.Other) > 0 }

// reloadSum is what a reload comes to.
func reloadSum(p api.Plan) string {
	var lines []string
	if len(p.Other) > 0 {
		lines = append(lines, "also: "+strings.Join(p.Other, ", "))
	}
	if p.Overrides > 0 {
		lines = append(lines, overridden(p.Overrides))
	}
	rest := fmt.Sprintf("%s of %s: %s", counted(len(p.Changes)+p.Same, "router"), p.Config,
		strings.Join(append(tally(p.Changes), fmt.Sprintf("%d %s", p.Same, api.Unchanged)), ", "))
	if !changes(p) {
		rest = "nothing changes: " + rest
	}
	return strings.Join(append(lines, rest), "\n")
}

// overridden says that so many routers are not what the file says.
func overridden(n int) string {
	return fmt.Sprintf("%s changed at run time %s so, whatever the file says: see xvrrp router list", counted(n, "router"),
		map[bool]string{true: "stays", false: "stay"}[n == 1])
}

// editSum is what an edit comes to.
func editSum(p api.Plan) string {
	done := strings.Join(tally(p.Changes), ", ")
	if done == "" {
		done = "nothing changes"
	}
	switch {
	case p.DryRun:
		return done + " (not carried out)"
	case p.Kept:
		return done + ", kept over a restart"
	}
	return done
}

// tally counts what becomes of routers.
func tally(changes []api.Change) (parts []string) {
	n := make(map[string]int)
	for _, c := range changes {
		n[c.Action]++
	}
	for _, action := range []string{api.Changed, api.Restarted, api.Added, api.Removed} {
		if n[action] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[action], action))
		}
	}
	return parts
}
