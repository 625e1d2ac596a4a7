package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

// routerFilter chooses some of the routers. The zero value chooses all.
type routerFilter struct {
	name   string
	ifaces []string
	vrids  []uint
	states []string
}

func (f *routerFilter) register(c *cobra.Command) {
	c.Flags().StringSliceVar(&f.ifaces, "iface", nil, "only routers on this `INTERFACE` (may be repeated)")
	c.Flags().UintSliceVar(&f.vrids, "vrid", nil, "only routers of this `VRID` (may be repeated)")
	c.Flags().StringSliceVar(&f.states, "state", nil, "only routers in this `STATE` (may be repeated): "+strings.Join(roles, ", "))
	c.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(roles, cobra.ShellCompDirectiveNoFileComp))
}

// narrows reports whether some routers may not be chosen.
func (f *routerFilter) narrows() bool {
	return f.name != "" || f.ifaces != nil || f.vrids != nil || f.states != nil
}

// validate refuses VRIDs and states that no router can have.
func (f *routerFilter) validate() error {
	for _, n := range f.vrids {
		if n < 1 || n > 255 {
			return usagef("--vrid %d: choose a number from 1 to 255", n)
		}
	}
	for i, s := range f.states {
		f.states[i] = strings.ToLower(s)
		if !slices.Contains(roles, f.states[i]) {
			return usagef("--state %s: choose one of %s", s, strings.Join(roles, ", "))
		}
	}
	return nil
}

// chooses reports whether a router is one of those.
func (f *routerFilter) chooses(r api.Router) bool {
	return (f.name == "" || r.Name == f.name) &&
		(f.ifaces == nil || slices.Contains(f.ifaces, r.Interface)) &&
		(f.vrids == nil || slices.Contains(f.vrids, uint(r.VRID))) &&
		(f.states == nil || slices.Contains(f.states, r.Role))
}

// pick leaves only the chosen routers in s. A name has to be that of a router.
func (f *routerFilter) pick(s *api.Snapshot) error {
	known := f.name == ""
	unknown := &api.UnknownRouter{Name: f.name}
	for _, r := range s.Routers {
		known = known || r.Name == f.name
		unknown.There = append(unknown.There, r.Name)
	}
	if !known {
		return unknown
	}
	s.Routers = slices.DeleteFunc(s.Routers, func(r api.Router) bool { return !f.chooses(r) })
	return nil
}
