package main

import (
	"github.com/spf13/cobra"
)

func newConfig(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Check, compare, lay out and move configurations",
		Long: `Config works on configuration files, in the syntax of keepalived.conf, and on what of them is in force in the
running daemon.`,
	}
	check := newCheck(a)
	check.Short = "The same as xvrrp check"
	c.AddCommand(check, newConfigShow(a), newConfigDiff(a), newConfigFmt(a), newConfigMigrate(a))
	return c
}
