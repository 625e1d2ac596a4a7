package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/loader"
)

type demoOptions struct {
	hosts  int
	keep   bool
	attach string
}

func newDemo(a *app) *cobra.Command {
	var o demoOptions
	c := &cobra.Command{
		Use:   "demo",
		Short: "Build a cluster in throw-away namespaces, kill its master and show what happens",
		Long: `Demo builds two or three hosts on a bridge, each a network namespace with a card ens160, and runs a
real xvrrp on each: VRID 56, password 1111, virtual address 172.160.180.168/24. A client pings that
address all the time. Then the master's daemon is killed with SIGKILL; with three hosts the next master
loses its power as well. The time line says who was master, when the last advert came, when the address
moved and what the client noticed.

Everything is removed in the end, after Ctrl-C and after a failure too. The machine's own network is not
touched. It takes about fifteen seconds and needs root.`,
		Example: `  xvrrp demo
  xvrrp demo --hosts 2
  xvrrp demo --keep`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.hosts < 2 || o.hosts > len(cast) {
				return usagef("--hosts %d: choose 2 or %d", o.hosts, len(cast))
			}
			return perform(cmd.Context(), a, o.keep, func(ctx context.Context, s *stage) error { return s.failovers(ctx, o) })
		},
	}
	c.AddCommand(newDemoHealth(a), newDemoTrickle(a))
	f := c.Flags()
	f.IntVar(&o.hosts, "hosts", len(cast), "`NUMBER` of hosts: 2 or 3")
	f.BoolVar(&o.keep, "keep", false, "leave the hosts running in the end, until Ctrl-C")
	f.StringVar(&o.attach, "attach", string(loader.XDP), "where the filter sits, a `MODE` of run: on a virtual card auto would choose tc")
	return c
}

// perform makes a stage, has a demo played on it and removes it.
func perform(ctx context.Context, a *app, keep bool, play func(context.Context, *stage) error) (err error) {
	if err := requireRoot(a.capabilities); err != nil {
		return err
	}
	ctx, restore := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer restore()
	s, err := newStage(a)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, s.close())
	}()
	if err := play(ctx, s); err != nil {
		if ctx.Err() != nil {
			return errors.New("interrupted; everything is removed")
		}
		return errors.Join(err, s.logs())
	}
	if keep {
		s.showAround()
		<-ctx.Done()
	}
	return nil
}

// failovers is the demo without a name: a cluster loses its master, twice with three hosts.
func (s *stage) failovers(ctx context.Context, o demoOptions) error {
	for _, c := range cast[:o.hosts] {
		if err := s.addActor(c, o.attach, demoConfig(c.name, c.state, c.priority)); err != nil {
			return err
		}
	}
	if err := s.addClient(); err != nil {
		return err
	}
	return s.play(ctx)
}

// requireRoot refuses to start what could not be built.
func requireRoot(effective func() (uint64, error)) error {
	const wanted = 1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_NET_RAW
	have, err := effective()
	if err == nil && have&wanted == wanted && os.Geteuid() == 0 {
		return nil
	}
	return exitWith(exitPrivilege, fmt.Errorf("demo builds network namespaces and needs root: run it with sudo"))
}
