package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/xvrrp/xvrrp/control/api"
)

// printRouters prints a row per virtual router.
func printRouters(w io.Writer, s api.Snapshot, wide bool) error {
	var t table
	head := []string{"ROUTER", "IFACE", "VRID", "AF", "STATE", "PRIO", "MASTER", "ADVERT", "SINCE", "VIPS", "MODE"}
	if wide {
		head = append(head, "WHY", "SOURCE", "HEARD", "DOWN-AFTER", "LEAST-MARGIN", "NEAR", "HOOK", "ADDRESSES")
	}
	t.add(append(head, "NOTES")...)
	for _, r := range s.Routers {
		l := linkOf(s, r.Interface)
		row := []string{
			r.Name, place(r.Interface, r.VLAN), fmt.Sprint(r.VRID), shortFamily(r.Family), strings.ToUpper(r.Role),
			fmt.Sprint(r.Priority), masterOf(r), seconds(r.Interval), since(s, r), holding(r), l.Mode,
		}
		if wide {
			row = append(row, r.Why, r.Source, heard(r), seconds(r.Down), leastMargin(r), near(r), l.Hook, joinVIPs(r))
		}
		t.add(append(row, strings.Join(remarks(r, l), "; "))...)
	}
	return t.write(w)
}

// printGroups prints a row per sync group, and nothing without any.
func printGroups(w io.Writer, s api.Snapshot) error {
	if len(s.Groups) == 0 {
		return nil
	}
	var t table
	t.add("GROUP", "STATE", "SINCE", "MEMBERS")
	for _, g := range s.Groups {
		t.add(g.Name, strings.ToUpper(g.Role), age(s.Now.Sub(g.Since)), strings.Join(g.Members, ","))
	}
	fmt.Fprintln(w)
	return t.write(w)
}

// printTrackers prints a row per tracker, and nothing without any.
func printTrackers(w io.Writer, s api.Snapshot) error {
	if len(s.Trackers) == 0 {
		return nil
	}
	var t table
	t.add("TRACKER", "KIND", "STATE", "SINCE", "ROUTERS", "DETAIL")
	for _, k := range s.Trackers {
		changed := ""
		if k.Since != nil {
			changed = age(s.Now.Sub(*k.Since))
		}
		t.add(k.Name, k.Kind, strings.ToUpper(k.State), changed, strings.Join(k.Routers, ","), k.Detail)
	}
	fmt.Fprintln(w)
	return t.write(w)
}

// printMissing lists the static addresses, routes and rules that are not there.
func printMissing(w io.Writer, s api.Snapshot) error {
	if len(s.Missing) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "\nmissing: %s\n", strings.Join(s.Missing, ", "))
	return err
}

// printObserved lists the adverts heard on the links of a daemon that takes part in nothing.
func printObserved(w io.Writer, s api.Snapshot) error {
	for _, l := range s.Links {
		state := fmt.Sprintf("%s (%s): %s", l.Mode, l.Hook, l.Reason)
		if l.Error != "" {
			state = l.Error
		}
		fmt.Fprintf(w, "observing %s, %s\n", l.Name, state)
	}
	if len(s.Heard) == 0 {
		_, err := fmt.Fprintln(w, "no advert heard yet")
		return err
	}
	fmt.Fprintln(w)
	return printHeard(w, s)
}

// printHeard prints a row per source of adverts.
func printHeard(w io.Writer, s api.Snapshot) error {
	var t table
	t.add("IFACE", "VRID", "AF", "SOURCE", "MAC", "VER", "PRIO", "ADVERT", "FIRST", "LAST", "VERDICT", "ADDRESSES")
	for _, h := range s.Heard {
		t.add(place(h.Interface, h.VLAN), fmt.Sprint(h.VRID), shortFamily(h.Family), h.Source, h.MAC, fmt.Sprint(h.Version),
			fmt.Sprint(h.Priority), seconds(h.Interval), age(s.Now.Sub(h.First)), age(s.Now.Sub(h.Last)), h.Verdict,
			strings.Join(h.Addresses, ","))
	}
	return t.write(w)
}

// linkOf is the link of this name, or the zero one.
func linkOf(s api.Snapshot, name string) api.Link {
	i := slices.IndexFunc(s.Links, func(l api.Link) bool { return l.Name == name })
	if i < 0 {
		return api.Link{}
	}
	return s.Links[i]
}

// place is an interface with its VLAN.
func place(iface, vlan string) string {
	if vlan == "" {
		return iface
	}
	return iface + " vlan " + vlan
}

// shortFamily turns ipv4 into v4.
func shortFamily(family string) string { return strings.TrimPrefix(family, "ip") }

// masterOf is the MASTER column.
func masterOf(r api.Router) string {
	if r.Role == "master" {
		return "(self)"
	}
	return r.Master
}

// since is the SINCE column.
func since(s api.Snapshot, r api.Router) string {
	if r.Since.IsZero() {
		return ""
	}
	return age(s.Now.Sub(r.Since))
}

// holding is how many of a router's addresses this host has, of how many.
func holding(r api.Router) string {
	held := 0
	for _, v := range r.VIPs {
		if v.Held {
			held++
		}
	}
	return fmt.Sprintf("%d/%d", held, len(r.VIPs))
}

// heard is how long ago the master was heard.
func heard(r api.Router) string {
	if r.LastHeard == nil {
		return ""
	}
	return seconds(*r.LastHeard)
}

// leastMargin is the LEAST-MARGIN column: how much of the master-down interval the longest gap between two adverts has left.
func leastMargin(r api.Router) string {
	if r.Margins.Adverts == 0 || r.Down <= 0 {
		return ""
	}
	return fmt.Sprintf("%.0f%%", 100*max(0, 1-r.Margins.LongestGap/r.Down))
}

// near is the NEAR column: how often less than an interval of the master was left.
func near(r api.Router) string {
	if r.Margins.Adverts == 0 {
		return ""
	}
	return fmt.Sprint(r.Margins.NearFailovers)
}

// joinVIPs is the ADDRESSES column.
func joinVIPs(r api.Router) string {
	var out []string
	for _, v := range r.VIPs {
		out = append(out, v.Address.String())
	}
	return strings.Join(out, ",")
}

// remarks is what an operator should know of a router beside its state.
func remarks(r api.Router, l api.Link) []string {
	out := slices.Concat(r.Faults, r.Notes)
	if l.Error != "" && !slices.Contains(out, l.Error) {
		out = append(out, l.Error)
	}
	return out
}
