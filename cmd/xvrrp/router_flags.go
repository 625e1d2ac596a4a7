package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/xvrrp/xvrrp/control/config"
)

// routerFlags describe one virtual router on the command line. They become the text of a configuration file, so
// that a router is checked alike wherever it comes from.
type routerFlags struct {
	vrid      int
	vips      []string
	priority  int
	advertInt string
	version   int
	authPass  string
	state     string
	nopreempt bool

	given string // one of the flags that was given, empty if none was
}

var routerFlagNames = []string{"vrid", "vip", "priority", "advert-int", "version", "auth-pass", "state", "nopreempt"}

func (r *routerFlags) register(f *pflag.FlagSet) {
	f.IntVar(&r.vrid, "vrid", 0, "router flag: virtual router `ID`, 1 to 255")
	f.StringArrayVar(&r.vips, "vip", nil, "router flag: virtual `ADDRESS` as in virtual_ipaddress (may be repeated)")
	f.IntVar(&r.priority, "priority", 100, "router flag: `NUMBER` from 1 to 254, or 255 for the owner of the addresses")
	f.StringVar(&r.advertInt, "advert-int", "1", "router flag: `SECONDS` between two adverts, in version 3 as little as 0.01")
	f.IntVar(&r.version, "version", 0, "router flag: VRRP `VERSION`, 2 or 3 (default 2, for IPv6 3)")
	f.StringVar(&r.authPass, "auth-pass", "", "router flag: version 2 `PASSWORD`, up to 8 characters; other users can see it in the list of processes")
	f.StringVar(&r.state, "state", "", "router flag: `STATE` to start in, MASTER or BACKUP")
	f.BoolVar(&r.nopreempt, "nopreempt", false, "router flag: leave a master of lower priority alone")
}

// changed is the first router flag on the command line, or empty.
func (r *routerFlags) changed(f *pflag.FlagSet) string {
	for _, name := range routerFlagNames {
		if f.Changed(name) {
			return name
		}
	}
	return ""
}

// complete refuses flags that make no router, or that could not be written into a file.
func (r *routerFlags) complete() error {
	if r.vrid == 0 || len(r.vips) == 0 {
		return usagef("a router described by flags needs --vrid and --vip")
	}
	for _, s := range append([]string{r.advertInt, r.authPass, r.state}, r.vips...) {
		if strings.ContainsAny(s, "\n\r\"\\") {
			return usagef("%q: flags may hold neither line breaks, quotes nor backslashes", s)
		}
	}
	return nil
}

// rejected refuses what rejected does, and addresses that a file would go without, with a warning: on the command
// line such a mistake is corrected at once.
func (r *routerFlags) rejected(a *app, c *config.Config, problems []config.Problem) error {
	if err := rejected(a, c, problems); err != nil {
		return err
	}
	understood := 0
	for _, router := range c.Routers {
		understood += len(router.Addresses) + len(router.Excluded)
	}
	if understood >= len(r.vips) {
		return nil
	}
	if err := config.Print(a.stderr, problems); err != nil {
		return err
	}
	return exitWith(exitRejected, errors.New("not every --vip can be used"))
}

// text is the configuration file the flags stand for.
func (r *routerFlags) text(iface string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "    "+format+"\n", args...) }
	fmt.Fprintf(&b, "vrrp_instance %s_%d {\n", iface, r.vrid)
	line("interface %s", iface)
	line("virtual_router_id %d", r.vrid)
	line("priority %d", r.priority)
	line("advert_int %s", r.advertInt)
	if r.version != 0 {
		line("version %d", r.version)
	}
	if r.state != "" {
		line("state %s", r.state)
	}
	if r.nopreempt {
		line("nopreempt")
	}
	if r.authPass != "" {
		line("authentication {")
		line("    auth_type PASS")
		line("    auth_pass \"%s\"", r.authPass)
		line("}")
	}
	line("virtual_ipaddress {")
	for _, vip := range r.vips {
		line("    %s", vip)
	}
	line("}")
	b.WriteString("}\n")
	return b.String()
}
