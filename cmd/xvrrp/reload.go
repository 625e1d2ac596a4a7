package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"strings"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

type reloadOptions struct {
	dry    bool
	output string
}

func newReload(a *app) *cobra.Command {
	var o reloadOptions
	c := &cobra.Command{
		Use:   "reload",
		Short: "Have the daemon read its configuration again, and show what that changes",
		Long: `Reload makes the daemon read its file again and put in force what changed. It prints the plan first,
then carries it out: which routers change in place, which start anew because their identity (VRID,
interface, family, source) is another one, which come and go, and which virtual addresses this host
gives up or takes by that. Routers that are not listed notice nothing. A file with an error changes
nothing (exit code 3), also if the error is one router's, with which a start would run the others.

--dry-run only prints the plan. SIGHUP to the daemon does the same as reload; its log holds the result.`,
		Example: `  xvrrp reload --dry-run
  xvrrp reload
  xvrrp reload -o json | jq -r '.changes[] | [.router, .action] | @tsv'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return reload(cmd.Context(), a, o) },
	}
	outputFlag(c, &o.output, "table", "json")
	c.Flags().BoolVar(&o.dry, "dry-run", false, "only print what would change")
	return c
}

func reload(ctx context.Context, a *app, o reloadOptions) error {
	plan, err := a.client().Reload(ctx, o.dry || o.output == "table")
	if err != nil {
		return err
	}
	if o.output == "json" {
		err = writeJSON(a.stdout, plan)
	} else {
		err = printPlan(a.stdout, plan)
		if err == nil && !o.dry && !plan.Rejected && changes(plan) {
			err = carryOut(ctx, a, plan)
		}
	}
	if err == nil && plan.Rejected {
		err = exitWith(exitRejected, errors.New("the configuration is rejected: nothing has changed"))
	}
	return err
}

// carryOut puts in force what has been planned. The file may have changed since; then the plan that counts is shown.
func carryOut(ctx context.Context, a *app, planned api.Plan) error {
	done, err := a.client().Reload(ctx, false)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(done.Changes, planned.Changes) || done.Rejected {
		fmt.Fprintf(a.stdout, "\n%s has changed meanwhile:\n", done.Config)
		if err := printPlan(a.stdout, done); err != nil {
			return err
		}
	}
	if done.Rejected {
		return exitWith(exitRejected, errors.New("the configuration is rejected: nothing has changed"))
	}
	_, err = fmt.Fprintln(a.stdout, "done")
	return err
}

// printPlan shows what a reload does: the routers that it touches, then the rest in a word.
func printPlan(w io.Writer, p api.Plan) error {
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
	if len(p.Other) > 0 {
		fmt.Fprintf(w, "also: %s\n", strings.Join(p.Other, ", "))
	}
	if p.Overrides > 0 {
		fmt.Fprintf(w, "%s changed at run time %s so, whatever the file says: see xvrrp router list\n", counted(p.Overrides, "router"),
			map[bool]string{true: "stays", false: "stay"}[p.Overrides == 1])
	}
	rest := fmt.Sprintf("%s of %s: %s", counted(len(p.Changes)+p.Same, "router"), p.Config, tally(p))
	if !changes(p) {
		rest = "nothing changes: " + rest
	}
	_, err := fmt.Fprintln(w, rest)
	return err
}

// changes reports whether a reload does anything.
func changes(p api.Plan) bool { return len(p.Changes)+len(p.Other) > 0 }

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

// tally counts what a reload did to routers.
func tally(p api.Plan) string {
	return strings.Join(append(tallyChanges(p.Changes), fmt.Sprintf("%d %s", p.Same, api.Unchanged)), ", ")
}

func tallyChanges(changes []api.Change) (parts []string) {
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
