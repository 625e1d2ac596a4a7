package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

// failoverSchema names the shape of failoverReport.
const failoverSchema = "xvrrp.failover/v1"

// failoverReport is what `xvrrp failover -o json` prints.
type failoverReport struct {
	Schema     string     `json:"schema"`
	Routers    []string   `json:"routers"`         // that go together
	Until      *time.Time `json:"until,omitempty"` // when they cease to give way; absent with --cancel
	Role       string     `json:"role"`            // of the router, once it is clear who is master
	Master     string     `json:"master"`          // "" while unknown
	MasterPrio uint8      `json:"master_priority"`
}

type failoverOptions struct {
	lasts  time.Duration
	cancel bool
	output string
}

func newFailover(a *app) *cobra.Command {
	var o failoverOptions
	c := &cobra.Command{
		Use:   "failover ROUTER",
		Short: "Have a master hand over to another host",
		Long: `Failover makes the daemon's router, which must be master, hand over in order: it sends the advert of
priority 0 that tells the others to take over at once, then gives up its addresses. The best of the other
hosts is master after its skew time, which is less than one advert interval.

From then on the router gives way: it stays backup with priority 1, so that it does not take its place back
but still serves if all others fail. That ends by itself after --for, since a host that has been given the
last place and forgotten is a surprise in the next failure; then its own priority counts again, and with
preemption it becomes master again. Failover of a router that gives way already changes how long it does so.
--cancel ends it at once. It does not outlast the daemon; to take a host out of service use xvrrp maintenance.

The members of a sync group hand over together. A router of priority 255 owns its addresses and cannot.

The command waits until it is clear who is master, and says so. It exits with 6 if nobody else took over:
then this host is master again, after an interruption of about four advert intervals.`,
		Example: `  xvrrp failover VI_1
  xvrrp failover VI_1 --for 1h
  xvrrp failover VI_1 --cancel`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeRouters(1),
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case o.lasts <= 0:
				return usagef("--for %v: say for how long, such as 10m", o.lasts)
			case o.cancel && cmd.Flags().Changed("for"):
				return usagef("give --for or --cancel, not both")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return handOver(cmd.Context(), a, args[0], o) },
	}
	outputFlag(c, &o.output, "text", "json")
	c.Flags().DurationVar(&o.lasts, "for", 5*time.Minute, "how long the router gives way to others, a `TIME` such as 10m")
	c.Flags().BoolVar(&o.cancel, "cancel", false, "take the failover back: the router's own priority counts again")
	return c
}

func handOver(ctx context.Context, a *app, name string, o failoverOptions) error {
	f := api.Failover{Router: name, Cancel: o.cancel}
	if !o.cancel {
		f.For = o.lasts
	}
	done, err := a.client().Failover(ctx, f)
	if err != nil {
		return err
	}
	r, clear, err := a.successor(ctx, name)
	if err != nil {
		return err
	}
	if o.output == "json" {
		err = writeJSON(a.stdout, failoverReport{failoverSchema, done.Routers, done.Until, r.Role, r.Master, r.MasterPrio})
	} else if clear && (o.cancel || r.Role != "master") {
		err = printFailover(a, r, done)
	}
	switch {
	case err != nil:
		return err
	case !clear:
		return exitWith(exitNotReached, fmt.Errorf("no master is heard, and %s is %s", name, r.Role))
	case !o.cancel && r.Role == "master":
		return exitWith(exitNotReached, fmt.Errorf("nobody else took over: %s is master again, with priority %d until %s; its own is back with xvrrp failover %s --cancel",
			name, r.Priority, moment(*done.Until), name))
	}
	return nil
}

// successor waits until it is clear who is master in a router's place, for as long as that may take.
func (a *app) successor(ctx context.Context, name string) (r api.Router, clear bool, err error) {
	again := time.NewTicker(askEvery)
	defer again.Stop()
	var patience <-chan time.Time
	for {
		s, err := a.client().Status(ctx)
		if err == nil {
			err = (&routerFilter{name: name}).pick(&s)
		}
		if err != nil {
			return r, false, err
		}
		r = s.Routers[0]
		if r.Role != "backup" || r.Master != "" {
			return r, r.Role != "fault", nil
		}
		if patience == nil {
			patience = time.After(time.Duration((2*r.Down + 1) * float64(time.Second)))
		}
		select {
		case <-again.C:
		case <-patience:
			return r, false, nil
		case <-ctx.Done():
			return r, false, ctx.Err()
		}
	}
}

func printFailover(a *app, r api.Router, done api.Done) error {
	var also string
	if len(done.Routers) > 1 {
		also = fmt.Sprintf(", with its sync group (%s)", strings.Join(done.Routers, ", "))
	}
	if done.Until == nil {
		is := "it is master"
		if r.Role != "master" {
			is = fmt.Sprintf("%s, with priority %d, is master so far", r.Master, r.MasterPrio)
		}
		_, err := fmt.Fprintf(a.stdout, "%s has its priority %d back%s: %s\n", r.Name, r.Priority, also, is)
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "%s handed over%s: %s is master, with priority %d\nit gives way until %s, or until xvrrp failover %s --cancel\n",
		r.Name, also, r.Master, r.MasterPrio, moment(*done.Until), r.Name)
	return err
}
