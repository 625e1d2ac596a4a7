package main

import (
	"context"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/config"
)

// What the shell completes beside commands and flags. Names come from the running daemon; without one there are none.

// completeRouters completes names of routers, at most so many on a command line (0: any number), and none twice.
func (a *app) completeRouters(most int) cobra.CompletionFunc {
	return completeNames(most, a.routerNames)
}

// completeChanged does so for routers that were changed at run time, also those that were removed.
func (a *app) completeChanged(most int) cobra.CompletionFunc {
	return completeNames(most, func(ctx context.Context) (names []string) {
		o, err := a.client().Overrides(ctx)
		if err != nil {
			return nil
		}
		for _, r := range o.Routers {
			names = append(names, r.Router)
		}
		return names
	})
}

func completeNames(most int, names func(context.Context) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if most > 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		left := slices.DeleteFunc(names(cmd.Context()), func(name string) bool { return slices.Contains(args, name) })
		return left, cobra.ShellCompDirectiveNoFileComp
	}
}

// routerNames are those of the daemon's routers.
func (a *app) routerNames(ctx context.Context) (names []string) {
	s, err := a.client().Status(ctx)
	if err != nil {
		return nil
	}
	for _, r := range s.Routers {
		names = append(names, r.Name)
	}
	return names
}

// completeInterfaces completes the name of a link: one that the daemon's filter sits on, without a daemon any.
func (a *app) completeInterfaces(cmd *cobra.Command, _ []string, _ string) (names []string, _ cobra.ShellCompDirective) {
	if s, err := a.client().Status(cmd.Context()); err == nil {
		for _, l := range s.Links {
			names = append(names, l.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	links, err := fs.ReadDir(a.root, "sys/class/net")
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, l := range links {
		names = append(names, l.Name())
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeSetting completes a router, and behind it keywords of its block.
func (a *app) completeSetting(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return a.completeRouters(1)(cmd, args, word)
	}
	return config.RouterKeywords(), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
