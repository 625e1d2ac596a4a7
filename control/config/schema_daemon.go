package config

import "time"

// mailKeywords are about smtp_alert.
var mailKeywords = []row{
	{name: "notification_email", body: entries, line: "ADDRESS ...", help: "addresses that get mail where smtp_alert asks for it", set: notificationEmail},
	{name: "notification_email_from", value: "ADDRESS", preset: "our user at this host", help: "sender of such mail",
		set: globalString(func(g *globals) *string { return &g.Mail.From })},
	{name: "smtp_server", value: "HOST [PORT]", preset: "none: no mail; port 25", help: "mail server; not resolved before it is needed",
		set: smtpServer},
	{name: "smtp_connect_timeout", value: "SECONDS", preset: "30", help: "time allowed for reaching it",
		set: seconds(time.Microsecond, maxTime, func(s scope) *given[time.Duration] { return &s.globals.smtpTimeout })},
	{name: "smtp_helo_name", value: "NAME", preset: "the host's name", help: "name given to the mail server",
		set: globalString(func(g *globals) *string { return &g.Mail.Helo })},
	{name: "smtp_alert", value: "[on|off]", preset: "off", help: "mail on changes of state of routers and groups that do not say",
		set: boolean(func(s scope) *given[bool] { return &s.globals.alert })},
	{name: "smtp_alert_vrrp", value: "[on|off]", preset: "smtp_alert", help: "the same",
		set: boolean(func(s scope) *given[bool] { return &s.globals.alertVRRP })},
	{name: "no_email_faults", value: "[on|off]", preset: "off", help: "no mail on faults",
		set: boolean(func(s scope) *given[bool] { return &s.globals.noFaults })},
	{name: "smtp_tls", value: "none|starttls|tls", preset: "none", own: true,
		help: "how the mail server is spoken to: starttls is demanded, tls begins at once",
		set: choice(func(s scope) *given[MailSecurity] { return &s.globals.security },
			option[MailSecurity]{"none", MailPlain}, option[MailSecurity]{"starttls", MailStartTLS}, option[MailSecurity]{"tls", MailTLS})},
	{name: "smtp_tls_verify", value: "[on|off]", preset: "on", own: true, help: "check the mail server's certificate",
		set: boolean(func(s scope) *given[bool] { return &s.globals.smtpVerify })},
	{name: "smtp_user", value: "NAME", preset: "no login", own: true, help: "name to log in to the mail server with",
		set: globalString(func(g *globals) *string { return &g.Mail.User })},
	{name: "smtp_password", value: "PASSWORD", own: true, secret: true, help: "password of that name",
		set: func(_ *decoder, n *node, in scope) {
			in.globals.Mail.Password, in.globals.password = n.words[1].s, n.mark(1)
		}},
}

// scriptGlobalKeywords are about all commands.
var scriptGlobalKeywords = []row{
	{name: "script_user", value: "USER [[:] GROUP]", preset: "keepalived_script if there is such a user, else root", help: "user of commands that name none",
		set: func(d *decoder, n *node, in scope) { d.user(n, 1, &in.globals.ScriptUser, &in.globals.ScriptGroup) }},
	{name: "enable_script_security", help: "refuse commands that root would run and others can change", set: globalFlag(func(g *globals) *bool { return &g.ScriptSecurity })},
	{name: "use_symlink_paths", value: "[on|off]", preset: "off", help: "run commands by the path that is written, not by the one its symbolic links lead to",
		set: boolean(func(s scope) *given[bool] { return &s.globals.symlinks })},
	{name: "set_supplementary_groups", help: "run commands with all groups of their user", set: globalFlag(func(g *globals) *bool { return &g.Supplementary })},
	{name: "startup_script", value: "COMMAND [USER [GROUP]]", shell: true, help: "command run once, before any router starts",
		set: hook(func(g *globals) *Hook { return &g.Startup })},
	{name: "startup_script_timeout", value: "1-1000", preset: "10", help: "seconds allowed for it",
		set: hookTimeout(func(g *globals) *Hook { return &g.Startup })},
	{name: "shutdown_script", value: "COMMAND [USER [GROUP]]", shell: true, help: "command run once, after all routers have stopped",
		set: hook(func(g *globals) *Hook { return &g.Shutdown })},
	{name: "shutdown_script_timeout", value: "1-1000", preset: "10", help: "seconds allowed for it",
		set: hookTimeout(func(g *globals) *Hook { return &g.Shutdown })},
}

// pipeKeywords are about named pipes for changes of state.
var pipeKeywords = []row{
	{name: "notify_fifo", value: "FILE [USER [GROUP]]", help: "named pipe for changes of state",
		set: pipe(func(g *globals) *pipeDraft { return &g.pipe })},
	{name: "notify_fifo_script", value: "COMMAND [USER [GROUP]]", shell: true, help: "command that reads it; gets its path as last argument",
		set: pipeScript(func(g *globals) *pipeDraft { return &g.pipe })},
	{name: "vrrp_notify_fifo", value: "FILE [USER [GROUP]]", help: "a second one",
		set: pipe(func(g *globals) *pipeDraft { return &g.routerPipe })},
	{name: "vrrp_notify_fifo_script", value: "COMMAND [USER [GROUP]]", shell: true, help: "command that reads that one",
		set: pipeScript(func(g *globals) *pipeDraft { return &g.routerPipe })},
	{name: "vrrp_notify_priority_changes", value: "[on|off]", preset: "off", help: "tell changes of priority through them",
		set: boolean(func(s scope) *given[bool] { return &s.globals.priorityChanges })},
	{name: "fifo_write_vrrp_states_on_reload", help: "tell all states through them at a reload", set: globalFlag(func(g *globals) *bool { return &g.FIFOOnReload })},
}

// dumpKeywords are about the files signals ask for.
var dumpKeywords = []row{
	{name: "state_dump_file", value: "FILE", preset: "/tmp/keepalived.data", help: "where a signal writes the state to",
		set: globalPath(func(g *globals) *string { return &g.StateDump })},
	{name: "stats_dump_file", value: "FILE", preset: "/tmp/keepalived.stats", help: "where a signal writes the statistics to; keepalived ignores it",
		set: globalPath(func(g *globals) *string { return &g.StatsDump })},
	{name: "json_dump_file", value: "FILE", preset: "/tmp/keepalived.json", help: "where a signal writes both as JSON to; keepalived ignores it",
		set: globalPath(func(g *globals) *string { return &g.JSONDump })},
	{name: "json_version", value: "1|2", preset: "1", help: "form of that JSON",
		set: whole(1, 2, func(s scope) *given[int] { return &s.globals.jsonVersion })},
	{name: "data_use_instance", value: "[on|off]", preset: "off", help: "instance and net_namespace are in the names of those files",
		set: boolean(func(s scope) *given[bool] { return &s.globals.dataInstance })},
	{name: "umask", value: "BITS ...", preset: "the process's own", help: "rights that files are not created with: a number, or IWGRP, IWOTH and their like with a bar between them",
		set: umask},
}

// reloadKeywords are about reading the configuration again.
var reloadKeywords = []row{
	{name: "reload_check_config", value: "[FILE]", status: harmless, why: "a file is always checked first; one that cannot be used changes nothing",
		help: "check a file before it is taken at a reload"},
	{name: "reload_time_file", value: "FILE", help: "file that holds the time of the next reload", set: globalPath(func(g *globals) *string { return &g.ReloadTimeFile })},
	{name: "reload_repeat", help: "keep that file after the reload", set: globalFlag(func(g *globals) *bool { return &g.ReloadRepeat })},
	{name: "reload_file", value: "[FILE]", status: harmless, why: "files are read within milliseconds; put a new one in place by renaming it",
		help: "file that exists while the configuration is read"},
	{name: "include_check", value: "[CHECK ...]", status: harmless, why: "missing includes are always said", help: "which missing includes are errors"},
	{name: "config_save_dir", value: "DIRECTORY", status: harmless, why: "xvrrp check and xvrrp reload --dry-run show what a file means",
		help: "copies of the configuration for debugging"},
	{name: "tmp_config_directory", value: "DIRECTORY", status: harmless, why: "one process reads the files once", help: "place of a temporary copy of the configuration"},
	{name: "iproute_usr_dir", value: "DIRECTORY", preset: "/usr/share/iproute2", help: "where names of routing tables and their like are looked up",
		set: globalPath(func(g *globals) *string { return &g.iprouteUsr })},
	{name: "iproute_etc_dir", value: "DIRECTORY", preset: "/etc/iproute2", help: "the same, first",
		set: globalPath(func(g *globals) *string { return &g.iprouteEtc })},
}

// Why keywords of one kind are without effect.
const (
	whyFirewall = "the filter itself keeps packets from addresses that are not accepted, without firewall rules"
	whySNMP     = "xvrrp status and watch, its socket and its metrics tell all of that"
	whyDBus     = "xvrrp's socket takes the place of D-Bus"
	whyProcess  = "xvrrp is one process"
	whyNoSocket = "adverts arrive through a ring that all routers share, not at sockets"
	whyNetlink  = "a message of the kernel that is lost is noticed, and everything is read again"
)

// idleKeywords are those xvrrp does without.
var idleKeywords = []row{
	{name: "vrrp_iptables", value: "[IN [OUT]]", status: harmless, why: whyFirewall, help: "firewall chains of no_accept"},
	{name: "vrrp_ipsets", value: "[NAME ...]", status: harmless, why: whyFirewall, help: "sets of those chains"},
	{name: "nftables", value: "[TABLE]", status: harmless, why: whyFirewall, help: "firewall table of no_accept"},
	{name: "nftables_priority", value: "N", status: harmless, why: whyFirewall, help: "priority of its chains"},
	{name: "nftables_counters", status: harmless, why: whyFirewall, help: "counters in its rules"},
	{name: "nftables_ifindex", status: harmless, why: whyFirewall, help: "interface numbers in its sets"},
	{name: "vmac_addr_prefix", value: "NAME", status: harmless, why: "no macvlan is made for addresses on other links", help: "begin of the names of such macvlans"},
	{name: "disable_local_igmp", status: harmless, why: "the group of adverts is joined on the interface itself", help: "no membership reports for link-local groups"},

	{name: "enable_snmp_vrrp", status: harmless, why: whySNMP, help: "SNMP: KEEPALIVED-MIB"},
	{name: "enable_snmp_keepalived", status: harmless, why: whySNMP, now: "enable_snmp_vrrp"},
	{name: "enable_snmp_rfc", status: harmless, why: whySNMP, help: "SNMP: the MIBs of RFC 2787 and RFC 6527"},
	{name: "enable_snmp_rfcv2", status: harmless, why: whySNMP, help: "SNMP: the MIB of RFC 2787"},
	{name: "enable_snmp_rfcv3", status: harmless, why: whySNMP, help: "SNMP: the MIB of RFC 6527"},
	{name: "enable_traps", status: harmless, why: whySNMP, help: "SNMP: traps"},
	{name: "snmp_socket", value: "SOCKET", status: harmless, why: whySNMP, help: "SNMP: the master agent"},
	{name: "enable_dbus", status: harmless, why: whyDBus, help: "D-Bus interface"},
	{name: "dbus_service_name", value: "NAME", status: harmless, why: whyDBus, help: "its name"},
	{name: "dbus_no_interface_name", status: harmless, why: whyDBus, help: "paths without the interface"},

	{name: "process_names", status: harmless, why: whyProcess, help: "names of keepalived's processes"},
	{name: "process_name", value: "NAME", status: harmless, why: whyProcess, help: "name of the first process"},
	{name: "vrrp_process_name", value: "NAME", status: harmless, why: whyProcess, help: "name of the VRRP process"},
	{name: "vrrp_netlink_cmd_rcv_bufs", value: "BYTES", status: harmless, why: whyNetlink, help: "size of a socket buffer"},
	{name: "vrrp_netlink_cmd_rcv_bufs_force", value: "[on|off]", status: harmless, why: whyNetlink, help: "beyond the system's limit"},
	{name: "vrrp_netlink_monitor_rcv_bufs", value: "BYTES", status: harmless, why: whyNetlink, help: "size of a socket buffer"},
	{name: "vrrp_netlink_monitor_rcv_bufs_force", value: "[on|off]", status: harmless, why: whyNetlink, help: "beyond the system's limit"},
	{name: "vrrp_rx_bufs_policy", value: "MTU|ADVERT|BYTES", status: harmless, why: whyNoSocket, help: "size of the sockets adverts arrive at"},
	{name: "vrrp_rx_bufs_multiplier", value: "N", status: harmless, why: whyNoSocket, help: "factor of that size"},
	{name: "process_monitor_rcv_bufs", value: "BYTES", status: harmless, why: whyNetlink, help: "size of the socket that tells of processes"},
	{name: "process_monitor_rcv_bufs_force", value: "[on|off]", status: harmless, why: whyNetlink, help: "beyond the system's limit"},
}
