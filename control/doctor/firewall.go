package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

const inFirewall = "firewall"

// Ruleset is what a tool lists of the firewall.
type Ruleset struct {
	Tool string // nft, iptables-save, ip6tables-save
	Text []byte
	Err  error // it could not be listed
}

// firewall follows adverts and packets to virtual addresses through the rules. What comes in meets our filter first:
// it sits on XDP or TC, before any hook of netfilter. What goes out to a multicast group is sent by a packet socket and
// meets the egress hook alone; to unicast peers it is routed, and meets them all.
func (e *exam) firewall() {
	all := e.chains()
	if all == nil {
		return
	}
	before := len(e.Findings)
	for _, r := range e.routers() {
		for _, dst := range destinations(r) {
			e.leaves(all, r, dst)
		}
		for _, list := range [][]config.Address{r.Addresses, r.Excluded} {
			for i := range list {
				e.reaches(all, r, &list[i])
			}
		}
	}
	e.standsBy(all)
	if rules := countRules(all); len(e.Findings) == before {
		e.look(inFirewall, fmt.Sprintf("none in the way; rules: %d", rules))
	}
}

func countRules(all []chain) (n int) {
	for i := range all {
		n += len(all[i].rules)
	}
	return n
}

// chains are all that the tools list, nil if none could be asked. A firewall of nftables is listed by iptables as well.
func (e *exam) chains() []chain {
	all, asked, nft := []chain{}, false, false
	var troubles []string
	for i := range e.Rulesets {
		s := &e.Rulesets[i]
		switch {
		case s.Err != nil:
			troubles = append(troubles, fmt.Sprintf("%s: %v", s.Tool, s.Err))
			continue
		case s.Tool == "nft":
			chains, err := nftChains(s.Text)
			if err != nil {
				troubles = append(troubles, err.Error())
				continue
			}
			all, nft = append(all, chains...), true
		case !nft || !strings.Contains(string(s.Text), "(nf_tables)"):
			all = append(all, iptablesChains(s.Text, s.Tool == "ip6tables-save")...)
		}
		asked = true
	}
	if !asked {
		e.look(inFirewall, "not looked at: "+or(strings.Join(troubles, "; "), "neither nft nor iptables-save is installed"))
		return nil
	}
	return all
}

// destinations are where a router's adverts are sent.
func destinations(r *config.Router) (to []netip.Addr) {
	for _, p := range r.Peers {
		to = append(to, p.Addr)
	}
	if len(to) == 0 {
		to = append(to, r.Group)
	}
	return to
}

// leaves judges whether adverts of a router leave this host.
func (e *exam) leaves(all []chain, r *config.Router, dst netip.Addr) {
	hooks := []string{"output", "postrouting", "egress"}
	if len(r.Peers) == 0 {
		hooks = []string{"egress"}
	}
	p := packet{"proto": "vrrp", "daddr": dst.String(), "oif": r.Interface, "ctstate": "new"}
	if r.Source.IsValid() {
		p["saddr"] = r.Source.String()
	}
	f := e.through(all, hooks, p, r.Interface, r.V6)
	if f == nil {
		return
	}
	finding := Finding{ID: "firewall-adverts-out", Severity: Error, Section: inFirewall, Subject: r.Name,
		Seen: f.words() + fmt.Sprintf(" drops the adverts of %s to %s", r.Name, dst),
		Why:  "The others hear nothing of this host: as master it is taken for dead, and there are two.", Remedy: f.remedy()}
	if !f.certain {
		finding.Severity = Warning
		finding.Seen = f.words() + fmt.Sprintf(" may drop the adverts of %s to %s: a rule before it could not be read for sure", r.Name, dst)
	}
	e.find(finding)
}

// reaches judges whether packets to a virtual address come in. Only a rule about that address counts: a firewall that
// lets in nothing but some services is as it should be.
func (e *exam) reaches(all []chain, r *config.Router, v *config.Address) {
	a := v.Prefix.Addr()
	p := packet{"daddr": a.String(), "iif": or(v.Dev, r.Interface), "ctstate": "new"}
	f := e.through(all, []string{"ingress", "prerouting", "input"}, p, or(v.Dev, r.Interface), r.V6)
	if f == nil || f.by == nil || !f.by.names("daddr") {
		return
	}
	finding := Finding{ID: "firewall-vip", Severity: Error, Section: inFirewall, Subject: r.Name,
		Seen: f.words() + fmt.Sprintf(" drops packets to %s", a),
		Why:  "As master this host answers neither ping nor connections to the address.", Remedy: f.remedy()}
	if !f.certain {
		finding.Severity = Warning
		finding.Seen += ", but for those that rules before it accept"
		finding.Why = "As master this host answers at the address to what these rules accept, and to nothing else."
		finding.Remedy = "nothing if that is meant, else: " + finding.Remedy
	}
	e.find(finding)
}

// standsBy notes what harms other VRRP daemons, but not this one.
func (e *exam) standsBy(all []chain) {
	if len(e.routers()) == 0 {
		return
	}
	r := e.routers()[0]
	group := vrrp.DefaultGroup(r.V6).String()
	why := "Xvrrp is not affected: its filter takes adverts before the firewall sees them. Keepalived on this host would hear nothing."
	if r.PassAdverts {
		why = "Xvrrp is not affected: its filter takes adverts before the firewall sees them. But whoever else is to see them by vrrp_pass_adverts does not."
	}
	in := packet{"proto": "vrrp", "daddr": group, "iif": r.Interface, "ctstate": "new"}
	if f := e.through(all, []string{"ingress", "prerouting", "input"}, in, r.Interface, r.V6); f != nil {
		e.find(Finding{ID: "firewall-adverts-in", Severity: Note, Section: inFirewall, Seen: f.words() + " drops adverts that come in",
			Why: why, Remedy: "nothing; for keepalived: " + f.remedy()})
	}
	out := packet{"proto": "vrrp", "daddr": group, "oif": r.Interface, "ctstate": "new"}
	if f := e.through(all, []string{"output", "postrouting"}, out, r.Interface, r.V6); f != nil && len(r.Peers) == 0 {
		e.find(Finding{ID: "firewall-adverts-out-routed", Severity: Note, Section: inFirewall, Seen: f.words() + " drops adverts that go out",
			Why:    "Xvrrp is not affected: multicast adverts leave by a packet socket, past these rules. Keepalived on this host would not be heard.",
			Remedy: "nothing; for keepalived: " + f.remedy()})
	}
}

// through is what stops a packet on the first of these hooks that does; nil: nothing.
func (e *exam) through(all []chain, hooks []string, p packet, link string, v6 bool) *fate {
	for i := range all {
		c := &all[i]
		here := slices.Contains(hooks, c.hook) && (c.v4 && !v6 || c.v6 && v6) && (len(c.device) == 0 || slices.Contains(c.device, link))
		if !here {
			continue
		}
		if f := judge(all, c, p); f.dropped {
			return &f
		}
	}
	return nil
}

// words are the rule or policy that decided.
func (f *fate) words() string {
	if f.by == nil {
		return f.in.place + ", policy drop,"
	}
	return fmt.Sprintf("%s, rule %q,", f.in.place, f.by.text)
}

func (f *fate) remedy() string {
	if f.by == nil {
		return f.in.relax
	}
	return f.by.remedy
}
