package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/spf13/cobra"
)

type topOptions struct {
	interval time.Duration
	sort     string
	filter   string
}

func newTop(a *app) *cobra.Command {
	var o topOptions
	c := &cobra.Command{
		Use:   "top",
		Short: "Watch the routers live on a terminal",
		Long: `Top shows the routers of the running daemon on the whole terminal: state, master, adverts a second in and
out, and MARGIN, which is how much of the master-down interval the last gap between adverts has left: near 0% the
master is nearly given up. Above them stand what is refused, by reason, and how late our own adverts leave; below
them what happened last. Rates are those of the last interval.

Keys: arrows or j and k move, enter shows a router in full, / filters as you type, s and r sort, d shows all
drops, e all events, ? all keys, q quits. Colour is left out with NO_COLOR.

It needs a terminal of at least 40 by 10 characters; in scripts use xvrrp status --watch.`,
		Example: `  xvrrp top
  xvrrp top --sort state --filter ens192`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return top(cmd.Context(), a, o) },
	}
	c.Flags().DurationVar(&o.interval, "interval", time.Second, "look each `TIME`; what happens is shown at once")
	c.Flags().StringVar(&o.sort, "sort", "", "`COLUMN` to sort by: "+sortNames())
	c.Flags().StringVar(&o.filter, "filter", "", "show only routers with these `WORDS` in their row")
	c.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions(topSortNames, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func top(ctx context.Context, a *app, o topOptions) error {
	if o.interval < minWatch {
		return usagef("--interval %v: choose %v or more", o.interval, minWatch)
	}
	m := newTopModel(a.runtimeDir)
	m.filter = o.filter
	if err := m.sortBy(o.sort); err != nil {
		return err
	}
	if _, ok := terminalOf(a.stdout); !ok {
		return usagef("top draws on a terminal, which standard output is not: use xvrrp status --watch, which prints a line per change")
	}
	screen, err := openScreen(a.getenv("TERM"))
	if err != nil {
		return fmt.Errorf("draw on terminal %s: %w: set TERM to one that is known, such as vt100, or use xvrrp status --watch",
			a.getenv("TERM"), err)
	}
	defer screen.Fini() // also when something panics: the words must be read
	ctx, restore := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	defer restore()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := topScreen{Screen: screen, palette: paletteFor(a.getenv("NO_COLOR") != "", screen.Colors())}
	t.run(ctx, m, watch(ctx, a.client(), o.interval, lookForTrouble), a.client())
	return nil
}

// openScreen takes hold of the terminal of standard input and output, which is one of a kind.
func openScreen(kind string) (tcell.Screen, error) {
	if _, ok := terminalOf(os.Stdin); !ok {
		return nil, errors.New("standard input is none")
	}
	known, err := tcell.LookupTerminfo(kind)
	if err != nil {
		return nil, err
	}
	ti := *known
	ti.PadChar = "" // no pause after each movement of the cursor: what calls itself a vt100 today is faster than one
	tty, err := tcell.NewStdIoTty()
	if err != nil {
		return nil, err
	}
	s, err := tcell.NewTerminfoScreenFromTtyTerminfo(tty, &ti)
	if err != nil {
		return nil, err
	}
	return s, s.Init()
}
