package main

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

type statsOptions struct {
	name     string // of one router, or empty
	output   string
	interval time.Duration // 0: once
}

func newStats(a *app) *cobra.Command {
	var o statsOptions
	c := &cobra.Command{
		Use:   "stats [ROUTER]",
		Short: "Count what the routers received, sent and refused, by the names of the VRRP MIB",
		Long: `Stats shows the counters of every router in a table, or those of one router in full. In full, and with
-o wide for all of them, they have the names of RFC 6527 (VRRPv3-MIB), without their prefixes; what keepalived
counts beside these has keepalived's names. In JSON the names are the same in lower case with underscores.

NewMasterReason is why the router last became master: notMaster (it never did), priority (it was given way, or
owns the addresses), preempted (it outlived a lower master) or masterNoResponse. ProtoErrReason is the last
error of the protocol: noError, ipTtlError, versionError, checksumError or vrIdError. Counters begin at
DiscontinuityTime, when the daemon started or the link came; they are never old, so RefreshRate is 0.

With --interval it goes on until it is interrupted, and counts what came in each interval.`,
		Example: `  xvrrp stats
  xvrrp stats VI_1
  xvrrp stats --interval 1s
  xvrrp stats -o json | jq '.routers[] | {router, rcvd_advertisements, ip_ttl_errors}'`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeRouters(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.interval < 0 {
				return usagef("--interval %s: give a time such as 1s", o.interval)
			}
			if len(args) == 1 {
				o.name = args[0]
			}
			return stats(cmd.Context(), a, o)
		},
	}
	outputFlag(c, &o.output, "table", "wide", "json")
	c.Flags().DurationVar(&o.interval, "interval", 0, "count what comes in each `TIME`, such as 1s, until interrupted")
	return c
}

func stats(ctx context.Context, a *app, o statsOptions) error {
	first, err := askStatistics(ctx, a, o)
	if err != nil {
		return err
	}
	if o.interval == 0 {
		return printStats(a.stdout, first, o)
	}
	every := time.NewTicker(o.interval)
	defer every.Stop()
	for {
		select {
		case <-every.C:
		case <-ctx.Done():
			return nil
		}
		next, err := askStatistics(ctx, a, o)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := printStats(a.stdout, next.since(first), o); err != nil {
			return err
		}
		first = next
	}
}

// statistics is what was counted up to one moment, or since another.
type statistics struct {
	at       time.Time
	interval time.Duration // since the other; 0: since the start
	started  time.Time
	global   map[string]uint64 // by the name of the counter
	routers  []routerStatistics
}

type routerStatistics struct {
	api.Router
	counts        map[string]uint64 // by the name of the counter
	protocolError string
}

// askStatistics asks the daemon.
func askStatistics(ctx context.Context, a *app, o statsOptions) (statistics, error) {
	s, err := a.client().Status(ctx)
	if err != nil {
		return statistics{}, err
	}
	c := statistics{at: s.Now, started: s.Started, global: globalCounts(s)}
	if err := (&routerFilter{name: o.name}).pick(&s); err != nil {
		return statistics{}, err
	}
	for _, r := range s.Routers {
		c.routers = append(c.routers, routerStatistics{r, routerCounts(r.Stats), protocolError(s, r)})
	}
	return c, nil
}

// since is what came after an earlier moment. A router that was not there then counts from nothing.
func (c statistics) since(first statistics) statistics {
	earlier := make(map[string]routerStatistics, len(first.routers))
	for _, r := range first.routers {
		earlier[r.Name] = r
	}
	d := statistics{at: c.at, interval: c.at.Sub(first.at), started: c.started, global: gained(c.global, first.global)}
	for _, r := range c.routers {
		r.counts = gained(r.counts, earlier[r.Name].counts)
		d.routers = append(d.routers, r)
	}
	return d
}

// gained is by how much counters rose. One that is lower than before was begun anew.
func gained(now, before map[string]uint64) map[string]uint64 {
	rise := maps.Clone(now)
	for name, n := range before {
		if now[name] >= n {
			rise[name] -= n
		}
	}
	return rise
}

// reasonName is the name in the MIB of why a router became master (vrrpv3StatisticsNewMasterReason).
func reasonName(why string) string {
	switch why {
	case "":
		return "notMaster"
	case "silence":
		return "masterNoResponse"
	case "preempt":
		return "preempted"
	}
	return "priority"
}

// protocolErrors are the verdicts that the MIB has a name for (vrrpv3StatisticsProtoErrReason).
var protocolErrors = map[string]string{
	"ttl": "ipTtlError", "version": "versionError", "checksum": "checksumError", "vrid": "vrIdError",
}

// protocolError is the name in the MIB of a router's last error of the protocol.
func protocolError(s api.Snapshot, r api.Router) string {
	name, last := "noError", time.Time{}
	for _, d := range s.Drops {
		if reason := protocolErrors[d.Verdict]; reason != "" && d.Router == r.Name && d.Last != nil && d.Last.After(last) {
			name, last = reason, *d.Last
		}
	}
	return name
}

// globalCounts are those that the MIB has for all routers together.
func globalCounts(s api.Snapshot) map[string]uint64 {
	counts := map[string]uint64{"RouterChecksumErrors": 0, "RouterVersionErrors": 0, "RouterVrIdErrors": 0}
	for _, d := range s.Drops {
		switch d.Verdict {
		case "checksum":
			counts["RouterChecksumErrors"] += d.Frames
		case "version":
			counts["RouterVersionErrors"] += d.Frames
		case "foreign", "vrid", "flood":
			counts["RouterVrIdErrors"] += d.Frames
		}
	}
	return counts
}

func routerCounts(s api.Stats) map[string]uint64 {
	n := s.Keepalived(true)
	counts := make(map[string]uint64, len(routerCounters))
	for _, c := range routerCounters {
		counts[c.name] = c.of(&n)
	}
	return counts
}
