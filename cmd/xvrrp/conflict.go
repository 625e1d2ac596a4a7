package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

type conflictOptions struct {
	router string
	peers  []string
	output string
}

func newConflict(a *app) *cobra.Command {
	var o conflictOptions
	c := &cobra.Command{
		Use:   "conflict [ROUTER]",
		Short: "Tell who else uses our VRIDs, how they differ and what to change",
		Long: `Conflict looks for senders that trouble our routers, or one of them, on their own VRID: another cluster with
the same VRID (none of its addresses is ours), a router whose adverts are refused because it is set up
unlike this one, a host that uses our address, adverts of ours that come back, two masters at a time, and
a router never heard before that took over from a living master. It names their address and MAC, how
they differ, what this router did, a VRID that is free on the segment, and the line to change.

A valid advert does not tell whether its sender belongs to the cluster: a rogue with our addresses and a
higher priority looks like a peer that was just started. --peer names those that belong; unicast_peer does so, too.

The exit code is 0 if there is no conflict now, and 6 if there is one. A sender counts for three of its
intervals, and 10 s at least, after its last advert.`,
		Example: `  xvrrp conflict
  xvrrp conflict VI_1 --peer 172.160.180.46 --peer 172.160.180.47
  xvrrp conflict -o json | jq -r '.conflicts[] | [.router, .kind, .sender.source, .sender.mac] | @tsv'`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeRouters(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.router = strings.Join(args, "")
			return conflict(cmd.Context(), a, o)
		},
	}
	outputFlag(c, &o.output, "text", "json")
	c.Flags().StringArrayVar(&o.peers, "peer", nil, "the `ADDRESS` of a router of this cluster (may be repeated)")
	return c
}

func conflict(ctx context.Context, a *app, o conflictOptions) error {
	for i, peer := range o.peers {
		addr, err := netip.ParseAddr(peer)
		if err != nil {
			return usagef("--peer %s: not an IP address", peer)
		}
		o.peers[i] = addr.String()
	}
	found, err := a.client().Conflicts(ctx, o.router, o.peers)
	if err != nil {
		return err
	}
	if o.output == "json" {
		err = writeJSON(a.stdout, found)
	} else {
		err = printConflicts(a.stdout, found)
	}
	if err == nil && len(found.Conflicts) > 0 {
		return exitWith(exitNotReached, errSilent)
	}
	return err
}

func printConflicts(w io.Writer, found api.Conflicts) error {
	switch {
	case found.Routers == 0:
		_, err := fmt.Fprintln(w, "the daemon only observes: there is no router of ours to be troubled; xvrrp scan lists who is there")
		return err
	case len(found.Conflicts) == 0:
		fmt.Fprintf(w, "no conflict on the %s of %s\n", vridsOf(found.Routers), counted(found.Routers, "router"))
	}
	for i := range found.Conflicts {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := printConflict(w, found, &found.Conflicts[i]); err != nil {
			return err
		}
	}
	return printParticipants(w, found)
}

func vridsOf(routers int) string {
	if routers == 1 {
		return "VRID"
	}
	return "VRIDs"
}

// printConflict is one screen on one sender.
func printConflict(w io.Writer, found api.Conflicts, c *api.Conflict) error {
	s := &c.Sender
	fmt.Fprintf(w, "%s: VRID %d on %s\n", c.Router, s.VRID, segmentName(s.Interface, s.VLAN, s.Family))
	fmt.Fprintf(w, "  %s\n\n", c.Summary)
	var t table
	t.add("  Who", fmt.Sprintf("%s, MAC %s%s", s.Source, s.MAC, macHint(c)))
	t.add(" ", fmt.Sprintf("first heard %s ago, last %s ago", age(found.Now.Sub(s.First)), age(found.Now.Sub(s.Last))))
	for i, d := range c.Differences {
		head := " "
		if i == 0 {
			head = "  Differs in"
		}
		t.add(head, fmt.Sprintf("%s: theirs %s, ours %s", d.Keyword, orDash(d.Theirs), orDash(d.Ours)))
	}
	if c.Why != "" {
		t.add("  Verdict", fmt.Sprintf("%s: %s", s.Verdict, c.Why))
	}
	t.add("  Effect", c.Effect)
	if c.FreeVRID != 0 {
		t.add("  Free", fmt.Sprintf("VRID %d: not configured here, and not heard in %s of listening", c.FreeVRID, age(toDuration(c.Listening))))
	}
	if c.Change != nil {
		t.add("  Change", fmt.Sprintf("%s:  %s", lineName(c.Change), c.Change.Text))
	}
	for i, advice := range c.Advice {
		head := " "
		if i == 0 {
			head = "  To do"
		}
		t.add(head, advice)
	}
	return t.write(w)
}

// lineName is where a line is.
func lineName(l *api.Line) string {
	if l.Line == 0 {
		return l.File
	}
	return fmt.Sprintf("%s:%d", l.File, l.Line)
}

// macHint says what an Ethernet address tells of its owner, where it does.
func macHint(c *api.Conflict) string {
	switch c.MACKind {
	case "virtual":
		return fmt.Sprintf(" (the virtual MAC of VRID %d: it does not tell which host)", c.Sender.VRID)
	case "local":
		return " (locally administered: of a virtual machine, container or macvlan, not a card)"
	}
	return ""
}

// printParticipants lists those that take part and trouble nobody.
func printParticipants(w io.Writer, found api.Conflicts) error {
	if len(found.Peers) == 0 {
		return nil
	}
	if len(found.Conflicts) > 0 {
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "taking part with our routers:")
	var t table
	t.add("ROUTER", "VRID", "SOURCE", "MAC", "PRIO", "FIRST", "LAST")
	for _, p := range found.Peers {
		t.add(p.Router, fmt.Sprint(p.VRID), p.Source, p.MAC, fmt.Sprint(p.Priority), age(found.Now.Sub(p.First)), age(found.Now.Sub(p.Last)))
	}
	return t.write(w)
}
