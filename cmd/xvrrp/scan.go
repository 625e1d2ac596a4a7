package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

type scanOptions struct {
	iface  string
	during time.Duration
	all    bool
	output string
}

func newScan(a *app) *cobra.Command {
	var o scanOptions
	c := &cobra.Command{
		Use:   "scan",
		Short: "List every VRID heard on a segment, ours or not, and those that are free",
		Long: `Scan lists who sends adverts on the links of the running daemon, by segment (link, VLAN and family) and VRID,
and the VRIDs that are free there: neither configured here nor heard since the daemon listens. Only masters
send, so that a cluster shows as its master. ROUTER is ours with that VRID; WHAT is what becomes of
the adverts: "this host" (our own), "peer" (valid, for ROUTER), "foreign" (a VRID that is not ours), or the
verdict by which ROUTER refuses them, as in xvrrp drops.

Listed is who is there now: heard within three of its intervals, and 10 s at least. The filter samples
foreign adverts, one a second for each VRID and verdict, so that of two senders which both are foreign on one
VRID the second may be missing; ADVERTS counts what was sampled. With --for the command hears every advert for a
while, and lists who sent how many of them. A link that no router is on is scanned by a daemon that observes:
xvrrp run --iface ens192 --runtime-dir DIR, and xvrrp scan --runtime-dir DIR.`,
		Example: `  xvrrp scan
  xvrrp scan --iface ens160 --for 5s
  xvrrp scan -o json | jq '.segments[] | {interface, vlan, family, free_vrids}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return scan(cmd.Context(), a, o) },
	}
	outputFlag(c, &o.output, "table", "json")
	f := c.Flags()
	f.StringVar(&o.iface, "iface", "", "only this `INTERFACE`")
	f.DurationVar(&o.during, "for", 0, "hear every advert for this `TIME`, such as 5s, and list who sent them")
	f.BoolVar(&o.all, "all", false, "list also those that have stopped")
	return c
}

func scan(ctx context.Context, a *app, o scanOptions) error {
	if o.during < 0 || o.during > 0 && o.all {
		return usagef("--for %v: choose a time to listen for, or --all", o.during)
	}
	var heard map[sender]*api.Sighting
	if o.during > 0 {
		var err error
		if heard, err = listen(ctx, a, o.iface, o.during); err != nil {
			return observable(err)
		}
	}
	s, err := a.client().Segments(ctx)
	switch {
	case err != nil:
		return observable(err)
	case o.during > 0:
		onlyHeard(&s, heard)
	case !o.all:
		onlyPresent(&s)
	}
	if err := onlyOn(&s, o.iface); err != nil {
		return err
	}
	if o.output == "json" {
		return writeJSON(a.stdout, s)
	}
	return printSegments(a.stdout, s)
}

// observable adds to the lack of a daemon how a link is listened to that no router is on.
func observable(err error) error {
	if !errors.Is(err, api.ErrNoDaemon) {
		return err
	}
	return fmt.Errorf("%w (xvrrp run --iface INTERFACE observes a link without taking part)", err)
}

// onlyPresent leaves out those who have stopped.
func onlyPresent(s *api.Segments) {
	for i := range s.Segments {
		s.Segments[i].Heard = slices.DeleteFunc(s.Segments[i].Heard, func(h api.Sighting) bool { return !h.Self && !h.Present })
	}
}

// onlyOn leaves the segments of one link, if one is named.
func onlyOn(s *api.Segments, iface string) error {
	if iface == "" {
		return nil
	}
	var names []string
	for _, seg := range s.Segments {
		names = append(names, seg.Interface)
	}
	s.Segments = slices.DeleteFunc(s.Segments, func(seg api.Segment) bool { return seg.Interface != iface })
	if len(s.Segments) == 0 {
		return fmt.Errorf("the daemon does not listen on %s, but on %s: xvrrp run --iface %s --runtime-dir DIR observes it without taking part",
			iface, orDash(strings.Join(slices.Compact(names), ", ")), iface)
	}
	return nil
}

func printSegments(w io.Writer, s api.Segments) error {
	if len(s.Segments) == 0 {
		_, err := fmt.Fprintln(w, "the daemon listens on no link yet")
		return err
	}
	for i, seg := range s.Segments {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := printSegment(w, s.Now, seg); err != nil {
			return err
		}
	}
	return nil
}

func printSegment(w io.Writer, now time.Time, seg api.Segment) error {
	fmt.Fprintf(w, "%s, listened to for %s\n", segmentName(seg.Interface, seg.VLAN, seg.Family), age(toDuration(seg.Listening)))
	if len(seg.Heard) == 0 {
		fmt.Fprintln(w, "no advert was heard")
	} else {
		var t table
		t.add("VRID", "ROUTER", "WHAT", "SOURCE", "MAC", "VER", "PRIO", "ADVERT", "AUTH", "CHECKSUM", "ADVERTS", "FIRST", "LAST", "ADDRESSES")
		for _, h := range seg.Heard {
			last := age(now.Sub(h.Last))
			if h.Self && !h.Present {
				last = ""
			}
			t.add(fmt.Sprint(h.VRID), h.Router, whatBecomes(h), h.Source, h.MAC, fmt.Sprint(h.Version), fmt.Sprint(h.Priority), seconds(h.Interval),
				h.Auth, h.Checksum, fmt.Sprint(h.Samples), age(now.Sub(h.First)), last, strings.Join(h.Addresses, ","))
		}
		if err := t.write(w); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "free VRIDs: %s\n", ranges(seg.Free))
	return err
}

// segmentName is a segment in words.
func segmentName(iface, vlan, family string) string {
	return place(iface, vlan) + " " + map[string]string{"ipv4": "IPv4", "ipv6": "IPv6"}[family]
}

// whatBecomes is the WHAT column.
func whatBecomes(h api.Sighting) string {
	switch {
	case h.Self:
		return "this host, " + h.Role
	case h.Verdict == "delivered":
		return "peer"
	case h.Verdict == "vlan":
		return "foreign"
	}
	return h.Verdict
}

// ranges writes ascending numbers as 1-50, 52, 57-255.
func ranges(numbers []int) string {
	var out []string
	for i := 0; i < len(numbers); {
		first := i
		for i++; i < len(numbers) && numbers[i] == numbers[i-1]+1; i++ {
		}
		if i-first == 1 {
			out = append(out, fmt.Sprint(numbers[first]))
		} else {
			out = append(out, fmt.Sprintf("%d-%d", numbers[first], numbers[i-1]))
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

// toDuration is a number of seconds from JSON.
func toDuration(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
