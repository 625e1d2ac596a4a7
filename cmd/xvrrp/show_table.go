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

// printDetail shows one router, what it is first and what it counted and whom it heard last.
func printDetail(w io.Writer, d *api.Detail) error {
	var t table
	addStanding(&t, d)
	addTimers(&t, d)
	addHoldings(&t, d)
	for _, f := range d.Router.Faults {
		t.add("Fault", f)
	}
	for _, n := range d.Router.Notes {
		t.add("Note", n)
	}
	addStats(&t, d.Router.Stats)
	if err := t.write(w); err != nil {
		return err
	}
	return printPeers(w, d)
}

// addStanding tells what a router is and how it stands.
func addStanding(t *table, d *api.Detail) {
	r := &d.Router
	t.add("Router", r.Name)
	t.add("Interface", fmt.Sprintf("%s, %s", place(r.Interface, r.VLAN), linkState(d.Link)))
	t.add("Virtual router", fmt.Sprintf("VRID %d, %s, VRRP version %d", r.VRID, r.Family, r.Version))
	t.add("State", fmt.Sprintf("%s since %s (%s ago), because of %s", strings.ToUpper(r.Role),
		moment(r.Since), age(d.Now.Sub(r.Since)), r.Why))
	if g := d.Group; g != nil {
		t.add("Sync group", fmt.Sprintf("%s, %s for %s, of %s", g.Name, strings.ToUpper(g.Role), age(d.Now.Sub(g.Since)), strings.Join(g.Members, ", ")))
	}
	t.add("Priority", fmt.Sprintf("%d, configured %d", r.Priority, r.Base))
	for i := range d.Influences {
		t.add("Tracked "+d.Influences[i].Kind, influenceLine(&d.Influences[i]))
	}
	t.add("Master", masterLine(*r))
	t.add("Source", orDash(r.Source))
	for _, p := range r.Peers {
		t.add("Unicast peer", p)
	}
	if r.VMAC != "" {
		t.add("Virtual MAC", "on "+r.VMAC)
	}
	if d.Scheduling != "" {
		t.add("Scheduling", d.Scheduling)
	}
}

// addTimers tells the timers and what the router waits for.
func addTimers(t *table, d *api.Detail) {
	r := &d.Router
	t.add("Advert interval", fmt.Sprintf("%s, the master's %s", seconds(r.Interval), seconds(r.MasterInterval)))
	t.add("Skew time", seconds(r.Skew))
	t.add("Master-down interval", seconds(r.Down))
	if next := d.Deadline; next != nil {
		t.add("Waits for", fmt.Sprintf("%s, in %s at %s", timers[next.Timer], seconds(next.In), next.Time.Local().Format(timeOfDay)))
	}
	if m := r.Margins; m.Adverts > 0 {
		t.add("Gaps of the master", fmt.Sprintf("%s the last, %s the longest", seconds(m.LastGap), seconds(m.LongestGap)))
		t.add("Least margin", leastMargin(*r))
		t.add("Margins", marginLine(m))
	}
	t.add("Preemption", onOff(r.Preempt))
	t.add("Accept mode", onOff(r.Accept))
}

// timers are what a router may wait for.
var timers = map[string]string{
	"advert":           "its next advert",
	"announce":         "its second round of announcements",
	"announce-refresh": "its next round of announcements",
	"announce-lower":   "another round of announcements, after a losing advert",
	"master-down":      "the master's silence to last for the master-down interval",
	"skew":             "the skew after the master's goodbye to be over",
	"preempt":          "preempt_delay to be over",
}

// addHoldings tells what the router has on this host as master.
func addHoldings(t *table, d *api.Detail) {
	r := &d.Router
	for _, v := range r.VIPs {
		t.add("Address", vipLine(v))
	}
	for _, route := range r.Routes {
		t.add("Route", route)
	}
	for _, rule := range r.Rules {
		t.add("Rule", rule)
	}
	t.add("Announcements", announcementsLine(d))
}

func announcementsLine(d *api.Detail) string {
	a := &d.Announcements
	line := "none yet"
	if a.Last != nil {
		line = fmt.Sprintf("%s, the last %s ago", counted(int(a.Rounds), "round"), age(d.Now.Sub(*a.Last)))
	}
	if a.Next != nil {
		line += fmt.Sprintf(", the next in %s", seconds(a.Next.Sub(d.Now).Seconds()))
	}
	return line
}

// influenceLine is what is tracked, its state and what it does to the priority.
func influenceLine(i *api.Influence) string {
	line := fmt.Sprintf("%s is %s", i.Name, i.State)
	if i.Detail != "" {
		line += " (" + i.Detail + ")"
	}
	switch {
	case i.Weight == 0:
		line += ", a fault when " + map[bool]string{false: "down", true: "up"}[i.Reverse]
	default:
		line += fmt.Sprintf(", weight %+d%s", i.Weight, reversed(i.Reverse))
	}
	switch {
	case i.Fault:
		line += ": faults the router"
	case i.Points != 0:
		line += fmt.Sprintf(": %+d now", i.Points)
	case i.Weight != 0:
		line += ": nothing now"
	}
	return line
}

// printPeers shows the other routers that were heard.
func printPeers(w io.Writer, d *api.Detail) error {
	if len(d.PeersHeard) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nothers heard on its VRID:")
	var t table
	t.add("SOURCE", "MAC", "VER", "PRIO", "ADVERT", "AUTH", "CHECKSUM", "ADVERTS", "SHARE", "FIRST", "LAST", "DOWN-IN", "ADDRESSES")
	for i := range d.PeersHeard {
		p := &d.PeersHeard[i]
		downIn := ""
		if p.Margin != nil {
			downIn = seconds(*p.Margin)
		}
		addresses := make([]string, len(p.Addresses))
		for j, addr := range p.Addresses {
			addresses[j] = addr.String()
		}
		t.add(p.Address, p.MAC, fmt.Sprint(p.Version), fmt.Sprint(p.Priority), seconds(p.Interval), p.Auth, p.Checksum,
			fmt.Sprint(p.Adverts), fmt.Sprintf("%.0f%%", 100*p.Share), age(d.Now.Sub(p.First)), ago(d.Now.Sub(p.Last)), downIn,
			strings.Join(addresses, ","))
	}
	return t.write(w)
}

// marginLine words how much of the master-down interval was left when adverts came.
func marginLine(m api.Margins) string {
	ample := m.Classes[len(m.Classes)-1].Adverts
	line := fmt.Sprintf("over 2/3 of the master-down interval was left when %d of %d adverts came", ample, m.Adverts)
	if m.NearFailovers > 0 {
		line += fmt.Sprintf(", less than one interval when %d did", m.NearFailovers)
	}
	return line
}

// ago is age with milliseconds where they matter.
func ago(d time.Duration) string {
	if d < 10*time.Second {
		return max(d, 0).Round(time.Millisecond).String()
	}
	return age(d)
}

func addStats(t *table, s api.Stats) {
	t.add("Adverts", fmt.Sprintf("%d received, %d sent", s.Received, s.Sent))
	t.add("Resignations", fmt.Sprintf("%d received, %d sent", s.ZeroReceived, s.ZeroSent))
	t.add("Became master", fmt.Sprintf("%s, released %s", counted(int(s.BecameMaster), "time"), counted(int(s.LeftMaster), "time")))
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
