package config

// top is what stands outside all blocks.
var top = keywords([]row{
	{name: "global_defs", body: keywords(globalKeywords, sharedKeywords("vrrp_"), ownSharedKeywords, misplacedKeywords, daemonKeywords),
		help: "settings of the daemon and of all routers"},
	{name: "vrrp_instance", value: "NAME", body: keywords(instanceKeywords, sharedKeywords(""), ownSharedKeywords), help: "a router"},
	{name: "vrrp_sync_group", value: "NAME", body: keywords(syncGroupKeywords), status: later, help: "routers that change roles together"},
	{name: "vrrp_script", value: "NAME", body: keywords(scriptKeywords), status: later, help: "a script for track_script"},
	{name: "track_file", value: "NAME", body: keywords(trackFileKeywords), status: later, help: "a file for track_file"},
	{name: "vrrp_track_file", value: "NAME", body: keywords(trackFileKeywords), status: later, help: "old name of track_file"},
	{name: "vrrp_track_process", value: "NAME", body: keywords(trackProcessKeywords), status: later, help: "a process for track_process"},
	{name: "bfd_instance", value: "NAME", body: keywords(bfdKeywords), status: skipped, help: "a BFD session"},
	{name: "static_ipaddress", body: entries, status: later, help: "addresses that stay for the life of the daemon"},
	{name: "static_routes", body: entries, status: later, help: "routes that stay"},
	{name: "static_rules", body: entries, status: later, help: "routing rules that stay"},
	{name: "track_group", value: "NAME", body: keywords([]row{{name: "group", body: entries, help: "names of routers"}}), status: later,
		help: "routers that fault when a static object is gone"},
	{name: "garp_group", body: keywords(garpGroupKeywords), status: later, help: "gaps between announcements over several links"},
	{name: "linkbeat_interfaces", body: entries, status: harmless, help: "links to ask for their state; xvrrp is told by the kernel"},
	{name: "interface_up_down_delays", body: entries, status: later, help: "pauses after links go up or down"},
	{name: "virtual_server", value: "ADDRESS [PORT]|fwmark N|group NAME", body: keywords(virtualServerKeywords), status: skipped, help: "LVS"},
	{name: "virtual_server_group", value: "NAME", body: entries, status: skipped, help: "LVS"},
	{name: "SSL", body: keywords(skippedRows("LVS", "password", "ca", "certificate", "key")), status: skipped, help: "LVS"},
}, includeKeywords, misplacedKeywords)

// includeKeywords are carried out before statements are decoded. One that is met then stands between quotes.
var includeKeywords = []row{
	{name: "include", value: "PATTERN", set: lateInclude,
		help: "reads other files in this place: relative to this one, with wildcards and {a,b}"},
	{name: "includer", value: "PATTERN", set: lateInclude, help: "the same; a file that cannot be read is an error"},
	{name: "includem", value: "PATTERN", set: lateInclude, help: "the same; a missing file is an error"},
	{name: "includew", value: "PATTERN", set: lateInclude, help: "the same; wildcards without a match are an error"},
	{name: "includeb", value: "PATTERN", set: lateInclude, help: "the same; each alternative between braces must match"},
	{name: "includea", value: "PATTERN", set: lateInclude, help: "all of these"},
}

var syncGroupKeywords = []row{
	{name: "group", body: entries, help: "names of routers"},
	{name: "track_interface", body: entries, help: "as in vrrp_instance"},
	{name: "track_script", body: entries, help: "as in vrrp_instance"},
	{name: "track_file", body: entries, help: "as in vrrp_instance"},
	{name: "track_process", body: entries, help: "as in vrrp_instance"},
	{name: "track_bfd", body: entries, help: "as in vrrp_instance"},
	{name: "notify", value: "COMMAND", shell: true, help: "as in vrrp_instance"},
	{name: "notify_master", value: "COMMAND", shell: true, help: "as in vrrp_instance"},
	{name: "notify_backup", value: "COMMAND", shell: true, help: "as in vrrp_instance"},
	{name: "notify_fault", value: "COMMAND", shell: true, help: "as in vrrp_instance"},
	{name: "notify_stop", value: "COMMAND", shell: true, help: "as in vrrp_instance"},
	{name: "notify_priority_changes", value: "[on|off]", help: "as in vrrp_instance"},
	{name: "smtp_alert", value: "[on|off]", help: "as in vrrp_instance"},
	{name: "sync_group_tracking_weight", help: "weights of members' trackers count"},
	{name: "global_tracking", help: "deprecated"},
}

var scriptKeywords = []row{
	{name: "script", value: "COMMAND", shell: true, help: "the command"},
	{name: "interval", value: "SECONDS", preset: "1", help: "pause between runs"},
	{name: "timeout", value: "SECONDS", preset: "interval", help: "time allowed for a run"},
	{name: "weight", value: "-253-253 [reverse]", preset: "0", help: "change of priority; 0: fault"},
	{name: "rise", value: "N", preset: "1", help: "successes in a row that count"},
	{name: "fall", value: "N", preset: "1", help: "failures in a row that count"},
	{name: "user", value: "USER [[:] GROUP]", preset: "script_user", help: "who runs it"},
	{name: "init_fail", help: "failed until the first success"},
}

var trackFileKeywords = []row{
	{name: "file", value: "FILE", shell: true, help: "the file"},
	{name: "weight", value: "-254-254 [reverse]", preset: "1", help: "factor of the number in it; 0: fault"},
	{name: "init_file", value: "[VALUE] [overwrite]", help: "create the file"},
}

var trackProcessKeywords = []row{
	{name: "process", value: "COMMAND", shell: true, help: "name, or whole command line"},
	{name: "param_match", value: "[initial|partial]", help: "how parameters are compared"},
	{name: "weight", value: "-254-254 [reverse]", preset: "0", help: "change of priority; 0: fault"},
	{name: "quorum", value: "N", preset: "1", help: "least number of processes"},
	{name: "quorum_max", value: "N", help: "greatest number of processes"},
	{name: "delay", value: "SECONDS", help: "pause before a change counts"},
	{name: "fork_delay", value: "SECONDS", help: "pause before a start counts"},
	{name: "terminate_delay", value: "SECONDS", help: "pause before an end counts"},
	{name: "full_command", help: "compare the whole command line"},
}

var garpGroupKeywords = []row{
	{name: "garp_interval", value: "SECONDS", help: "gap between gratuitous ARPs"},
	{name: "gna_interval", value: "SECONDS", help: "gap between unsolicited NAs"},
	{name: "interface", value: "INTERFACE", help: "the link"},
	{name: "interfaces", body: entries, help: "links behind one switch"},
}

var bfdKeywords = skippedRows("BFD", "neighbor_ip", "neighbour_ip", "source_ip", "min_rx", "min_tx", "idle_tx", "multiplier",
	"passive", "ttl", "hoplimit", "max_hops", "multihop", "weight", "vrrp", "checker")

var virtualServerKeywords = skippedRows("LVS", "lvs_sched", "lb_algo", "lvs_method", "lb_kind", "flag-1", "flag-2", "flag-3", "sh-port",
	"sh-fallback", "mh-port", "mh-fallback", "ops", "hashed", "persistence_engine", "persistence_timeout", "persistence_granularity",
	"protocol", "ha_suspend", "smtp_alert", "virtualhost", "snmp_name", "alpha", "omega", "quorum", "hysteresis", "quorum_up",
	"quorum_down", "ip_family", "sorry_server", "sorry_server_inhibit", "sorry_server_lvs_method", "connect_timeout", "retry",
	"delay_before_retry", "warmup", "delay_loop", "inhibit_on_failure", "real_server", "weight", "notify_up", "notify_down",
	"uthreshold", "lthreshold", "HTTP_GET", "SSL_GET", "TCP_CHECK", "SMTP_CHECK", "DNS_CHECK", "MISC_CHECK", "BFD_CHECK",
	"PING_CHECK", "UDP_CHECK", "FILE_CHECK")

func lateInclude(d *decoder, n *node, _ scope) {
	d.report(Warning, n.mark(0), "write it without quotes", "%s between quotes is not carried out", n.keyword())
}
