// Values: what the words behind a keyword mean. A wrong one is reported and, as a rule, leaves the default.

package config

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// field is where a value goes.
type field[T any] = func(scope) *given[T]

// put stores the value a statement gives at its word i. The last one counts.
func put[T any](d *decoder, n *node, i int, to *given[T], v T) {
	if to.ok && to.at.line != nil {
		d.report(Notice, n.mark(0), "keep one of the two", "%s is given a second time, first at %s; this one counts", n.keyword(), to.at.pos())
	}
	*to = given[T]{v, true, n.mark(i)}
}

// boolean is a keyword that stands alone or before on, off, true, false, yes or no.
func boolean(f field[bool]) setter {
	return func(d *decoder, n *node, in scope) {
		if v, ok := d.truth(n); ok {
			put(d, n, 0, f(in), v)
		}
	}
}

// bare is a keyword that stands alone and means value.
func bare(value bool, f field[bool]) setter {
	return func(d *decoder, n *node, in scope) { *f(in) = given[bool]{value, true, n.mark(0)} }
}

func (d *decoder) truth(n *node) (v, ok bool) {
	if len(n.words) < 2 {
		return true, true
	}
	switch n.words[1].s {
	case "on", "true", "yes":
		return true, true
	case "off", "false", "no":
		return false, true
	}
	d.report(Warning, n.mark(1), "write on or off, or the keyword alone for on",
		"%s takes on or off, not %q; line ignored", n.keyword(), n.words[1].s)
	return false, false
}

// choice is a keyword before one of a few words.
func choice[T any](f field[T], options ...option[T]) setter {
	return func(d *decoder, n *node, in scope) {
		var names []string
		for _, o := range options {
			if n.words[1].s == o.name {
				put(d, n, 1, f(in), o.value)
				return
			}
			names = append(names, o.name)
		}
		d.report(Warning, n.mark(1), "", "%s takes %s, not %q; line ignored", n.keyword(), oneOf(names), n.words[1].s)
	}
}

type option[T any] struct {
	name  string
	value T
}

func oneOf(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// whole is a keyword before an integer from low to high. A wrong one is ignored.
func whole[T uint8 | uint32 | int](low, high int64, f field[T]) setter {
	return func(d *decoder, n *node, in scope) {
		v, fault := integer(n.words[1].s, low, high)
		if fault != "" {
			d.report(Warning, n.mark(1), "", "%s %s; line ignored", n.keyword(), fault)
			return
		}
		put(d, n, 1, f(in), T(v))
	}
}

// repeats is a keyword before a count of announcements; keepalived makes 0 to 1.
func repeats(f field[int]) setter {
	return func(d *decoder, n *node, in scope) {
		v, fault := integer(n.words[1].s, 0, math.MaxInt32)
		switch {
		case fault != "":
			d.report(Warning, n.mark(1), "", "%s %s; line ignored", n.keyword(), fault)
			return
		case v == 0:
			d.report(Warning, n.mark(1), "write 1 or more", "%s 0 is taken as 1", n.keyword())
			v = 1
		}
		put(d, n, 1, f(in), int(v))
	}
}

// integer reads a decimal number; fault says in words what is wrong with it.
func integer(s string, low, high int64) (v int64, fault string) {
	v, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil || s[0] == '+':
		return 0, fmt.Sprintf("wants a whole number from %d to %d, not %q", low, high, s)
	case v < low || v > high:
		return 0, fmt.Sprintf("%s is out of range (%d to %d)", s, low, high)
	}
	return v, ""
}

// seconds is a keyword before a time in seconds of microsecond resolution. A wrong one is ignored.
func seconds(low, high time.Duration, f field[time.Duration]) setter {
	return func(d *decoder, n *node, in scope) {
		if v, ok := d.seconds(n, low, high); ok {
			put(d, n, 1, f(in), v)
		}
	}
}

func (d *decoder) seconds(n *node, low, high time.Duration) (time.Duration, bool) {
	v, exact, ok := parseSeconds(n.words[1].s)
	switch {
	case !ok:
		d.report(Warning, n.mark(1), "", "%s wants a time in seconds, not %q; line ignored", n.keyword(), n.words[1].s)
		return 0, false
	case v < low || v > high:
		d.report(Warning, n.mark(1), "", "%s %s is out of range (%s to %s seconds); line ignored",
			n.keyword(), n.words[1].s, inSeconds(low), inSeconds(high))
		return 0, false
	case !exact:
		d.report(Warning, n.mark(1), "write at most six decimals", "%s %s is taken as %s seconds", n.keyword(), n.words[1].s, inSeconds(v))
	}
	return v, true
}

// parseSeconds reads decimal seconds; exact says that nothing was lost beyond microseconds.
func parseSeconds(s string) (v time.Duration, exact, ok bool) {
	before, after, point := strings.Cut(s, ".")
	if before == "" && after == "" || !allDigits(before) || !allDigits(after) || len(before) > 9 || point && before+after == "" {
		return 0, false, false
	}
	exact = true
	if len(after) > 6 {
		exact = strings.Trim(after[6:], "0") == ""
		if after[6] >= '5' {
			v = time.Microsecond
		}
		after = after[:6]
	}
	micros, err := strconv.ParseInt(before+after+strings.Repeat("0", 6-len(after)), 10, 64)
	return v + time.Duration(micros)*time.Microsecond, exact, err == nil
}

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// inSeconds writes a duration as decimal seconds, as the file would.
func inSeconds(d time.Duration) string {
	return strconv.FormatFloat(float64(d/time.Microsecond)/1e6, 'f', -1, 64)
}

// address is a keyword of a router before an IP address.
func address(f field[netip.Addr]) setter {
	return func(d *decoder, n *node, in scope) {
		if a, ok := d.addr(n, 1, "line ignored"); ok {
			in.router.decide(a, n.mark(1))
			put(d, n, 1, f(in), a)
		}
	}
}

// addr is the IP address at word i; a wrong one is reported with what follows from that.
func (d *decoder) addr(n *node, i int, consequence string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(n.words[i].s)
	if err != nil || a.Zone() != "" || a.Is4In6() {
		d.report(Warning, n.mark(i), "write an IPv4 or IPv6 address", "%s wants an address, not %q; %s", n.words[i-1].s, n.words[i].s, consequence)
		return netip.Addr{}, false
	}
	return a, true
}

// linkValue is a keyword before the name of a link.
func linkValue(f field[string]) setter {
	return func(d *decoder, n *node, in scope) {
		if d.linkName(n, 1, "line ignored") {
			put(d, n, 1, f(in), n.words[1].s)
		}
	}
}

// linkName reports whether a word can be the name of a link to the kernel, and says what follows if not.
func (d *decoder) linkName(n *node, i int, consequence string) bool {
	name := n.words[i].s
	if validLink(name) {
		return true
	}
	d.report(Warning, n.mark(i), "see ip link", "%s wants the name of a link, of 1 to 15 bytes, not %q; %s", n.words[i-1].s, name, consequence)
	return false
}

// wholeSeconds is a keyword before a time in whole seconds.
func wholeSeconds(f field[time.Duration]) setter {
	return func(d *decoder, n *node, in scope) {
		v, fault := integer(n.words[1].s, 0, int64(maxTime/time.Second))
		if fault != "" {
			d.report(Warning, n.mark(1), "", "%s %s; line ignored", n.keyword(), fault)
			return
		}
		put(d, n, 1, f(in), time.Duration(v)*time.Second)
	}
}

// group is a keyword before a multicast address of one family.
func group(v4 bool, f field[netip.Addr]) setter {
	return func(d *decoder, n *node, in scope) {
		a, err := netip.ParseAddr(n.words[1].s)
		if err != nil || a.Is4() != v4 || !a.IsMulticast() {
			d.report(Warning, n.mark(1), "write a multicast address",
				"%s wants a multicast address of its family, not %q; line ignored", n.keyword(), n.words[1].s)
			return
		}
		put(d, n, 1, f(in), a)
	}
}
