// Differences between two configurations, worded for plans of a reload: by the keywords of the file, never with a secret.

package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// setting is a keyword and what it sets. secret says that values are not shown.
type setting[T any] struct {
	keyword string
	value   func(T) any
	secret  bool
}

// routerSettings are all that a router is, but for its name and place.
var routerSettings = []setting[*Router]{
	{keyword: "interface", value: func(r *Router) any { return r.Interface }},
	{keyword: "vlan", value: func(r *Router) any { return r.VLAN }},
	{keyword: "virtual_router_id", value: func(r *Router) any { return r.VRID }},
	{keyword: "family", value: func(r *Router) any { return familyName(r.V6) }},
	{keyword: "version", value: func(r *Router) any { return r.Version }},
	{keyword: "v2_v3_interop", value: func(r *Router) any { return r.Interop }},
	{keyword: "state", value: func(r *Router) any { return stateName(r.StartMaster) }},
	{keyword: "priority", value: func(r *Router) any { return r.Priority }},
	{keyword: "advert_int", value: func(r *Router) any { return r.Interval }},
	{keyword: "preempt", value: func(r *Router) any { return r.Preempt }},
	{keyword: "preempt_delay", value: func(r *Router) any { return r.PreemptDelay }},
	{keyword: "authentication", value: func(r *Router) any { return r.Auth }, secret: true},
	{keyword: "auth_hmac", value: func(r *Router) any { return r.HMAC }, secret: true},
	{keyword: "strict_mode", value: func(r *Router) any { return r.Strict }},
	{keyword: "accept", value: func(r *Router) any { return r.Accept }},
	{keyword: "virtual_ipaddress", value: func(r *Router) any { return r.Addresses }},
	{keyword: "virtual_ipaddress_excluded", value: func(r *Router) any { return r.Excluded }},
	{keyword: "virtual_routes", value: func(r *Router) any { return r.Routes }},
	{keyword: "virtual_rules", value: func(r *Router) any { return r.Rules }},
	{keyword: "source address", value: func(r *Router) any { return r.Source }},
	{keyword: "multicast group", value: func(r *Router) any { return r.Group }},
	{keyword: "unicast_peer", value: func(r *Router) any { return r.Peers }},
	{keyword: "unicast_ttl", value: func(r *Router) any { return r.UnicastTTL }},
	{keyword: "track_src_ip", value: func(r *Router) any { return r.TrackSource }},
	{keyword: "vrrp_address_mismatch", value: func(r *Router) any { return r.Mismatch }},
	{keyword: "skip_check_adv_addr", value: func(r *Router) any { return r.SkipCheckAddr }},
	{keyword: "vrrp_pass_adverts", value: func(r *Router) any { return r.PassAdverts }},
	{keyword: "accept_any_first_address", value: func(r *Router) any { return r.AnyFirst }},
	{keyword: "v3_checksum_as_v2", value: func(r *Router) any { return r.SendChecksum }},
	{keyword: "v3_checksum_receive", value: func(r *Router) any { return r.TakeChecksum }},
	{keyword: "dont_track_primary", value: func(r *Router) any { return !r.TrackPrimary }},
	{keyword: "down_timer_adverts", value: func(r *Router) any { return r.DownAdverts }},
	{keyword: "lower_prio_no_advert", value: func(r *Router) any { return r.LowerNoAdvert }},
	{keyword: "higher_prio_send_advert", value: func(r *Router) any { return r.HigherSendAdvert }},
	{keyword: "owner_ignore_adverts", value: func(r *Router) any { return r.OwnerIgnore }},
	{keyword: "timer_expired_backup", value: func(r *Router) any { return r.TimerExpired }},
	{keyword: "garp_master_delay", value: func(r *Router) any { return r.GARP.Delay }},
	{keyword: "garp_master_repeat", value: func(r *Router) any { return r.GARP.Repeat }},
	{keyword: "garp_master_refresh", value: func(r *Router) any { return r.GARP.Refresh }},
	{keyword: "garp_master_refresh_repeat", value: func(r *Router) any { return r.GARP.RefreshRepeat }},
	{keyword: "garp_lower_prio_delay", value: func(r *Router) any { return r.GARP.LowerDelay }},
	{keyword: "garp_lower_prio_repeat", value: func(r *Router) any { return r.GARP.LowerRepeat }},
	{keyword: "garp_interval", value: func(r *Router) any { return r.GARP.Gap }},
	{keyword: "gna_interval", value: func(r *Router) any { return r.GARP.NAGap }},
	{keyword: "garp_extra_if", value: func(r *Router) any { return r.GARP.Extra }},
	{keyword: "vrrp_sync_group", value: func(r *Router) any { return r.SyncGroup }},
	{keyword: "track", value: func(r *Router) any { return r.Tracks }},
	{keyword: "notify", value: func(r *Router) any { return r.Notify }},
	{keyword: "use_vmac", value: func(r *Router) any { return r.VMAC }},
	{keyword: "promote_secondaries", value: func(r *Router) any { return r.PromoteSecondaries }},
	{keyword: "fault", value: func(r *Router) any { return r.Fault }},
}

// Diff names what differs between a router and what it is to become, a keyword each: "priority 100 -> 150". Of
// secrets it says only that they changed.
func (r *Router) Diff(o *Router) []string {
	var out []string
	if r.Name != o.Name {
		out = append(out, fmt.Sprintf("name %s -> %s", r.Name, o.Name))
	}
	return append(out, settingsDiff(routerSettings, r, o)...)
}

// settingsDiff words each setting that differs.
func settingsDiff[T any](settings []setting[T], a, b T) []string {
	var out []string
	for _, s := range settings {
		before, after := s.value(a), s.value(b)
		switch {
		case equal(before, after):
		case s.secret:
			out = append(out, s.keyword+" changed")
		case reflect.TypeOf(before).Kind() == reflect.Slice:
			out = append(out, entriesDiff(s.keyword, reflect.ValueOf(before), reflect.ValueOf(after))...)
		default:
			out = append(out, change(s.keyword, before, after))
		}
	}
	return out
}

// change words a setting that differs; what does not fit on a line is only named.
func change(keyword string, before, after any) string {
	b, ok := short(before)
	a, also := short(after)
	if !ok || !also {
		return keyword + " changed"
	}
	return fmt.Sprintf("%s %s -> %s", keyword, b, a)
}

// short is a plain value as the file would write it.
func short(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return or(v, "none"), true
	case bool:
		return map[bool]string{true: "on", false: "off"}[v], true
	case interface{ IsValid() bool }:
		if !v.IsValid() {
			return "none", true
		}
		return fmt.Sprint(v), true
	}
	switch reflect.TypeOf(v).Kind() {
	case reflect.Struct, reflect.Pointer, reflect.Map, reflect.Slice:
		return "", false
	}
	return fmt.Sprint(v), true
}

// entriesDiff words what was added to a list, removed from it and changed in it.
func entriesDiff(keyword string, before, after reflect.Value) []string {
	var removed, added, changed []string
	old := make(map[string]reflect.Value, before.Len())
	for i := range before.Len() {
		old[entryName(before.Index(i))] = before.Index(i)
	}
	for i := range after.Len() {
		name := entryName(after.Index(i))
		was, had := old[name]
		delete(old, name)
		switch {
		case !had:
			added = append(added, fmt.Sprintf("%s %s added", keyword, name))
		case !same(was, after.Index(i)):
			changed = append(changed, fmt.Sprintf("%s %s changed", keyword, name))
		}
	}
	for i := range before.Len() {
		name := entryName(before.Index(i))
		if _, gone := old[name]; gone {
			delete(old, name)
			removed = append(removed, fmt.Sprintf("%s %s removed", keyword, name))
		}
	}
	out := slices.Concat(removed, added, changed)
	if len(out) == 0 {
		return []string{keyword + " in another order"}
	}
	return out
}

// entryName is what an entry of a list is known by.
func entryName(v reflect.Value) string {
	switch e := v.Interface().(type) {
	case Address:
		return e.Prefix.String()
	case StaticAddress:
		return e.Prefix.String()
	case Track:
		return e.Kind.String() + " " + e.Name
	case Route:
		return e.Text
	case Rule:
		return e.Text
	}
	if f := v.FieldByName("Addr"); f.IsValid() {
		return fmt.Sprint(f.Interface())
	}
	return fmt.Sprint(v.Interface())
}

func familyName(v6 bool) string {
	if v6 {
		return "IPv6"
	}
	return "IPv4"
}

func stateName(master bool) string {
	if master {
		return "MASTER"
	}
	return "BACKUP"
}

// or is s, or another string if s is empty.
func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// globalSettings are global_defs that are not part of routers.
var globalSettings = []setting[*Global]{
	{keyword: "router_id", value: func(g *Global) any { return g.RouterID }},
	{keyword: "mail", value: func(g *Global) any { return g.Mail }, secret: true},
	{keyword: "vrrp_garp_interval", value: func(g *Global) any { return g.GARPInterval }},
	{keyword: "vrrp_gna_interval", value: func(g *Global) any { return g.GNAInterval }},
	{keyword: "dynamic_interfaces", value: func(g *Global) any { return g.DynamicInterfaces }},
	{keyword: "vrrp_startup_delay", value: func(g *Global) any { return g.StartupDelay }},
	{keyword: "vrrp_delay_after_boot", value: func(g *Global) any { return g.BootDelay }},
	{keyword: "unknown_vrid_rate", value: func(g *Global) any { return g.UnknownRate }},
	{keyword: "unknown_vrid drop", value: func(g *Global) any { return g.UnknownDrop }},
	{keyword: "vrrp_listen", value: func(g *Global) any { return listenName(g.Listen) }},
	{keyword: "vrrp_metrics_keepalived", value: func(g *Global) any { return g.MetricsKeepalived }},
	{keyword: "log_unknown_vrids", value: func(g *Global) any { return g.LogUnknown }},
	{keyword: "script_user", value: func(g *Global) any { return strings.TrimSpace(g.ScriptUser + " " + g.ScriptGroup) }},
	{keyword: "enable_script_security", value: func(g *Global) any { return g.ScriptSecurity }},
	{keyword: "use_symlink_paths", value: func(g *Global) any { return g.SymlinkPaths }},
	{keyword: "set_supplementary_groups", value: func(g *Global) any { return g.Supplementary }},
	{keyword: "notify_fifo", value: func(g *Global) any { return g.FIFO }},
	{keyword: "vrrp_notify_fifo", value: func(g *Global) any { return g.RouterFIFO }},
	{keyword: "fifo_write_vrrp_states_on_reload", value: func(g *Global) any { return g.FIFOOnReload }},
	{keyword: "startup_script", value: func(g *Global) any { return g.Startup }},
	{keyword: "shutdown_script", value: func(g *Global) any { return g.Shutdown }},
	{keyword: "vmac_prefix", value: func(g *Global) any { return g.VMACPrefix }},
	{keyword: "net_namespace", value: func(g *Global) any { return g.NetNamespace }},
	{keyword: "instance", value: func(g *Global) any { return g.Instance }},
	{keyword: "use_pid_dir", value: func(g *Global) any { return g.PIDDir }},
	{keyword: "umask", value: func(g *Global) any { return g.UMask }},
	{keyword: "state_dump_file", value: func(g *Global) any { return g.StateDump }},
	{keyword: "stats_dump_file", value: func(g *Global) any { return g.StatsDump }},
	{keyword: "json_dump_file", value: func(g *Global) any { return g.JSONDump }},
	{keyword: "json_version", value: func(g *Global) any { return g.JSONVersion }},
	{keyword: "data_use_instance", value: func(g *Global) any { return g.DataUseInstance }},
	{keyword: "reload_time_file", value: func(g *Global) any { return g.ReloadTimeFile }},
	{keyword: "reload_repeat", value: func(g *Global) any { return g.ReloadRepeat }},
	{keyword: "vrrp_rt_priority", value: func(g *Global) any { return g.Scheduling.RealTime }},
	{keyword: "vrrp_priority", value: func(g *Global) any { return g.Scheduling.Nice }},
	{keyword: "vrrp_rlimit_rttime", value: func(g *Global) any { return g.Scheduling.Limit }},
	{keyword: "vrrp_cpu_affinity", value: func(g *Global) any { return strings.Trim(fmt.Sprint(g.Scheduling.CPUs), "[]") }},
}

// DiffOther names what differs between two configurations but for their routers: "vrrp_script chk added",
// "global_defs router_id a -> b".
func (c *Config) DiffOther(o *Config) []string {
	var out []string
	for _, d := range settingsDiff(globalSettings, &c.Global, &o.Global) {
		out = append(out, "global_defs "+d)
	}
	out = append(out, namedDiff("vrrp_sync_group", c.SyncGroups, o.SyncGroups, func(g SyncGroup) string { return g.Name })...)
	out = append(out, namedDiff("vrrp_script", c.Trackers.Scripts, o.Trackers.Scripts, func(s Script) string { return s.Name })...)
	out = append(out, namedDiff("track_file", c.Trackers.Files, o.Trackers.Files, func(f File) string { return f.Name })...)
	out = append(out, namedDiff("vrrp_track_process", c.Trackers.Processes, o.Trackers.Processes, func(p Process) string { return p.Name })...)
	out = append(out, namedDiff("bfd_instance", c.Trackers.BFDs, o.Trackers.BFDs, func(b BFD) string { return b.Name })...)
	out = append(out, namedDiff("vrrp_check", c.Trackers.Checks, o.Trackers.Checks, func(k Check) string { return k.Name })...)
	for _, s := range []struct {
		keyword       string
		before, after any
	}{
		{"static_ipaddress", c.Static.Addresses, o.Static.Addresses},
		{"static_routes", c.Static.Routes, o.Static.Routes},
		{"static_rules", c.Static.Rules, o.Static.Rules},
	} {
		if !equal(s.before, s.after) {
			out = append(out, entriesDiff(s.keyword, reflect.ValueOf(s.before), reflect.ValueOf(s.after))...)
		}
	}
	for _, s := range []struct {
		keyword       string
		before, after any
	}{
		{"track_group", c.Static.Groups, o.Static.Groups},
		{"garp_group", c.PaceGroups, o.PaceGroups},
		{"interface_up_down_delays", c.LinkDelays, o.LinkDelays},
	} {
		if !equal(s.before, s.after) {
			out = append(out, s.keyword+" changed")
		}
	}
	return out
}

// namedDiff words which objects of a kind were removed, added and changed.
func namedDiff[T any](keyword string, before, after []T, name func(T) string) []string {
	var out []string
	old := make(map[string]T, len(before))
	for _, t := range before {
		old[name(t)] = t
	}
	kept := make(map[string]bool, len(after))
	for _, t := range after {
		was, had := old[name(t)]
		kept[name(t)] = true
		switch {
		case !had:
			out = append(out, fmt.Sprintf("%s %s added", keyword, name(t)))
		case !equal(was, t):
			out = append(out, fmt.Sprintf("%s %s changed", keyword, name(t)))
		}
	}
	for _, t := range before {
		if !kept[name(t)] {
			out = append(out, fmt.Sprintf("%s %s removed", keyword, name(t)))
		}
	}
	return out
}

// Differences names what differs between two configurations: their routers, by name and in order, and the rest.
func (c *Config) Differences(o *Config) []string {
	out := namedDiff("vrrp_instance", c.Routers, o.Routers, func(r Router) string { return r.Name })
	return append(out, c.DiffOther(o)...)
}
