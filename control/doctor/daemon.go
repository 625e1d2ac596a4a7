package doctor

import (
	"fmt"
	"strings"

	"github.com/xvrrp/xvrrp/control/api"
)

const inDaemon = "daemon"

// daemon judges what the running daemon says of itself.
func (e *exam) daemon() {
	d := e.Daemon
	if d == nil {
		e.look(inDaemon, "none runs")
		return
	}
	e.look(inDaemon, fmt.Sprintf("pid %d, routers: %d", d.PID, len(d.Routers)))
	for i := range d.Links {
		if l := &d.Links[i]; e.minds(l.Name) && l.Error != "" {
			e.find(Finding{ID: "filter-absent", Severity: Error, Section: inDaemon, Subject: l.Name,
				Seen: fmt.Sprintf("the filter is not on %s: %s", l.Name, l.Error),
				Why:  "Routers there hear no advert.", Remedy: "remove what the error names; the daemon tries again by itself"})
		}
	}
	for i := range d.Routers {
		e.router(&d.Routers[i])
	}
	if want := e.Config.Global.Scheduling.RealTime; want > 0 && d.Scheduling != "" && !strings.Contains(d.Scheduling, "real-time") {
		e.find(Finding{ID: "not-real-time", Severity: Warning, Section: inDaemon, Seen: "the kernel refused real-time priority: " + d.Scheduling,
			Why:    "On a busy host adverts leave late, and backups may take over.",
			Remedy: fmt.Sprintf("AmbientCapabilities=CAP_SYS_NICE or LimitRTPRIO=%d in the unit; with cgroup version 1 a cpu.rt_runtime_us above 0", want)})
	}
	e.drops()
}

// minds tells whether an interface is one to be looked at.
func (e *exam) minds(name string) bool { return e.Only == "" || e.Only == name }

func (e *exam) router(r *api.Router) {
	if !e.minds(r.Interface) {
		return
	}
	for _, fault := range r.Faults {
		e.find(Finding{ID: "router-fault", Severity: Error, Section: inDaemon, Subject: r.Name, Seen: fmt.Sprintf("%s: %s", r.Name, fault),
			Why: "While that lasts it takes no part in the election.", Remedy: "xvrrp why " + r.Name})
	}
	for _, note := range r.Notes {
		e.find(Finding{ID: "router-note", Severity: Warning, Section: inDaemon, Subject: r.Name, Seen: fmt.Sprintf("%s: %s", r.Name, note),
			Why: "The daemon has a standing warning about this router.", Remedy: "xvrrp conflict " + r.Name})
	}
	if r.Role == "master" {
		for _, v := range r.VIPs {
			if !v.Held {
				e.find(Finding{ID: "vip-absent", Severity: Error, Section: inDaemon, Subject: r.Name,
					Seen: fmt.Sprintf("%s is master, but %s is not on %s", r.Name, v.Address, v.Device),
					Why:  "Nobody answers for the address.", Remedy: "xvrrp show " + r.Name})
			}
		}
	}
}

// lately is within how many seconds a drop counts as something that goes on.
const lately = 60

// drops tells of adverts that are being refused. What is refused to a virtual address has a finding of its own.
func (e *exam) drops() {
	for i := range e.Daemon.Drops {
		d := &e.Daemon.Drops[i]
		if d.Action != "drop" || d.Last == nil || e.Daemon.Now.Sub(*d.Last).Seconds() > lately || !e.minds(d.Interface) || d.Verdict == "no_accept" {
			continue
		}
		e.find(Finding{ID: "adverts-dropped", Severity: Warning, Section: inDaemon, Subject: or(d.Router, d.Interface),
			Seen: fmt.Sprintf("%d adverts from %s on %s were refused: %s", d.Frames, or(d.Source, "somebody"), d.Interface, or(d.Detail, d.Meaning)),
			Why:  "Their sender and this host do not elect one master among themselves.", Remedy: "xvrrp conflict"})
	}
}
