package doctor

import (
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Firewalls, as far as it matters whether a certain packet comes through: chains of rules with conditions. What is not
// understood of a condition makes it uncertain, and nothing is claimed that hangs on it.

// chain is a list of rules. One without a hook is only jumped to.
type chain struct {
	place  string // "nftables table inet filter, chain output"
	table  string // that jumps stay within
	name   string
	hook   string // input, output, egress, ...
	device []string
	policy string
	relax  string // how to have its policy accept
	v4, v6 bool
	rules  []rule
}

// rule is one with its conditions and what becomes of a packet that meets them.
type rule struct {
	when   []condition
	action string // accept, drop, jump, goto, return, unknown; empty: it goes on
	target string // of jumps
	text   string
	remedy string
}

// condition compares a part of a packet.
type condition struct {
	part   string // proto, saddr, daddr, iif, oif, ctstate; anything else is uncertain
	not    bool
	values []string
}

// packet is what is known of a packet; parts that are not there are uncertain.
type packet map[string]string

// truth is that of a condition.
type truth int

const (
	no truth = iota
	perhaps
	yes
)

// fate is what becomes of a packet.
type fate struct {
	dropped bool
	certain bool // no rule that is not understood could have decided otherwise
	by      *rule
	in      *chain // whose rule or policy it was
}

// judge follows a packet through a chain.
func judge(all []chain, c *chain, p packet) fate {
	w := walker{all: all, packet: p}
	f, decided := w.walk(c, 0)
	if !decided {
		f = fate{dropped: c.policy == "drop", in: c}
	}
	f.certain = !w.doubt
	return f
}

// walker is on its way through chains.
type walker struct {
	all    []chain
	packet packet
	doubt  bool // it met a rule that is not understood and might have accepted the packet
}

// deepest is how many jumps within jumps are followed, as in the kernel.
const deepest = 16

func (w *walker) walk(c *chain, depth int) (f fate, decided bool) {
	for i := range c.rules {
		r := &c.rules[i]
		held := r.holds(w.packet)
		if held == no {
			continue
		}
		if r.action == "unknown" || held == perhaps {
			w.doubt = w.doubt || r.action != "drop" && r.action != ""
			continue
		}
		switch r.action {
		case "accept", "drop":
			return fate{dropped: r.action == "drop", by: r, in: c}, true
		case "return":
			return fate{}, false
		case "jump", "goto":
			to := target(w.all, c, r)
			if to == nil || depth == deepest {
				w.doubt = true
				continue
			}
			if f, decided := w.walk(to, depth+1); decided || r.action == "goto" {
				return f, decided
			}
		}
	}
	return fate{}, false
}

func target(all []chain, from *chain, r *rule) *chain {
	at := slices.IndexFunc(all, func(c chain) bool { return c.table == from.table && c.name == r.target })
	if at < 0 {
		return nil
	}
	return &all[at]
}

// holds tells whether a packet meets all conditions of a rule.
func (r *rule) holds(p packet) truth {
	all := yes
	for i := range r.when {
		all = min(all, r.when[i].holds(p))
	}
	return all
}

// names tells whether a rule has a condition on a part of packets that asks for something.
func (r *rule) names(part string) bool {
	return slices.ContainsFunc(r.when, func(c condition) bool { return c.part == part && !c.not })
}

func (c *condition) holds(p packet) truth {
	is, known := p[c.part]
	if !known {
		return perhaps
	}
	met := no
	for _, v := range c.values {
		met = max(met, equal(c.part, is, v))
	}
	if c.not {
		return yes - met
	}
	return met
}

// equal compares a part of a packet with a value of a rule: a name or number, a prefix or range of addresses, or a
// pattern of interfaces.
func equal(part, is, value string) truth {
	switch part {
	case "proto":
		return truthOf(protocolName(value) == is)
	case "saddr", "daddr":
		return within(is, value)
	case "iif", "oif":
		ok, err := path.Match(strings.Replace(value, "+", "*", 1), is)
		return truthOf(ok && err == nil)
	}
	return truthOf(value == is)
}

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// protocolName is the name of a protocol of which rules may know the number.
func protocolName(s string) string {
	switch s {
	case "112":
		return "vrrp"
	case "1":
		return "icmp"
	case "58", "icmpv6":
		return "ipv6-icmp"
	}
	return s
}

// within tells whether an address is in a prefix or range.
func within(address, value string) truth {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return perhaps
	}
	if from, to, ok := strings.Cut(value, "-"); ok {
		low, err := netip.ParseAddr(from)
		high, errHigh := netip.ParseAddr(to)
		if err != nil || errHigh != nil {
			return perhaps
		}
		return truthOf(a.BitLen() == low.BitLen() && low.Compare(a) <= 0 && a.Compare(high) <= 0)
	}
	if !strings.Contains(value, "/") {
		value += "/" + strconv.Itoa(a.BitLen())
	}
	p, err := netip.ParsePrefix(value)
	if err != nil {
		return perhaps
	}
	return truthOf(p.Contains(a))
}
