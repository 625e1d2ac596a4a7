package doctor

import (
	"fmt"
	"path"
	"strconv"

	"github.com/xvrrp/xvrrp/control/config"
)

const inSettings = "settings"

// settings judges sysctls. Those that use_vmac needs the daemon sets by itself, where it may.
func (e *exam) settings() {
	before := len(e.Findings)
	v4, v6 := false, false
	for _, name := range e.names() {
		if e.link(name) == nil {
			continue
		}
		e.silentARP(name)
		for _, r := range e.routers() {
			if r.Interface == name {
				v4, v6 = v4 || !r.V6, v6 || r.V6
				e.virtualMAC(r)
			}
		}
		if v6 && max(e.knob("ipv6/conf", "all", "disable_ipv6"), e.knob("ipv6/conf", name, "disable_ipv6")) > 0 {
			e.find(Finding{ID: "ipv6-disabled", Severity: Error, Section: inSettings, Subject: name, Seen: "IPv6 is switched off on " + name,
				Why: "Routers of IPv6 can send nothing there and hold no address.", Remedy: "sysctl -w net.ipv6.conf." + name + ".disable_ipv6=0"})
		}
	}
	if v4 && e.knob("ipv4", "icmp_echo_ignore_all") > 0 {
		e.find(Finding{ID: "echo-ignored", Severity: Warning, Section: inSettings, Seen: "net.ipv4.icmp_echo_ignore_all is 1",
			Why:    "No address of this host answers to ping, virtual ones included: health checks take them for dead.",
			Remedy: "sysctl -w net.ipv4.icmp_echo_ignore_all=0"})
	}
	e.gateway()
	e.listeners()
	if len(e.Findings) == before && len(e.names()) > 0 {
		e.look(inSettings, "sysctls of "+e.described())
	}
}

func (e *exam) described() string {
	if e.Only != "" {
		return e.Only
	}
	return "the routers' interfaces"
}

// knob is the value of a sysctl below net; 0 if it is not there.
func (e *exam) knob(names ...string) int {
	value, err := strconv.Atoi(e.read("proc/sys/net/" + path.Join(names...)))
	if err != nil {
		return 0
	}
	return value
}

// silentARP finds interfaces that never answer ARP. The kernel takes the higher of the value of all and the link's.
func (e *exam) silentARP(name string) {
	if level := max(e.knob("ipv4/conf/all/arp_ignore"), e.knob("ipv4/conf", name, "arp_ignore")); level == 8 {
		e.find(Finding{ID: "arp-silent", Severity: Error, Section: inSettings, Subject: name, Seen: "arp_ignore is 8 on " + name,
			Why:    "This host answers no ARP request there, so nobody reaches an address of it after the first announcement is forgotten.",
			Remedy: fmt.Sprintf("sysctl -w net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.%s.arp_ignore=0", name)})
	}
}

// virtualMAC finds what use_vmac cannot have where the daemon may not set sysctls. Without them the interface itself
// answers for the addresses of the macvlan.
func (e *exam) virtualMAC(r *config.Router) {
	if r.VMAC == nil || !e.sysctlsFixed() {
		return
	}
	for knob, least := range map[string]int{"arp_ignore": 1, "arp_announce": 2} {
		if is := max(e.knob("ipv4/conf/all", knob), e.knob("ipv4/conf", r.Interface, knob)); is < least {
			e.find(Finding{ID: "vmac-sysctl", Severity: Warning, Section: inSettings, Subject: r.Name,
				Seen:   fmt.Sprintf("%s of %s is %d, and /proc/sys is read-only here", knob, r.Interface, is),
				Why:    "With use_vmac it answers for the virtual addresses with its own MAC as well, and switches learn both.",
				Remedy: fmt.Sprintf("sysctl -w net.ipv4.conf.%s.%s=%d outside of this container", r.Interface, knob, least)})
		}
	}
}

// gateway finds hosts that are meant to route, and do not: a sync group over several interfaces is that of a gateway.
func (e *exam) gateway() {
	links := map[string]map[string]bool{}
	for _, r := range e.routers() {
		if r.SyncGroup == "" || r.V6 || e.knob("ipv4/ip_forward") != 0 {
			continue
		}
		if links[r.SyncGroup] == nil {
			links[r.SyncGroup] = map[string]bool{}
		}
		links[r.SyncGroup][r.Interface] = true
		if len(links[r.SyncGroup]) == 2 {
			e.find(Finding{ID: "not-forwarding", Severity: Warning, Section: inSettings, Subject: r.SyncGroup,
				Seen: fmt.Sprintf("net.ipv4.ip_forward is 0, and sync group %s has routers on several interfaces", r.SyncGroup),
				Why:  "A gateway that does not forward is a black hole once it is master.", Remedy: "sysctl -w net.ipv4.ip_forward=1"})
			return
		}
	}
}

// listeners finds servers that cannot bind a virtual address as long as this host is backup.
func (e *exam) listeners() {
	if p := e.running("haproxy", "nginx", "envoy", "squid"); p != nil && len(e.routers()) > 0 && e.knob("ipv4/ip_nonlocal_bind") == 0 {
		e.find(Finding{ID: "nonlocal-bind", Severity: Note, Section: inSettings,
			Seen:   fmt.Sprintf("%s (pid %d) runs here, and net.ipv4.ip_nonlocal_bind is 0", p.name, p.pid),
			Why:    "It cannot listen on a virtual address while this host is backup; on all addresses it can.",
			Remedy: "sysctl -w net.ipv4.ip_nonlocal_bind=1 (and net.ipv6.ip_nonlocal_bind=1)"})
	}
}
