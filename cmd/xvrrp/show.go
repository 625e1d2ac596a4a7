package main

import (
	"context"

	"github.com/spf13/cobra"
)

func newShow(a *app) *cobra.Command {
	output := ""
	c := &cobra.Command{
		Use:   "show ROUTER",
		Short: "Show one router in full",
		Long: `Show tells everything about one router: its state and since when, its timers and what it waits for,
its addresses and which of them this host holds, what is tracked and what that does to the priority,
its announcements, faults, notes and counters, and the other routers that were heard on its VRID.

Of each of those it shows the last advert that was new, how many there were, which share of all that
is, and when the first and the last came. DOWN-IN is for how long the master may be silent from now on
before this router takes over. CHECKSUM is what the checksum covers: the message alone, or a pseudo-header
too, as keepalived and FRR send it in version 3 over IPv4.

status ROUTER shows the same.`,
		Example: `  xvrrp show VI_1
  xvrrp show VI_1 -o json | jq '.peers_heard[] | {address, mac, priority}'`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeRouters(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return show(cmd.Context(), a, args[0], output)
		},
	}
	outputFlag(c, &output, "table", "json")
	return c
}

// show prints a router in full.
func show(ctx context.Context, a *app, router, output string) error {
	d, err := a.client().Detail(ctx, router)
	if err != nil {
		return err
	}
	if output == "json" {
		return writeJSON(a.stdout, d)
	}
	return printDetail(a.stdout, &d)
}
