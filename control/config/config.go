// Package config reads keepalived.conf. It is pure: files come through an fs.FS, names of interfaces are not
// resolved, and every problem is collected with its place instead of stopping at the first.
//
// The stages are scan (physical lines, words), expand (include, conditions, definitions, repetition), tree
// (blocks), decode (by schema, a row per keyword) and check (defaults and rules across fields). All of them know
// where each byte was written.
package config

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// Pos is a place in a configuration file; Line and Column count from 1, Column in bytes.
type Pos struct {
	File         string
	Line, Column int
}

// String is file:line:column, less what is not known.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Config is what a file means, after repairs.
type Config struct {
	Global  Global
	Routers []Router
}

// Global holds global_defs that are not defaults of routers.
type Global struct {
	RouterID              string
	NotificationEmail     []string
	NotificationEmailFrom string
	SMTPServer            string // host or host:port, not resolved
	SMTPConnectTimeout    time.Duration
	GARPInterval          time.Duration // gap between two gratuitous ARPs on one link
	GNAInterval           time.Duration
	DynamicInterfaces     bool
	StartupDelay          time.Duration // vrrp_startup_delay
	UnknownRate           uint32        // foreign adverts per second and link (xvrrp's own unknown_vrid_rate)
	UnknownDrop           bool          // xvrrp's own unknown_vrid drop
	LogUnknown            bool          // log_unknown_vrids
}

// Router is one vrrp_instance.
type Router struct {
	Name                 string
	Pos                  Pos    // of its vrrp_instance line
	Fault                string // a mistake that keeps this router, and no other, from running; empty if none
	Interface            string
	VLAN                 vrrp.VLAN // xvrrp's own vlan: tags on Interface
	VRID                 uint8
	V6                   bool
	Version              uint8
	Interop              bool // xvrrp's own v2_v3_interop (RFC 9568 8.4)
	Priority             uint8
	Interval             time.Duration
	StartMaster, Preempt bool
	PreemptDelay         time.Duration
	Auth                 vrrp.Auth
	Strict               bool
	Accept               bool      // packets to the virtual addresses are accepted
	Addresses            []Address // virtual_ipaddress, advertised
	Excluded             []Address // virtual_ipaddress_excluded

	Source                          netip.Addr // mcast_src_ip or unicast_src_ip; zero: the interface's primary address
	Group                           netip.Addr
	Peers                           []vrrp.Peer
	UnicastTTL                      uint8
	Mismatch                        vrrp.Mismatch
	SkipCheckAddr                   bool
	AnyFirst                        bool          // xvrrp's own accept_any_first_address
	SendChecksum                    vrrp.Checksum // Plain or Pseudo: version 3 over IPv4
	TakeChecksum                    vrrp.Checksum
	TrackPrimary                    bool // false: dont_track_primary
	DownAdverts                     int
	LowerNoAdvert, HigherSendAdvert bool
	GARP                            GARP
}

// GARP is how virtual addresses are announced.
type GARP struct {
	Delay         time.Duration // garp_master_delay
	Repeat        int           // garp_master_repeat
	Refresh       time.Duration // garp_master_refresh
	RefreshRepeat int
	LowerDelay    time.Duration
	LowerRepeat   int
}

// Address is one virtual address with its options (ip-address(8)).
type Address struct {
	Pos                                              Pos
	Prefix                                           netip.Prefix // not masked: the address with its length
	Dev                                              string       // empty: the router's interface
	Broadcast                                        netip.Addr
	Scope                                            int // rtnetlink scope; -1 when not given
	Label                                            string
	Peer                                             netip.Prefix
	Home, NoDAD, ManageTemp, NoPrefixRoute, AutoJoin bool
	PreferredLifetime                                int64 // seconds; -1 for ever
	NoTrack                                          bool
}
