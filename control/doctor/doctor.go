// Package doctor judges whether a host is fit for its routers: from facts to findings, each with its remedy. It is
// pure: what has to be asked of the kernel or of other programs comes in as Facts, files through an fs.FS. It changes
// nothing and sends nothing.
package doctor

import (
	"cmp"
	"io/fs"
	"net/netip"
	"slices"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
)

// Schema names the shape of Report.
const Schema = "xvrrp.doctor/v1"

// Severity is what a finding means for the routers.
type Severity string

// The grades.
const (
	Error   Severity = "error"   // a router will not work
	Warning Severity = "warning" // it will work worse, or fail later
	Note    Severity = "note"    // nothing to do, but good to know
)

var grades = []Severity{Error, Warning, Note}

// Finding is one thing that was found.
type Finding struct {
	ID       string   `json:"id"` // stable
	Severity Severity `json:"severity"`
	Section  string   `json:"section"`
	Subject  string   `json:"subject,omitempty"` // a router or an interface
	Seen     string   `json:"seen"`
	Why      string   `json:"why"`    // it matters, in one sentence
	Remedy   string   `json:"remedy"` // a command or a line
}

// Look is one thing that was looked at, and what it is like.
type Look struct {
	Section string `json:"section"`
	What    string `json:"what"`
}

// Report is what an examination came to: findings by severity, the worst first.
type Report struct {
	Schema   string    `json:"schema"`
	Findings []Finding `json:"findings"`
	Looked   []Look    `json:"looked_at"`
}

// Count is the number of findings of one severity.
func (r *Report) Count(s Severity) (n int) {
	for i := range r.Findings {
		if r.Findings[i].Severity == s {
			n++
		}
	}
	return n
}

// Facts are what is known of a host.
type Facts struct {
	Root         fs.FS // from /
	Kernel       string
	Filter       error  // of loading the filter; nil: it loads
	Capabilities uint64 // effective ones of whoever asks, a bit each
	Links        []Link
	Rulesets     []Ruleset
	Unsynced     bool // the kernel's clock is not held in time by anybody

	File     string         // the configuration; empty: there is none
	Config   *config.Config // never nil
	Problems []config.Problem
	Only     string // the one interface to look at; empty: those of Config

	Daemon *api.Snapshot // nil: none runs, or it cannot be asked
	// Load reads a configuration of another daemon.
	Load func(path string) (*config.Config, []config.Problem)
}

// Link is an interface of the host.
type Link struct {
	Name     string
	Index    int
	Up       bool // and with a carrier
	MTU      int
	Addrs    []netip.Prefix
	Driver   string // in words: "network card (ixgbe)"
	Mode     string // where the filter would sit: xdp or tc
	ModeWhy  string
	Taken    string   // the program on its XDP hook: "id 17, xdp_pass"; empty: none
	Offloads []string // receive offloads that are on, of those XDP minds
	Unread   error    // why the driver could not be asked
}

// exam is an examination under way.
type exam struct {
	Facts
	Report
	processes []process
}

// Examine judges the facts.
func Examine(f Facts) Report {
	e := &exam{Facts: f, Report: Report{Schema: Schema, Findings: []Finding{}}}
	e.processes = e.listProcesses()
	for _, look := range []func(){
		e.kernel, e.privileges, e.configuration, e.interfaces, e.addresses, e.settings, e.firewall, e.rivals, e.managers, e.clock, e.daemon,
	} {
		look()
	}
	slices.SortStableFunc(e.Findings, func(a, b Finding) int {
		return cmp.Compare(slices.Index(grades, a.Severity), slices.Index(grades, b.Severity))
	})
	return e.Report
}

func (e *exam) find(f Finding) { e.Findings = append(e.Findings, f) }

func (e *exam) look(section, what string) { e.Looked = append(e.Looked, Look{section, what}) }

// routers are those to be looked at: all that can run, or those of one interface.
func (e *exam) routers() (all []*config.Router) {
	for i := range e.Config.Routers {
		r := &e.Config.Routers[i]
		if r.Fault == "" && (e.Only == "" || e.Only == r.Interface) {
			all = append(all, r)
		}
	}
	return all
}

// names are the interfaces to be looked at.
func (e *exam) names() (names []string) {
	if e.Only != "" {
		return []string{e.Only}
	}
	for _, r := range e.routers() {
		if r.Interface != "" && !slices.Contains(names, r.Interface) {
			names = append(names, r.Interface)
		}
	}
	return names
}

// link is the interface of a name; nil: there is none.
func (e *exam) link(name string) *Link {
	for i := range e.Links {
		if e.Links[i].Name == name {
			return &e.Links[i]
		}
	}
	return nil
}

// read is a file's text without the blanks around it; empty if it cannot be read.
func (e *exam) read(path string) string { return readText(e.Root, path) }
