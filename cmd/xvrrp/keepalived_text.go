// How keepalived words addresses, commands and states in its dump files.

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
)

// device is the interface a router works on: its macvlan, if it has one.
func (r dumpedRouter) device() string {
	if r.snap.VMAC != "" {
		return r.snap.VMAC
	}
	return r.conf.Interface
}

// masterPriority is that of another master; 0: there is none.
func (r dumpedRouter) masterPriority() uint8 {
	if r.snap.Role != "backup" {
		return 0
	}
	return r.snap.MasterPrio
}

// tracked lists the names of what a router tracks of one kind.
func (r dumpedRouter) tracked(kind config.TrackKind) []string {
	var names []string
	for _, t := range r.conf.Tracks {
		if t.Kind == kind {
			names = append(names, t.Name)
		}
	}
	return names
}

// addresses words a router's addresses.
func (r dumpedRouter) addresses(list []config.Address) []string {
	var lines []string
	for _, a := range list {
		held := slices.ContainsFunc(r.snap.VIPs, func(v api.VIP) bool { return v.Address == a.Prefix && v.Held })
		lines = append(lines, addressLine(a, r.addressDevice(a), held))
	}
	return lines
}

// addressDevice is where an address goes. On a macvlan the link below it is named, too.
func (r dumpedRouter) addressDevice(a config.Address) string {
	switch {
	case a.Dev != "" && a.Dev != r.conf.Interface:
		return a.Dev
	case r.snap.VMAC != "":
		return r.snap.VMAC + "@" + r.conf.Interface
	}
	return r.conf.Interface
}

// addressLine is an address with its options, and whether it is set. That IPv6 addresses go without duplicate address
// detection keepalived does not mention.
func addressLine(a config.Address, dev string, held bool) string {
	var b strings.Builder
	if a.Prefix.IsSingleIP() {
		b.WriteString(a.Prefix.Addr().String())
	} else {
		b.WriteString(a.Prefix.String())
	}
	word := func(on bool, format string, args ...any) {
		if on {
			fmt.Fprintf(&b, " "+format, args...)
		}
	}
	word(a.Peer.IsValid(), "peer %v", a.Peer)
	word(a.Broadcast.IsValid(), "brd %v", a.Broadcast)
	word(true, "dev %s scope %s", dev, scopeName(int(a.Scope)))
	word(a.Label != "", "label %s", a.Label)
	word(a.Prefix.Addr().Is6(), "preferred_lft %s", lifetime(a.PreferredLifetime))
	word(a.Home, "home")
	word(a.ManageTemp, "mngtmpaddr")
	word(a.NoPrefixRoute, "noprefixroute")
	word(a.AutoJoin, "autojoin")
	word(held, "set")
	return b.String()
}

// scopeName is the name of an rtnetlink scope; none given is global.
func scopeName(scope int) string {
	switch scope {
	case -1, 0:
		return "global"
	case 200:
		return "site"
	case 253:
		return "link"
	case 254:
		return "host"
	case 255:
		return "nowhere"
	}
	return fmt.Sprint(scope)
}

func lifetime(seconds int64) string {
	if seconds < 0 {
		return "forever"
	}
	return fmt.Sprint(seconds)
}

// quoted is a command line with each word in quotes, or empty.
func quoted(c *config.Command) string {
	if c == nil {
		return ""
	}
	return "'" + strings.Join(c.Argv, "' '") + "'"
}
