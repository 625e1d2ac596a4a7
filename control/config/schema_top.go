package config

// top is what stands outside all blocks.
var top = keywords([]row{
	{name: "global_defs", body: globalBlock, help: "settings of the daemon and of all routers"},
	{name: "vrrp_instance", value: "NAME", enter: enterInstance, help: "a router",
		body: keywords(instanceKeywords, sharedKeywords(""), ownSharedKeywords, trackKeywords, notifyKeywords, instanceNotifyKeywords)},
	{name: "vrrp_sync_group", value: "NAME", enter: enterGroup, help: "routers that change roles together",
		body: keywords(syncGroupKeywords, trackKeywords, notifyKeywords)},
	{name: "vrrp_script", value: "NAME", enter: enterScript, body: keywords(scriptKeywords), help: "a script for track_script"},
	{name: "track_file", value: "NAME", enter: enterFile, body: keywords(trackFileKeywords), help: "a file for track_file"},
	{name: "vrrp_track_file", value: "NAME", enter: enterFile, body: keywords(trackFileKeywords), now: "track_file"},
	{name: "vrrp_track_process", value: "NAME", enter: enterProcess, body: keywords(trackProcessKeywords), help: "a process for track_process"},
	{name: "bfd_instance", value: "NAME", enter: enterBFD, body: keywords(bfdKeywords), help: "a BFD session for track_bfd"},
	{name: "vrrp_check", value: "NAME", enter: enterCheck, body: keywords(checkKeywords), own: true,
		help: "a health check for track_check; it forks nothing but MISC_CHECK"},
	{name: "static_ipaddress", body: entries, line: "ADDRESS[/LENGTH] [OPTION ...]", set: staticAddresses, help: "addresses that stay for the life of the daemon"},
	{name: "static_routes", body: entries, line: "[TYPE] PREFIX [OPTION ...]", set: staticRoutes, help: "routes that stay"},
	{name: "static_rules", body: entries, line: "OPTION ...", set: staticRules, help: "routing rules that stay"},
	{name: "track_group", value: "NAME", enter: enterTrackGroup, help: "routers that fault when a static object that names the group is gone",
		body: keywords([]row{{name: "group", body: entries, line: "NAME ...", set: nameList, help: "names of routers"}})},
	{name: "garp_group", enter: enterPaceGroup, body: keywords(garpGroupKeywords), help: "gaps between announcements over several links"},
	{name: "interface_up_down_delays", body: entries, line: "INTERFACE DOWN [UP]", set: linkDelays,
		help: "seconds before a link that went down or up counts as such; 0 to 255, UP is 0 if left out"},
	{name: "linkbeat_interfaces", body: entries, line: "INTERFACE [MII|ETHTOOL|IOCTL]", status: harmless, why: whyLinkbeat, help: "links to ask for their state"},
	{name: "virtual_server", value: "ADDRESS [PORT]|fwmark N|group NAME", body: keywords(virtualServerKeywords), status: skipped, help: "LVS"},
	{name: "virtual_server_group", value: "NAME", body: entries, status: skipped, help: "LVS"},
	{name: "SSL", body: keywords(skippedRows("LVS", "password", "ca", "certificate", "key")), status: skipped, help: "LVS"},
}, includeKeywords, processKeywords)

// whyLinkbeat is why links are not polled.
const whyLinkbeat = "the kernel tells of every link that goes up or down"

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

// processKeywords are about the daemon as a process. They may stand in global_defs, too.
var processKeywords = []row{
	{name: "net_namespace", value: "NAME", preset: "the one it is started in", help: "network namespace to run in; not changed by a reload",
		set: globalString(func(g *globals) *string { return &g.NetNamespace })},
	{name: "instance", value: "NAME", help: "name of this daemon among several in one namespace; not changed by a reload",
		set: globalString(func(g *globals) *string { return &g.Instance })},
	{name: "use_pid_dir", help: "process id files below /run/keepalived", set: globalFlag(func(g *globals) *bool { return &g.PIDDir })},
	{name: "linkbeat_use_polling", status: harmless, why: whyLinkbeat, help: "ask all links for their state"},
	{name: "net_namespace_ipvs", value: "[NAME]", status: skipped, help: "network namespace of IPVS"},
	{name: "namespace_with_ipsets", status: harmless, why: whyFirewall, help: "sets of firewall addresses in namespaces"},
	{name: "child_wait_time", value: "SECONDS", status: harmless, why: "there are no child processes to wait for",
		help: "time allowed for children at the end"},
}

var virtualServerKeywords = skippedRows("LVS", "lvs_sched", "lb_algo", "lvs_method", "lb_kind", "flag-1", "flag-2", "flag-3", "sh-port",
	"sh-fallback", "mh-port", "mh-fallback", "ops", "hashed", "persistence_engine", "persistence_timeout", "persistence_granularity",
	"protocol", "ha_suspend", "smtp_alert", "virtualhost", "snmp_name", "alpha", "omega", "quorum", "hysteresis", "quorum_up",
	"quorum_down", "ip_family", "sorry_server", "sorry_server_inhibit", "sorry_server_lvs_method", "connect_timeout", "retry",
	"delay_before_retry", "warmup", "delay_loop", "inhibit_on_failure", "real_server", "weight", "notify_up", "notify_down",
	"uthreshold", "lthreshold", "HTTP_GET", "SSL_GET", "TCP_CHECK", "SMTP_CHECK", "DNS_CHECK", "MISC_CHECK", "BFD_CHECK",
	"PING_CHECK", "UDP_CHECK", "FILE_CHECK")

// skippedRows are keywords that are known by name alone.
func skippedRows(of string, names ...string) []row {
	rows := make([]row, len(names))
	for i, name := range names {
		rows[i] = row{name: name, value: "[...]", status: skipped, help: of}
	}
	return rows
}

func lateInclude(d *decoder, n *node, _ scope) {
	d.report(Warning, n.mark(0), "write it without quotes", "%s between quotes is not carried out", n.keyword())
}
