// Checking applies defaults and the rules across fields. It repairs what keepalived repairs, and faults the one router
// that cannot run, where keepalived would stop.

package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unique"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// The groups adverts go to (RFC 9568 5.1.1.2, 5.1.2.2).
var (
	group4 = netip.AddrFrom4([4]byte{224, 0, 0, 18})
	group6 = netip.MustParseAddr("ff02::12")
)

// What holds where nothing is given.
const (
	defaultPriority    = 100
	ownerPriority      = 255
	defaultInterval    = time.Second
	defaultDownAdverts = 3
	defaultTTL         = 255
	defaultGARPDelay   = 5 * time.Second
	defaultGARPRepeat  = 5
)

// checker turns drafts into a configuration: it applies defaults and the rules across fields, and repairs what
// keepalived repairs.
type checker struct {
	*reporter
	*drafts
	mtu      func(iface string) int
	mtus     map[string]int // by link, those that were asked for
	owners   map[segment]owner
	edited   *editing               // the rest of the configuration, if this is an edit
	weights  map[trackerName]weight // of the trackers that are defined
	garps    map[GARP]*GARP         // of the routers so far: see common
	notifies map[Notify]*Notify     // likewise
	unmailed given[bool]            // the smtp_alert that sends nothing, once it was said
}

// common is the one copy of a value that routers have in common.
func common[T comparable](all *map[T]*T, v T) *T {
	if (*all)[v] == nil {
		if *all == nil {
			*all = make(map[T]*T)
		}
		(*all)[v] = &v
	}
	return (*all)[v]
}

// owner is the router that has a VRID on a segment, and where it says so.
type owner struct {
	name string
	at   Pos
}

// segment is where a VRID is. No two routers may have the same.
type segment struct {
	scope unique.Handle[vridScope] // of few: thousands of routers know theirs by a word
	vrid  uint8
}

// vridScope is what a VRID must be unique on.
type vridScope struct {
	iface string
	vlan  vrrp.VLAN
	v6    bool
	to    netip.Addr // multicast group, or own address of unicast routers
}

// config is all drafts made whole. The order matters: routers rely on trackers, groups on routers.
func (c *checker) config() *Config {
	cfg := &Config{Global: c.global(), Trackers: c.trackers(), Routers: make([]Router, 0, len(c.routers)), LinkDelays: c.delays}
	for _, dr := range c.routers {
		c.router(dr)
	}
	cfg.SyncGroups = c.syncGroups()
	for _, dr := range c.routers {
		cfg.Routers = append(cfg.Routers, dr.Router)
	}
	cfg.Static = c.statics()
	cfg.PaceGroups = c.paceGroups()
	return cfg
}

// router makes a draft whole. The order matters: each step relies on those before it.
func (c *checker) router(dr *draft) {
	dr.inheritAll(&c.globals.defaults)
	dr.Strict = dr.strict.or(false)
	dr.V6 = dr.family.v
	c.version(dr)
	c.interval(dr)
	c.role(dr)
	c.preemption(dr)
	c.lateness(dr)
	c.authentication(dr)
	c.hmac(dr)
	c.unicast(dr)
	c.sources(dr)
	c.addresses(dr)
	c.adverts(dr)
	c.acceptance(dr)
	c.announcements(dr)
	c.identity(dr)
	c.virtualMAC(dr)
	c.ownTracks(dr)
	dr.Notify = common(&c.notifies, c.notifications(&dr.party))
}

// fault keeps a router, and no other, from running. The first one is told as its reason.
func (c *checker) fault(dr *draft, m mark, hint, message string) {
	c.report(Error, m, hint, "%s: %s; this router does not run", dr.Name, message)
	if dr.Fault == "" {
		dr.Fault = message
	}
}

func (c *checker) warn(dr *draft, m mark, hint, message string) {
	c.report(Warning, m, hint, "%s: %s", dr.Name, message)
}

// familyName is the router's family in words.
func (dr *draft) familyName() string { return familyName(dr.V6) }

func (c *checker) version(dr *draft) {
	dr.Interop = dr.interop.or(false)
	switch {
	case dr.V6:
		if own(dr.version, c.globals.version) && dr.version.v == 2 {
			c.warn(dr, dr.version.at, "remove the line", "IPv6 needs version 3; version 2 is ignored")
		}
		if own(dr.interop, c.globals.interop) && dr.Interop {
			c.warn(dr, dr.interop.at, "remove it", "version 2 knows no IPv6: v2_v3_interop is ignored")
		}
		dr.Version, dr.Interop = 3, false
	case dr.Interop:
		if own(dr.version, c.globals.version) && dr.version.v == 2 {
			c.warn(dr, dr.version.at, "remove the line", "v2_v3_interop sends both versions; version 2 is ignored")
		}
		dr.Version = 3
	default:
		dr.Version = dr.version.or(2)
	}
}

// The intervals the versions can say (RFC 3768 5.3.7, RFC 9568 5.2.7).
const (
	maxInterval2 = 255 * time.Second
	maxInterval3 = 4095 * 10 * time.Millisecond
)

func (c *checker) interval(dr *draft) {
	v := dr.interval.or(defaultInterval)
	step, high := time.Second, maxInterval2
	if dr.Version == 3 {
		step, high = 10*time.Millisecond, maxInterval3
	}
	dr.Interval = min(max(v.Round(step), step), high)
	if dr.Interval != v {
		c.report(Warning, dr.interval.at, "version 2 knows whole seconds to 255, version 3 hundredths to 40.95",
			"%s: advert_int %s is taken as %s seconds in version %d", dr.Name, inSeconds(v), inSeconds(dr.Interval), dr.Version)
	}
}

// own says whether the router itself gives a setting, not global_defs.
func own[T any](g, all given[T]) bool { return g.ok && g.at != all.at }

// role: state and priority default by each other; strict mode ties them together.
func (c *checker) role(dr *draft) {
	master := dr.state.v == "MASTER"
	switch {
	case dr.priority.ok:
		dr.Priority = dr.priority.v
	case master:
		dr.Priority = ownerPriority
		c.report(Notice, dr.state.at, "give a priority, if this router does not own the addresses",
			"%s: state MASTER without priority makes it 255, the owner of the addresses", dr.Name)
	default:
		dr.Priority = defaultPriority
	}
	owner := dr.Priority == ownerPriority
	if !dr.state.ok {
		master = owner
	}
	if dr.Strict && master != owner {
		word := "BACKUP"
		if owner {
			word = "MASTER"
		}
		c.report(Warning, dr.state.at, "write state MASTER for priority 255 and for no other",
			"%s: strict mode wants state MASTER with priority 255 and only then; %s is used", dr.Name, word)
		master = owner
	}
	dr.StartMaster = master
}

// preemption: a router that begins as master, or owns the addresses, always preempts.
func (c *checker) preemption(dr *draft) {
	dr.Preempt = true
	if dr.nopreempt.or(false) {
		switch {
		case dr.Priority == ownerPriority:
			c.warn(dr, dr.nopreempt.at, "remove nopreempt", "nopreempt does not work with priority 255 and is ignored")
		case dr.StartMaster:
			c.warn(dr, dr.nopreempt.at, "write state BACKUP on all routers of the group", "nopreempt does not work with state MASTER and is ignored")
		default:
			dr.Preempt = false
		}
	}
	if !dr.preemptDelay.ok || dr.preemptDelay.v == 0 {
		return
	}
	switch {
	case dr.Strict:
		c.warn(dr, dr.preemptDelay.at, "remove it, or strict mode", "preempt_delay does not work in strict mode and is ignored")
	case dr.StartMaster:
		c.warn(dr, dr.preemptDelay.at, "write state BACKUP", "preempt_delay does not work with state MASTER and is ignored")
	case !dr.Preempt:
		c.warn(dr, dr.preemptDelay.at, "remove one of the two", "preempt_delay does not work with nopreempt and is ignored")
	default:
		dr.PreemptDelay = dr.preemptDelay.v
	}
}

// lateness: a master that was held up can leave its role to others only if it does not take it back at once.
func (c *checker) lateness(dr *draft) {
	switch {
	case !dr.timerExpired.ok:
	case dr.Preempt:
		c.warn(dr, dr.timerExpired.at, "add nopreempt", "timer_expired_backup does not work without nopreempt and is ignored")
	default:
		dr.TimerExpired = dr.timerExpired.v
	}
}

// unicast: peers make a router unicast; other unicast keywords alone do not.
func (c *checker) unicast(dr *draft) {
	dr.UnicastTTL = dr.unicastTTL.or(defaultTTL)
	own := dr.unicast.v
	for _, p := range dr.peers {
		switch {
		case p.v.Addr.Is6() != dr.V6:
			c.warn(dr, p.at, "", "peer "+p.v.Addr.String()+" is not of the router's family, "+dr.familyName()+"; skipped")
		case dr.unicast.ok && p.v.Addr == own:
			c.warn(dr, p.at, "list the other routers only", "peer "+p.v.Addr.String()+" is this router itself; skipped")
		case hasPeer(dr.Peers, p.v.Addr):
			c.warn(dr, p.at, "", "peer "+p.v.Addr.String()+" is listed twice; skipped")
		default:
			dr.Peers = append(dr.Peers, p.v)
		}
	}
	if len(dr.Peers) > 0 {
		if dr.Strict {
			c.fault(dr, dr.peersAt.at, "remove unicast_peer, or strict mode", "strict mode knows no unicast peers")
		}
		return
	}
	switch {
	case dr.faultNoPeer.ok:
		c.fault(dr, dr.faultNoPeer.at, "add unicast_peer", "it has no unicast peers")
	case dr.unicast.ok:
		c.warn(dr, dr.unicast.at, "add unicast_peer, or write mcast_src_ip", "unicast_src_ip without unicast_peer: adverts go to the multicast group")
	case dr.peersAt.ok:
		c.warn(dr, dr.peersAt.at, "list the other routers", "unicast_peer lists no peer: adverts go to the multicast group")
	}
	if dr.unicastTTL.ok {
		c.warn(dr, dr.unicastTTL.at, "add unicast_peer", "unicast_ttl without unicast_peer is ignored")
		dr.UnicastTTL = defaultTTL
	}
}

func hasPeer(peers []vrrp.Peer, a netip.Addr) bool {
	for _, p := range peers {
		if p.Addr == a {
			return true
		}
	}
	return false
}

// sources: where adverts come from and go to.
func (c *checker) sources(dr *draft) {
	candidates := []given[netip.Addr]{dr.unicast, dr.source}
	if len(dr.Peers) > 0 {
		slices.Reverse(candidates)
	}
	for _, s := range candidates {
		switch {
		case !s.ok:
		case s.v.Is6() != dr.V6:
			c.warn(dr, s.at, "", "source "+s.v.String()+" is not of the router's family, "+dr.familyName()+"; ignored")
		default:
			dr.Source = s.v
		}
	}
	if dr.TrackSource = dr.trackSource.v && dr.Source.IsValid(); dr.trackSource.v && !dr.TrackSource {
		c.warn(dr, dr.trackSource.at, "add mcast_src_ip or unicast_src_ip", "track_src_ip without source address is ignored")
	}
	if dr.V6 && len(dr.Peers) == 0 && dr.Source.IsValid() && !dr.Source.IsLinkLocalUnicast() {
		c.warn(dr, dr.source.at, "leave it out: the interface's own link-local address is the default",
			"source "+dr.Source.String()+" is not link-local; RFC 9568 wants that of IPv6 adverts")
	}
	dr.Group = c.globals.group4.or(group4)
	if dr.V6 {
		dr.Group = c.globals.group6.or(group6)
	}
	switch g := dr.group; {
	case !g.ok:
	case !g.v.IsMulticast() || g.v.Is6() != dr.V6 || g.v.Is6() && !g.v.IsLinkLocalMulticast():
		c.warn(dr, g.at, "write a multicast address, of link scope for IPv6",
			"mcast_dst_ip "+g.v.String()+" is no multicast address of the router's family and link; ignored")
	default:
		dr.Group = g.v
	}
}

// identity: the link and the VRID, which no two routers of a family may share.
func (c *checker) identity(dr *draft) {
	dr.VRID, dr.VRIDPos, dr.VLAN, dr.Interface = dr.vrid.v, dr.vrid.at.pos(), dr.vlan.v, strings.Clone(dr.iface.v)
	if c.edited != nil || dr.VRIDPos.File == atRunTime(dr.Name) {
		dr.VRIDPos = Pos{File: atRunTime(dr.Name)}
	}
	switch {
	case dr.iface.ok && dr.Interface == "lo":
		c.fault(dr, dr.iface.at, "name a link to other routers", "the loopback interface has no peers")
	case dr.iface.ok:
	case len(dr.Peers) > 0 && c.globals.iface.ok:
		dr.Interface = c.globals.iface.v
	case len(dr.Peers) > 0 && dr.Source.IsValid() && !dr.Source.IsLinkLocalUnicast():
	default:
		c.fault(dr, dr.at, "add interface", "it names no interface")
	}
	if !dr.vrid.ok {
		c.fault(dr, dr.at, "add virtual_router_id", "it has no virtual_router_id")
	}
	if dr.VRID == 0 || dr.Fault != "" && dr.Interface == "" {
		return
	}
	on := vridScope{dr.Interface, dr.VLAN, dr.V6, dr.Group}
	if len(dr.Peers) > 0 {
		on.to = dr.Source
	}
	key := segment{unique.Make(on), dr.VRID}
	first, taken := c.owner(key)
	if !taken {
		c.owners[key], dr.segment = owner{dr.Name, dr.vrid.at.pos()}, key
		return
	}
	hint := "give each router of a link and family its own VRID, or its own mcast_dst_ip"
	if len(dr.Peers) > 0 {
		hint = "give each router of a link and family its own VRID, or its own unicast_src_ip"
	}
	c.fault(dr, dr.vrid.at, hint, fmt.Sprintf("virtual_router_id %d with %s on %s belongs to %s already (%s)",
		dr.VRID, dr.familyName(), or(dr.Interface, "no interface"), first.name, first.at))
}

// owner is the router that has a VRID already.
func (c *checker) owner(key segment) (owner, bool) {
	if o, ok := c.owners[key]; ok || c.edited == nil {
		return o, ok
	}
	return c.edited.owner(key)
}
