package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"

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
		err = printPlan(a.stdout, plan, reloadSum(plan))
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
		if err := printPlan(a.stdout, done, reloadSum(done)); err != nil {
			return err
		}
	}
	if done.Rejected {
		return exitWith(exitRejected, errors.New("the configuration is rejected: nothing has changed"))
	}
	_, err = fmt.Fprintln(a.stdout, "done")
	return err
}
