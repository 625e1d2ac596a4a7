package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// printRouter shows one router in two columns, what it is first and what it counted last.
func printRouter(w io.Writer, s api.Snapshot, r api.Router) error {
	l := linkOf(s, r.Interface)
	var t table
	t.add("Instance", r.Name)
	t.add("Interface", fmt.Sprintf("%s, %s", place(r.Interface, r.VLAN), linkState(l)))
	t.add("Virtual router", fmt.Sprintf("VRID %d, %s, VRRP version %d", r.VRID, r.Family, r.Version))
	t.add("State", fmt.Sprintf("%s since %s (%s ago), because of %s", strings.ToUpper(r.Role),
		r.Since.Format(time.RFC3339), age(s.Now.Sub(r.Since)), r.Why))
	if r.Group != "" {
		t.add("Sync group", groupLine(s, r.Group))
	}
	t.add("Priority", fmt.Sprintf("%d, configured %d", r.Priority, r.Base))
	t.add("Master", masterLine(r))
	t.add("Source", orDash(r.Source))
	for _, p := range r.Peers {
		t.add("Peer", p)
	}
	if r.VMAC != "" {
		t.add("Virtual MAC", "on "+r.VMAC)
	}
	t.add("Advert interval", fmt.Sprintf("%s, the master's %s", seconds(r.Interval), seconds(r.MasterInterval)))
	t.add("Skew time", seconds(r.Skew))
	t.add("Master-down interval", seconds(r.Down))
	t.add("Preemption", onOff(r.Preempt))
	t.add("Accept mode", onOff(r.Accept))
	for _, v := range r.VIPs {
		t.add("Address", vipLine(v))
	}
	for _, route := range r.Routes {
		t.add("Route", route)
	}
	for _, rule := range r.Rules {
		t.add("Rule", rule)
	}
	for _, k := range r.Tracks {
		t.add("Tracked "+k.Kind, trackLine(s, k))
	}
	if s.Scheduling != "" {
		t.add("Scheduling", s.Scheduling)
	}
	for _, f := range r.Faults {
		t.add("Fault", f)
	}
	for _, n := range r.Notes {
		t.add("Note", n)
	}
	addStats(&t, r.Stats)
	return t.write(w)
}

// groupLine is a sync group with its state.
func groupLine(s api.Snapshot, name string) string {
	for _, g := range s.Groups {
		if g.Name == name {
			return fmt.Sprintf("%s, %s for %s, of %s", name, strings.ToUpper(g.Role), age(s.Now.Sub(g.Since)), strings.Join(g.Members, ", "))
		}
	}
	return name
}

// trackLine is what a router tracks, its state and what that means for the router.
func trackLine(s api.Snapshot, k api.Track) string {
	line := fmt.Sprintf("%s is %s", k.Name, k.State)
	for _, t := range s.Trackers {
		if t.Kind == k.Kind && t.Name == k.Name && t.Detail != "" {
			line += " (" + t.Detail + ")"
		}
	}
	if k.Weight == 0 {
		line += ", a fault when down"
	} else {
		line += fmt.Sprintf(", weight %+d", k.Weight)
	}
	return line + reversed(k.Reverse)
}

func addStats(t *table, s api.Stats) {
	t.add("Adverts", fmt.Sprintf("%d received, %d sent", s.Received, s.Sent))
	t.add("Resignations", fmt.Sprintf("%d received, %d sent", s.ZeroReceived, s.ZeroSent))
	t.add("Became master", fmt.Sprintf("%d times, released %d times", s.BecameMaster, s.LeftMaster))
	t.add("Takeovers cancelled", fmt.Sprintf("%d, because the master was heard in time after all", s.Rescued))
	for _, label := range slices.Sorted(maps.Keys(s.Verdicts)) {
		t.add("Frames "+label, fmt.Sprint(s.Verdicts[label]))
	}
}

func linkState(l api.Link) string {
	switch {
	case l.Error != "":
		return l.Error
	case l.Mode == "":
		return "absent"
	case !l.Up:
		return fmt.Sprintf("down, filtered by %s (%s)", l.Mode, l.Hook)
	}
	return fmt.Sprintf("filtered by %s (%s): %s", l.Mode, l.Hook, l.Reason)
}

func masterLine(r api.Router) string {
	switch {
	case r.Role == "master":
		return "this router"
	case r.Master == "":
		return "unknown"
	case r.LastHeard == nil:
		return fmt.Sprintf("%s, priority %d", r.Master, r.MasterPrio)
	}
	return fmt.Sprintf("%s, priority %d, heard %s ago", r.Master, r.MasterPrio, heard(r))
}

func vipLine(v api.VIP) string {
	line := fmt.Sprintf("%v on %s", v.Address, v.Device)
	if v.Held {
		line += ", held"
	}
	if v.Excluded {
		line += ", not advertised"
	}
	return line
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
