package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

type whyOptions struct {
	last   int
	event  uint64
	output string
	pcap   string // file
}

func newWhy(a *app) *cobra.Command {
	var o whyOptions
	c := &cobra.Command{
		Use:   "why ROUTER",
		Short: "Tell why a router last changed its state",
		Long: `Why tells the story of a router's last change of state: what caused it, what led to it in order of
time, the numbers it was decided by and the rule that was applied. It was written down when it
happened, from the kernel's time stamps, and does not change by what comes later.

The daemon remembers the last four changes of each router and the last adverts before each, as long
as it runs. Of a master that repeats itself the kernel keeps the repeats back; of these there are
the last time stamp and the last gaps. With --pcap those adverts that were handed over are written
as a capture: frames made anew from the addresses, the TTL and the message as they came. They hold
the passwords of version 2, so that only who may change the daemon may have them.

In json, cause is one of: start, stop, owner, no_master, master_silent, master_resigned, preemption,
outranked, tie, paused (this daemon did not run), late, link, address, tracker, configuration,
operator, fault, sync_group.`,
		Example: `  xvrrp why VI_1
  xvrrp why VI_1 --last 3
  xvrrp why VI_1 --pcap failover.pcap && tcpdump -vr failover.pcap
  xvrrp why VI_1 -o json | jq -r '.stories[-1].cause'`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeRouters(1),
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case o.last < 1:
				return usagef("--last %d: at least 1", o.last)
			case cmd.Flags().Changed("last") && cmd.Flags().Changed("event"):
				return usagef("give --last or --event, not both")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return tellWhy(cmd.Context(), a, args[0], o)
		},
	}
	c.Flags().IntVar(&o.last, "last", 1, "tell the last `N` changes")
	c.Flags().Uint64Var(&o.event, "event", 0, "tell the change that xvrrp events numbers `SEQ`")
	c.Flags().StringVar(&o.pcap, "pcap", "", "also write the adverts to `FILE`, as a capture with nanoseconds")
	outputFlag(c, &o.output, "text", "json")
	return c
}

func tellWhy(ctx context.Context, a *app, router string, o whyOptions) error {
	s, err := a.client().Stories(ctx, router, o.pcap != "")
	if err != nil {
		return err
	}
	if s.Stories, err = pickStories(s.Stories, o); err != nil {
		return err
	}
	if o.pcap != "" {
		if err := writeAdverts(o.pcap, s.Stories); err != nil {
			return err
		}
	}
	if o.output == "json" {
		return writeJSON(a.stdout, s)
	}
	return printStories(a.stdout, s)
}

// pickStories are the stories that were asked for.
func pickStories(all []api.Story, o whyOptions) ([]api.Story, error) {
	if o.event == 0 {
		return all[max(0, len(all)-o.last):], nil
	}
	for i := range all {
		if all[i].Event == o.event {
			return all[i : i+1], nil
		}
	}
	return nil, fmt.Errorf("event %d is no change of this router's state, or is forgotten: the last four are remembered", o.event)
}

func printStories(w io.Writer, s api.Stories) error {
	if len(s.Stories) == 0 {
		_, err := fmt.Fprintf(w, "%s is %s since %s, because of %s; what led to it is not remembered.\n", s.Router, s.Role,
			moment(s.Since), s.Why)
		return err
	}
	for i := range s.Stories {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := printStory(w, &s.Stories[i]); err != nil {
			return err
		}
	}
	return nil
}

func printStory(w io.Writer, s *api.Story) error {
	number := ""
	if s.Event != 0 {
		number = fmt.Sprintf(", event %d", s.Event)
	}
	fmt.Fprintf(w, "%s  %s -> %s  cause: %s%s\n\n", moment(s.Time), strings.ToUpper(s.From), strings.ToUpper(s.To), s.Cause, number)
	fmt.Fprintf(w, "%s\n\n", s.Summary)
	var t table
	for _, l := range s.Lines {
		t.add(l.Time.Local().Format(timeOfDay), l.Text)
	}
	if err := t.write(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nRule: %s.\n", s.Rule)
	return err
}

// writeAdverts writes the adverts of stories to a capture, each once.
func writeAdverts(path string, stories []api.Story) (err error) {
	var adverts []api.RawAdvert
	for i := range stories {
		adverts = append(adverts, stories[i].Adverts...)
	}
	if len(adverts) == 0 {
		return errors.New("no advert was handed over before this: there is nothing to write to " + path)
	}
	slices.SortStableFunc(adverts, func(a, b api.RawAdvert) int {
		return cmp.Or(cmp.Compare(a.Stamp, b.Stamp), a.Source.Compare(b.Source))
	})
	adverts = slices.CompactFunc(adverts, func(a, b api.RawAdvert) bool { // two stories may tell of one
		return a.Stamp == b.Stamp && a.Source == b.Source
	})
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // it may hold passwords
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buffered := bufio.NewWriter(f)
	c, err := newCaptureWriter(buffered)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	for i := range adverts {
		a := &adverts[i]
		frame, err := rebuilt(a)
		if err != nil {
			return err
		}
		if err := c.write(a.Time, frame, len(frame)); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	return buffered.Flush()
}
