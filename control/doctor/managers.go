package doctor

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

const inManagers = "network managers"

// managers finds those that delete addresses which they did not add.
func (e *exam) managers() {
	networkd, manager := e.running("systemd-network", "systemd-networkd"), e.running("NetworkManager")
	for _, name := range e.names() {
		if networkd != nil {
			e.networkd(networkd, name)
		}
		if manager != nil {
			e.networkManager(manager, name)
		}
	}
	if networkd == nil && manager == nil {
		e.look(inManagers, "neither systemd-networkd nor NetworkManager runs here")
	}
}

// networkdDirs hold .network files, the first of a name hides the others (systemd.network(5)).
var networkdDirs = []string{"etc/systemd/network", "run/systemd/network", "usr/local/lib/systemd/network", "usr/lib/systemd/network"}

func (e *exam) networkd(p *process, name string) {
	file := e.networkFile(name)
	switch {
	case file == "":
		e.look(inManagers, "systemd-networkd runs, but no .network file matches "+name)
	case e.keeps(file):
		e.look(inManagers, fmt.Sprintf("systemd-networkd keeps foreign addresses of %s (/%s)", name, file))
	default:
		dropIn := "/etc/systemd/network/" + path.Base(file) + ".d"
		e.find(Finding{ID: "networkd-deletes", Severity: Warning, Section: inManagers, Subject: name,
			Seen: fmt.Sprintf("systemd-networkd (pid %d) manages %s by /%s, which has no KeepConfiguration", p.pid, name, file),
			Why:  "It deletes virtual addresses when it is restarted or the interface is configured anew; the daemon puts them back, but connections suffer.",
			Remedy: fmt.Sprintf(`mkdir -p %[1]s && printf '[Network]\nKeepConfiguration=static\n' >%[1]s/xvrrp.conf && networkctl reload`,
				dropIn)})
	}
}

// networkFile is the .network file of an interface: of all that match, the first by name; empty: none does.
func (e *exam) networkFile(link string) string {
	files := map[string]string{}
	for _, dir := range networkdDirs {
		found, _ := fs.Glob(e.Root, dir+"/*.network") // the pattern is good
		for _, file := range found {
			if base := path.Base(file); files[base] == "" {
				files[base] = file
			}
		}
	}
	for _, base := range slices.Sorted(maps.Keys(files)) {
		if settings := iniSection(e.read(files[base]), "Match"); matches(settings, link) {
			return files[base]
		}
	}
	return ""
}

// matches tells whether a [Match] section is about a link, as far as its name tells. Without a name it may be.
func matches(match map[string]string, link string) bool {
	if len(match) == 0 {
		return false // systemd-networkd ignores such files
	}
	names, ok := match["Name"]
	return !ok || globbed(strings.Fields(names), link)
}

// globbed tells whether patterns, of which those with a ! exclude, match a name.
func globbed(patterns []string, name string) bool {
	if len(patterns) > 0 && strings.HasPrefix(patterns[0], "!") {
		patterns[0] = patterns[0][1:]
		return !globbed(patterns, name)
	}
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}

// keeps tells whether a .network file, or a drop-in of it, has foreign addresses kept.
func (e *exam) keeps(file string) bool {
	keep := iniSection(e.read(file), "Network")["KeepConfiguration"]
	for _, dir := range networkdDirs {
		dropIns, _ := fs.Glob(e.Root, dir+"/"+path.Base(file)+".d/*.conf") // the pattern is good
		for _, d := range dropIns {
			keep = or(iniSection(e.read(d), "Network")["KeepConfiguration"], keep)
		}
	}
	return slices.Contains([]string{"yes", "true", "on", "1", "static"}, keep)
}

// networkManager tells of interfaces that it has not been told to leave alone.
func (e *exam) networkManager(p *process, name string) {
	files, _ := fs.Glob(e.Root, "etc/NetworkManager/conf.d/*.conf") // the pattern is good
	for _, file := range append([]string{"etc/NetworkManager/NetworkManager.conf"}, files...) {
		for spec := range strings.FieldsFuncSeq(iniSection(e.read(file), "keyfile")["unmanaged-devices"], func(r rune) bool { return r == ';' || r == ',' }) {
			spec = strings.TrimPrefix(strings.TrimSpace(spec), "interface-name:")
			if globbed([]string{strings.TrimPrefix(spec, "=")}, name) {
				e.look(inManagers, fmt.Sprintf("NetworkManager leaves %s alone (/%s)", name, file))
				return
			}
		}
	}
	e.find(Finding{ID: "networkmanager", Severity: Note, Section: inManagers, Subject: name,
		Seen: fmt.Sprintf("NetworkManager (pid %d) manages %s", p.pid, name),
		Why:  "It deletes virtual addresses when the connection is activated or applied anew; the daemon puts them back, but connections suffer.",
		Remedy: fmt.Sprintf(`printf '[keyfile]\nunmanaged-devices=interface-name:%s\n' >/etc/NetworkManager/conf.d/xvrrp.conf, if the interface is configured without it`,
			name)})
}

// iniSection are the settings of one section of a file as systemd and NetworkManager write them; the last of a name
// holds.
func iniSection(text, section string) map[string]string {
	found, in := map[string]string{}, false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			in = line == "["+section+"]"
		}
		if key, value, ok := strings.Cut(line, "="); ok && in && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, ";") {
			found[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return found
}
