package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

type statusOptions struct {
	filter  routerFilter
	output  string
	format  string // keepalived's, or empty
	brief   bool
	check   bool
	watch   time.Duration // 0: once
	wait    string        // a role
	timeout time.Duration
}

func newStatus(a *app) *cobra.Command {
	var o statusOptions
	c := &cobra.Command{
		Use:   "status [ROUTER]",
		Short: "Show the virtual routers of the running daemon",
		Long: `Status shows every virtual router of the daemon in a table, or one of them in full, as xvrrp show does.
A daemon that only observes has none: then the adverts it hears are listed.

Times are ages: SINCE is how long the router has had its state. MASTER is the address of the router
that is master, or (self). VIPS counts the virtual addresses this host holds. Below them stand the sync
groups and what is tracked, and with -o wide how late the adverts of this host left. There, LEAST-MARGIN is how
much of the master-down interval the longest gap between two adverts has left so far, and NEAR how often less than
one advert's interval of it was left: such a backup will take over for nothing one day.

--watch goes on. On a terminal it shows the table in place. Elsewhere it prints a line for each router, and
from then on a line for each change of one: of its state, which none is missed of, and of its priority, its
master, its addresses or its remarks. The words of a line are time, router, interface, VRID, family, state,
priority, master, addresses held of how many, reason of the last change, and then remarks; with -o json it is an
object. It ends with the daemon (exit code 5); on a terminal it waits for the next one.

--check is for health probes. It prints ok and exits with 0 if every router is master or backup, masters have
their addresses, the filter is attached and xvrrp conflict tells of no trouble (a peer that was never heard before
is none). Else it prints a line for each problem and exits with 6. For the first 30 seconds routers may be in init.
Routers that xvrrp maintenance took out of service are counted in the line, and are no problem: nobody has to be
called for them. A probe that must fail on such a host asks for its maintenance, as the last example does.`,
		Example: `  xvrrp status
  xvrrp status --state fault,init
  xvrrp status --check || echo degraded
  xvrrp status --watch | grep --line-buffered MASTER
  xvrrp status -o json | jq -r '.routers[] | select(.role == "master") | .name'
  xvrrp status VI_1 --wait master --timeout 10s
  xvrrp status --check && xvrrp status -o json | jq -e 'all(.routers[]; .maintenance == null)'`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeRouters(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.filter.name = args[0]
			}
			if err := o.consistent(); err != nil {
				return err
			}
			if o.watch != 0 {
				return watchStatus(cmd.Context(), a, o)
			}
			return status(cmd.Context(), a, o)
		},
	}
	outputFlag(c, &o.output, "table", "wide", "json")
	o.filter.register(c)
	c.Flags().BoolVar(&o.brief, "brief", false, "say it in one line")
	c.Flags().BoolVar(&o.check, "check", false, "say whether all is well, in the exit code, too")
	c.Flags().DurationVarP(&o.watch, "watch", "w", 0, "go on, looking each `TIME` and when something changes")
	c.Flags().Lookup("watch").NoOptDefVal = "1s"
	c.Flags().StringVar(&o.format, "format", "", "JSON in the shape of another `PROGRAM`: keepalived")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{keepalivedName}, cobra.ShellCompDirectiveNoFileComp))
	c.Flags().StringVar(&o.wait, "wait", "", "wait until the router (without ROUTER: all of them) has this `STATE`: "+strings.Join(roles, ", "))
	c.Flags().DurationVar(&o.timeout, "timeout", 30*time.Second, "how long --wait waits, a `TIME` such as 10s, before it gives up with exit code 6")
	c.RegisterFlagCompletionFunc("wait", cobra.FixedCompletions(roles, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// consistent refuses flags that exclude each other.
func (o *statusOptions) consistent() error {
	var modes []string
	for name, given := range map[string]bool{"--watch": o.watch != 0, "--wait": o.wait != "", "--check": o.check,
		"--brief": o.brief, "--format": o.format != ""} {
		if given {
			modes = append(modes, name)
		}
	}
	slices.Sort(modes)
	switch {
	case len(modes) > 1:
		return usagef("%s exclude each other", strings.Join(modes, " and "))
	case o.timeout <= 0:
		return usagef("--timeout %v: give a time such as 10s", o.timeout)
	case o.format != "" && o.format != keepalivedName:
		return usagef("--format %s: there is %s", o.format, keepalivedName)
	}
	return o.filter.validate()
}

// showsOne reports whether one router is asked for by its name, and nothing but to be shown.
func (o *statusOptions) showsOne() bool {
	return o.filter.name != "" && o.wait == "" && !o.check && !o.brief && o.output != "json"
}

func status(ctx context.Context, a *app, o statusOptions) error {
	if o.format != "" {
		return printKeepalived(ctx, a)
	}
	if o.showsOne() {
		return show(ctx, a, o.filter.name, o.output)
	}
	s, err := settledStatus(ctx, a, o)
	var missed *exitError
	if err != nil && !errors.As(err, &missed) {
		return err
	}
	if err := printStatus(ctx, a, s, o); err != nil {
		return err
	}
	return err
}

// printKeepalived prints what keepalived would write to its JSON file.
func printKeepalived(ctx context.Context, a *app) error {
	body, err := a.client().Keepalived(ctx)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(a.stdout, body)
	return err
}

// settledStatus is the daemon's state, once it is the one to wait for.
func settledStatus(ctx context.Context, a *app, o statusOptions) (api.Snapshot, error) {
	if o.wait != "" {
		return waitFor(ctx, a, o)
	}
	s, err := a.client().Status(ctx)
	if err != nil {
		return s, err
	}
	return s, o.filter.pick(&s)
}

func printStatus(ctx context.Context, a *app, s api.Snapshot, o statusOptions) error {
	if o.check || o.brief {
		found, err := a.client().Conflicts(ctx, "", nil)
		switch {
		case err != nil:
			return err
		case o.check:
			return printHealth(a.stdout, s, found.Conflicts)
		}
		return printBrief(a.stdout, s, found.Conflicts)
	}
	switch {
	case o.output == "json":
		return writeJSON(a.stdout, s)
	case o.filter.name != "" && len(s.Routers) == 1:
		return show(ctx, a, o.filter.name, o.output)
	}
	return printTables(a.stdout, s, o)
}

// printTables prints the routers, and below them what else there is.
func printTables(w io.Writer, s api.Snapshot, o statusOptions) error {
	switch {
	case len(s.Routers) == 0 && o.filter.narrows():
		_, err := fmt.Fprintln(w, "no such router")
		return err
	case len(s.Routers) == 0:
		return printObserved(w, s)
	}
	err := printRouters(w, s, o.output == "wide")
	parts := []func(io.Writer, api.Snapshot) error{printGroups, printTrackers, printMissing}
	if o.output == "wide" {
		parts = append(parts, printTiming)
	}
	for _, part := range parts {
		if err == nil {
			err = part(w, s)
		}
	}
	return err
}
