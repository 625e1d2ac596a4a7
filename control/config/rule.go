// Routing rules: lines of virtual_rules and static_rules in the grammar of ip-rule(8), without its abbreviations.

package config

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
)

func virtualRules(d *decoder, n *node, in scope) {
	d.eachEntry(n, func(e *entry) {
		if r, ok := e.rule(false); ok {
			in.router.Rules = append(in.router.Rules, r)
		}
	})
}

func staticRules(d *decoder, n *node, _ scope) {
	d.eachEntry(n, func(e *entry) {
		if r, ok := e.rule(true); ok {
			d.static.rules = append(d.static.rules, given[Rule]{r, true, e.n.mark(0)})
		}
	})
}

// ruleActions are the kernel's FR_ACT_ values for rules that lead to no table.
var ruleActions = map[string]uint8{"nop": 3, "blackhole": 6, "unreachable": 7, "prohibit": 8}

// The FR_ACT_ values of rules that lead somewhere.
const (
	ruleToTable = 1
	ruleGoto    = 2
)

// firstRule is the preference of the first rule that is given none; keepalived counts down from it.
const firstRule = 16384

// ruleLine is a rule while its line is read.
type ruleLine struct {
	*entry
	Rule
	static bool
}

// rule reads one rule.
func (e *entry) rule(static bool) (Rule, bool) {
	l := &ruleLine{entry: e, static: static}
	l.Rule = Rule{Pos: e.n.mark(0).pos(), Text: e.text(), SuppressPrefix: -1, SuppressGroup: -1}
	for e.more() {
		l.option()
		e.i++
	}
	if !e.bad {
		l.finish()
	}
	return l.Rule, !e.bad
}

func (l *ruleLine) option() {
	word := l.word()
	if o, known := ruleOptions[word]; known {
		o.set(l)
		return
	}
	if action, known := ruleActions[word]; known {
		l.act(action)
		return
	}
	l.fail("see ip-rule(8) for the options", "%q is no option of a rule", word)
}

// ruleOptions are read with the option's own word being read.
var ruleOptions = map[string]entryOption[*ruleLine]{
	"not":                   {"", "what does not match", func(l *ruleLine) { l.Not = true }},
	"from":                  {"PREFIX", "source of packets", func(l *ruleLine) { l.From = l.selector() }},
	"to":                    {"PREFIX", "destination of packets", func(l *ruleLine) { l.To = l.selector() }},
	"table":                 {"TABLE", "routing table to look in", (*ruleLine).table},
	"lookup":                {"TABLE", "the same", (*ruleLine).table},
	"preference":            {"N", "order among rules; the lowest comes first", (*ruleLine).preference},
	"priority":              {"N", "the same", (*ruleLine).preference},
	"order":                 {"N", "the same", (*ruleLine).preference},
	"tos":                   {"N", "type of service, hexadecimal", func(l *ruleLine) { l.TOS = uint8(l.named(serviceFields)) }},
	"dsfield":               {"N", "the same", func(l *ruleLine) { l.TOS = uint8(l.named(serviceFields)) }},
	"fwmark":                {"N[/MASK]", "firewall mark of packets", (*ruleLine).mark},
	"iif":                   {"INTERFACE", "link packets came in by", func(l *ruleLine) { l.IIF = l.link() }},
	"dev":                   {"INTERFACE", "the same", func(l *ruleLine) { l.IIF = l.link() }},
	"oif":                   {"INTERFACE", "link the socket of packets is bound to", func(l *ruleLine) { l.OIF = l.link() }},
	"uidrange":              {"FROM-TO", "users whose packets match", (*ruleLine).users},
	"l3mdev":                {"", "look in the table of the link's VRF", (*ruleLine).device},
	"protocol":              {"PROTOCOL", "who made the rule, with no_track; otherwise keepalived", func(l *ruleLine) { l.Protocol = l.protocol() }},
	"ipproto":               {"PROTOCOL", "tcp, udp or another IP protocol", func(l *ruleLine) { l.IPProto = uint8(l.named(ipProtocols)) }},
	"ip_proto":              {"PROTOCOL", "the same", func(l *ruleLine) { l.IPProto = uint8(l.named(ipProtocols)) }},
	"sport":                 {"PORT[-PORT]", "source ports", func(l *ruleLine) { l.SPort = l.ports() }},
	"dport":                 {"PORT[-PORT]", "destination ports", func(l *ruleLine) { l.DPort = l.ports() }},
	"goto":                  {"N", "go on with the rule of that preference", (*ruleLine).jump},
	"type":                  {"blackhole|unreachable|prohibit|nop", "answer without looking anywhere; the word type may be left out", (*ruleLine).kind},
	"suppress_prefixlength": {"N", "routes of at most this length do not count", (*ruleLine).suppressLength},
	"suppress_ifgroup":      {"GROUP", "routes by links of this group do not count", func(l *ruleLine) { l.SuppressGroup = int(l.named(linkGroups)) }},
	"inet":                  {"", "the rule is of IPv4", func(l *ruleLine) { l.of(false) }},
	"inet6":                 {"", "the rule is of IPv6", func(l *ruleLine) { l.of(true) }},
	"no_track":              {"", "nobody minds if it is deleted", func(l *ruleLine) { l.NoTrack = true }},
	"track_group":           {"NAME", "static rules: the track_group whose routers fault with it", (*ruleLine).trackGroup},
	"realms":                {"...", "not carried out: the rule is skipped", (*ruleLine).impossible},
	"tun_id":                {"...", "not carried out: the rule is skipped", (*ruleLine).impossible},
}

// selector is the next word as a prefix; "all" is none.
func (l *ruleLine) selector() netip.Prefix {
	word := l.next()
	if l.bad || word == "all" || word == "any" || word == "default" {
		return netip.Prefix{}
	}
	p := l.prefix()
	if !l.bad {
		l.of(p.Addr().Is6())
	}
	return p
}

// act gives the rule its action. It has one.
func (l *ruleLine) act(action uint8) bool {
	if l.Action != 0 {
		l.fail("write one rule for each", "%q is a second action of the rule", l.word())
		return false
	}
	l.Action = action
	return true
}

func (l *ruleLine) table() {
	if l.act(ruleToTable) {
		l.Table = l.named(routeTables)
	}
}

func (l *ruleLine) device() {
	if l.act(ruleToTable) {
		l.L3Mdev = true
	}
}

func (l *ruleLine) jump() {
	if l.act(ruleGoto) {
		l.Goto = uint32(l.integer(1, math.MaxUint32))
	}
}

func (l *ruleLine) kind() {
	action, known := ruleActions[l.next()]
	if !known && !l.bad {
		l.fail("", "type takes blackhole, unreachable, prohibit or nop, not %q", l.word())
	}
	if !l.bad {
		l.act(action)
	}
}

func (l *ruleLine) preference() { l.Priority = uint32(l.integer(1, math.MaxUint32)) }

func (l *ruleLine) mark() {
	value, mask, masked := strings.Cut(l.next(), "/")
	if l.bad {
		return
	}
	v, err := strconv.ParseUint(value, 0, 32)
	m := uint64(math.MaxUint32)
	if masked && err == nil {
		m, err = strconv.ParseUint(mask, 0, 32)
	}
	if err != nil {
		l.fail("write N or N/MASK", "%q is no firewall mark", l.word())
	}
	l.Mark, l.MarkMask, l.Marked = uint32(v), uint32(m), true
}

func (l *ruleLine) users() {
	p := l.pair(math.MaxUint32 - 1)
	l.UIDs = &[2]uint32{uint32(p[0]), uint32(p[1])}
}

func (l *ruleLine) ports() *[2]uint16 {
	p := l.pair(math.MaxUint16)
	return &[2]uint16{uint16(p[0]), uint16(p[1])}
}

func (l *ruleLine) suppressLength() { l.SuppressPrefix = int(l.integer(0, 128)) }

func (l *ruleLine) trackGroup() {
	name := l.next()
	if !l.static {
		l.ignore("remove it", "track_group is for static rules only")
		return
	}
	l.Group = name
}

// impossible is an option without which the rule would be another one.
func (l *ruleLine) impossible() {
	l.fail("add the rule by a notify script", "option %s of a rule is not carried out", l.word())
}

// finish puts together what stands in several places of the line. Like keepalived it gives a rule its preference.
func (l *ruleLine) finish() {
	l.V6 = l.family.v
	if l.Action == 0 {
		l.fail("add table TABLE", "the rule says neither table nor action")
		return
	}
	l.Protocol = l.tracked(l.Protocol, l.NoTrack)
	if l.Priority != 0 {
		return
	}
	count := &l.rules[0]
	if l.V6 {
		count = &l.rules[1]
	}
	l.Priority = firstRule - min(*count, firstRule-1)
	*count++
	l.report(Warning, l.n.mark(0), "add preference N: rules apply in that order", "the rule has no preference; %d is used", l.Priority)
}
