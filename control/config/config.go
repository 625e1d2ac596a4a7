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
	Line, Column int32
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
	Global     Global
	Routers    []Router
	SyncGroups []SyncGroup
	Trackers   Trackers
	Static     Static
	PaceGroups []PaceGroup // garp_group
	LinkDelays []LinkDelay

	base *base // for edits; nil if it was not loaded
}

// Global holds global_defs that are not defaults of routers.
type Global struct {
	RouterID          string
	Mail              Mail
	GARPInterval      time.Duration // gap between two gratuitous ARPs on one link
	GNAInterval       time.Duration
	DynamicInterfaces bool
	StartupDelay      time.Duration  // vrrp_startup_delay
	BootDelay         time.Duration  // vrrp_delay_after_boot
	UnknownRate       uint32         // foreign adverts per second and link (xvrrp's own unknown_vrid_rate)
	UnknownDrop       bool           // xvrrp's own unknown_vrid drop
	LogUnknown        bool           // log_unknown_vrids
	Listen            netip.AddrPort // xvrrp's own vrrp_listen; invalid: nowhere
	MetricsKeepalived bool           // xvrrp's own vrrp_metrics_keepalived

	ScriptUser, ScriptGroup string // script_user; empty: keepalived_script if there is one, else root
	ScriptSecurity          bool   // enable_script_security
	SymlinkPaths            bool   // use_symlink_paths
	Supplementary           bool   // set_supplementary_groups
	FIFO                    *FIFO  // notify_fifo, of everything
	RouterFIFO              *FIFO  // vrrp_notify_fifo
	FIFOOnReload            bool   // fifo_write_vrrp_states_on_reload
	Startup, Shutdown       Hook

	VMACPrefix                     string // vmac_prefix; never empty
	NetNamespace                   string // net_namespace; empty: the one we are in
	Instance                       string // instance: name of this daemon among several
	PIDDir                         bool   // use_pid_dir
	UMask                          int    // umask; -1: not given
	StateDump, StatsDump, JSONDump string // state_dump_file and so on; empty: keepalived's
	JSONVersion                    int    // 1 or 2
	DataUseInstance                bool   // data_use_instance
	ReloadTimeFile                 string // reload_time_file
	ReloadRepeat                   bool   // reload_repeat
	Scheduling                     Scheduling
}

// Router is one vrrp_instance.
type Router struct {
	Name                 string
	Pos                  Pos       // of its vrrp_instance line
	VRIDPos              Pos       // of its VRID; without a line if it was given at run time
	Fault                string    // a mistake that keeps this router, and no other, from running; empty if none
	Interface            string    // empty with unicast peers: the link that has Source
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
	Group                           netip.Addr // multicast destination
	Peers                           []vrrp.Peer
	UnicastTTL                      uint8
	Mismatch                        vrrp.Mismatch
	SkipCheckAddr                   bool
	PassAdverts                     bool          // xvrrp's own vrrp_pass_adverts
	AnyFirst                        bool          // xvrrp's own accept_any_first_address
	SendChecksum                    vrrp.Checksum // Plain or Pseudo: version 3 over IPv4
	TakeChecksum                    vrrp.Checksum
	TrackPrimary                    bool // false: dont_track_primary
	DownAdverts                     int
	LowerNoAdvert, HigherSendAdvert bool
	OwnerIgnore                     bool  // owner_ignore_adverts: priority 255 takes no notice of other masters
	TimerExpired                    uint8 // timer_expired_backup: the others' priority; 0: off
	GARP                            *GARP // never nil; of thousands of routers most share one

	SyncGroup          string // vrrp_sync_group it is in; empty: none
	Tracks             []Track
	TrackSource        bool       // track_src_ip
	Notify             *Notify    // likewise
	HMAC               *vrrp.HMAC // auth_hmac; nil: none
	VMAC               *VMAC      // use_vmac; nil: none
	Routes             []Route    // virtual_routes
	Rules              []Rule     // virtual_rules
	PromoteSecondaries bool
}

// GARP is how virtual addresses are announced.
type GARP struct {
	Delay         time.Duration // garp_master_delay
	Repeat        int           // garp_master_repeat
	Refresh       time.Duration // garp_master_refresh
	RefreshRepeat int
	LowerDelay    time.Duration
	LowerRepeat   int
	Gap, NAGap    time.Duration // garp_interval, gna_interval of the router; 0: the global or garp_group's
	Extra         ExtraAnnounce
}

// Address is one virtual address with its options (ip-address(8)).
type Address struct {
	Pos                                       Pos
	Prefix                                    netip.Prefix // not masked: the address with its length
	Dev                                       string       // empty: the router's interface
	Broadcast                                 netip.Addr
	Label                                     string
	Peer                                      netip.Prefix
	PreferredLifetime                         int64 // seconds; -1 for ever
	Scope                                     int16 // rtnetlink scope; -1 when not given
	Home, ManageTemp, NoPrefixRoute, AutoJoin bool
	DAD                                       bool // -nodad: duplicates are looked for after all
	NoTrack                                   bool
}
