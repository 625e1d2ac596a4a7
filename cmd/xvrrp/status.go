package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

type statusOptions struct {
	name    string // of one router, or empty
	output  string
	wait    string // a role
	timeout time.Duration
}

func newStatus(a *app) *cobra.Command {
	var o statusOptions
	c := &cobra.Command{
		Use:   "status [ROUTER]",
		Short: "Show the virtual routers of the running daemon",
		Long: `Status shows every virtual router of the daemon in a table, or one of them in detail.
A daemon that only observes has none: then the adverts it hears are listed.

Times are ages: SINCE is how long the router has had its state. MASTER is the address of the router
that is master, or (self). VIPS counts the virtual addresses this host holds.`,
		Example: `  xvrrp status
  xvrrp status -o json | jq -r '.routers[] | select(.role == "master") | .name'
  xvrrp status VI_1 --wait master --timeout 10s`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return routerNames(cmd.Context(), a, args), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.name = args[0]
			}
			return status(cmd.Context(), a, o)
		},
	}
	outputFlag(c, &o.output, "table", "wide", "json")
	c.Flags().StringVar(&o.wait, "wait", "", "wait until the router (without ROUTER: all of them) has this `STATE`: "+strings.Join(roles, ", "))
	c.Flags().DurationVar(&o.timeout, "timeout", 30*time.Second, "how long --wait waits, a `TIME` such as 10s, before it gives up with exit code 6")
	c.RegisterFlagCompletionFunc("wait", cobra.FixedCompletions(roles, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func status(ctx context.Context, a *app, o statusOptions) error {
	s, err := settledStatus(ctx, a, o)
	var missed *exitError
	if err != nil && !errors.As(err, &missed) {
		return err
	}
	if err := printStatus(a.stdout, s, o); err != nil {
		return err
	}
	return err
}

// settledStatus is the daemon's state, once it is the one to wait for.
func settledStatus(ctx context.Context, a *app, o statusOptions) (api.Snapshot, error) {
	if o.wait != "" {
		return waitFor(ctx, a, o)
	}
	s, err := a.client().Status(ctx)
	if err != nil {
		return s, err
	}
	return s, pick(&s, o.name)
}

// pick leaves only the named router in s.
func pick(s *api.Snapshot, name string) error {
	if name == "" {
		return nil
	}
	var names []string
	for _, r := range s.Routers {
		if r.Name == name {
			s.Routers = []api.Router{r}
			return nil
		}
		names = append(names, r.Name)
	}
	if len(names) == 0 {
		return fmt.Errorf("no router is named %s: the daemon only observes", name)
	}
	return fmt.Errorf("no router is named %s: there are %s", name, strings.Join(names, ", "))
}

func printStatus(w io.Writer, s api.Snapshot, o statusOptions) error {
	switch {
	case o.output == "json":
		return writeJSON(w, s)
	case o.name != "":
		return printRouter(w, s, s.Routers[0])
	case len(s.Routers) == 0:
		return printObserved(w, s)
	}
	return printRouters(w, s, o.output == "wide")
}

func printRouters(w io.Writer, s api.Snapshot, wide bool) error {
	var t table
	head := []string{"INSTANCE", "IFACE", "VRID", "AF", "STATE", "PRIO", "MASTER", "ADVERT", "SINCE", "VIPS", "MODE"}
	if wide {
		head = append(head, "WHY", "SOURCE", "HEARD", "DOWN-AFTER", "HOOK", "ADDRESSES")
	}
	t.add(append(head, "NOTES")...)
	for _, r := range s.Routers {
		l := linkOf(s, r.Interface)
		row := []string{
			r.Name, place(r.Interface, r.VLAN), fmt.Sprint(r.VRID), shortFamily(r.Family), strings.ToUpper(r.Role),
			fmt.Sprint(r.Priority), masterOf(r), seconds(r.Interval), since(s, r), holding(r), l.Mode,
		}
		if wide {
			row = append(row, r.Why, r.Source, heard(r), seconds(r.Down), l.Hook, joinVIPs(r))
		}
		t.add(append(row, strings.Join(remarks(r, l), "; "))...)
	}
	return t.write(w)
}

// printObserved lists the adverts heard on the links of a daemon that takes part in nothing.
func printObserved(w io.Writer, s api.Snapshot) error {
	for _, l := range s.Links {
		state := fmt.Sprintf("%s (%s): %s", l.Mode, l.Hook, l.Reason)
		if l.Error != "" {
			state = l.Error
		}
		fmt.Fprintf(w, "observing %s, %s\n", l.Name, state)
	}
	if len(s.Heard) == 0 {
		_, err := fmt.Fprintln(w, "no advert heard yet")
		return err
	}
	fmt.Fprintln(w)
	return printHeard(w, s)
}

func printHeard(w io.Writer, s api.Snapshot) error {
	var t table
	t.add("IFACE", "VRID", "AF", "SOURCE", "MAC", "VER", "PRIO", "ADVERT", "FIRST", "LAST", "VERDICT", "ADDRESSES")
	for _, h := range s.Heard {
		t.add(place(h.Interface, h.VLAN), fmt.Sprint(h.VRID), shortFamily(h.Family), h.Source, h.MAC, fmt.Sprint(h.Version),
			fmt.Sprint(h.Priority), seconds(h.Interval), age(s.Now.Sub(h.First)), age(s.Now.Sub(h.Last)), h.Verdict,
			strings.Join(h.Addresses, ","))
	}
	return t.write(w)
}

func linkOf(s api.Snapshot, name string) api.Link {
	i := slices.IndexFunc(s.Links, func(l api.Link) bool { return l.Name == name })
	if i < 0 {
		return api.Link{}
	}
	return s.Links[i]
}

// place is an interface with its VLAN.
func place(iface, vlan string) string {
	if vlan == "" {
		return iface
	}
	return iface + " vlan " + vlan
}

// shortFamily turns ipv4 into v4.
func shortFamily(family string) string { return strings.TrimPrefix(family, "ip") }

func masterOf(r api.Router) string {
	if r.Role == "master" {
		return "(self)"
	}
	return r.Master
}

func since(s api.Snapshot, r api.Router) string {
	if r.Since.IsZero() {
		return ""
	}
	return age(s.Now.Sub(r.Since))
}

// holding is how many of a router's addresses this host has, of how many.
func holding(r api.Router) string {
	held := 0
	for _, v := range r.VIPs {
		if v.Held {
			held++
		}
	}
	return fmt.Sprintf("%d/%d", held, len(r.VIPs))
}

func heard(r api.Router) string {
	if r.LastHeard == nil {
		return ""
	}
	return seconds(*r.LastHeard)
}

func joinVIPs(r api.Router) string {
	var out []string
	for _, v := range r.VIPs {
		out = append(out, v.Address.String())
	}
	return strings.Join(out, ",")
}

// remarks is what an operator should know of a router beside its state.
func remarks(r api.Router, l api.Link) []string {
	out := slices.Concat(r.Faults, r.Notes)
	if l.Error != "" && !slices.Contains(out, l.Error) {
		out = append(out, l.Error)
	}
	return out
}

// routerNames completes ROUTER on the command line.
func routerNames(ctx context.Context, a *app, args []string) []string {
	if len(args) > 0 {
		return nil
	}
	s, err := a.client().Status(ctx)
	if err != nil {
		return nil
	}
	var names []string
	for _, r := range s.Routers {
		names = append(names, r.Name)
	}
	return names
}
