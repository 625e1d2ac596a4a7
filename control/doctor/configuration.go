package doctor

import (
	"fmt"
	"slices"

	"github.com/xvrrp/xvrrp/control/config"
)

const inConfig = "configuration"

// configuration tells what of the file keeps routers from running, or hosts from reaching their addresses.
func (e *exam) configuration() {
	if e.File == "" {
		e.look(inConfig, "none: routers and their addresses were not looked at")
		return
	}
	e.look(inConfig, fmt.Sprintf("%s, routers: %d", e.File, len(e.Config.Routers)))
	for _, p := range e.Problems {
		if p.Severity == config.Error {
			e.find(Finding{ID: "config-error", Severity: Error, Section: inConfig, Seen: p.Pos.String() + ": " + p.Message,
				Why: "What the line belongs to is not run.", Remedy: or(p.Hint, "correct the line; xvrrp check "+e.File+" shows it")})
		}
	}
	for _, r := range e.routers() {
		e.accepts(r)
	}
}

// accepts finds routers whose addresses answer nobody: vrrp_strict left in a copied example is the usual way there.
func (e *exam) accepts(r *config.Router) {
	if r.Accept {
		return
	}
	f := Finding{ID: "no-accept", Severity: Warning, Section: inConfig, Subject: r.Name,
		Why: "As master this host answers neither ping nor connections to the virtual addresses: they look dead to clients."}
	if r.Strict {
		f.Seen = fmt.Sprintf("%s: (%s) strict mode (vrrp_strict) without accept", e.strictPlace(r), r.Name)
		f.Remedy = "delete that line" + acceptLine(r) + ", then: xvrrp reload"
	} else {
		f.Seen = fmt.Sprintf("%s: (%s) no_accept", r.Pos, r.Name)
		f.Remedy = "delete its line no_accept, then: xvrrp reload"
	}
	e.find(f)
}

// acceptLine is the other way out of strict mode's refusal, which version 2 does not have.
func acceptLine(r *config.Router) string {
	if r.Version == 2 {
		return ""
	}
	return fmt.Sprintf(", or add accept to vrrp_instance %s", r.Name)
}

// strictPlace is where strict mode was switched on, as far as a warning tells, else the router's own line.
func (e *exam) strictPlace(r *config.Router) config.Pos {
	at := slices.IndexFunc(e.Problems, func(p config.Problem) bool { return p.Message == config.StrictRefuses })
	if at < 0 {
		return r.Pos
	}
	return e.Problems[at].Pos
}

// or is text, or instead if that is empty.
func or(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}
