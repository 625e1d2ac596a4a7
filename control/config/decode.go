// Decoding follows the schema through the tree and keeps what was given, and where. What is missing or does not fit
// together is left to check.go.

package config

import (
	"io/fs"
	"net/netip"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// given is a value and where it was given; ok says that it was.
type given[T any] struct {
	v  T
	ok bool
	at mark
}

// or is the value, or another one if it was not given.
func (g given[T]) or(other T) T {
	if g.ok {
		return g.v
	}
	return other
}

// inherit is g, or what holds for all routers if g was not given.
func (g given[T]) inherit(all given[T]) given[T] {
	if g.ok {
		return g
	}
	return all
}

// defaults are the settings that global_defs gives for all routers and vrrp_instance for one.
type defaults struct {
	version                     given[uint8]
	strict, skipAddrs, anyFirst given[bool]
	passAdverts                 given[bool]
	interop, asV2               given[bool]
	lowerNoAdvert, higherAdvert given[bool]
	mismatch                    given[vrrp.Mismatch]
	take                        given[vrrp.Checksum]
	downAdverts                 given[int]
	garpDelay, garpRefresh      given[time.Duration]
	garpLowerDelay              given[time.Duration]
	garpRepeat, garpLowerRepeat given[int]
	garpRefreshRepeat           given[int]
	garpExtra                   given[ExtraAnnounce]
	ownerIgnore                 given[bool]
}

// inheritAll takes what global_defs gives where the router itself gives nothing.
func (s *defaults) inheritAll(all *defaults) {
	s.version = s.version.inherit(all.version)
	s.strict = s.strict.inherit(all.strict)
	s.skipAddrs = s.skipAddrs.inherit(all.skipAddrs)
	s.passAdverts = s.passAdverts.inherit(all.passAdverts)
	s.anyFirst = s.anyFirst.inherit(all.anyFirst)
	s.interop = s.interop.inherit(all.interop)
	s.asV2 = s.asV2.inherit(all.asV2)
	s.lowerNoAdvert = s.lowerNoAdvert.inherit(all.lowerNoAdvert)
	s.higherAdvert = s.higherAdvert.inherit(all.higherAdvert)
	s.mismatch = s.mismatch.inherit(all.mismatch)
	s.take = s.take.inherit(all.take)
	s.downAdverts = s.downAdverts.inherit(all.downAdverts)
	s.garpDelay = s.garpDelay.inherit(all.garpDelay)
	s.garpRefresh = s.garpRefresh.inherit(all.garpRefresh)
	s.garpLowerDelay = s.garpLowerDelay.inherit(all.garpLowerDelay)
	s.garpRepeat = s.garpRepeat.inherit(all.garpRepeat)
	s.garpLowerRepeat = s.garpLowerRepeat.inherit(all.garpLowerRepeat)
	s.garpRefreshRepeat = s.garpRefreshRepeat.inherit(all.garpRefreshRepeat)
	s.garpExtra = s.garpExtra.inherit(all.garpExtra)
	s.ownerIgnore = s.ownerIgnore.inherit(all.ownerIgnore)
}

// globals is global_defs as given, and what is said of the daemon outside all blocks.
type globals struct {
	Global
	defaults
	minGARP, logUnknown, unknownDrop given[bool]
	metricsKeepalived                given[bool]
	unknownRate                      given[uint32]
	garpGap, gnaGap, startup, boot   given[time.Duration]
	smtpTimeout                      given[time.Duration]
	alert, alertVRRP, noFaults       given[bool] // smtp_alert, smtp_alert_vrrp, no_email_faults
	smtpVerify                       given[bool]
	security                         given[MailSecurity]
	password                         mark // place of smtp_password
	priorityChanges                  given[bool]
	symlinks, dataInstance           given[bool]
	jsonVersion                      given[int]
	umask                            given[int]
	realTime, nice, realTimeLimit    given[int] // vrrp_rt_priority, vrrp_priority, vrrp_rlimit_rttime in microseconds
	group4, group6                   given[netip.Addr]
	iface                            given[string] // default_interface
	pipe, routerPipe                 pipeDraft
	iprouteEtc, iprouteUsr           string
}

// draft is a vrrp_instance as given, before the rules across its fields.
type draft struct {
	Router
	defaults
	party
	at           mark // its name
	vrid         given[uint8]
	iface        given[string]
	vlan         given[vrrp.VLAN]
	state        given[string]
	priority     given[uint8]
	interval     given[time.Duration]
	nopreempt    given[bool]
	preemptDelay given[time.Duration]
	authType     given[string]
	authPass     given[string]
	accept       given[bool]
	source       given[netip.Addr] // mcast_src_ip
	unicast      given[netip.Addr] // unicast_src_ip
	group        given[netip.Addr]
	unicastTTL   given[uint8]
	peers        []given[vrrp.Peer]
	peersAt      given[bool] // a unicast_peer block was there
	noAddress    given[bool]
	faultNoPeer  given[bool]
	family       given[bool] // true: IPv6
	addresses    []given[Address]
	excluded     []given[Address]
	hmac         *hmacDraft
	vmac         given[vmacDraft]
	xmitBase     given[bool]
	garpGap      given[time.Duration]
	gnaGap       given[time.Duration]
	timerExpired given[uint8]
	trackSource  given[bool]
	resolved     []resolved // of tracks
	segment      segment    // that has its VRID; zero: it has none, or another router has it
}

// drafts is all that was given, before the rules across it.
type drafts struct {
	globals     globals
	routers     []*draft
	byName      map[string]*draft
	groups      []*groupDraft
	scripts     []*scriptDraft
	files       []*fileDraft
	processes   []*processDraft
	bfds        []*bfdDraft
	checks      []*checkDraft
	trackGroups []*trackGroupDraft
	paces       []*paceDraft
	delays      []LinkDelay
	static      staticDraft
}

// decide makes the family of an address the router's, if nothing above has done so.
func (dr *draft) decide(a netip.Addr, at mark) {
	if !dr.family.ok {
		dr.family = given[bool]{a.Is6(), true, at}
	}
}

// decoder gives statements their meaning.
type decoder struct {
	*reporter
	*drafts
	top    *block
	fsys   fs.FS                        // files that are named by the configuration
	tables map[string]map[string]uint32 // names of iproute2, by file; filled when one is asked for
	named  map[objectName]mark
	rules  [2]uint32       // routing rules without preference, by family
	undone map[*row]*tally // keywords that are not carried out
	order  []*row          // of undone

	overrides map[string]Override // by router
	overlaid  bool                // the file is read; what comes now are overrides
	blocks    []Override          // those of the routers of the file
	others    []passage           // what else of the file is carried out
}

// objectName is what no two blocks have in common.
type objectName struct{ keyword, name string }

// tally is how often a keyword was met and where first.
type tally struct {
	n     int
	first mark
}

// statement decodes one statement that stands outside all blocks.
func (d *decoder) statement(n *node) {
	if len(n.words) > 0 {
		d.keep(n)
		d.keyword(d.top, n, scope{globals: &d.globals, defaults: &d.globals.defaults})
	}
}

// keep keeps the text of what the file says outside of routers.
func (d *decoder) keep(n *node) {
	r := d.top.row(n.keyword())
	if !d.overlaid && r != nil && r.status == carried && r.name != instanceKeyword {
		d.others = append(d.others, passage{len(d.drafts.routers), n.render()})
	}
}

// unique is the place of a block's name; it answers false if a block of that kind and name is there already.
func (d *decoder) unique(n *node) (mark, bool) {
	key := objectName{n.keyword(), n.words[1].s}
	if key.keyword == "vrrp_track_file" {
		key.keyword = "track_file"
	}
	at := n.mark(1)
	if first, twice := d.named[key]; twice {
		d.report(Error, at, "give every "+n.keyword()+" a name of its own",
			"%s %s is already defined at %s; block skipped", n.keyword(), key.name, first.pos())
		return at, false
	}
	d.named[key] = at
	return at, true
}

// enterInstance begins a vrrp_instance.
func enterInstance(d *decoder, n *node, in scope) (scope, bool) {
	at, ok := d.unique(n)
	if !ok {
		return in, false
	}
	name := strings.Clone(n.words[1].s) // what is kept of a file must not keep all of it
	if !d.overlaid {
		d.blocks = append(d.blocks, Override{name, n.written()})
		if o, over := d.overrides[name]; over {
			d.replace(n, o)
			return in, false
		}
	}
	dr := d.byName[name] // the place of the block that it overrides
	if dr == nil {
		dr = new(draft)
		d.byName[name] = dr
		d.routers = append(d.routers, dr)
	}
	dr.at = at
	dr.Name = name
	dr.Pos = n.mark(0).pos()
	dr.TrackPrimary = true
	in.router, in.party, in.defaults = dr, &dr.party, &dr.defaults
	return in, true
}

// keyword decodes a statement that stands in block b.
func (d *decoder) keyword(b *block, n *node, in scope) {
	r := b.index[n.keyword()]
	if r == nil {
		d.unknown(b, n)
		return
	}
	if !d.shaped(r, n) {
		return
	}
	if r.status == refused || r.status == skipped {
		d.note(r, n)
	}
	if r.enter != nil {
		var ok bool
		if in, ok = r.enter(d, n, in); !ok {
			return
		}
	}
	if r.set != nil {
		r.set(d, n, in)
	}
	if r.body == nil || r.body.entries || r.status == skipped {
		return
	}
	for _, child := range n.body {
		if len(child.words) > 0 {
			d.keyword(r.body, child, in)
		}
	}
}

// shaped says whether a statement has the form its keyword wants: a block or none, a value or none.
func (d *decoder) shaped(r *row, n *node) bool {
	switch {
	case r.body != nil && !n.block:
		d.report(Warning, n.mark(0), "write { and } around what belongs to it", "%s has no block; line skipped", r.name)
		return false
	case r.body == nil && n.block:
		d.report(Warning, n.mark(0), "remove the braces", "%s takes no block; block skipped", r.name)
	}
	if r.shell {
		return d.command(r, n)
	}
	if r.value != "" && r.value[0] != '[' && len(n.args()) == 0 {
		if r.enter != nil {
			d.report(Error, n.mark(0), "write its name behind "+r.name, "%s has no name; block skipped", r.name)
			return false
		}
		d.report(Warning, n.mark(0), "write "+r.name+" "+r.value, "%s has no value; line skipped", r.name)
		return false
	}
	if r.most >= 0 && len(n.args()) > r.most && r.status != skipped {
		d.surplus(r, n)
	}
	return true
}

// surplus reports words behind those a keyword takes. They may be a secret with blanks.
func (d *decoder) surplus(r *row, n *node) {
	hint := "remove them, or let the next keyword begin a line"
	if r.secret {
		hint = "put the value between double quotes"
	}
	what := "no value"
	if r.value != "" {
		what = r.value
	}
	d.report(Warning, n.mark(r.most+1), hint, "%s takes %s; the words from here on are ignored", r.name, what)
}

// command checks the value of a keyword that takes a command.
func (d *decoder) command(r *row, n *node) bool {
	rest := n.text.rest(int(n.words[0].to))
	words, open := shellWords(rest.s)
	switch {
	case open && strings.Count(rest.s, `"`)%2 == 0: // otherwise the line has been reported
		d.report(Warning, rest.whole(), "close the quote", "a quote in the command of %s is not closed", r.name)
	case len(words) == 0 && r.value[0] != '[':
		d.report(Warning, n.mark(0), "write "+r.name+" "+r.value, "%s names no command; line skipped", r.name)
		return false
	}
	return true
}

// unknown reports a keyword that has no row. Its block, if any, is skipped as a whole.
func (d *decoder) unknown(b *block, n *node) {
	if d.crowded(Warning, n.mark(0)) {
		return
	}
	what, hint := "line skipped", d.misplaced(n.keyword())
	if n.block {
		what = "block skipped"
	}
	if near := b.nearest(n.keyword()); near != "" {
		hint = strings.TrimSpace("did you mean " + near + "? " + hint)
	}
	d.report(Warning, n.mark(0), hint, "unknown keyword %s; %s", n.keyword(), what)
}

// misplaced is a hint for a keyword that belongs in another block, empty if it is none.
func (d *decoder) misplaced(keyword string) string {
	if at := d.top.home(keyword); at != "" {
		return keyword + " belongs " + at + "; is a brace missing above, or one too many?"
	}
	return ""
}

// note counts a keyword that is recognised but not carried out.
func (d *decoder) note(r *row, n *node) {
	t := d.undone[r]
	if t == nil {
		t = &tally{first: n.mark(0)}
		d.undone[r] = t
		d.order = append(d.order, r)
	}
	t.n++
}
