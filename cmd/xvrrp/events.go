package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

type eventsOptions struct {
	follow  bool
	since   string
	routers []string
	kinds   []string
	output  string
}

func newEvents(a *app) *cobra.Command {
	var o eventsOptions
	c := &cobra.Command{
		Use:   "events",
		Short: "Show what happened: each change of state with its reason",
		Long: fmt.Sprintf(`Events prints the daemon's log of changes, oldest first: transitions of routers with their reason,
conflicts, links that come and go. The daemon remembers the last %d, numbered from 1 since its
start. With --follow the command goes on with what happens, until the daemon stops (exit code 5).

--since takes the number of an event, a time that has passed (90s, 1h) or a point in time: 14:30 or 14:30:05
of today, 2026-11-22, "2026-11-22 14:30", or RFC 3339.

Under systemd the journal has all this and more for longer: journalctl -u xvrrp XVRRP_INSTANCE=VI_1.`, api.Keep),
		Example: `  xvrrp events
  xvrrp events --follow -o json | jq -r 'select(.kind == "transition") | .to'
  xvrrp events --since 1h --router VI_1
  xvrrp events --since 120 --kind transition,conflict`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return events(cmd.Context(), a, o) },
	}
	outputFlag(c, &o.output, "text", "json")
	c.Flags().BoolVarP(&o.follow, "follow", "f", false, "go on with what happens")
	c.Flags().StringVar(&o.since, "since", "", "only events after this `TIME` or event number")
	c.Flags().StringSliceVar(&o.routers, "router", nil, "only events of this router or sync group, by `NAME` (may be repeated)")
	c.Flags().StringSliceVar(&o.kinds, "kind", nil, "only events of this `KIND` (may be repeated), such as transition, conflict, note, link, daemon")
	c.RegisterFlagCompletionFunc("router", a.completeRouters(0))
	return c
}

// wants reports whether an event is one of those that were asked for.
func (o eventsOptions) wants(e api.Event) bool {
	return (o.routers == nil || slices.Contains(o.routers, e.Router)) && (o.kinds == nil || slices.Contains(o.kinds, e.Kind))
}

func events(ctx context.Context, a *app, o eventsOptions) error {
	last, from, err := parseSince(o.since, time.Now())
	if err != nil {
		return err
	}
	for e, err := range a.client().Events(ctx, last, o.follow) {
		if err != nil {
			return err
		}
		if missed := e.Seq - last - 1; missed > 0 && !e.Time.Before(from) {
			fmt.Fprintf(a.stderr, "xvrrp: events %d to %d are forgotten\n", last+1, e.Seq-1)
		}
		last = e.Seq
		if e.Time.Before(from) || !o.wants(e) {
			continue
		}
		if err := printEvent(a, e, o.output); err != nil {
			return err
		}
	}
	return nil
}

// parseSince reads --since: the number of the last event not to show, or the time of the first one to show.
func parseSince(text string, now time.Time) (last uint64, from time.Time, err error) {
	if text == "" {
		return 0, from, nil
	}
	if last, err := strconv.ParseUint(text, 10, 64); err == nil {
		return last, from, nil
	}
	if ago, err := time.ParseDuration(text); err == nil {
		return 0, now.Add(-ago.Abs()), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return 0, at, nil
		}
	}
	for _, layout := range []string{time.TimeOnly, "15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			year, month, day := now.Date()
			return 0, time.Date(year, month, day, at.Hour(), at.Minute(), at.Second(), 0, now.Location()), nil
		}
	}
	return 0, from, usagef("--since %s: give the number of an event, a duration such as 1h, or a time such as 14:30 or %q",
		text, now.Format(time.DateTime))
}

func printEvent(a *app, e api.Event, output string) error {
	if output == "json" {
		return writeJSONLine(a.stdout, api.EventLine{Schema: api.EventSchema, Event: e})
	}
	parts := []string{e.Time.Local().Format(dayAndMs), fmt.Sprintf("#%d", e.Seq), e.Kind}
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
