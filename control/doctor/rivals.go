package doctor

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/xvrrp/xvrrp/control/config"
)

const inRivals = "other daemons"

// keepalivedConfig is the file it reads if its command line names none.
const keepalivedConfig = "/etc/keepalived/keepalived.conf"

// rivals finds other VRRP daemons with a router of ours.
func (e *exam) rivals() {
	seen := map[string]bool{} // files: keepalived is several processes
	for i := range e.processes {
		p := &e.processes[i]
		switch {
		case e.isKeepalived(p):
			if file := keepalivedFile(p); !seen[file] {
				seen[file] = true
				e.keepalived(p, file)
			}
		case p.name == "vrrpd":
			e.frr(p)
		}
	}
	if !e.rivalRuns() {
		e.look(inRivals, "neither keepalived nor FRR's vrrpd runs here")
	}
}

// rivalRuns tells whether another VRRP daemon does.
func (e *exam) rivalRuns() bool {
	for i := range e.processes {
		if p := &e.processes[i]; p.name == "vrrpd" || e.isKeepalived(p) {
			return true
		}
	}
	return false
}

// isKeepalived tells keepalived from an xvrrp that runs under its name.
func (e *exam) isKeepalived(p *process) bool {
	if p.name != "keepalived" && p.name != "keepalived_vrrp" {
		return false
	}
	return path.Base(e.program(p)) != "xvrrp" && (e.Daemon == nil || e.Daemon.PID != p.pid)
}

// keepalivedFile is the configuration that a keepalived runs.
func keepalivedFile(p *process) string {
	for i, arg := range p.args {
		if file, ok := strings.CutPrefix(arg, "--use-file="); ok {
			return file
		}
		if (arg == "-f" || arg == "--use-file") && i+1 < len(p.args) {
			return p.args[i+1]
		}
	}
	return keepalivedConfig
}

func (e *exam) keepalived(p *process, file string) {
	theirs, problems := e.Load(file)
	if len(theirs.Routers) == 0 && config.Worst(problems) == config.Error {
		e.look(inRivals, fmt.Sprintf("keepalived (pid %d) runs here; its configuration %s cannot be read", p.pid, file))
		return
	}
	clash := false
	for i := range theirs.Routers {
		t := &theirs.Routers[i]
		for _, r := range e.routers() {
			if t.Interface == r.Interface && t.VRID == r.VRID && t.V6 == r.V6 && t.VLAN == r.VLAN {
				clash = true
				e.clash(r, fmt.Sprintf("keepalived (pid %d) runs VRID %d on %s as well: %s (%s)", p.pid, r.VRID, r.Interface, t.Pos, t.Name),
					"systemctl disable --now keepalived")
			}
		}
	}
	if !clash {
		e.look(inRivals, fmt.Sprintf("keepalived (pid %d) runs here with none of the routers of %s", p.pid, or(e.File, "this host")))
	}
}

func (e *exam) clash(r *config.Router, seen, remedy string) {
	e.find(Finding{ID: "second-daemon", Severity: Error, Section: inRivals, Subject: r.Name, Seen: seen,
		Why:    "Two daemons of one host then elect masters for the same addresses, and take them away from each other.",
		Remedy: remedy})
}

// frr compares routers with those of frr.conf, in which lines "vrrp VRID" stand below "interface NAME".
func (e *exam) frr(p *process) {
	const file = "etc/frr/frr.conf"
	link, clash := "", false
	for line := range strings.Lines(e.read(file)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		if words[0] == "interface" {
			link = words[1]
		}
		vrid, err := strconv.Atoi(words[1])
		if words[0] != "vrrp" || err != nil || len(words) > 2 && words[2] != "version" { // vrrp 5, or vrrp 5 version 3
			continue
		}
		for _, r := range e.routers() {
			if r.Interface == link && int(r.VRID) == vrid {
				clash = true
				e.clash(r, fmt.Sprintf("FRR's vrrpd (pid %d) runs VRID %d on %s as well: /%s", p.pid, vrid, link, file),
					fmt.Sprintf("vtysh -c 'configure' -c 'interface %s' -c 'no vrrp %d'", link, vrid))
			}
		}
	}
	if !clash {
		e.look(inRivals, fmt.Sprintf("FRR's vrrpd (pid %d) runs here with none of these routers", p.pid))
	}
}
