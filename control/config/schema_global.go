package config

import (
	"math"
	"net/netip"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// maxTime is the longest time keepalived holds: 2³² microseconds.
const maxTime = math.MaxUint32 * time.Microsecond

// sharedKeywords are settings of a router that global_defs can give for all of them; there keepalived puts a
// prefix before most names.
func sharedKeywords(prefix string) []row {
	return []row{
		{name: prefix + "garp_master_delay", value: "SECONDS", preset: "5",
			help: "whole seconds until the second burst of gratuitous ARP and NA after a takeover; 0: no second burst",
			set:  wholeSeconds(func(s scope) *given[time.Duration] { return &s.defaults.garpDelay })},
		{name: prefix + "garp_master_repeat", value: "N", preset: "5",
			help: "announcements of each address in a burst",
			set:  repeats(func(s scope) *given[int] { return &s.defaults.garpRepeat })},
		{name: prefix + "garp_master_refresh", value: "SECONDS", preset: "0",
			help: "whole seconds between announcements while master; 0: none",
			set:  wholeSeconds(func(s scope) *given[time.Duration] { return &s.defaults.garpRefresh })},
		{name: prefix + "garp_master_refresh_repeat", value: "N", preset: "1",
			help: "announcements of each address in a refresh",
			set:  repeats(func(s scope) *given[int] { return &s.defaults.garpRefreshRepeat })},
		{name: prefix + "garp_lower_prio_delay", value: "SECONDS", preset: "garp_master_delay",
			help: "whole seconds until the second burst after an advert of lower priority was heard as master",
			set:  wholeSeconds(func(s scope) *given[time.Duration] { return &s.defaults.garpLowerDelay })},
		{name: prefix + "garp_lower_prio_repeat", value: "N", preset: "garp_master_repeat; 0 if strict",
			help: "announcements of each address in such a burst; 0: none",
			set:  whole(0, math.MaxInt32, func(s scope) *given[int] { return &s.defaults.garpLowerRepeat })},
		{name: prefix + "garp_extra_if", value: "[all] SECONDS", preset: "none",
			help: "pause between announcements on links other than the router's that carry its addresses, on macvlans alone or on all; 0 to 86400, 0: none",
			set:  extraAnnounce(func(s scope) *given[ExtraAnnounce] { return &s.defaults.garpExtra })},
		{name: prefix + "lower_prio_no_advert", value: "[on|off]", preset: "off; on if strict",
			help: "as master, do not answer an advert of lower priority with one of our own",
			set:  boolean(func(s scope) *given[bool] { return &s.defaults.lowerNoAdvert })},
		{name: prefix + "higher_prio_send_advert", value: "[on|off]", preset: "off",
			help: "as master, answer an advert of higher priority once before leaving, so that its sender announces again",
			set:  boolean(func(s scope) *given[bool] { return &s.defaults.higherAdvert })},
		{name: prefix + "down_timer_adverts", value: "1-100", preset: "3",
			help: "adverts that may be missing before the master counts as gone; the same on all routers of a group",
			set:  whole(1, 100, func(s scope) *given[int] { return &s.defaults.downAdverts })},
		{name: prefix + "owner_ignore_adverts", value: "[on|off]", preset: "off; on if strict",
			help: "with priority 255, take no notice of other masters",
			set:  boolean(func(s scope) *given[bool] { return &s.defaults.ownerIgnore })},
		{name: prefix + "check_unicast_src", value: "[on|off]", status: harmless, why: "the filter always does",
			help: "drop unicast adverts that are not from a peer"},
		{name: "v3_checksum_as_v2", value: "[on|off]", preset: "off",
			help: "send version 3 over IPv4 with a checksum over the message alone (RFC 9568, Cisco, Juniper) instead of one with a pseudo header (keepalived, FRR)",
			set:  boolean(func(s scope) *given[bool] { return &s.defaults.asV2 })},
	}
}

// ownSharedKeywords are xvrrp's own keywords of global_defs and vrrp_instance.
var ownSharedKeywords = []row{
	{name: "vrrp_address_mismatch", value: "disjoint|accept|drop", preset: "disjoint; strict: accept in version 3, drop in version 2", own: true,
		help: "an advert whose address list differs from ours: disjoint drops it if no address is common (another cluster on our VRID), accept never does, drop always does",
		set: choice(func(s scope) *given[vrrp.Mismatch] { return &s.defaults.mismatch },
			option[vrrp.Mismatch]{"disjoint", vrrp.DropDisjoint},
			option[vrrp.Mismatch]{"accept", vrrp.AcceptMismatch},
			option[vrrp.Mismatch]{"drop", vrrp.DropMismatch})},
	{name: "v3_checksum_receive", value: "either|plain|pseudo", preset: "either", own: true,
		help: "the checksum a version 3 advert over IPv4 may come with: over the message alone (plain), with a pseudo header (pseudo), or one of the two",
		set: choice(func(s scope) *given[vrrp.Checksum] { return &s.defaults.take },
			option[vrrp.Checksum]{"either", vrrp.Either},
			option[vrrp.Checksum]{"plain", vrrp.Plain},
			option[vrrp.Checksum]{"pseudo", vrrp.Pseudo})},
	{name: "accept_any_first_address", value: "[on|off]", preset: "off; on for a router whose own list breaks the rule", own: true,
		help: "IPv6: take adverts whose first address is not link-local, as FRR sends them (RFC 9568 5.2.9 wants them dropped)",
		set:  boolean(func(s scope) *given[bool] { return &s.defaults.anyFirst })},
	{name: "vrrp_pass_adverts", value: "[on|off]", preset: "off", own: true,
		help: "valid adverts go on to the host's stack as well, for another VRRP daemon that runs beside this one, or for tcpdump",
		set:  boolean(func(s scope) *given[bool] { return &s.defaults.passAdverts })},
	{name: "v2_v3_interop", value: "[on|off]", preset: "off", own: true,
		help: "IPv4: send and take version 2 and version 3 adverts, to change a group over (RFC 9568 8.4)",
		set:  boolean(func(s scope) *given[bool] { return &s.defaults.interop })},
}

// globalBlock is what stands in global_defs.
var globalBlock = keywords(globalKeywords, sharedKeywords("vrrp_"), ownSharedKeywords, mailKeywords, scriptGlobalKeywords, pipeKeywords,
	dumpKeywords, reloadKeywords, processKeywords, schedulingKeywords, idleKeywords, daemonKeywords)

// globalKeywords are those of global_defs that are about all routers.
var globalKeywords = []row{
	{name: "router_id", value: "NAME", preset: "the host's name", help: "name of this machine in messages",
		set: func(d *decoder, n *node, in scope) { in.globals.RouterID = n.words[1].s }},
	{name: "vrrp_version", value: "2|3", preset: "2", help: "protocol version of routers that give none; IPv6 is always version 3",
		set: whole(2, 3, func(s scope) *given[uint8] { return &s.defaults.version })},
	{name: "vrrp_strict", value: "[on|off]", preset: "off",
		help: "hold all routers to the RFC: no authentication, no unicast, no preempt_delay, state by priority, accept only for the owner",
		set:  boolean(func(s scope) *given[bool] { return &s.defaults.strict })},
	{name: "vrrp_skip_check_adv_addr", value: "[on|off]", preset: "off",
		help: "as backup, do not compare the address list of the master that is followed",
		set:  boolean(func(s scope) *given[bool] { return &s.defaults.skipAddrs })},
	{name: "vrrp_garp_interval", value: "SECONDS", preset: "no gap",
		help: "gap between two gratuitous ARPs on one link; 0.000001 to 4294.967295",
		set:  announceGap(func(s scope) *given[time.Duration] { return &s.globals.garpGap })},
	{name: "vrrp_gna_interval", value: "SECONDS", preset: "no gap",
		help: "gap between two unsolicited NAs on one link; 0.000001 to 4294.967295",
		set:  announceGap(func(s scope) *given[time.Duration] { return &s.globals.gnaGap })},
	{name: "vrrp_min_garp", value: "[on|off]", preset: "off",
		help: "announce each address once only: garp_master_repeat 1 and garp_master_delay 0 where nothing else is given",
		set:  boolean(func(s scope) *given[bool] { return &s.globals.minGARP })},
	{name: "vrrp_mcast_group4", value: "ADDRESS", preset: "224.0.0.18", help: "destination of IPv4 adverts",
		set: group(true, func(s scope) *given[netip.Addr] { return &s.globals.group4 })},
	{name: "vrrp_mcast_group6", value: "ADDRESS", preset: "ff02::12", help: "destination of IPv6 adverts",
		set: group(false, func(s scope) *given[netip.Addr] { return &s.globals.group6 })},
	{name: "vrrp_startup_delay", value: "SECONDS", preset: "0", help: "time after the start during which no router takes part; 0.001 to 4294",
		set: seconds(time.Millisecond, maxTime, func(s scope) *given[time.Duration] { return &s.globals.startup })},
	{name: "vrrp_delay_after_boot", value: "SECONDS", preset: "0",
		help: "time after the host's boot during which no router takes part, if that is longer; 0.001 to 4294",
		set:  seconds(time.Millisecond, maxTime, func(s scope) *given[time.Duration] { return &s.globals.boot })},
	{name: "vmac_prefix", value: "NAME", preset: "vrrp", help: "begin of the names use_vmac makes; at most 8 bytes", set: vmacPrefix},
	{name: "dynamic_interfaces", value: "[allow_if_changes]", preset: "off",
		help: "links may be missing at the start; xvrrp waits for them in any case",
		set:  dynamicInterfaces},
	{name: "default_interface", value: "INTERFACE", preset: "none", help: "link of static addresses that name none, there eth0 if it is not given, and of unicast routers that name none",
		set: linkValue(func(s scope) *given[string] { return &s.globals.iface })},
	{name: "log_unknown_vrids", value: "[on|off]", preset: "off", help: "log adverts of VRIDs not configured here",
		set: boolean(func(s scope) *given[bool] { return &s.globals.logUnknown })},
	{name: "random_seed", value: "N", preset: "another one each time", help: "makes ${_RANDOM} repeatable", set: nothing},

	{name: "unknown_vrid", value: "pass|drop", preset: "pass", own: true,
		help: "what becomes of adverts whose VRID is not configured here: they may be a guest's",
		set:  choice(func(s scope) *given[bool] { return &s.globals.unknownDrop }, option[bool]{"pass", false}, option[bool]{"drop", true})},
	{name: "unknown_vrid_rate", value: "N", preset: "1000", own: true,
		help: "adverts of such VRIDs passed on per second and link; more are dropped",
		set:  whole(0, math.MaxUint32, func(s scope) *given[uint32] { return &s.globals.unknownRate })},
	{name: "vrrp_listen", value: "[ADDRESS:]PORT", preset: "nowhere", own: true,
		help: "serve metrics and a page over plain HTTP, to whoever reaches the address and for reading only; a port alone is open to this host only; read at the start", set: listen},
	{name: "vrrp_metrics_keepalived", value: "[on|off]", preset: "off", own: true,
		help: "metrics also under the names of keepalived-exporter; read at the start",
		set:  boolean(func(s scope) *given[bool] { return &s.globals.metricsKeepalived })},
}

// daemonKeywords are keywords of global_defs for keepalived's other daemons.
var daemonKeywords = skippedRows("LVS, checkers or BFD",
	"bfd_cpu_affinity", "bfd_no_swap", "bfd_priority", "bfd_process_name", "bfd_rlimit_rttime", "bfd_rlimit_rtime", "bfd_rt_priority",
	"checker_cpu_affinity", "checker_log_all_failures", "checker_no_swap", "checker_priority", "checker_process_name",
	"checker_rlimit_rttime", "checker_rlimit_rtime", "checker_rt_priority", "enable_snmp_checker", "lvs_flush", "lvs_flush_on_stop", "lvs_flush_onstop",
	"lvs_netlink_cmd_rcv_bufs", "lvs_netlink_cmd_rcv_bufs_force", "lvs_netlink_monitor_rcv_bufs", "lvs_netlink_monitor_rcv_bufs_force",
	"lvs_notify_fifo", "lvs_notify_fifo_script", "lvs_sync_daemon", "lvs_sync_daemon_interface", "lvs_timeouts", "nftables_ipvs",
	"nftables_ipvs_priority", "nftables_ipvs_start_fwmark", "no_checker_emails", "rs_init_notifies", "smtp_alert_checker")
