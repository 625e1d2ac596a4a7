package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/xvrrp/xvrrp/control/api"
)

// statsSchema names the shape of what `xvrrp stats -o json` prints.
const statsSchema = "xvrrp.stats/v1"

// routerCounter is a counter of a router, under its name in RFC 6527, or in keepalived's files if it is not there.
type routerCounter struct {
	name string
	of   func(n *api.KeepalivedStats) uint64
}

var routerCounters = []routerCounter{
	{"MasterTransitions", func(n *api.KeepalivedStats) uint64 { return n.BecameMaster }},
	{"RcvdAdvertisements", func(n *api.KeepalivedStats) uint64 { return n.Received }},
	{"AdvIntervalErrors", func(n *api.KeepalivedStats) uint64 { return n.Interval }},
	{"IpTtlErrors", func(n *api.KeepalivedStats) uint64 { return n.TTL }},
	{"RcvdPriZeroPackets", func(n *api.KeepalivedStats) uint64 { return n.ZeroReceived }},
	{"SentPriZeroPackets", func(n *api.KeepalivedStats) uint64 { return n.ZeroSent }},
	{"RcvdInvalidTypePackets", func(n *api.KeepalivedStats) uint64 { return n.Type }},
	{"AddressListErrors", func(n *api.KeepalivedStats) uint64 { return n.AddressList }},
	{"PacketLengthErrors", func(n *api.KeepalivedStats) uint64 { return n.Length }},
	{"advert_sent", func(n *api.KeepalivedStats) uint64 { return n.Sent }},
	{"release_master", func(n *api.KeepalivedStats) uint64 { return n.ReleasedMaster }},
	{"invalid_authtype", func(n *api.KeepalivedStats) uint64 { return n.AuthInvalid }},
	{"authtype_mismatch", func(n *api.KeepalivedStats) uint64 { return n.AuthMismatch }},
	{"auth_failure", func(n *api.KeepalivedStats) uint64 { return n.AuthFailure }},
	{"auth_ext_missing", func(n *api.KeepalivedStats) uint64 { return n.Missing }},
	{"auth_ext_malformed", func(n *api.KeepalivedStats) uint64 { return n.Malformed }},
	{"auth_ext_unknown_key", func(n *api.KeepalivedStats) uint64 { return n.Key }},
	{"auth_ext_invalid_hmac", func(n *api.KeepalivedStats) uint64 { return n.Invalid }},
	{"auth_ext_stale", func(n *api.KeepalivedStats) uint64 { return n.Stale }},
	{"auth_ext_replay", func(n *api.KeepalivedStats) uint64 { return n.Replay }},
}

// globalCounters are those of all routers together, in the order of the MIB.
var globalCounters = []string{"RouterChecksumErrors", "RouterVersionErrors", "RouterVrIdErrors"}

// errorCounters are the names of the counters of adverts that were refused.
var errorCounters = []string{"AdvIntervalErrors", "IpTtlErrors", "RcvdInvalidTypePackets", "AddressListErrors",
	"PacketLengthErrors", "invalid_authtype", "authtype_mismatch", "auth_failure", "auth_ext_missing", "auth_ext_malformed",
	"auth_ext_unknown_key", "auth_ext_invalid_hmac", "auth_ext_stale", "auth_ext_replay"}

func printStats(w io.Writer, c statistics, o statsOptions) error {
	switch {
	case o.output == "json" && o.interval > 0:
		return writeJSONLine(w, c.report())
	case o.output == "json":
		return writeJSON(w, c.report())
	case o.output == "wide" || o.name != "":
		return c.printFull(w, o.name == "")
	}
	return c.printTable(w)
}

// printTable prints a row per router, then what belongs to none.
func (c statistics) printTable(w io.Writer) error {
	var t table
	t.add("ROUTER", "IFACE", "VRID", "AF", "STATE", "RECEIVED", "SENT", "ERRORS", "ZERO-IN", "ZERO-OUT", "BECAME-MASTER", "NEW-MASTER-REASON", "PROTO-ERR-REASON")
	for _, r := range c.routers {
		var errors uint64
		for _, name := range errorCounters {
			errors += r.counts[name]
		}
		t.add(r.Name, place(r.Interface, r.VLAN), fmt.Sprint(r.VRID), shortFamily(r.Family), strings.ToUpper(r.Role),
			fmt.Sprint(r.counts["RcvdAdvertisements"]), fmt.Sprint(r.counts["advert_sent"]), fmt.Sprint(errors),
			fmt.Sprint(r.counts["RcvdPriZeroPackets"]), fmt.Sprint(r.counts["SentPriZeroPackets"]),
			fmt.Sprint(r.counts["MasterTransitions"]), reasonName(r.Stats.NewMaster), r.protocolError)
	}
	if err := t.write(w); err != nil {
		return err
	}
	var global []string
	for _, name := range globalCounters {
		global = append(global, fmt.Sprintf("%s %d", name, c.global[name]))
	}
	_, err := fmt.Fprintf(w, "%s: %s\n", c.span(), strings.Join(global, ", "))
	return err
}

// span says since when was counted.
func (c statistics) span() string {
	if c.interval > 0 {
		return c.at.Local().Format(time.TimeOnly) + ", in " + c.interval.Round(time.Millisecond).String()
	}
	return "since " + moment(c.started)
}

// printFull prints all counters of each router, one a line, after those of all together if these are wanted.
func (c statistics) printFull(w io.Writer, global bool) error {
	if global {
		var t table
		for _, name := range globalCounters {
			t.add("  "+name, fmt.Sprint(c.global[name]))
		}
		t.add("  GlobalStatisticsDiscontinuityTime", c.started.Local().Format(time.RFC3339))
		if err := c.printSection(w, "all routers", t); err != nil {
			return err
		}
	}
	for _, r := range c.routers {
		var t table
		for _, counter := range routerCounters {
			t.add("  "+counter.name, fmt.Sprint(r.counts[counter.name]))
			if counter.name == "MasterTransitions" {
				t.add("  NewMasterReason", reasonName(r.Stats.NewMaster))
				t.add("  ProtoErrReason", r.protocolError)
			}
		}
		t.add("  RowDiscontinuityTime", r.Stats.Since.Local().Format(time.RFC3339))
		t.add("  RefreshRate", "0")
		title := fmt.Sprintf("%s: VRID %d, %s, on %s", r.Name, r.VRID, r.Family, place(r.Interface, r.VLAN))
		if err := c.printSection(w, title, t); err != nil {
			return err
		}
	}
	return nil
}

func (c statistics) printSection(w io.Writer, title string, t table) error {
	if _, err := fmt.Fprintf(w, "%s (%s)\n", title, c.span()); err != nil {
		return err
	}
	return t.write(w)
}

// report is what is printed as JSON.
func (c statistics) report() map[string]any {
	routers := make([]map[string]any, 0, len(c.routers))
	for _, r := range c.routers {
		row := map[string]any{
			"router": r.Name, "interface": r.Interface, "vlan": r.VLAN, "family": r.Family, "vrid": r.VRID, "role": r.Role,
			"new_master_reason": reasonName(r.Stats.NewMaster), "proto_err_reason": r.protocolError,
			"row_discontinuity_time": r.Stats.Since, "refresh_rate": 0,
		}
		for name, n := range r.counts {
			row[snakeCase(name)] = n
		}
		routers = append(routers, row)
	}
	out := map[string]any{"schema": statsSchema, "now": c.at, "global_statistics_discontinuity_time": c.started, "routers": routers}
	for name, n := range c.global {
		out[snakeCase(name)] = n
	}
	if c.interval > 0 {
		out["interval_seconds"] = c.interval.Seconds()
	}
	return out
}

// snakeCase writes a name of the MIB as JSON has names.
func snakeCase(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
