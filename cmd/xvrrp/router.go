package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

// argumentLabel is how places in text on the command line are shown.
const argumentLabel = "argument"

type editOptions struct {
	keep, dry bool
	output    string
}

func newRouter(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "router",
		Short: "Add, remove and change single routers of a running daemon",
		Long: `Router changes single routers at run time, in the syntax of the configuration file and with all of its
checks, also against the routers that are there. The plan is printed as by xvrrp reload. The other routers
notice nothing. What one call asks for is done as a whole or not at all: a mistake changes nothing, is told
with its place (argument:2:5, new.conf:7:3), and is exit code 3. Lines that a file would go without, with a
warning, are mistakes here.

What is changed lies on top of the file, and stays there over a reload; router reset takes it back, and
router list shows it. It ends with the daemon, unless --keep writes it to the file that the daemon reads
when it starts: /var/lib/xvrrp/routers.conf, or --state-file of xvrrp run. Daemons told apart by net_namespace
and instance have one each in directories of these names. A daemon with another runtime directory has none
unless it is named, nor has one that runs as keepalived; then --keep is refused.

Everything but vrrp_instance, such as trackers, sync groups and global_defs, is changed in the file.`,
	}
	c.AddCommand(newRouterAdd(a), newRouterSet(a), newRouterRemove(a), newRouterReset(a), newRouterList(a), newRouterShow(a))
	return c
}

// flags adds those that all commands have that change routers.
func (o *editOptions) flags(c *cobra.Command, keep string) {
	outputFlag(c, &o.output, "table", "json")
	c.Flags().BoolVar(&o.dry, "dry-run", false, "only print what would change")
	if keep != "" {
		c.Flags().BoolVar(&o.keep, "keep", false, keep)
	}
}

func newRouterAdd(a *app) *cobra.Command {
	var o editOptions
	c := &cobra.Command{
		Use:   "add [FILE|-|TEXT]",
		Short: "Add routers",
		Long: `Add adds the routers of one or several vrrp_instance blocks: of a file, of standard input (- or nothing),
or of the argument itself if there is a { in it. Definitions ($NAME) of the configuration file do not hold
in them. A sync group of the file that lists the name of a new router takes it in.`,
		Example: `  xvrrp router add new-routers.conf
  xvrrp router add --keep - < new-routers.conf
  xvrrp router add 'vrrp_instance VI_9 {
      interface ens160
      virtual_router_id 9
      virtual_ipaddress {
          10.0.0.9/24
      }
  }'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, label, err := a.blocks(strings.Join(args, ""))
			if err != nil {
				return err
			}
			return a.edit(cmd.Context(), o, api.Edit{Verb: api.AddRouters, Text: text, Label: label})
		},
	}
	o.flags(c, "add them again when the daemon starts anew")
	return c
}

// blocks is the text that an argument stands for, and how places in it are shown.
func (a *app) blocks(arg string) (text, label string, err error) {
	var b []byte
	switch {
	case strings.Contains(arg, "{"):
		return arg, argumentLabel, nil
	case arg == "" || arg == "-":
		label = "standard input"
		b, err = io.ReadAll(a.stdin)
	default:
		label = arg
		if arg, err = filepath.Abs(arg); err == nil {
			b, err = fs.ReadFile(a.root, below(arg))
		}
	}
	if err != nil {
		return "", "", fmt.Errorf("read routers: %w", err)
	}
	return string(b), label, nil
}

func newRouterSet(a *app) *cobra.Command {
	var o editOptions
	c := &cobra.Command{
		Use:   "set NAME LINE...",
		Short: "Change a router",
		Long: `Set puts lines into a router's block. Each takes the place of all lines with its keyword; a block, such as
virtual_ipaddress { ... }, is replaced as a whole, with a line break behind each of its lines. preempt and
nopreempt, accept and no_accept replace each other. Everything else of the router stays, and so does its role,
unless what its adverts are told by changes (interface, VLAN, family, version, VRID, destination): then it
starts anew.`,
		Example: `  xvrrp router set VI_9 'priority 150' 'advert_int 0.1'
  xvrrp router set --keep VI_9 'virtual_ipaddress {
      10.0.0.9/24
      10.0.0.10/24
  }'`,
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: a.completeSetting,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.edit(cmd.Context(), o, api.Edit{Verb: api.SetRouter, Names: args[:1], Text: strings.Join(args[1:], "\n"), Label: argumentLabel})
		},
	}
	o.flags(c, "change it again when the daemon starts anew")
	return c
}

func newRouterRemove(a *app) *cobra.Command {
	var o editOptions
	c := &cobra.Command{
		Use:   "remove NAME...",
		Short: "Remove routers",
		Long: `Remove ends routers: a master resigns with priority 0, and its addresses go. A router of the file is
away until router reset, or without --keep until the daemon starts anew.`,
		Example: `  xvrrp router remove VI_9
  xvrrp router remove --keep VI_8 VI_9`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeRouters(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.edit(cmd.Context(), o, api.Edit{Verb: api.RemoveRouters, Names: args})
		},
	}
	o.flags(c, "leave them out when the daemon starts anew")
	return c
}

func newRouterReset(a *app) *cobra.Command {
	var o editOptions
	c := &cobra.Command{
		Use:   "reset NAME...",
		Short: "Take back what was changed of routers at run time",
		Long: `Reset makes routers again what the configuration file said when it was last read: routers that were added
go, others come back or are as they were. It also forgets what was kept of them.`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeChanged(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.edit(cmd.Context(), o, api.Edit{Verb: api.ResetRouters, Names: args})
		},
	}
	o.flags(c, "")
	return c
}

// edit has the daemon change routers and shows what becomes of them.
func (a *app) edit(ctx context.Context, o editOptions, e api.Edit) error {
	e.Keep, e.DryRun = o.keep, o.dry
	plan, err := a.client().Edit(ctx, e)
	if err != nil {
		return err
	}
	if o.output == "json" {
		err = writeJSON(a.stdout, plan)
	} else {
		err = printPlan(a.stdout, plan, editSum(plan))
	}
	if err == nil && plan.Rejected {
		err = exitWith(exitRejected, errors.New("nothing has changed"))
	}
	return err
}

func newRouterList(a *app) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "list",
		Short: "List the routers that were changed at run time",
		Long: `List shows what was changed of routers at run time and not taken back. KEPT is yes if a restart of the
daemon leaves it like this, otherwise no.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := a.client().Overrides(cmd.Context())
			if err != nil {
				return err
			}
			if output == "json" {
				return writeJSON(a.stdout, o)
			}
			return printOverrides(a.stdout, o)
		},
	}
	outputFlag(c, &output, "table", "json")
	return c
}

func printOverrides(w io.Writer, o api.Overrides) error {
	if len(o.Routers) == 0 {
		_, err := fmt.Fprintln(w, "no router was changed at run time")
		return err
	}
	var t table
	t.add("ROUTER", "ACTION", "KEPT")
	for _, r := range o.Routers {
		t.add(r.Router, r.Action, map[bool]string{true: "yes", false: "no"}[r.Kept])
	}
	return t.write(w)
}

func newRouterShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show what was said of a router at run time",
		Long: `Show prints the block of a router that was changed at run time, as it lies on top of the file; passwords
are masked. If a restart of the daemon brings another one, that is printed, too.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeChanged(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := a.client().Overrides(cmd.Context())
			if err != nil {
				return err
			}
			for _, r := range o.Routers {
				if r.Router == args[0] {
					return printOverride(a.stdout, r)
				}
			}
			return fmt.Errorf("%s was not changed at run time", args[0])
		},
	}
}

func printOverride(w io.Writer, r api.Override) error {
	text := r.Text
	if text == "" {
		text = "# removed\n"
	}
	if r.AfterRestart != "" {
		text += "# after a restart of the daemon:\n" + r.AfterRestart
	}
	_, err := io.WriteString(w, text)
	return err
}
