package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

type eventsOptions struct {
	follow bool
	since  uint64
	output string
}

func newEvents(a *app) *cobra.Command {
	var o eventsOptions
	c := &cobra.Command{
		Use:   "events",
		Short: "Show what happened: each change of state with its reason",
		Long: fmt.Sprintf(`Events prints the daemon's log of changes, oldest first: transitions of routers with their reason,
conflicts, links that come and go. The daemon remembers the last %d, numbered from 1 since its
start. With --follow the command goes on with what happens, until the daemon stops (exit code 5).`, api.Keep),
		Example: `  xvrrp events
  xvrrp events --follow -o json | jq -r 'select(.kind == "transition") | .to'
  xvrrp events --since 120`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return events(cmd.Context(), a, o) },
	}
	outputFlag(c, &o.output, "text", "json")
	c.Flags().BoolVarP(&o.follow, "follow", "f", false, "go on with what happens")
	c.Flags().Uint64Var(&o.since, "since", 0, "only events after the one of this `NUMBER`")
	return c
}

func events(ctx context.Context, a *app, o eventsOptions) error {
	last := o.since
	for e, err := range a.client().Events(ctx, o.since, o.follow) {
		if err != nil {
			return err
		}
		if e.Seq > last+1 {
			fmt.Fprintf(a.stderr, "xvrrp: events %d to %d are forgotten\n", last+1, e.Seq-1)
		}
		last = e.Seq
		if err := printEvent(a, e, o.output); err != nil {
			return err
		}
	}
	return nil
}

func printEvent(a *app, e api.Event, output string) error {
	if output == "json" {
		return writeJSONLine(a.stdout, e)
	}
	parts := []string{e.Time.Format("2006-01-02 15:04:05.000"), fmt.Sprintf("#%d", e.Seq), e.Kind}
	if e.Router != "" {
		parts = append(parts, e.Router)
	}
	if e.From != "" || e.To != "" {
		parts = append(parts, strings.ToUpper(e.From+" -> "+e.To))
	}
	parts = append(parts, e.Why)
	line := strings.Join(parts, "  ")
	if e.Detail != "" {
		line += ": " + e.Detail
	}
	_, err := fmt.Fprintln(a.stdout, line)
	return err
}
