package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"
)

// Names that the shell completes. They come from the running daemon; without one there are none.

// completeRouters completes names of routers, at most so many on a command line (0: any number), and none twice.
func (a *app) completeRouters(most int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if most > 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		names := slices.DeleteFunc(a.routerNames(cmd.Context()), func(name string) bool { return slices.Contains(args, name) })
		return names, cobra.ShellCompDirectiveNoFileComp
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
