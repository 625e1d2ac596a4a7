package main

import (
	"fmt"
	"os/user"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/xvrrp/xvrrp/control/api"
)

// accessFlags say who may use a daemon's socket.
type accessFlags struct{ readers, admins string }

func (o *accessFlags) register(f *pflag.FlagSet) {
	f.StringVar(&o.readers, "socket-group", "", "members of `GROUP` may look (status, events, top and so on); else root alone, or --admin-group")
	f.StringVar(&o.admins, "admin-group", "", "members of `GROUP` may also change (reload, router and so on); with --socket-group they need to be in both")
}

// access looks the groups up.
func (o *accessFlags) access() (a api.Access, err error) {
	for _, want := range []struct {
		flag, name string
		to         **api.UserGroup
	}{{"socket-group", o.readers, &a.Readers}, {"admin-group", o.admins, &a.Admins}} {
		if want.name == "" {
			continue
		}
		if *want.to, err = userGroup(want.name); err != nil {
			return a, usagef("--%s: %w", want.flag, err)
		}
	}
	return a, nil
}

// userGroup finds a group by its name or number.
func userGroup(name string) (*api.UserGroup, error) {
	id := name
	if _, err := strconv.ParseUint(name, 10, 31); err != nil {
		g, err := user.LookupGroup(name)
		if err != nil {
			return nil, fmt.Errorf("there is no group %s: create it with groupadd --system %s", name, name)
		}
		id = g.Gid
	}
	n, err := strconv.Atoi(id)
	if err != nil {
		return nil, fmt.Errorf("group %s has the number %s: %w", name, id, err)
	}
	return &api.UserGroup{Name: name, ID: n}, nil
}
