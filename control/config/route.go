// Routes: lines of virtual_routes and static_routes in the grammar of ip-route(8), without its abbreviations.

package config

import (
	"net/netip"
	"strconv"
	"strings"
)

// staticDraft is what stays, as given.
type staticDraft struct {
	addresses []given[StaticAddress]
	routes    []given[Route]
	rules     []given[Rule]
}

func virtualRoutes(d *decoder, n *node, in scope) {
	d.eachEntry(n, func(e *entry) {
		if r, ok := e.route(false); ok {
			in.router.Routes = append(in.router.Routes, r)
		}
	})
}

func staticRoutes(d *decoder, n *node, _ scope) {
	d.eachEntry(n, func(e *entry) {
		if r, ok := e.route(true); ok {
			d.static.routes = append(d.static.routes, given[Route]{r, true, e.n.mark(0)})
		}
	})
}

// routeTypes are the kernel's RTN_ values.
var routeTypes = map[string]uint8{"unicast": 1, "local": 2, "broadcast": 3, "anycast": 4, "multicast": 5, "blackhole": 6, "unreachable": 7,
	"prohibit": 8, "throw": 9}

// The RTN_ values that matter here.
const (
	routeUnicast   = 1
	routeBlackhole = 6
)

// routeLine is a route while its line is read.
type routeLine struct {
	*entry
	Route
	static   bool
	inserted bool         // prepend, append or add was given
	others   []netip.Addr // gateways behind "or"
}

// route reads one route.
func (e *entry) route(static bool) (Route, bool) {
	l := &routeLine{entry: e, static: static}
	l.Route = Route{Pos: e.n.mark(0).pos(), Text: e.text(), Scope: -1, Type: routeUnicast}
	if t, ok := routeTypes[e.word()]; ok {
		l.Type = t
		e.i++
	}
	for e.more() {
		l.option()
		e.i++
	}
	if !e.bad {
		l.finish()
	}
	return l.Route, !e.bad
}

// option reads one option with its values, or the destination.
func (l *routeLine) option() {
	word := l.word()
	if o, known := routeOptions[word]; known {
		o.set(l)
		return
	}
	if id, known := routeMetrics[word]; known {
		l.metric(id)
		return
	}
	l.destination()
}

// destination reads the word being read as the destination.
func (l *routeLine) destination() {
	if l.Dst.IsValid() {
		l.fail("see ip-route(8) for the options", "%q is no option of a route", l.word())
		return
	}
	if word := l.word(); word == "default" || word == "any" || word == "all" {
		l.Dst = netip.PrefixFrom(netip.IPv4Unspecified(), 0) // of IPv6 if the rest of the line says so
		return
	}
	p := l.prefix()
	if !l.bad && l.of(p.Addr().Is6()) {
		l.Dst = p
	}
}

// entryOption is an option of a route or rule.
type entryOption[T any] struct {
	value string // the form of what follows, for people
	help  string
	set   func(T)
}

// routeOptions are read with the option's own word being read. They are filled in by init, as some read others.
var routeOptions map[string]entryOption[*routeLine]

func init() {
	routeOptions = map[string]entryOption[*routeLine]{
		"to":            {"PREFIX", "destination; the word may be left out", func(l *routeLine) { l.next(); l.unless((*routeLine).destination) }},
		"src":           {"ADDRESS", "source address of packets sent this way", (*routeLine).source},
		"via":           {"[inet6] ADDRESS", "gateway", func(l *routeLine) { l.Via = l.gateway() }},
		"gw":            {"ADDRESS", "the same", func(l *routeLine) { l.Via = l.gateway() }},
		"or":            {"ADDRESS", "a further gateway", func(l *routeLine) { l.others = append(l.others, l.gateway()) }},
		"dev":           {"INTERFACE", "link the route leaves by", func(l *routeLine) { l.Dev = l.link() }},
		"oif":           {"INTERFACE", "the same", func(l *routeLine) { l.Dev = l.link() }},
		"from":          {"PREFIX", "IPv6: source prefix the route is for", (*routeLine).fromPrefix},
		"onlink":        {"", "the gateway is on the link, whatever its address", func(l *routeLine) { l.OnLink = true }},
		"table":         {"TABLE", "routing table", func(l *routeLine) { l.Table = l.named(routeTables) }},
		"metric":        {"N", "preference among routes to one destination; the lowest wins", (*routeLine).preference},
		"priority":      {"N", "the same", (*routeLine).preference},
		"preference":    {"N", "the same", (*routeLine).preference},
		"scope":         {"SCOPE", "IPv4: global, site, link, host, nowhere or a number", func(l *routeLine) { l.Scope = int(l.named(routeScopes)) }},
		"protocol":      {"PROTOCOL", "who made the route, with no_track; otherwise keepalived", func(l *routeLine) { l.Protocol = l.protocol() }},
		"proto":         {"PROTOCOL", "the same", func(l *routeLine) { l.Protocol = l.protocol() }},
		"tos":           {"N", "type of service, hexadecimal", func(l *routeLine) { l.TOS = uint8(l.named(serviceFields)) }},
		"dsfield":       {"N", "the same", func(l *routeLine) { l.TOS = uint8(l.named(serviceFields)) }},
		"pref":          {"low|medium|high", "IPv6: preference of RFC 4191", (*routeLine).routerPreference},
		"realms":        {"[SOURCE/]REALM", "IPv4: realms of traffic control", (*routeLine).realms},
		"features":      {"ecn", "features of the destination", (*routeLine).features},
		"congctl":       {"[lock] NAME", "TCP congestion control", (*routeLine).congestion},
		"nexthop":       {"via [inet6] ADDRESS dev INTERFACE [weight N] [onlink]", "one of several ways", (*routeLine).hop},
		"inet":          {"", "the route is of IPv4", func(l *routeLine) { l.of(false) }},
		"inet6":         {"", "the route is of IPv6", func(l *routeLine) { l.of(true) }},
		"prepend":       {"", "put it before routes to the same destination; the default", func(l *routeLine) { l.insert(Prepend) }},
		"append":        {"", "put it behind them", func(l *routeLine) { l.insert(Append) }},
		"add":           {"", "only if there are none; the default of types without a way", func(l *routeLine) { l.insert(Add) }},
		"no_track":      {"", "nobody minds if it is deleted", func(l *routeLine) { l.NoTrack = true }},
		"track_group":   {"NAME", "static routes: the track_group whose routers fault with it", (*routeLine).trackGroup},
		"expires":       {"SECONDS", "not carried out", (*routeLine).without},
		"ttl-propagate": {"enabled|disabled", "not carried out", (*routeLine).without},
		"vrf":           {"NAME", "not carried out; name its table", (*routeLine).impossible},
		"encap":         {"...", "not carried out: the route is skipped", (*routeLine).impossible},
		"as":            {"...", "not carried out: the route is skipped", (*routeLine).impossible},
	}
}

// unless carries on unless the line is bad.
func (l *routeLine) unless(f func(*routeLine)) {
	if !l.bad {
		f(l)
	}
}

func (l *routeLine) source() {
	if a := l.addr(); !l.bad && l.of(a.Is6()) {
		l.Source = a
	}
}

// gateway reads the gateway behind via. "inet6" before it allows one for IPv4 destinations.
func (l *routeLine) gateway() netip.Addr {
	foreign := l.peek() == "inet6"
	if foreign || l.peek() == "inet" {
		l.next()
	}
	a := l.addr()
	switch {
	case l.bad:
	case foreign && !a.Is6():
		l.fail("", "%s is no IPv6 address", a)
	case !foreign:
		l.of(a.Is6())
	}
	return a
}

func (l *routeLine) fromPrefix() {
	l.next()
	if l.bad {
		return
	}
	if p := l.prefix(); !l.bad && l.of(true) {
		l.From = p
	}
}

func (l *routeLine) preference() { l.Metric = uint32(l.integer(0, 1<<32-1)) }

func (l *routeLine) routerPreference() {
	prefs := map[string]uint8{"low": 3, "medium": 0, "high": 1} // RFC 4191 2.1
	v, ok := prefs[l.next()]
	if !ok && !l.bad {
		l.fail("", "pref takes low, medium or high, not %q", l.word())
	}
	if l.Pref = v; !l.bad {
		l.of(true)
	}
}

func (l *routeLine) realms() {
	from, to, both := strings.Cut(l.next(), "/")
	if l.bad {
		return
	}
	if !both {
		from, to = "cosmos", from
	}
	source, ok := l.lookup(routeRealms, from)
	dest, also := l.lookup(routeRealms, to)
	if !ok || !also {
		l.fail("write a number, or a name from /etc/iproute2", "%q is no realm", l.word())
	}
	l.Realm = source<<16 | dest
}

func (l *routeLine) insert(where Insert) { l.Insert, l.inserted = where, true }

func (l *routeLine) trackGroup() {
	name := l.next()
	if !l.static {
		l.ignore("remove it", "track_group is for static routes only")
		return
	}
	l.Group = name
}

// without is an option the route can do without.
func (l *routeLine) without() {
	l.ignore("remove it", "option %s of a route is not carried out", l.word())
	l.next()
}

// impossible is an option without which the route would be another one.
func (l *routeLine) impossible() {
	l.fail("add the route by a notify script", "option %s of a route is not carried out", l.word())
}

// finish puts together what stands in several places of the line.
func (l *routeLine) finish() {
	l.V6 = l.family.v
	switch {
	case !l.Dst.IsValid():
		l.fail("write PREFIX or default", "the route has no destination")
		return
	case l.V6 && l.Dst.Addr().Is4():
		l.Dst = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	if len(l.others) > 0 {
		for _, via := range append([]netip.Addr{l.Via}, l.others...) {
			if via.IsValid() {
				l.Hops = append(l.Hops, NextHop{Via: via, Dev: l.Dev})
			}
		}
		l.Via, l.Dev = netip.Addr{}, ""
	}
	if len(l.Hops) > 0 && l.Via.IsValid() {
		l.fail("write each way as nexthop", "the route has a gateway beside nexthop")
		return
	}
	if l.Type >= routeBlackhole && !l.inserted {
		l.Insert = Add
	}
	l.Protocol = l.tracked(l.Protocol, l.NoTrack)
}

// hop reads "nexthop via ADDRESS dev INTERFACE [weight N] [onlink]".
func (l *routeLine) hop() {
	var h NextHop
	for !l.bad {
		switch l.peek() {
		case "via":
			l.next()
			h.Via = l.gateway()
		case "dev", "oif":
			l.next()
			h.Dev = l.link()
		case "weight":
			l.next()
			h.Weight = int(l.integer(1, 256))
		case "onlink":
			l.next()
			h.OnLink = true
		default:
			if !h.Via.IsValid() && h.Dev == "" {
				l.fail("write nexthop via ADDRESS dev INTERFACE", "nexthop has neither gateway nor link")
			}
			l.Hops = append(l.Hops, h)
			return
		}
	}
}

// routeMetric is the RTAX_ value of a metric and what its number is multiplied by.
type routeMetric struct {
	id     uint16
	factor uint32 // of milliseconds; 0: the number is no time
}

var routeMetrics = map[string]routeMetric{
	"mtu": {id: 2}, "window": {id: 3}, "rtt": {4, 8}, "rttvar": {5, 4}, "ssthresh": {id: 6}, "cwnd": {id: 7}, "advmss": {id: 8},
	"reordering": {id: 9}, "hoplimit": {id: 10}, "initcwnd": {id: 11}, "rto_min": {13, 1}, "initrwnd": {id: 14}, "quickack": {id: 15},
	"fastopen_no_cookie": {id: 17},
}

// The RTAX_ values of metrics that are no numbers.
const (
	metricFeatures   = 12
	metricCongestion = 16
)

// metric reads "[lock] N".
func (l *routeLine) metric(m routeMetric) {
	v := RouteMetric{ID: m.id}
	if l.peek() == "lock" {
		l.next()
		v.Locked = true
	}
	if m.factor == 0 {
		v.Value = uint32(l.integer(0, 1<<32-1))
	} else {
		v.Value = l.span(m.factor)
	}
	l.Metrics = append(l.Metrics, v)
}

// span is the next word as a time: in milliseconds times factor with a unit, without one as the kernel holds it.
func (l *routeLine) span(factor uint32) uint32 {
	word := l.next()
	if l.bad {
		return 0
	}
	for _, unit := range []struct {
		name string
		ms   float64
	}{{"msecs", 1}, {"msec", 1}, {"ms", 1}, {"secs", 1000}, {"sec", 1000}, {"s", 1000}} {
		digits, ok := strings.CutSuffix(word, unit.name)
		if !ok {
			continue
		}
		if v, err := strconv.ParseFloat(digits, 64); err == nil && v >= 0 && v*unit.ms*float64(factor) < 1<<32 {
			return uint32(v * unit.ms * float64(factor))
		}
		break
	}
	v, fault := integer(word, 0, 1<<32-1)
	if fault != "" {
		l.fail("write a number, or one with ms or s behind it", "%q is no time", word)
	}
	return uint32(v)
}

func (l *routeLine) features() {
	known := map[string]uint32{"ecn": 1, "tcp_usec_ts": 1 << 4} // RTAX_FEATURE_ECN, RTAX_FEATURE_TCP_USEC_TS
	var bits uint32
	for known[l.peek()] != 0 {
		bits |= known[l.next()]
	}
	if bits == 0 {
		l.next()
		l.fail("write features ecn", "%q is no feature", l.word())
	}
	l.Metrics = append(l.Metrics, RouteMetric{ID: metricFeatures, Value: bits})
}

func (l *routeLine) congestion() {
	m := RouteMetric{ID: metricCongestion}
	if l.peek() == "lock" {
		l.next()
		m.Locked = true
	}
	m.Text = l.next()
	l.Metrics = append(l.Metrics, m)
}
