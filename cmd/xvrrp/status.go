package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

type statusOptions struct {
	name    string // of one router, or empty
	output  string
	wait    string // a role
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
groups and what is tracked, and with -o wide how late the adverts of this host left.`,
		Example: `  xvrrp status
  xvrrp status -o json | jq -r '.routers[] | select(.role == "master") | .name'
  xvrrp status VI_1 --wait master --timeout 10s`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeRouters(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.name = args[0]
			}
			return status(cmd.Context(), a, o)
		},
	}
	outputFlag(c, &o.output, "table", "wide", "json")
	c.Flags().StringVar(&o.wait, "wait", "", "wait until the router (without ROUTER: all of them) has this `STATE`: "+strings.Join(roles, ", "))
	c.Flags().DurationVar(&o.timeout, "timeout", 30*time.Second, "how long --wait waits, a `TIME` such as 10s, before it gives up with exit code 6")
	c.RegisterFlagCompletionFunc("wait", cobra.FixedCompletions(roles, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func status(ctx context.Context, a *app, o statusOptions) error {
	if o.name != "" && o.wait == "" && o.output != "json" {
		return show(ctx, a, o.name, o.output)
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

// settledStatus is the daemon's state, once it is the one to wait for.
func settledStatus(ctx context.Context, a *app, o statusOptions) (api.Snapshot, error) {
	if o.wait != "" {
		return waitFor(ctx, a, o)
	}
	s, err := a.client().Status(ctx)
	if err != nil {
		return s, err
	}
	return s, pick(&s, o.name)
}

// pick leaves only the named router in s.
func pick(s *api.Snapshot, name string) error {
	if name == "" {
		return nil
	}
	unknown := &api.UnknownRouter{Name: name}
	for _, r := range s.Routers {
		if r.Name == name {
			s.Routers = []api.Router{r}
			return nil
		}
		unknown.There = append(unknown.There, r.Name)
	}
	return unknown
}

func printStatus(ctx context.Context, a *app, s api.Snapshot, o statusOptions) error {
	w := a.stdout
	switch {
	case o.output == "json":
		return writeJSON(w, s)
	case o.name != "":
		return show(ctx, a, o.name, o.output)
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
