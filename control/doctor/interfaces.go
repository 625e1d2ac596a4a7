package doctor

import (
	"fmt"
	"strings"
)

const inInterface = "interface"

// interfaces judges the links that routers are on, and what the filter meets there.
func (e *exam) interfaces() {
	for _, name := range e.names() {
		l := e.link(name)
		switch {
		case l == nil:
			e.find(Finding{ID: "interface-missing", Severity: Error, Section: inInterface, Subject: name, Seen: name + " does not exist",
				Why: "Its routers stay in FAULT until it does.", Remedy: "create it, or correct the line interface; there are: " + e.linkNames()})
		case !l.Up:
			e.find(Finding{ID: "interface-down", Severity: Error, Section: inInterface, Subject: name, Seen: name + " is down or has no carrier",
				Why: "Its routers stay in FAULT while it is.", Remedy: "ip link set " + name + " up, and look at the cable or the port"})
		default:
			e.hook(l)
		}
	}
}

func (e *exam) linkNames() string {
	var names []string
	for _, l := range e.Links {
		names = append(names, l.Name)
	}
	return strings.Join(names, ", ")
}

// hook judges where on a link the filter sits, or would.
func (e *exam) hook(l *Link) {
	if l.Unread != nil {
		e.look(inInterface, fmt.Sprintf("%s: its driver cannot be asked: %v", l.Name, l.Unread))
		return
	}
	mode, why := l.Mode, l.ModeWhy
	if a := e.attachment(l.Name); a != nil {
		mode, why = a.Mode, a.Reason
	}
	e.look(inInterface, fmt.Sprintf("%s: %s, filter on %s (%s), MTU %d", l.Name, l.Driver, mode, why, l.MTU))
	if l.Taken != "" && !(e.attachment(l.Name) != nil && strings.HasPrefix(mode, "xdp")) { // else it is ours
		e.taken(l)
	}
	if mode == "xdp-generic" {
		e.find(Finding{ID: "xdp-generic", Severity: Warning, Section: inInterface, Subject: l.Name, Seen: l.Name + " runs the filter as generic XDP",
			Why:    "The kernel copies each frame for it, which costs more than TC and sees VLAN tags no better.",
			Remedy: "run without --attach xdp-generic"})
	}
	if strings.HasPrefix(mode, "xdp") {
		e.offloads(l)
	}
}

// pageMTU is what a frame may carry and still fit a page of 4096 bytes beside what XDP needs around it.
const pageMTU = 3498

// attachment is where the running daemon's filter sits on a link; nil: nowhere.
func (e *exam) attachment(name string) *attached {
	if e.Daemon == nil {
		return nil
	}
	for _, l := range e.Daemon.Links {
		if l.Name == name && l.Mode != "" {
			return &attached{l.Mode, l.Reason}
		}
	}
	return nil
}

type attached struct{ Mode, Reason string }

// taken tells of a stranger on the XDP hook. He may drop adverts before TC sees them.
func (e *exam) taken(l *Link) {
	e.find(Finding{ID: "xdp-taken", Severity: Warning, Section: inInterface, Subject: l.Name,
		Seen: fmt.Sprintf("another XDP program sits on %s: %s", l.Name, l.Taken),
		Why:  "The filter gives way to it and sits on TC behind it: adverts that it drops or redirects are never heard.",
		Remedy: fmt.Sprintf("have it pass IP protocol 112, or take it off: ip link set dev %s xdp off "+
			"(one that a process holds by a bpf link: end that process; bpftool link shows it)", l.Name)})
}

// offloads are those that native XDP cannot live with, and which the loader or the driver has to switch off.
func (e *exam) offloads(l *Link) {
	for _, o := range l.Offloads {
		f := Finding{ID: "offload", Severity: Note, Section: inInterface, Subject: l.Name, Seen: fmt.Sprintf("%s has %s on", l.Name, o)}
		switch {
		case strings.Contains(o, "vlan"):
			f.Why = "It hides VLAN tags from XDP; the daemon switches it off while it runs, and puts it back."
			f.Remedy = fmt.Sprintf("nothing, or beforehand: ethtool -K %s %s off", l.Name, o)
			if e.attachment(l.Name) == nil {
				continue // as it should be without a daemon
			}
			f.Severity, f.Why = Warning, "It hides VLAN tags from XDP, and was switched on again after the filter was attached: adverts of a VLAN may be taken for untagged ones."
			f.Remedy = fmt.Sprintf("ethtool -K %s %s off", l.Name, o)
		default:
			f.Why = "Drivers refuse native XDP beside it, and the filter then sits on TC, where each frame costs more."
			f.Remedy = fmt.Sprintf("ethtool -K %s %s off", l.Name, o)
		}
		e.find(f)
	}
	if l.MTU > pageMTU {
		e.find(Finding{ID: "mtu-xdp", Severity: Note, Section: inInterface, Subject: l.Name, Seen: fmt.Sprintf("the MTU of %s is %d", l.Name, l.MTU),
			Why:    "Many drivers refuse native XDP when a frame does not fit a page; the filter then sits on TC, which works, but costs more per frame.",
			Remedy: fmt.Sprintf("nothing, or: ip link set %s mtu 1500", l.Name)})
	}
}
