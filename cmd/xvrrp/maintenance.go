package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

func newMaintenance(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "maintenance",
		Short: "Take this host's routers out of service, and back into it",
		Long: `Maintenance takes a host out of service before work on it. Its masters resign, so that other hosts take over
after their skew time, and all its routers stay in fault, with the cause "maintenance" in xvrrp status, until
it ends. So nothing is served here, whatever fails elsewhere; where this host should still stand in for the
others, use xvrrp failover.`,
	}
	c.AddCommand(newMaintenanceOn(a), newMaintenanceOff(a))
	return c
}

func newMaintenanceOn(a *app) *cobra.Command {
	var output string
	m := api.Maintenance{On: true}
	c := &cobra.Command{
		Use:   "on [ROUTER...]",
		Short: "Take routers, or the whole host, out of service",
		Long: `On takes the routers named out of service, or without a name all that the daemon has and will have by
reloads and edits. It lasts until xvrrp maintenance off, or as long as --for says. Given again, it changes
how long that is.

A daemon that starts anew serves again, unless --keep is given: a host to be rebooted for an upgrade is best
taken out with --keep, and back in when it has been looked at. A member of a sync group takes the whole group
with it.`,
		Example: `  xvrrp maintenance on
  xvrrp maintenance on --keep && reboot
  xvrrp maintenance on --for 30m VI_1 VI_2`,
		ValidArgsFunction: a.completeRouters(0),
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("for") && m.For <= 0 {
				return usagef("--for %v: say for how long, such as 30m", m.For)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			m.Routers = args
			return maintain(cmd.Context(), a, m, output)
		},
	}
	outputFlag(c, &output, "text", "json")
	c.Flags().DurationVar(&m.For, "for", 0, "end it by itself after this `TIME`, such as 30m (default: until xvrrp maintenance off)")
	c.Flags().BoolVar(&m.Keep, "keep", false, "stay out of service when the daemon starts anew")
	return c
}

func newMaintenanceOff(a *app) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "off [ROUTER...]",
		Short: "Take routers, or the whole host, back into service",
		Long: `Off ends the maintenance of the routers named, or without a name all there is, also what was kept over a
restart. The routers start over as backups: those that preempt become masters again where they are the best.`,
		Example: `  xvrrp maintenance off
  xvrrp maintenance off VI_1`,
		ValidArgsFunction: a.completeRouters(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			return maintain(cmd.Context(), a, api.Maintenance{Routers: args}, output)
		},
	}
	outputFlag(c, &output, "text", "json")
	return c
}

func maintain(ctx context.Context, a *app, m api.Maintenance, output string) error {
	done, err := a.client().Maintain(ctx, m)
	if err != nil {
		return err
	}
	if output == "json" {
		return writeJSON(a.stdout, done)
	}
	_, err = fmt.Fprintln(a.stdout, maintained(m, done))
	return err
}

// maintained says what maintenance did.
func maintained(m api.Maintenance, done api.Done) string {
	switch {
	case !m.On && len(done.Routers) == 0:
		return "no router was in maintenance"
	case !m.On:
		return "back in service: " + listed(done.Routers)
	}
	ends := "until xvrrp maintenance off"
	if done.Until != nil {
		ends = "until " + moment(*done.Until) + " or xvrrp maintenance off"
	}
	if done.Kept {
		ends += ", over a restart, too"
	}
	return fmt.Sprintf("out of service %s: %s", ends, listed(done.Routers))
}

// listed names routers, if there are not too many to read.
func listed(routers []string) string {
	if len(routers) > 10 {
		return counted(len(routers), "router")
	}
	return strings.Join(routers, ", ")
}
