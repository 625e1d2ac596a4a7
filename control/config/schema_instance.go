package config

import (
	"math"
	"net/netip"
	"time"
)

// instanceKeywords are those of vrrp_instance alone.
var instanceKeywords = []row{
	{name: "state", value: "MASTER|BACKUP", preset: "MASTER with priority 255, else BACKUP", help: "role at the start; only priority 255 begins as master at once", set: state},
	{name: "interface", value: "INTERFACE", preset: "required", help: "link the router is on",
		set: textValue(func(s scope) *given[string] { return &s.router.iface })},
	{name: "virtual_router_id", value: "1-255", preset: "required", help: "VRID: the same on all routers of a group, on its link for no other group",
		set: whole(1, 255, func(s scope) *given[uint8] { return &s.router.vrid })},
	{name: "priority", value: "1-255", preset: "100; 255 with state MASTER", help: "the highest becomes master; 255 is the owner of the addresses", set: priority},
	{name: "advert_int", value: "SECONDS", preset: "1", help: "pause between adverts: version 2 whole seconds 1 to 255, version 3 0.01 to 40.95 in steps of 0.01",
		set: seconds(10*time.Millisecond, 255*time.Second, func(s scope) *given[time.Duration] { return &s.router.interval })},
	{name: "version", value: "2|3", preset: "vrrp_version", help: "protocol version; IPv6 is always version 3",
		set: whole(2, 3, func(s scope) *given[uint8] { return &s.defaults.version })},
	{name: "authentication", body: keywords(authKeywords), help: "version 2 only"},
	{name: "nopreempt", preset: "preempt", help: "as backup, leave a master of lower priority alone; not with state MASTER",
		set: bare(true, func(s scope) *given[bool] { return &s.router.nopreempt })},
	{name: "preempt", help: "the opposite of nopreempt",
		set: bare(false, func(s scope) *given[bool] { return &s.router.nopreempt })},
	{name: "preempt_delay", value: "SECONDS", preset: "0", help: "time a master of lower priority is left alone; 0 to 1000; not with state MASTER, nopreempt or strict",
		set: seconds(0, 1000*time.Second, func(s scope) *given[time.Duration] { return &s.router.preemptDelay })},
	{name: "virtual_ipaddress", body: entries, preset: "required in version 3", help: "virtual addresses, advertised in this order; the first one decides the family", set: virtualAddresses(advertised)},
	{name: "virtual_ipaddress_excluded", body: entries, help: "virtual addresses that are not advertised, of any family", set: virtualAddresses(excluded)},
	{name: "no_virtual_ipaddress", help: "version 2: no address is wanted",
		set: bare(true, func(s scope) *given[bool] { return &s.router.noAddress })},
	{name: "mcast_src_ip", value: "ADDRESS", preset: "the interface's first address", help: "source of multicast adverts",
		set: address(func(s scope) *given[netip.Addr] { return &s.router.source })},
	{name: "mcast_dst_ip", value: "ADDRESS", preset: "vrrp_mcast_group4 or 6", help: "destination of multicast adverts",
		set: address(func(s scope) *given[netip.Addr] { return &s.router.group })},
	{name: "unicast_src_ip", value: "ADDRESS", preset: "the interface's first address", help: "source of unicast adverts",
		set: address(func(s scope) *given[netip.Addr] { return &s.router.unicast })},
	{name: "unicast_peer", body: entries, help: "adverts go to these addresses instead of a group: ADDRESS [min_ttl N] [max_ttl N]", set: unicastPeers},
	{name: "unicast_ttl", value: "0-255", preset: "255", help: "TTL or hop limit of unicast adverts",
		set: whole(0, 255, func(s scope) *given[uint8] { return &s.router.unicastTTL })},
	{name: "unicast_fault_no_peer", help: "fault instead of multicast if there is no unicast_peer",
		set: bare(true, func(s scope) *given[bool] { return &s.router.faultNoPeer })},
	{name: "skip_check_adv_addr", value: "[on|off]", preset: "vrrp_skip_check_adv_addr", help: "as backup, do not compare the address list of the master that is followed; like keepalived, on whatever the value", set: skipCheck},
	{name: "strict_mode", value: "[on|off]", preset: "vrrp_strict", help: "hold this router to the RFC",
		set: boolean(func(s scope) *given[bool] { return &s.defaults.strict })},
	{name: "accept", preset: "accept; strict: for the owner only", help: "as master, take packets to the virtual addresses",
		set: bare(true, func(s scope) *given[bool] { return &s.router.accept })},
	{name: "no_accept", help: "the opposite of accept: route only",
		set: bare(false, func(s scope) *given[bool] { return &s.router.accept })},
	{name: "dont_track_primary", help: "run on although the interface is down",
		set: func(_ *decoder, _ *node, in scope) { in.router.TrackPrimary = false }},

	{name: "vlan", value: "VID|SVID.CVID", preset: "untagged", own: true, help: "802.1Q tag of the router's segment on the interface, or 802.1ad service and customer tags", set: vlan},

	{name: "auth_hmac", body: keywords(hmacKeywords), status: faults, help: "adverts with an HMAC trailer", set: incompatible},
	{name: "track_interface", body: entries, status: later, help: "fault or priority by the state of links"},
	{name: "track_script", body: entries, status: later, help: "fault or priority by scripts"},
	{name: "track_file", body: entries, status: later, help: "fault or priority by numbers in files"},
	{name: "track_process", body: entries, status: later, help: "fault or priority by processes"},
	{name: "track_bfd", body: entries, status: later, help: "fault or priority by BFD sessions"},
	{name: "track_src_ip", status: later, help: "fault while the source address is not there"},
	{name: "use_vmac", value: "[[name] NAME] [MAC] [netlink_notify_msg] [group N]", status: later, help: "virtual MAC by a macvlan"},
	{name: "use_vmac_addr", status: later, help: "virtual MAC for addresses on other links"},
	{name: "vmac_xmit_base", status: later, help: "adverts from the interface itself in spite of use_vmac"},
	{name: "use_ipvlan", value: "[NAME] [ADDRESS] [bridge|private|vepa]", status: later, help: "addresses on an ipvlan"},
	{name: "vrf", value: "INTERFACE", status: later, help: "VRF of a unicast router without interface"},
	{name: "virtual_routes", body: entries, status: later, help: "routes that move with the addresses"},
	{name: "virtual_rules", body: entries, status: later, help: "routing rules that move with the addresses"},
	{name: "promote_secondaries", status: later, help: "keep secondary addresses when the first goes"},
	{name: "timer_expired_backup", value: "[PRIORITY]", status: later, help: "give up after having been late"},
	{name: "thread_timer_expired", value: "[PRIORITY]", status: later, help: "old name of timer_expired_backup"},
	{name: "old_unicast_checksum", value: "[never]", status: later, help: "checksum of version 3 in keepalived before 1.3.7"},
	{name: "vmac_garp_intvl", value: "[all] SECONDS", status: later, help: "old name of garp_extra_if"},
	{name: "garp_interval", value: "SECONDS", status: later, help: "gap between gratuitous ARPs of this router"},
	{name: "gna_interval", value: "SECONDS", status: later, help: "gap between unsolicited NAs of this router"},

	{name: "notify", value: "COMMAND", shell: true, status: later, help: "command run at every change of state"},
	{name: "notify_master", value: "COMMAND", shell: true, status: later, help: "command run on becoming master"},
	{name: "notify_backup", value: "COMMAND", shell: true, status: later, help: "command run on becoming backup"},
	{name: "notify_fault", value: "COMMAND", shell: true, status: later, help: "command run on a fault"},
	{name: "notify_stop", value: "COMMAND", shell: true, status: later, help: "command run at the stop"},
	{name: "notify_deleted", value: "[COMMAND]", shell: true, status: later, help: "command run when a reload removes the router"},
	{name: "notify_master_rx_lower_pri", value: "COMMAND", shell: true, status: later, help: "command run when a master hears one of lower priority"},
	{name: "notify_priority_changes", value: "[on|off]", status: harmless, help: "tell changes of priority, too"},
	{name: "smtp_alert", value: "[on|off]", status: later, help: "mail on changes of state"},

	{name: "native_ipv6", status: carried, help: "makes the router IPv6, if no address above has decided",
		set: func(_ *decoder, n *node, in scope) { in.router.decide(netip.IPv6Unspecified(), n.mark(0)) }},
	{name: "linkbeat_use_polling", status: harmless, help: "ask the interface for its state; xvrrp is told by the kernel"},
	{name: "kernel_rx_buf_size", value: "BYTES", status: harmless, help: "size of the socket adverts arrive at; xvrrp has none"},
	{name: "debug", value: "[0-4]", status: harmless, help: "level of debugging output"},
	{name: "lvs_sync_daemon_interface", value: "INTERFACE", status: skipped, help: "LVS"},
}

// authKeywords are those of authentication.
var authKeywords = []row{
	{name: "auth_type", value: "PASS|AH", preset: "none", help: "PASS: a password in every advert; AH is not carried out", set: authType},
	{name: "auth_pass", value: "PASSWORD", secret: true, help: "the password, at most eight bytes; sent in the clear",
		set: func(d *decoder, n *node, in scope) { in.router.authPass = given[string]{n.words[1].s, true, n.mark(1)} }},
}

// hmacKeywords are those of auth_hmac.
var hmacKeywords = []row{
	{name: "key", value: "ID VALUE", secret: true, help: "a key and its number"},
	{name: "active_key", value: "ID", help: "number of the key to sign with"},
	{name: "anti_replay", value: "time|monotonic", help: "how repeated adverts are told"},
	{name: "time_window", value: "1-300", help: "seconds clocks may differ"},
	{name: "mode", value: "enforce|permissive|receive-only", help: "what becomes of adverts without trailer"},
}

// wholeSeconds is a keyword before a time in whole seconds.
func wholeSeconds(f field[time.Duration]) setter {
	return func(d *decoder, n *node, in scope) {
		v, fault := integer(n.words[1].s, 0, int64(maxSeconds/time.Second))
		if fault != "" {
			d.report(Warning, n.mark(1), "", "%s %s; line ignored", n.keyword(), fault)
			return
		}
		put(d, n, 1, f(in), time.Duration(v)*time.Second)
	}
}

// announceGap is vrrp_garp_interval and vrrp_gna_interval: keepalived refuses the very default it documents.
func announceGap(f field[time.Duration]) setter {
	return func(d *decoder, n *node, in scope) {
		v, _, ok := parseSeconds(n.words[1].s)
		if ok && v == 0 {
			d.report(Warning, n.mark(1), "remove the line: no gap is the default",
				"%s %s is out of range (0.000001 to %s seconds); line ignored", n.keyword(), n.words[1].s, inSeconds(maxSeconds))
			return
		}
		if v, ok := d.seconds(n, time.Microsecond, maxSeconds); ok {
			if v >= time.Second {
				d.report(Notice, n.mark(1), "", "%s %s is very long: an address may be announced late", n.keyword(), n.words[1].s)
			}
			put(d, n, 1, f(in), v)
		}
	}
}

// group is a keyword before a multicast address of one family.
func group(v4 bool, f field[netip.Addr]) setter {
	return func(d *decoder, n *node, in scope) {
		a, err := netip.ParseAddr(n.words[1].s)
		if err != nil || a.Is4() != v4 || !a.IsMulticast() {
			d.report(Warning, n.mark(1), "write a multicast address", "%s wants a multicast address of its family, not %q; line ignored", n.keyword(), n.words[1].s)
			return
		}
		put(d, n, 1, f(in), a)
	}
}

func nothing(*decoder, *node, scope) {}

// incompatible is a keyword without which this router and its peers would not take each other's adverts.
func incompatible(_ *decoder, n *node, in scope) {
	in.router.unsupported = append(in.router.unsupported, given[string]{n.keyword(), true, n.mark(0)})
}

func dynamicInterfaces(d *decoder, n *node, in scope) {
	in.globals.DynamicInterfaces = true
	if len(n.words) > 1 && n.words[1].s != "allow_if_changes" {
		d.report(Warning, n.mark(1), "", "dynamic_interfaces takes allow_if_changes, not %q; ignored", n.words[1].s)
	}
}

func notificationEmail(_ *decoder, n *node, in scope) {
	for _, line := range n.body {
		for _, w := range line.words {
			in.globals.NotificationEmail = append(in.globals.NotificationEmail, w.s)
		}
	}
}

func smtpServer(d *decoder, n *node, in scope) {
	in.globals.SMTPServer = n.words[1].s
	if len(n.words) < 3 {
		return
	}
	if _, fault := integer(n.words[2].s, 1, math.MaxUint16); fault != "" {
		d.report(Warning, n.mark(2), "", "the port of smtp_server %s; port 25 is used", fault)
		return
	}
	in.globals.SMTPServer = joinHostPort(n.words[1].s, n.words[2].s)
}

// state: anything but MASTER is BACKUP, and MASTER stays once it was given.
func state(d *decoder, n *node, in scope) {
	word := n.words[1].s
	if word != "MASTER" && word != "BACKUP" {
		d.report(Warning, n.mark(1), "write MASTER or BACKUP", "state takes MASTER or BACKUP, not %q; BACKUP is used", word)
		word = "BACKUP"
	}
	if s := &in.router.state; s.ok && s.v == "MASTER" && word == "BACKUP" {
		d.report(Warning, n.mark(1), "remove one of the two", "state is MASTER already at %s; this line is ignored", s.at.pos())
		return
	}
	in.router.state = given[string]{word, true, n.mark(1)}
}

// priority out of range is 100.
func priority(d *decoder, n *node, in scope) {
	v, fault := integer(n.words[1].s, 1, 255)
	if fault != "" {
		d.report(Warning, n.mark(1), "write a number from 1 to 254", "priority %s; 100 is used", fault)
		v = 100
	}
	put(d, n, 1, &in.router.priority, uint8(v))
}

// skipCheck is on whatever boolean follows.
func skipCheck(d *decoder, n *node, in scope) {
	v, ok := d.truth(n)
	if !ok {
		return
	}
	if !v {
		d.report(Warning, n.mark(1), "remove the line to have the list compared",
			"skip_check_adv_addr %s switches it on, as in keepalived", n.words[1].s)
	}
	put(d, n, 0, &in.defaults.skipAddrs, true)
}

func authType(d *decoder, n *node, in scope) {
	switch word := n.words[1].s; word {
	case "PASS", "AH":
		put(d, n, 1, &in.router.authType, word)
	default:
		d.report(Warning, n.mark(1), "write PASS", "auth_type takes PASS or AH, not %q; line ignored", word)
	}
}

func vlan(d *decoder, n *node, in scope) {
	tags, fault := parseVLAN(n.words[1].s)
	if fault != "" {
		d.report(Warning, n.mark(1), "write vlan VID or vlan SVID.CVID", "vlan %s; line ignored", fault)
		return
	}
	put(d, n, 1, &in.router.vlan, tags)
}
