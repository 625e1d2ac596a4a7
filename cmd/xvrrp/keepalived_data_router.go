package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/config"
)

func (f *dataFile) router(r dumpedRouter) {
	c, s := r.conf, r.snap
	f.entry("VRRP Instance = %s", c.Name)
	f.say("VRRP Version = %d", c.Version)
	if c.V6 {
		f.say("Using Native IPv6")
	}
	if c.SyncGroup != "" {
		f.say("Sync group = %s", c.SyncGroup)
	}
	f.state(r)
	f.place(r)
	f.announcing(*c.GARP)
	f.say("Down timer adverts = %d", c.DownAdverts)
	f.say("Send advert after receive lower priority advert = %t", !c.LowerNoAdvert)
	f.say("Send advert after receive higher priority advert = %t", c.HigherSendAdvert)
	f.say("Virtual Router ID = %d", c.VRID)
	f.say("Priority = %d", s.Base)
	f.say("Effective priority = %d", s.Priority)
	f.say("Total priority = %d", s.Priority)
	f.say("Advert interval = %s", advertInterval(c.Version, c.Interval))
	if c.Version == 3 && s.Role == "backup" {
		f.say("Master advert interval = %s", advertInterval(3, time.Duration(s.MasterInterval*float64(time.Second))))
	}
	f.say("Accept = %s", enabled(c.Accept))
	f.say("Preempt = %s", enabled(c.Preempt))
	if c.PreemptDelay > 0 {
		f.say("Preempt delay = %g secs", c.PreemptDelay.Seconds())
	}
	f.say("Promote_secondaries = %s", enabled(c.PromoteSecondaries))
	f.authentication(uint8(c.Auth.Type))
	f.list(fmt.Sprintf("Virtual IP (%d):", len(c.Addresses)), r.addresses(c.Addresses))
	f.list("Virtual IP Excluded :", r.addresses(c.Excluded))
	f.peers(c)
	f.routes(c)
	f.tracks(c)
	f.notify(*c.Notify)
	f.say("Notify priority changes = %t", c.Notify.PriorityChanges)
}

// state is what a router is now.
func (f *dataFile) state(r dumpedRouter) {
	s, role := r.snap, strings.ToUpper(r.snap.Role)
	f.say("State = %s", role)
	if s.Role == "backup" && s.Master != "" {
		f.say("Master router = %s", s.Master)
		f.say("Master priority = %d", s.MasterPrio)
		if r.conf.Version == 3 {
			f.say("Master advert int = %.2f sec", s.MasterInterval)
		}
	}
	if len(r.conf.Peers) > 0 {
		f.say("Flags:")
		f.say("  Using unicast")
	} else {
		f.say("Flags: none")
	}
	f.say("Wantstate = %s", role)
	f.say("Number of config faults = %d", flag01(r.conf.Fault != ""))
	f.say("Number of interface and track script faults = %d", len(s.Faults)-flag01(r.conf.Fault != "" && len(s.Faults) > 0))
	f.say("Number of track scripts init = %d", f.undecided(r))
	f.say("Last transition = %v (%s)", instant(s.Since), s.Since.Local().Format("Mon Jan _2 15:04:05.000000 2006"))
	f.say("Master down timer = %d usecs", int64(s.Down*1e6))
}

// undecided counts the trackers of a router that have no result yet.
func (f *dataFile) undecided(r dumpedRouter) (n int) {
	for _, t := range r.snap.Tracks {
		n += flag01(t.State == "unknown")
	}
	return n
}

// place is where a router sends and listens.
func (f *dataFile) place(r dumpedRouter) {
	c, s := r.conf, r.snap
	device := r.device()
	if c.VMAC != nil && s.VMAC != "" {
		f.say("Use VMAC, i/f name %s, is_up = true, xmit_base = %t", s.VMAC, c.VMAC.XmitBase)
		device += ", vmac on " + c.Interface
		if c.VMAC.XmitBase {
			device += ", xmit base i/f"
		}
	}
	f.say("Interface = %s", device)
	if !c.TrackPrimary {
		f.say("VRRP interface tracking disabled")
	}
	if c.SkipCheckAddr {
		f.say("Skip checking advert IP addresses")
	}
	if c.Strict {
		f.say("Enforcing strict VRRP compliance")
	}
	if s.Source != "" {
		configured := ""
		if c.Source.IsValid() {
			configured = " (from configuration)"
		}
		f.say("Using src_ip = %s%s", s.Source, configured)
	}
	if len(c.Peers) > 0 {
		return
	}
	group := c.Group.String()
	if link := linkOf(f.snap, r.device()); c.V6 && link.Index > 0 {
		group += fmt.Sprintf(", ifindex %d", link.Index)
	}
	f.say("Multicast address %s", group)
}

func (f *dataFile) announcing(g config.GARP) {
	f.say("Gratuitous ARP delay = %g", g.Delay.Seconds())
	f.say("Gratuitous ARP repeat = %d", g.Repeat)
	f.say("Gratuitous ARP refresh = %d", whole(g.Refresh))
	f.say("Gratuitous ARP refresh repeat = %d", g.RefreshRepeat)
	f.say("Gratuitous ARP lower priority delay = %d", whole(g.LowerDelay))
	f.say("Gratuitous ARP lower priority repeat = %d", g.LowerRepeat)
}

func (f *dataFile) authentication(kind uint8) {
	switch kind {
	case 1:
		f.say("Authentication type = SIMPLE_PASSWORD")
		f.say("Password = %s", masked)
	case 2:
		f.say("Authentication type = IPSEC_AH")
	}
}

func (f *dataFile) peers(c *config.Router) {
	if len(c.Peers) == 0 {
		return
	}
	var lines []string
	for _, p := range c.Peers {
		lines = append(lines, fmt.Sprintf("%v min_ttl %d max_ttl %d", p.Addr, p.MinTTL, p.MaxTTL))
	}
	f.say("Unicast TTL = %d", c.UnicastTTL)
	f.list("Unicast Peer :", lines)
}

func (f *dataFile) routes(c *config.Router) {
	var routes, rules []string
	for _, r := range c.Routes {
		routes = append(routes, r.Text)
	}
	for _, r := range c.Rules {
		rules = append(rules, r.Text)
	}
	f.list("Virtual Routes :", routes)
	f.list("Virtual Rules :", rules)
}

func (f *dataFile) tracks(c *config.Router) {
	headings := []struct {
		kind    config.TrackKind
		heading string
		comma   string // before the weight
	}{
		{config.TrackInterface, "Tracked interfaces :", ""}, {config.TrackScript, "Tracked scripts :", ""},
		{config.TrackFile, "Tracked files :", ","}, {config.TrackProcess, "Tracked processes :", ","},
		{config.TrackBFD, "Tracked BFD instances :", ","}, {config.TrackCheck, "Tracked checks :", ","},
	}
	for _, h := range headings {
		var lines []string
		for _, t := range c.Tracks {
			if t.Kind == h.kind {
				lines = append(lines, fmt.Sprintf("%s%s weight %d%s", t.Name, h.comma, t.Weight, reversed(t.Reverse)))
			}
		}
		f.list(h.heading, lines)
	}
}

func (f *dataFile) notify(n config.Notify) {
	f.say("Using smtp notification = %s", map[bool]string{true: "yes", false: "no"}[n.Mail])
	f.say("Notify deleted = %s", map[bool]string{true: "Deleted", false: "Fault"}[saysDeleted(n)])
	f.scripts(n)
}

// scripts lists the commands of a router or group.
func (f *dataFile) scripts(n config.Notify) {
	for _, s := range []struct {
		what    string
		command *config.Command
	}{
		{"Backup", n.Backup}, {"Master", n.Master}, {"Fault", n.Fault}, {"Stop", n.Stop}, {"Deleted", n.Deleted},
		{"Generic", n.Any}, {"Master rx lower pri", n.MasterRxLower},
	} {
		if s.command != nil {
			f.say("%s state transition script = %s, uid:gid %s", s.what, quoted(s.command), f.commandOwner(s.command))
		}
	}
}

// advertInterval is in the unit of its version.
func advertInterval(version uint8, d time.Duration) string {
	if version == 3 {
		return fmt.Sprintf("%d milli-sec", d.Milliseconds())
	}
	return fmt.Sprintf("%d sec", whole(d))
}

func enabled(b bool) string {
	if b {
		return "enabled"
	}
	return "disabled"
}
