// The .data file. Of keepalived's sections it has those that describe configuration and state; those about
// keepalived's own sockets and its picture of interfaces have no counterpart.

package main

import (
	"bytes"
	"fmt"
	"os/user"
	"strings"

	"github.com/xvrrp/xvrrp/control/config"
)

// dataFile is a .data file while it is written.
type dataFile struct {
	bytes.Buffer
	dump
}

// text is the .data file.
func (d dump) text() []byte {
	f := dataFile{dump: d}
	f.globals()
	f.section("VRRP Topology", len(d.routers))
	for _, r := range d.routers {
		f.router(r)
	}
	f.section("VRRP Sync groups", len(d.conf.SyncGroups))
	for _, g := range d.conf.SyncGroups {
		f.group(g)
	}
	f.section("VRRP Scripts", len(d.conf.Trackers.Scripts))
	for _, s := range d.conf.Trackers.Scripts {
		f.script(s)
	}
	f.section("VRRP Track files", len(d.conf.Trackers.Files))
	for _, t := range d.conf.Trackers.Files {
		f.file(t)
	}
	f.section("VRRP Track processes", len(d.conf.Trackers.Processes))
	for _, p := range d.conf.Trackers.Processes {
		f.process(p)
	}
	return f.Bytes()
}

// section begins a part that has n entries; without any it is left out.
func (f *dataFile) section(title string, n int) {
	if n > 0 {
		fmt.Fprintf(f, "------< %s >------\n", title)
	}
}

// entry begins one entry of a part.
func (f *dataFile) entry(format string, args ...any) { fmt.Fprintf(f, " "+format+"\n", args...) }

// say writes a line of an entry.
func (f *dataFile) say(format string, args ...any) { fmt.Fprintf(f, "   "+format+"\n", args...) }

// list writes lines below a heading; without any both are left out.
func (f *dataFile) list(heading string, lines []string) {
	if len(lines) == 0 {
		return
	}
	f.say("%s", heading)
	for _, line := range lines {
		f.say("  %s", line)
	}
}

func (f *dataFile) globals() {
	g := f.conf.Global
	f.section("Global definitions", 1)
	f.entry("Network namespace = %s", either(g.NetNamespace, "(default)"))
	if g.Instance != "" {
		f.entry("Instance name = %s", g.Instance)
	}
	f.entry("Router ID = %s", g.RouterID)
	f.entry("Dynamic interfaces = %t", g.DynamicInterfaces)
	f.entry("FIFO write vrrp states on reload = %t", g.FIFOOnReload)
	f.entry("Gratuitous ARP interval = %f", g.GARPInterval.Seconds())
	f.entry("Gratuitous NA interval = %f", g.GNAInterval.Seconds())
	f.entry("Script security %s", map[bool]string{true: "enabled", false: "disabled"}[g.ScriptSecurity])
	f.entry("Default script uid:gid %s", owner(g, "", ""))
}

func (f *dataFile) group(g config.SyncGroup) {
	role := "INIT"
	for _, s := range f.snap.Groups {
		if s.Name == g.Name {
			role = strings.ToUpper(s.Role)
		}
	}
	f.entry("VRRP Sync Group = %s, %s", g.Name, role)
	f.list("VRRP member instances :", g.Members)
	f.say("Using smtp notification = %s", map[bool]string{true: "yes", false: "no"}[g.Notify.Mail])
	f.scripts(g.Notify)
}

// script is a vrrp_script. Status and State are what exporters read.
func (f *dataFile) script(s config.Script) {
	status := map[string]string{"up": "GOOD", "down": "BAD"}[f.tracker(config.TrackScript, s.Name).State]
	f.entry("VRRP Script = %s", s.Name)
	f.say("Command = %s", quoted(&s.Command))
	f.say("Interval = %g sec", s.Interval.Seconds())
	f.say("Timeout = %g sec", s.Timeout.Seconds())
	f.say("Rise = %d", s.Rise)
	f.say("Fall = %d", s.Fall)
	f.say("Status = %s", either(status, "INIT"))
	f.say("Script uid:gid = %s", f.commandOwner(&s.Command))
	f.trackedBy(config.TrackScript, s.Name)
	f.say("State = idle")
}

func (f *dataFile) file(t config.File) {
	f.entry("Track file = %s", t.Name)
	f.say("File = %s", t.Path)
	f.say("Status = %d", f.tracker(config.TrackFile, t.Name).Value)
	f.trackedBy(config.TrackFile, t.Name)
}

func (f *dataFile) process(p config.Process) {
	t := f.tracker(config.TrackProcess, p.Name)
	f.entry("VRRP Track process = %s", p.Name)
	f.say("Process = %s", p.Argv[0])
	f.say("Min processes = %d", p.Quorum)
	if p.QuorumMax >= 0 {
		f.say("Max processes = %d", p.QuorumMax)
	}
	f.say("Current processes = %d", t.Value)
	f.say("Have quorum = %t", t.State == "up")
	f.say("Terminate delay = %fs", p.TerminateDelay.Seconds())
	f.say("Fork delay = %fs", p.ForkDelay.Seconds())
	f.say("Full command = %t", p.FullCommand)
	f.trackedBy(config.TrackProcess, p.Name)
}

// trackedBy lists the routers that track something.
func (f *dataFile) trackedBy(kind config.TrackKind, name string) {
	var lines []string
	for _, r := range f.routers {
		for _, t := range r.conf.Tracks {
			if t.Kind == kind && t.Name == name {
				lines = append(lines, fmt.Sprintf("%s, weight %d%s", r.conf.Name, t.Weight, reversed(t.Reverse)))
			}
		}
	}
	f.list("Tracking instances :", lines)
}

func (f *dataFile) commandOwner(c *config.Command) string {
	return owner(f.conf.Global, c.User, c.Group)
}

// owner is as whom a script runs, in numbers.
func owner(g config.Global, name, group string) string {
	if name == "" {
		name, group = either(g.ScriptUser, "keepalived_script"), g.ScriptGroup
	}
	u, err := user.Lookup(name)
	if err != nil {
		return "0:0"
	}
	if found, err := user.LookupGroup(group); err == nil {
		return u.Uid + ":" + found.Gid
	}
	return u.Uid + ":" + u.Gid
}

func reversed(b bool) string {
	if b {
		return " reverse"
	}
	return ""
}

// either is the first of two that is not empty.
func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
