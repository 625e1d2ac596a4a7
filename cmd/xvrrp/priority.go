package main

import (
	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

// unsetPriority is the word in the place of a priority that takes back what was set.
const unsetPriority = "reset"

func newPriority(a *app) *cobra.Command {
	var o editOptions
	c := &cobra.Command{
		Use:   "priority ROUTER {N|reset}",
		Short: "Change a router's priority until the daemon is started anew",
		Long: `Priority sets the base priority of a router, from 1 to 255, to which trackers add and from which they subtract.
It is short for xvrrp router set ROUTER 'priority N': the role stays, the others learn of it by the next
advert, a reload leaves it, xvrrp router list shows it, and a restart forgets it, unless the router was
changed with --keep. "reset" puts the priority of the configuration file back in force and leaves whatever
else was changed of the router.

To have a master hand over for a while use xvrrp failover, which also puts the priority back.`,
		Example: `  xvrrp priority VI_1 150
  xvrrp priority VI_1 reset`,
		Args: cobra.ExactArgs(2),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return []string{unsetPriority}, cobra.ShellCompDirectiveNoFileComp
			}
			return a.completeRouters(1)(cmd, args, word)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			e := api.Edit{Verb: api.SetRouter, Names: args[:1], Text: "priority " + args[1], Label: argumentLabel}
			if args[1] == unsetPriority {
				e = api.Edit{Verb: api.ResetRouters, Names: args[:1], Text: "priority"}
			}
			return a.edit(cmd.Context(), o, e)
		},
	}
	o.flags(c, "")
	return c
}
