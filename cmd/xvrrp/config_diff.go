package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
)

func newConfigShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show the configuration in force",
		Long: `Show prints the configuration that the running daemon goes by, in the syntax of the file: as it was when it was
last read, with what includes, conditions and definitions brought in, and with the routers as they were
changed at run time (xvrrp router list names those). Secrets are masked, comments and what xvrrp does not
carry out are left out.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := a.client().ConfigText(cmd.Context())
			if err == nil {
				_, err = io.WriteString(a.stdout, text)
			}
			return err
		},
	}
}

func newConfigDiff(a *app) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "diff [FILE]",
		Short: "Show what a file says other than the running daemon does",
		Long: `Diff compares the configuration in force with FILE, or without FILE with the daemon's own file as it is on
disk now. It prints what a reload of that file would change: each router with its settings, old and new,
and what else differs. Nothing is changed. Of secrets it only says that they differ. Routers that were
changed at run time stay as they are in a reload, so they do not differ.

A file with an error, which a reload would refuse, is exit code 3.`,
		Example: `  xvrrp config diff
  xvrrp config diff keepalived.conf.new
  xvrrp config diff -o json | jq '.changes[].why[]'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := a.difference(cmd.Context(), strings.Join(args, ""))
			if err != nil {
				return err
			}
			if output == "json" {
				err = writeJSON(a.stdout, plan)
			} else {
				err = printDiff(a.stdout, plan)
			}
			if err == nil && plan.Rejected {
				err = exitWith(exitRejected, errors.New("the configuration would be rejected"))
			}
			return err
		},
	}
	outputFlag(c, &output, "text", "json")
	return c
}

// difference asks the daemon what a file would change; without a name its own.
func (a *app) difference(ctx context.Context, path string) (api.Plan, error) {
	if path == "" {
		return a.client().Reload(ctx, true)
	}
	c, problems := a.load(path)
	if config.Worst(problems) == config.Error {
		if err := config.Print(a.stderr, problems); err != nil {
			return api.Plan{}, err
		}
		return api.Plan{}, exitWith(exitRejected, fmt.Errorf("%s would be rejected", path))
	}
	var names []string
	for _, r := range c.Routers {
		names = append(names, r.Name)
	}
	plan, err := a.client().Compare(ctx, c.Text(names))
	plan.Config = path
	var own []string
	for _, p := range problems {
		own = append(own, p.String())
	}
	plan.Problems = append(own, plan.Problems...)
	return plan, err
}

// printDiff shows what each change is made of.
func printDiff(w io.Writer, p api.Plan) error {
	var b strings.Builder
	for _, problem := range p.Problems {
		b.WriteString(problem + "\n")
	}
	if !p.Rejected {
		for _, c := range p.Changes {
			b.WriteString(diffHead(c) + "\n")
			for _, why := range c.Why {
				b.WriteString("    " + why + "\n")
			}
		}
		for _, other := range p.Other {
			b.WriteString(other + "\n")
		}
		if p.Overrides > 0 {
			b.WriteString(overridden(p.Overrides) + "\n")
		}
		if !changes(p) {
			fmt.Fprintf(&b, "no difference: %s of %s\n", counted(p.Same, "router"), p.Config)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// diffHead is what becomes of a router.
func diffHead(c api.Change) string {
	head := fmt.Sprintf("vrrp_instance %s %s", c.Router, c.Action)
	switch c.Action {
	case api.Changed:
		head += " in place"
	case api.Restarted:
		head += " with another identity"
	}
	if len(c.Leave) > 0 {
		head += ", gives up " + joinPrefixes(c.Leave)
	}
	if len(c.Gain) > 0 {
		head += ", takes " + joinPrefixes(c.Gain)
	}
	return head
}
