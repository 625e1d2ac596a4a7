package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

type sniffOptions struct {
	api.SniffFilter
	source   string
	verdicts []string
	output   string
	pcap     string
	count    int
}

func newSniff(a *app) *cobra.Command {
	var o sniffOptions
	c := &cobra.Command{
		Use:   "sniff",
		Short: "Show every advert as it comes, with verdict and reason",
		Long: `Sniff shows adverts as the kernel filter judges them, also those that it drops or keeps back and that tcpdump
therefore never sees where XDP takes them. A line has the time of the kernel's stamp, link, action and verdict
(docs/verdicts.md), what the advert says, our router it is for, the time since the sender's last advert (+), and
for adverts that were not taken the sender's MAC and the reason with the values expected and seen. Adverts of this
host are not received and so not among them. Signatures of auth_hmac are looked at later: xvrrp drops tells of them.

Passwords are shown with --show-passwords only. The file of --pcap holds the frames as they were received, at
most 512 bytes of each, and so the passwords, too; xvrrp explain, tcpdump and Wireshark read it.

While nobody sniffs it costs nothing. More than 5000 adverts a second, or what is read too slowly, are left out,
and standard error tells how many.`,
		Example: `  xvrrp sniff
  xvrrp sniff --router VI_1 --verdict conflict,auth_data
  xvrrp sniff --iface ens160 --count 100 --pcap adverts.pcap
  xvrrp sniff -o json | jq -r 'select(.action == "drop") | [.source, .why] | @tsv'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return sniff(cmd.Context(), a, o) },
	}
	outputFlag(c, &o.output, "text", "json")
	f := c.Flags()
	f.StringVar(&o.Interface, "iface", "", "only adverts on this `INTERFACE`")
	f.StringVar(&o.Router, "router", "", "only adverts for this `ROUTER` of ours")
	f.Uint8Var(&o.VRID, "vrid", 0, "only adverts for this VRID, a `NUMBER` from 1 to 255")
	f.StringVar(&o.source, "source", "", "only adverts from this `ADDRESS`")
	f.StringSliceVar(&o.verdicts, "verdict", nil, "only adverts with one of these `VERDICTS`, such as conflict,ttl, or actions: take, pass, drop")
	f.StringVar(&o.pcap, "pcap", "", "also write the frames to this `FILE`, - for standard output instead of text")
	f.IntVar(&o.count, "count", 0, "stop after this `NUMBER` of adverts")
	f.BoolVar(&o.Secrets, "show-passwords", false, "show the passwords of version 2")
	c.RegisterFlagCompletionFunc("router", a.completeRouters(0))
	return c
}

func sniff(ctx context.Context, a *app, o sniffOptions) error {
	if err := o.complete(); err != nil {
		return err
	}
	show := sniffText(a)
	if o.output == "json" {
		show = func(s api.Sniffed) error { return writeJSONLine(a.stdout, s) }
	}
	switch o.pcap {
	case "":
		return o.follow(ctx, a, nil, show)
	case "-":
		return o.capture(ctx, a, func() (io.Writer, error) { return a.stdout, nil }, func(api.Sniffed) error { return nil })
	}
	var f *os.File
	err := o.capture(ctx, a, func() (_ io.Writer, err error) {
		f, err = os.OpenFile(o.pcap, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // it may hold passwords
		return f, err
	}, show)
	if f == nil {
		return err
	}
	return errors.Join(err, f.Close())
}

// capture writes frames beside showing them, to what is opened once the daemon has agreed: until then a file that is
// there already keeps what it holds.
func (o *sniffOptions) capture(ctx context.Context, a *app, open func() (io.Writer, error), show func(api.Sniffed) error) error {
	var buffer *bufio.Writer
	var c *captureWriter
	begun := func() error {
		to, err := open()
		if err != nil {
			return err
		}
		buffer = bufio.NewWriter(to)
		if c, err = newCaptureWriter(buffer); err != nil {
			return err
		}
		return buffer.Flush()
	}
	return o.follow(ctx, a, begun, func(s api.Sniffed) error {
		err := errors.Join(c.write(s.Time, s.Frame, s.Bytes), buffer.Flush()) // whole whenever it is looked at
		s.Frame = nil
		return errors.Join(err, show(s))
	})
}

// complete refuses filters that mean nothing.
func (o *sniffOptions) complete() error {
	if o.source != "" {
		addr, err := netip.ParseAddr(o.source)
		if err != nil {
			return usagef("--source %s: not an IP address", o.source)
		}
		o.source = addr.String()
	}
	for _, v := range o.verdicts {
		if _, known := verdictNamed(v); !known && !isAction(v) {
			return usagef("--verdict %s: no such verdict; docs/verdicts.md lists them", v)
		}
	}
	if o.Router != "" && o.VRID != 0 {
		return usagef("--router %s has one VRID: leave out --vrid", o.Router)
	}
	if o.count < 0 {
		return usagef("--count %d: choose a number above 0", o.count)
	}
	o.Frames = o.pcap != ""
	return nil
}

func isAction(name string) bool {
	return slices.Contains([]string{verdict.Take.String(), verdict.Pass.String(), verdict.Drop.String()}, name)
}

func (o *sniffOptions) wants(s *api.Sniffed) bool {
	return (o.source == "" || s.Source == o.source) &&
		(len(o.verdicts) == 0 || slices.Contains(o.verdicts, s.Verdict) || slices.Contains(o.verdicts, s.Action))
}

// follow shows adverts until there are enough or the user has had enough.
func (o *sniffOptions) follow(ctx context.Context, a *app, begun func() error, show func(api.Sniffed) error) error {
	var shown int
	var lost uint64
	for s, err := range a.client().Sniff(ctx, o.SniffFilter, begun) {
		if ctx.Err() != nil {
			return nil // asked to stop, which is how this ends
		}
		if err != nil {
			return err
		}
		if s.Lost > lost {
			fmt.Fprintf(a.stderr, "xvrrp: %s left out: too many, or read too slowly\n", counted(int(s.Lost-lost), "advert"))
			lost = s.Lost
		}
		if !o.wants(&s) {
			continue
		}
		if err := show(s); err != nil {
			return err
		}
		if shown++; shown == o.count {
			return nil
		}
	}
	return nil
}

// sniffText shows adverts a line each.
func sniffText(a *app) func(api.Sniffed) error {
	last := make(map[string]api.Sniffed) // of each sender
	return func(s api.Sniffed) error {
		sender := strings.Join([]string{s.Interface, s.VLAN, s.Source, s.MAC, vridText(s)}, " ")
		before, known := last[sender]
		if len(last) >= mostFollowed {
			clear(last)
		}
		last[sender] = s
		gap := ""
		if known {
			gap = fmt.Sprintf("+%.6fs", s.Time.Sub(before.Time).Seconds())
		}
		_, err := fmt.Fprintln(a.stdout, sniffLine(s, gap))
		return err
	}
}

// mostFollowed bounds what a flood of senders makes the command remember.
const mostFollowed = 4096

func vridText(s api.Sniffed) string {
	if s.Advert == nil {
		return ""
	}
	return fmt.Sprint(s.Advert.VRID)
}

// sniffLine is an advert on one line.
func sniffLine(s api.Sniffed, gap string) string {
	parts := []string{s.Time.Local().Format(timeOfDay), place(s.Interface, s.VLAN), fmt.Sprintf("%-4s %-10s", strings.ToUpper(s.Action), s.Verdict)}
	parts = append(parts, fmt.Sprintf("%s > %s", s.Source, s.Destination))
	if s.Advert != nil {
		parts = append(parts, sniffedAdvert(s.Advert))
	}
	if s.Router != "" {
		parts = append(parts, "for "+s.Router)
	}
	if gap != "" {
		parts = append(parts, gap)
	}
	if s.Action != verdict.Take.String() {
		parts = append(parts, "from "+s.MAC, "because: "+s.Why)
	}
	return strings.Join(parts, "  ")
}

func sniffedAdvert(a *api.Advert) string {
	text := fmt.Sprintf("v%d vrid %d prio %d every %s", a.Version, a.VRID, a.Priority, seconds(a.Interval))
	switch {
	case a.Password != "":
		text += fmt.Sprintf(" auth %s %q", a.Auth, a.Password)
	case a.Auth != "none":
		text += " auth " + a.Auth
	}
	addrs := a.Addresses
	more := ""
	if len(addrs) > mostAddrs {
		addrs, more = addrs[:mostAddrs], fmt.Sprintf(" and %d more", len(a.Addresses)-mostAddrs)
	}
	return text + " [" + strings.Join(addrs, " ") + more + "]"
}
