// Entries of static_ and virtual_ lists are lines in iproute2's grammar: options and their values in any order.

package config

import (
	"net/netip"
	"strconv"
	"strings"
)

// entry walks over the words of a line and knows the family they say.
type entry struct {
	*decoder
	n      *node
	i      int // the word being read
	family given[bool]
	bad    bool // a mistake costs the line
}

func (e *entry) more() bool { return e.i < len(e.n.words) && !e.bad }

// word is the word being read, empty behind the last.
func (e *entry) word() string {
	if e.i >= len(e.n.words) {
		return ""
	}
	return e.n.words[e.i].s
}

// next moves to the next word and answers it. There must be one.
func (e *entry) next() string {
	if e.i+1 >= len(e.n.words) {
		e.fail("", "%q has no value", e.word())
		return ""
	}
	e.i++
	return e.word()
}

// peek is the word behind the one being read.
func (e *entry) peek() string {
	if e.i+1 >= len(e.n.words) {
		return ""
	}
	return e.n.words[e.i+1].s
}

// fail reports a mistake at the word being read. The line is skipped.
func (e *entry) fail(hint, format string, args ...any) {
	e.bad = true
	e.report(Warning, e.n.mark(e.i), hint, format+"; entry skipped", args...)
}

// ignore reports an option that does nothing.
func (e *entry) ignore(hint, format string, args ...any) {
	e.report(Warning, e.n.mark(e.i), hint, format+"; ignored", args...)
}

// of says that a word belongs to a family; all must say the same.
func (e *entry) of(v6 bool) bool {
	if e.family.ok && e.family.v != v6 {
		e.fail("", "%q is of another family than what stands before it", e.word())
		return false
	}
	e.family = given[bool]{v6, true, e.n.mark(e.i)}
	return true
}

// addr is the next word as an address.
func (e *entry) addr() netip.Addr {
	word := e.next()
	if e.bad {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(word)
	if err != nil || a.Zone() != "" || a.Is4In6() {
		e.fail("", "%q is no address", word)
		return netip.Addr{}
	}
	return a
}

// prefix is the word being read as an address with or without a length. Host bits are cut off, as they must be.
func (e *entry) prefix() netip.Prefix {
	host, length, has := strings.Cut(e.word(), "/")
	a, err := netip.ParseAddr(host)
	if err != nil || a.Zone() != "" || a.Is4In6() {
		e.fail("see ip-route(8) and ip-rule(8) for the options", "%q is neither an option nor an address", e.word())
		return netip.Prefix{}
	}
	bits := a.BitLen()
	if has {
		v, fault := integer(length, 0, int64(bits))
		if fault != "" {
			e.fail("", "prefix length %s", fault)
			return netip.Prefix{}
		}
		bits = int(v)
	}
	p := netip.PrefixFrom(a, bits)
	if p.Masked() != p {
		e.report(Warning, e.n.mark(e.i), "write "+p.Masked().String(), "%s has bits behind its length; %s is used", p, p.Masked())
	}
	return p.Masked()
}

// integer is the next word as a number.
func (e *entry) integer(low, high int64) int64 {
	word := e.next()
	if e.bad {
		return 0
	}
	v, fault := integer(word, low, high)
	if fault != "" {
		e.fail("", "%s %s", e.n.words[e.i-1].s, fault)
	}
	return v
}

// named is the next word as a number or its name.
func (e *entry) named(of numbering) uint32 {
	word := e.next()
	if e.bad {
		return 0
	}
	v, ok := e.lookup(of, word)
	if !ok {
		e.fail("write a number, or a name from /etc/iproute2", "%q is no %s", word, of.what)
	}
	return v
}

// link is the next word as the name of a link.
func (e *entry) link() string {
	word := e.next()
	if !e.bad && !validLink(word) {
		e.fail("see ip link", "%q is no name of a link", word)
	}
	return word
}

// pair is the next word as "A-B", or "A" for "A-A".
func (e *entry) pair(high int64) [2]int64 {
	low, top, ranged := strings.Cut(e.next(), "-")
	if e.bad {
		return [2]int64{}
	}
	if !ranged {
		top = low
	}
	from, fault := integer(low, 0, high)
	to, also := integer(top, 0, high)
	if fault != "" || also != "" || to < from {
		e.fail("write FROM-TO", "%q is no range of numbers to %d", e.word(), high)
	}
	return [2]int64{from, to}
}

// keepalivedProtocol is the routing protocol keepalived marks its routes and rules with.
const keepalivedProtocol = 18

// protocol is the next word as a routing protocol.
func (e *entry) protocol() uint8 { return uint8(e.named(routeProtocols)) }

// text is the line, a blank between words.
func (e *entry) text() string {
	words := make([]string, len(e.n.words))
	for i, w := range e.n.words {
		words[i] = w.s
	}
	return strings.Join(words, " ")
}

// eachEntry reads the lines of a list with f.
func (d *decoder) eachEntry(n *node, f func(*entry)) {
	for _, line := range n.body {
		if line.block || len(line.words) == 0 {
			d.report(Warning, line.mark(0), "", "an entry of %s takes no block; skipped", n.keyword())
			continue
		}
		f(&entry{decoder: d, n: line})
	}
}

// tracked is the protocol of an entry that is put back when others delete it: such entries are known by ours.
func (e *entry) tracked(protocol uint8, noTrack bool) uint8 {
	if protocol != 0 && protocol != keepalivedProtocol && !noTrack {
		e.report(Warning, e.n.mark(0), "add no_track to keep the protocol", "what is watched over is marked with protocol keepalived; protocol %s is ignored",
			strconv.Itoa(int(protocol)))
		return 0
	}
	return protocol
}
