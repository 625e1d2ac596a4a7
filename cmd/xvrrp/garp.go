package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

func newGARP(a *app) *cobra.Command {
	var all bool
	var output string
	c := &cobra.Command{
		Use:   "garp {ROUTER... | --all}",
		Short: "Announce virtual addresses again, as after a takeover",
		Long: `Garp has masters send gratuitous ARP and unsolicited neighbour advertisements for their addresses now, as
many of each as garp_master_repeat says, at the pace of garp_interval and gna_interval. That turns hosts,
switches and firewalls that hold on to the MAC address of another host. Only a master may: for any other
router named it is an error, and nothing is sent. --all takes the masters there are.`,
		Example: `  xvrrp garp VI_1
  xvrrp garp --all`,
		ValidArgsFunction: a.completeRouters(0),
		PreRunE: func(_ *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return usagef("name routers, or give --all")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := a.client().Announce(cmd.Context(), api.Announcement{Routers: args})
			if err != nil {
				return err
			}
			if output == "json" {
				return writeJSON(a.stdout, done)
			}
			text := "announcing the addresses of " + listed(done.Routers)
			if len(done.Routers) == 0 {
				text = "no router is master: nothing to announce"
			}
			_, err = fmt.Fprintln(a.stdout, text)
			return err
		},
	}
	outputFlag(c, &output, "text", "json")
	c.Flags().BoolVar(&all, "all", false, "of all masters")
	return c
}
