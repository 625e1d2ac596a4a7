package config

import "time"

// syncGroupKeywords are those of vrrp_sync_group alone.
var syncGroupKeywords = []row{
	{name: "group", body: entries, line: "NAME ...", set: nameList, preset: "required", help: "names of routers"},
	{name: "sync_group_tracking_weight", help: "weights of what members track count; without it only those of what the group tracks do",
		set: func(_ *decoder, _ *node, in scope) { in.group.TrackWeights = true }},
	{name: "global_tracking", now: "sync_group_tracking_weight", set: globalTracking},
}

// notifyKeywords are those of vrrp_instance and vrrp_sync_group.
var notifyKeywords = []row{
	{name: "notify", value: "COMMAND [USER [GROUP]]", shell: true,
		help: "command run at every change of state, with four more arguments: INSTANCE or GROUP, name, state, priority",
		set:  notification(func(n *Notify) **Command { return &n.Any })},
	{name: "notify_master", value: "COMMAND [USER [GROUP]]", shell: true, help: "command run on becoming master",
		set: notification(func(n *Notify) **Command { return &n.Master })},
	{name: "notify_backup", value: "COMMAND [USER [GROUP]]", shell: true, help: "command run on becoming backup",
		set: notification(func(n *Notify) **Command { return &n.Backup })},
	{name: "notify_fault", value: "COMMAND [USER [GROUP]]", shell: true, help: "command run on a fault",
		set: notification(func(n *Notify) **Command { return &n.Fault })},
	{name: "notify_stop", value: "COMMAND [USER [GROUP]]", shell: true, help: "command run at the stop",
		set: notification(func(n *Notify) **Command { return &n.Stop })},
	{name: "notify_priority_changes", value: "[on|off]", preset: "vrrp_notify_priority_changes", help: "tell changes of priority through the pipes",
		set: boolean(func(s scope) *given[bool] { return &s.party.priorityChanges })},
	{name: "smtp_alert", value: "[on|off]", preset: "smtp_alert_vrrp, else the smtp_alert of global_defs, else off", help: "mail on changes of state",
		set: boolean(func(s scope) *given[bool] { return &s.party.mail })},
}

// instanceNotifyKeywords are those of vrrp_instance alone.
var instanceNotifyKeywords = []row{
	{name: "notify_deleted", value: "[COMMAND [USER [GROUP]]]", shell: true, set: notifyDeleted,
		help: "tell DELETED instead of FAULT when a reload removes the router, and run the command"},
	{name: "notify_master_rx_lower_pri", value: "COMMAND [USER [GROUP]]", shell: true, help: "command run when a master hears one of lower priority",
		set: notification(func(n *Notify) **Command { return &n.MasterRxLower })},
}

// garpGroupKeywords are those of garp_group.
var garpGroupKeywords = []row{
	{name: "garp_interval", value: "SECONDS", preset: "no gap", help: "gap between two gratuitous ARPs on these links together",
		set: announceGap(func(s scope) *given[time.Duration] { return &s.pace.garp })},
	{name: "gna_interval", value: "SECONDS", preset: "no gap", help: "gap between two unsolicited NAs on these links together",
		set: announceGap(func(s scope) *given[time.Duration] { return &s.pace.gna })},
	{name: "interface", value: "INTERFACE", help: "the link", set: paceInterface},
	{name: "interfaces", body: entries, line: "INTERFACE ...", help: "links behind one switch", set: paceInterfaces},
}
