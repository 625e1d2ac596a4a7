package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// dropsSchema names the shape of dropsReport.
const dropsSchema = "xvrrp.drops/v1"

// dropsReport is what `xvrrp drops -o json` prints.
type dropsReport struct {
	Schema  string         `json:"schema"`
	Drops   []api.Drop     `json:"drops"`
	Sources []api.Sighting `json:"sources"` // who sent them, as far as the filter took samples
}

type dropsOptions struct {
	iface, router, source string
	verdicts              []string
	action                string
	bySource              bool
	output                string
}

func newDrops(a *app) *cobra.Command {
	var o dropsOptions
	c := &cobra.Command{
		Use:   "drops",
		Short: "Show which adverts were not taken: why, from whom, how many",
		Long: `Drops counts the adverts that did not count, by link, router and verdict, since the daemon started. DROP
means discarded in the kernel as bogus; PASS means not ours and handed on untouched. SOURCE and WHY tell of
the last one sampled, and -o wide what was in it. With --by-source there is a row for each sender and
verdict; SAMPLED then counts samples, of which the filter takes one a second for each reason.
The verdicts are explained in docs/verdicts.md.`,
		Example: `  xvrrp drops
  xvrrp drops --action drop --router VI_1 -o wide
  xvrrp drops --source 172.160.180.49
  xvrrp drops -o json | jq '.drops[] | select(.action == "drop")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return drops(cmd.Context(), a, o) },
	}
	outputFlag(c, &o.output, "table", "wide", "json")
	f := c.Flags()
	f.StringVar(&o.iface, "iface", "", "only on this `INTERFACE`")
	f.StringVar(&o.router, "router", "", "only for this `ROUTER` of ours")
	f.StringSliceVar(&o.verdicts, "verdict", nil, "only with one of these `VERDICTS`, such as conflict,ttl")
	f.StringVar(&o.action, "action", "", "only those with this `ACTION`, drop or pass")
	f.BoolVar(&o.bySource, "by-source", false, "a row for each sender and verdict")
	f.StringVar(&o.source, "source", "", "only from this `ADDRESS`; implies --by-source")
	c.RegisterFlagCompletionFunc("router", a.completeRouters(0))
	return c
}

func drops(ctx context.Context, a *app, o dropsOptions) error {
	if err := o.complete(); err != nil {
		return err
	}
	s, err := a.client().Status(ctx)
	if err != nil {
		return err
	}
	if err := o.known(s); err != nil {
		return err
	}
	s.Drops = slices.DeleteFunc(s.Drops, func(d api.Drop) bool { return !o.wants(d.Interface, d.Router, d.Verdict, o.source) })
	s.Heard = slices.DeleteFunc(s.Heard, func(h api.Sighting) bool { return !o.wants(h.Interface, h.Router, h.Verdict, h.Source) })
	switch {
	case o.output == "json":
		return writeJSON(a.stdout, dropsReport{dropsSchema, s.Drops, s.Heard})
	case o.bySource:
		return printSources(a.stdout, s, o.output == "wide")
	}
	return printDrops(a.stdout, s, o.output == "wide")
}

// complete refuses filters that mean nothing.
func (o *dropsOptions) complete() error {
	if o.source != "" {
		addr, err := netip.ParseAddr(o.source)
		if err != nil {
			return usagef("--source %s: not an IP address", o.source)
		}
		o.source, o.bySource = addr.String(), true
	}
	for _, v := range o.verdicts {
		if _, known := verdictNamed(v); !known {
			return usagef("--verdict %s: no such verdict; docs/verdicts.md lists them", v)
		}
	}
	if o.action != "" && o.action != verdict.Drop.String() && o.action != verdict.Pass.String() {
		return usagef("--action %s: choose drop or pass", o.action)
	}
	return nil
}

// known refuses a link and a router that are not there, nor left anything behind.
func (o *dropsOptions) known(s api.Snapshot) error {
	left := func(is func(d api.Drop) bool) bool { return slices.ContainsFunc(s.Drops, is) }
	if o.iface != "" && linkOf(s, o.iface).Name == "" && !left(func(d api.Drop) bool { return d.Interface == o.iface }) {
		var names []string
		for _, l := range s.Links {
			names = append(names, l.Name)
		}
		return fmt.Errorf("the daemon does not listen on %s, but on %s", o.iface, orDash(strings.Join(names, ", ")))
	}
	if o.router == "" || left(func(d api.Drop) bool { return d.Router == o.router }) {
		return nil
	}
	return (&routerFilter{name: o.router}).pick(&s)
}

func (o *dropsOptions) wants(iface, router, label, source string) bool {
	v, _ := verdictNamed(label)
	return (o.iface == "" || o.iface == iface) && (o.router == "" || o.router == router) && (o.source == "" || o.source == source) &&
		(len(o.verdicts) == 0 || slices.Contains(o.verdicts, label)) && (o.action == "" || o.action == v.Action().String())
}

// verdictNamed is the verdict of a label.
func verdictNamed(label string) (verdict.Verdict, bool) {
	for v := range verdict.Verdict(verdict.Count) {
		if v.String() == label {
			return v, true
		}
	}
	return 0, false
}

func printDrops(w io.Writer, s api.Snapshot, wide bool) error {
	if len(s.Drops) == 0 {
		_, err := fmt.Fprintln(w, "no advert was dropped or passed by")
		return err
	}
	var t table
	t.add(withAdvert(wide, nil, []string{"ACTION", "VERDICT", "IFACE", "ROUTER", "FRAMES", "LAST", "SOURCE", "MAC"}, "WHY")...)
	for _, d := range s.Drops {
		last := ""
		if d.Last != nil {
			last = age(s.Now.Sub(*d.Last))
		}
		row := []string{strings.ToUpper(d.Action), d.Verdict, d.Interface, d.Router, fmt.Sprint(d.Frames), last, d.Source, d.MAC}
		sample := d.Sample
		if sample == nil {
			sample = new(api.Sighting)
		}
		t.add(withAdvert(wide, sample, row, why(d))...)
	}
	return t.write(w)
}

// printSources prints a row per sender and verdict.
func printSources(w io.Writer, s api.Snapshot, wide bool) error {
	if len(s.Heard) == 0 {
		_, err := fmt.Fprintln(w, "no sample of such adverts was taken")
		return err
	}
	var t table
	t.add(withAdvert(wide, nil, []string{"SOURCE", "MAC", "ACTION", "VERDICT", "IFACE", "ROUTER", "VRID", "SAMPLED", "FIRST", "LAST"}, "WHY")...)
	for i := range s.Heard {
		h := &s.Heard[i]
		v, _ := verdictNamed(h.Verdict)
		row := []string{h.Source, h.MAC, strings.ToUpper(v.Action().String()), h.Verdict, place(h.Interface, h.VLAN), h.Router, fmt.Sprint(h.VRID),
			fmt.Sprint(h.Samples), age(s.Now.Sub(h.First)), age(s.Now.Sub(h.Last))}
		t.add(withAdvert(wide, h, row, h.Why)...)
	}
	return t.write(w)
}

// withAdvert is a row with the decoded sample in wide form, and the reason at its end; no sample makes the head.
func withAdvert(wide bool, h *api.Sighting, row []string, reason string) []string {
	switch {
	case !wide:
	case h == nil:
		row = append(row, "VER", "PRIO", "ADVERT", "AUTH", "CHECKSUM", "ADDRESSES")
	case h.Version == 0: // nothing was decoded
		row = append(row, "", "", "", "", "", "")
	default:
		row = append(row, fmt.Sprint(h.Version), fmt.Sprint(h.Priority), seconds(h.Interval), h.Auth, h.Checksum, strings.Join(h.Addresses, ","))
	}
	return append(row, reason)
}

// why is the sampled frame's own story, else what the verdict means.
func why(d api.Drop) string {
	if d.Detail != "" {
		return d.Detail
	}
	return d.Meaning
}
