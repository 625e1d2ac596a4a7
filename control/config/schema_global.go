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
		{name: prefix + "garp_extra_if", value: "[all] SECONDS", status: later,
			help: "periodic announcements on links other than the router's that carry its addresses"},
		{name: prefix + "lower_prio_no_advert", value: "[on|off]", preset: "off; on if strict",
			help: "as master, do not answer an advert of lower priority with one of our own",
			set:  boolean(func(s scope) *given[bool] { return &s.defaults.lowerNoAdvert })},
		{name: prefix + "higher_prio_send_advert", value: "[on|off]", preset: "off",
			help: "as master, answer an advert of higher priority once before leaving, so that its sender announces again",
			set:  boolean(func(s scope) *given[bool] { return &s.defaults.higherAdvert })},
		{name: prefix + "down_timer_adverts", value: "1-100", preset: "3",
			help: "adverts that may be missing before the master counts as gone; the same on all routers of a group",
			set:  whole(1, 100, func(s scope) *given[int] { return &s.defaults.downAdverts })},
		{name: prefix + "owner_ignore_adverts", value: "[on|off]", preset: "off", status: later,
			help: "with priority 255, take no notice of other masters"},
		{name: prefix + "check_unicast_src", value: "[on|off]", status: harmless,
			help: "drop unicast adverts that are not from a peer; xvrrp always does"},
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
	{name: "v2_v3_interop", value: "[on|off]", preset: "off", own: true,
		help: "IPv4: send and take version 2 and version 3 adverts, to change a group over (RFC 9568 8.4)",
		set:  boolean(func(s scope) *given[bool] { return &s.defaults.interop })},
}

// globalKeywords are those of global_defs alone.
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
	{name: "dynamic_interfaces", value: "[allow_if_changes]", preset: "off",
		help: "links may be missing at the start; xvrrp waits for them in any case",
		set:  dynamicInterfaces},
	{name: "default_interface", value: "INTERFACE", preset: "none", help: "link of unicast routers that name none",
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

	{name: "notification_email", status: harmless, body: entries, help: "addresses that get mail where smtp_alert asks for it",
		set: notificationEmail},
	{name: "notification_email_from", value: "ADDRESS", status: harmless, help: "sender of such mail",
		set: func(d *decoder, n *node, in scope) { in.globals.NotificationEmailFrom = n.words[1].s }},
	{name: "smtp_server", value: "HOST [PORT]", preset: "port 25", status: harmless,
		help: "mail server; not resolved before it is needed",
		set:  smtpServer},
	{name: "smtp_connect_timeout", value: "SECONDS", preset: "30", status: harmless, help: "time allowed for reaching it",
		set: seconds(time.Microsecond, maxTime, func(s scope) *given[time.Duration] { return &s.globals.smtpTimeout })},
	{name: "smtp_helo_name", value: "NAME", status: harmless, help: "name given to the mail server"},
	{name: "smtp_alert", value: "[on|off]", status: later, help: "mail on changes of state"},
	{name: "smtp_alert_vrrp", value: "[on|off]", status: later, help: "the same for routers alone"},
	{name: "no_email_faults", value: "[on|off]", status: harmless, help: "no mail on faults"},

	{name: "script_user", value: "USER [[:] GROUP]", status: harmless, help: "user of scripts that name none"},
	{name: "enable_script_security", status: harmless, help: "refuse scripts that others than root can change"},
	{name: "use_symlink_paths", value: "[on|off]", status: harmless, help: "paths of scripts with their symbolic links"},
	{name: "set_supplementary_groups", status: harmless, help: "groups of the user of a script"},
	{name: "startup_script", value: "COMMAND", shell: true, status: later, help: "command run once at the start"},
	{name: "startup_script_timeout", value: "SECONDS", status: harmless, help: "time allowed for it"},
	{name: "shutdown_script", value: "COMMAND", shell: true, status: later, help: "command run once at the end"},
	{name: "shutdown_script_timeout", value: "SECONDS", status: harmless, help: "time allowed for it"},
	{name: "notify_fifo", value: "FILE [USER [GROUP]]", status: later, help: "named pipe for changes of state"},
	{name: "notify_fifo_script", value: "COMMAND", shell: true, status: later, help: "command that reads it"},
	{name: "vrrp_notify_fifo", value: "FILE [USER [GROUP]]", status: later, help: "the same for routers alone"},
	{name: "vrrp_notify_fifo_script", value: "COMMAND", shell: true, status: later, help: "command that reads it"},
	{name: "vrrp_notify_priority_changes", value: "[on|off]", status: harmless, help: "tell changes of priority through it"},
	{name: "fifo_write_vrrp_states_on_reload", status: harmless, help: "tell all states through it at a reload"},

	{name: "vrrp_delay_after_boot", value: "SECONDS", status: later, help: "time after the boot during which no router takes part"},
	{name: "vrrp_iptables", value: "[IN [OUT]]", status: harmless, help: "firewall chains of no_accept"},
	{name: "vrrp_ipsets", value: "[NAME ...]", status: harmless, help: "sets of those chains"},
	{name: "nftables", value: "[TABLE]", status: harmless, help: "firewall table of no_accept"},
	{name: "nftables_priority", value: "N", status: harmless, help: "priority of its chains"},
	{name: "nftables_counters", status: harmless, help: "counters in its rules"},
	{name: "nftables_ifindex", status: harmless, help: "interface numbers in its sets"},
	{name: "vmac_prefix", value: "NAME", status: harmless, help: "begin of the names use_vmac makes"},
	{name: "vmac_addr_prefix", value: "NAME", status: harmless, help: "the same for addresses on other links"},
	{name: "disable_local_igmp", status: harmless, help: "no membership reports for link-local groups"},

	{name: "enable_snmp_vrrp", status: later, help: "SNMP: KEEPALIVED-MIB"},
	{name: "enable_snmp_keepalived", status: later, help: "old name of enable_snmp_vrrp"},
	{name: "enable_snmp_rfc", status: later, help: "SNMP: the MIBs of RFC 2787 and RFC 6527"},
	{name: "enable_snmp_rfcv2", status: later, help: "SNMP: the MIB of RFC 2787"},
	{name: "enable_snmp_rfcv3", status: later, help: "SNMP: the MIB of RFC 6527"},
	{name: "enable_traps", status: later, help: "SNMP: traps"},
	{name: "snmp_socket", value: "SOCKET", status: harmless, help: "SNMP: the master agent"},
	{name: "enable_dbus", status: later, help: "D-Bus interface"},
	{name: "dbus_service_name", value: "NAME", status: harmless, help: "its name"},
	{name: "dbus_no_interface_name", status: harmless, help: "paths without the interface"},
	{name: "state_dump_file", value: "FILE", status: later, help: "where a signal writes the state to"},
	{name: "stats_dump_file", value: "FILE", status: later, help: "where a signal writes the statistics to"},
	{name: "json_dump_file", value: "FILE", status: later, help: "where a signal writes both as JSON to"},
	{name: "json_version", value: "1|2", status: harmless, help: "form of that JSON"},
	{name: "data_use_instance", value: "[on|off]", status: harmless, help: "names of those files"},
	{name: "umask", value: "BITS ...", status: harmless, help: "rights of files that are created"},

	{name: "reload_check_config", value: "[FILE]", status: harmless, help: "check a file before it is taken at a reload"},
	{name: "reload_time_file", value: "FILE", status: later, help: "file that holds the time of the next reload"},
	{name: "reload_repeat", status: harmless, help: "keep that file"},
	{name: "reload_file", value: "[FILE]", status: harmless, help: "file that exists while the configuration is read"},
	{name: "include_check", value: "[CHECK ...]", status: harmless, help: "which missing includes are errors; xvrrp always names them"},
	{name: "config_save_dir", value: "DIRECTORY", status: harmless, help: "copies of the configuration for debugging"},
	{name: "tmp_config_directory", value: "DIRECTORY", status: harmless, help: "place of a temporary copy of the configuration"},

	{name: "max_auto_priority", value: "[-1-99]", status: harmless, help: "real-time priority that rises when timers are late"},
	{name: "min_auto_priority_delay", value: "MICROSECONDS", status: harmless, help: "lateness that makes it rise"},
	{name: "vrrp_priority", value: "-20-19", status: harmless, help: "priority of the process"},
	{name: "vrrp_rt_priority", value: "1-99", status: harmless, help: "real-time priority of the process"},
	{name: "vrrp_rlimit_rttime", value: "MICROSECONDS", status: harmless, help: "limit of real-time work without a pause"},
	{name: "vrrp_rlimit_rtime", value: "MICROSECONDS", status: harmless, help: "old name of vrrp_rlimit_rttime"},
	{name: "vrrp_no_swap", status: harmless, help: "keep the process in memory"},
	{name: "vrrp_cpu_affinity", value: "CPU ...", status: harmless, help: "processors of the process"},
	{name: "process_names", status: harmless, help: "names of keepalived's processes"},
	{name: "process_name", value: "NAME", status: harmless, help: "name of the first process"},
	{name: "vrrp_process_name", value: "NAME", status: harmless, help: "name of the VRRP process"},
	{name: "vrrp_netlink_cmd_rcv_bufs", value: "BYTES", status: harmless, help: "size of a socket buffer"},
	{name: "vrrp_netlink_cmd_rcv_bufs_force", value: "[on|off]", status: harmless, help: "beyond the system's limit"},
	{name: "vrrp_netlink_monitor_rcv_bufs", value: "BYTES", status: harmless, help: "size of a socket buffer"},
	{name: "vrrp_netlink_monitor_rcv_bufs_force", value: "[on|off]", status: harmless, help: "beyond the system's limit"},
	{name: "vrrp_rx_bufs_policy", value: "MTU|ADVERT|BYTES", status: harmless, help: "size of the sockets adverts arrive at; xvrrp has none"},
	{name: "vrrp_rx_bufs_multiplier", value: "N", status: harmless, help: "factor of that size"},
	{name: "process_monitor_rcv_bufs", value: "BYTES", status: harmless, help: "size of a socket buffer"},
	{name: "process_monitor_rcv_bufs_force", value: "[on|off]", status: harmless, help: "beyond the system's limit"},
	{name: "iproute_usr_dir", value: "DIRECTORY", status: harmless, help: "names of routing tables and scopes"},
	{name: "iproute_etc_dir", value: "DIRECTORY", status: harmless, help: "names of routing tables and scopes"},
}

// misplacedKeywords may stand in global_defs as well as outside all blocks.
var misplacedKeywords = []row{
	{name: "linkbeat_use_polling", status: harmless, help: "ask links for their state; xvrrp is told by the kernel"},
	{name: "net_namespace", value: "NAME", status: later, help: "network namespace to run in; start xvrrp there with ip netns exec"},
	{name: "net_namespace_ipvs", value: "[NAME]", status: skipped, help: "network namespace of IPVS"},
	{name: "namespace_with_ipsets", status: harmless, help: "sets of firewall addresses in namespaces"},
	{name: "instance", value: "NAME", status: harmless, help: "name of this daemon among several; xvrrp has --runtime-dir"},
	{name: "use_pid_dir", status: harmless, help: "place of the process id files"},
	{name: "child_wait_time", value: "SECONDS", status: harmless, help: "time allowed for children at the end"},
}

// daemonKeywords are keywords of global_defs for keepalived's other daemons.
var daemonKeywords = skippedRows("LVS, checkers or BFD",
	"bfd_cpu_affinity", "bfd_no_swap", "bfd_priority", "bfd_process_name", "bfd_rlimit_rttime", "bfd_rlimit_rtime", "bfd_rt_priority",
	"checker_cpu_affinity", "checker_log_all_failures", "checker_no_swap", "checker_priority", "checker_process_name",
	"checker_rlimit_rttime", "checker_rlimit_rtime", "checker_rt_priority", "lvs_flush", "lvs_flush_on_stop", "lvs_flush_onstop",
	"lvs_netlink_cmd_rcv_bufs", "lvs_netlink_cmd_rcv_bufs_force", "lvs_netlink_monitor_rcv_bufs", "lvs_netlink_monitor_rcv_bufs_force",
	"lvs_notify_fifo", "lvs_notify_fifo_script", "lvs_sync_daemon", "lvs_sync_daemon_interface", "lvs_timeouts", "nftables_ipvs",
	"nftables_ipvs_priority", "nftables_ipvs_start_fwmark", "no_checker_emails", "rs_init_notifies", "smtp_alert_checker")

// skippedRows are keywords that are known by name alone.
func skippedRows(of string, names ...string) []row {
	rows := make([]row, len(names))
	for i, name := range names {
		rows[i] = row{name: name, value: "[...]", status: skipped, help: of}
	}
	return rows
}
