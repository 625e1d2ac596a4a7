package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// capturedLink is the link a capture is read on, for codec and filter alike; loader.Try gives its frames to it.
const capturedLink = 1

// filter is the kernel side as explain uses it.
type filter interface {
	SetSegment(s loader.Segment) error
	SetRouter(r vrrp.Rules) error
	Try(frame []byte, hook loader.Mode) (verdict.Verdict, error)
	Close() error
}

// openFilter loads the real one.
func openFilter() (filter, error) {
	l, err := loader.Open(loader.Options{Trace: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	return l, nil
}

type explainOptions struct {
	capture string
	config  string
	iface   string
	own     []string
	output  string
}

func newExplain(a *app) *cobra.Command {
	var o explainOptions
	c := &cobra.Command{
		Use:   "explain CAPTURE.pcap",
		Short: "Say what becomes of each frame of a capture, and why",
		Long: `Explain runs every frame of a capture through the receive checks of the codec and, where it may load
it (as root), of the kernel filter, and prints one line per frame: number, seconds since the first,
verdict, addresses, decoded fields, the router it would reach and the reason. A frame on which codec
and filter differ is marked with !! and fails the command.

With --config the frames are judged by the routers of that file on --iface. Without, every VRID in the
capture counts as a router of ours, whose version, authentication, interval and addresses are those of
its first whole advert: then the line says where later adverts depart from it.

What the capture does not tell is taken thus: the rate limit is off, the master followed is the last
sender that was accepted, and the address this router sends from is unknown unless it is in the file
or given by --own.`,
		Example: `  tcpdump -i ens160 -w adverts.pcap 'ip proto 112'
  xvrrp explain adverts.pcap
  xvrrp explain adverts.pcap --config /etc/keepalived/keepalived.conf --iface ens160 --own 172.160.180.46
  xvrrp explain adverts.pcap -o json | jq 'select(.action == "drop")'`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			o.capture = args[0]
			return explain(a, o)
		},
	}
	outputFlag(c, &o.output, "text", "json")
	f := c.Flags()
	f.StringVar(&o.config, "config", "", "judge by the routers of this `FILE`")
	f.StringVar(&o.iface, "iface", "", "the `INTERFACE` the capture was taken on, if the file names several")
	f.StringArrayVar(&o.own, "own", nil, "an `ADDRESS` this router sends adverts from (once per family)")
	return c
}

func explain(a *app, o explainOptions) error {
	if o.iface != "" && o.config == "" {
		return usagef("--iface chooses routers of a file: name it with --config")
	}
	own, err := parseOwn(o.own)
	if err != nil {
		return err
	}
	subjects, err := findSubjects(a, o, own)
	if err != nil {
		return err
	}
	j, err := newJudge(a, subjects)
	if err != nil {
		return err
	}
	defer j.close()
	p := &explainer{app: a, judge: j, json: o.output == "json"}
	if err := eachPacket(o.capture, p.frame); err != nil {
		return err
	}
	return p.end()
}

// findSubjects is the routers to judge by: those of the file, or those the capture speaks of.
func findSubjects(a *app, o explainOptions, own []netip.Addr) (*subjects, error) {
	if o.config != "" {
		return configured(a, o, own)
	}
	s, err := learn(o.capture)
	if err != nil {
		return nil, err
	}
	for _, r := range s.routers {
		fmt.Fprintf(a.stderr, "xvrrp: no --config: %s\n", r.learned)
	}
	return s, nil
}

func parseOwn(list []string) ([]netip.Addr, error) {
	var out []netip.Addr
	for _, s := range list {
		addr, err := netip.ParseAddr(s)
		if err != nil {
			return nil, usagef("--own %s: not an IP address", s)
		}
		out = append(out, addr)
	}
	return out, nil
}

// eachPacket calls visit for every packet of a capture, numbered from 1.
func eachPacket(path string, visit func(n int, p packet) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	c, err := openCapture(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for n := 1; ; n++ {
		p, err := c.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s, packet %d: %w", path, n, err)
		}
		if err := visit(n, p); err != nil {
			return err
		}
	}
}
