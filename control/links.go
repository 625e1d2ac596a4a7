package control

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/histogram"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/story"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
)

// The topics of faults that the loop itself raises. Each has at most one standing cause per router.
const (
	causeLink    = "interface"
	causeSource  = "source"
	causeAddress = "address"
	causeFilter  = "filter"
	causeBind    = "bind"
	causeAcquire = "acquire"
	causeConfig  = "configuration"
	causeVMAC    = "use_vmac"
	causeTrack   = "track " // and the cause itself: there may be several
)

// isTrackTopic, isConfigTopic and isLinkTopic tell who raises and lifts the faults of a topic: weigh, admit or
// reviewRouter.
func isTrackTopic(topic string) bool  { return strings.HasPrefix(topic, causeTrack) }
func isConfigTopic(topic string) bool { return topic == causeConfig }
func isLinkTopic(topic string) bool {
	return !isConfigTopic(topic) && !isTrackTopic(topic) && !isStaticTopic(topic) && !isMaintenanceTopic(topic)
}

// kindOf is what a fault of a topic is about.
func kindOf(topic string) story.Kind {
	switch {
	case isTrackTopic(topic):
		return story.OfTracker
	case isConfigTopic(topic):
		return story.OfConfig
	case isMaintenanceTopic(topic):
		return story.OfOperator
	case topic == causeLink, topic == causeFilter, topic == causeVMAC:
		return story.OfLink
	}
	return story.OfAddress
}

// isRetried reports whether a cause goes away by trying again rather than by a change of links.
func isRetried(cause string) bool { return strings.HasPrefix(cause, causeAcquire+": ") }

// link is an interface that routers or observation want.
type link struct {
	name     string
	index    int // 0 while absent
	up       bool
	pending  bool // the filter is being attached
	attached loader.Attachment
	since    time.Duration // instant from which the filter is attached
	err      error         // of its segments, or its absence
	refused  error         // what came of attaching; it is tried again
	segments map[vrrp.VLAN]bool
	arrivals histogram.Histogram // of adverts that its backups took from the masters they followed
}

// attachment is what came of attaching the filter to the link that had this index.
type attachment struct {
	name  string
	index int
	loader.Attachment
	err error
}

// reviewLinks decides anew, from the links as they are now, where the filter sits, which routers can run and
// with which addresses. It is idempotent: what did not change is not touched.
func (d *daemon) reviewLinks() { d.review(d.routers) }

// review does so for some of the routers, and for what is static; the other routers are as the links are.
func (d *daemon) review(routers []*router) { d.keepStatic(d.reviewEach(routers, nil)) }

// reviewThese is review for few routers. vips are the virtual addresses on their links; nil: they are to be found.
func (d *daemon) reviewThese(routers []*router, vips map[addressOn]bool) {
	byName := d.reviewEach(routers, vips)
	if d.conf != nil && len(d.conf.Static.Groups) > 0 {
		_, objects, _ := d.resolveStatic(byName)
		d.faultGroups(objects, routers)
	}
}

// reviewEach reviews routers, vips as for reviewThese, and returns the links it did so by.
func (d *daemon) reviewEach(routers []*router, vips map[addressOn]bool) map[string]*host.Link {
	byName := d.linksByName()
	d.openLinks(routers, byName)
	if vips == nil {
		vips = virtualAddresses(linksOf(routers), d.routers, nil)
	}
	for _, r := range routers {
		if r.conf.Fault == "" {
			d.reviewRouter(r, byName, vips)
		}
		d.reschedule(r) // see reconfigure
		d.serveDue()    // there may be thousands
	}
	d.trackLinks(byName)
	return byName
}

// openLinks has the filter attached to those links of routers that came, and forgets those that went.
func (d *daemon) openLinks(routers []*router, byName map[string]*host.Link) {
	for _, r := range routers {
		r.locate(byName)
	}
	for _, name := range d.wantedLinks(routers) {
		d.reviewLink(name, byName[name])
	}
}

// wantedLinks names the links of routers, or those to observe, once each and in order.
func (d *daemon) wantedLinks(routers []*router) []string {
	names := d.o.Ifaces
	if d.conf != nil {
		names = nil
		for _, r := range routers {
			names = append(names, r.iface)
		}
	}
	seen := make(map[string]bool)
	var out []string
	for _, n := range names {
		if n != "" && !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

// reviewLink has the filter attached to a link that came and forgets one that went.
func (d *daemon) reviewLink(name string, is *host.Link) {
	l := d.links[name]
	if l == nil {
		l = &link{name: name, arrivals: newArrivals()}
		d.links[name] = l
	}
	index, up := 0, is != nil && is.Up
	if is != nil {
		index = is.Index
	}
	if up != l.up && l.segments != nil {
		d.log.Info(fmt.Sprintf("Netlink reports %s %s", name, map[bool]string{true: "up", false: "down"}[up]))
	}
	l.up = up
	if index == l.index && l.segments != nil {
		return
	}
	if l.index != 0 {
		d.forget(l)
	}
	l.segments, l.index = make(map[vrrp.VLAN]bool), index
	if index == 0 {
		l.err = fmt.Errorf("interface %s does not exist", name)
		d.event(api.Event{Kind: "link", Why: "absent", Detail: l.err.Error()})
		return
	}
	l.err, l.refused = d.segmentsOf(l), nil
	l.pending = true
	d.attach(l, 0)
}

// attach has the filter put on a link after a rest. That may take the kernel hundreds of milliseconds: the routers of
// other links advertise meanwhile.
func (d *daemon) attach(l *link, rest time.Duration) {
	a := attachment{name: l.name, index: l.index}
	d.attaching.Go(func() {
		select {
		case <-time.After(rest):
		case <-d.left:
			return
		}
		a.Attachment, a.err = d.filter.Attach(a.index, a.name, d.o.Attach)
		select {
		case d.attachments <- a:
		case <-d.left:
		}
	})
}

// attached takes note of what came of attach, and binds the routers of the link.
func (d *daemon) attached(a attachment) {
	d.tookOn(a)
	var there []*router
	for _, r := range d.routers {
		if r.iface == a.name {
			there = append(there, r)
		}
	}
	d.reviewThese(there, nil)
}

// tookOn takes note of what came of attach.
func (d *daemon) tookOn(a attachment) {
	l := d.links[a.name]
	if l == nil || l.index != a.index {
		d.detach(a.name, a.index) // the link went while the filter came, or a reload left it out
		return
	}
	if a.err != nil && !l.pending && l.refused == nil {
		return // an attempt from before a reload, and the filter sits there
	}
	known := l.refused != nil && a.err != nil && l.refused.Error() == a.err.Error()
	l.pending, l.attached, l.refused, l.since = false, a.Attachment, a.err, d.now()
	if a.err != nil {
		d.attach(l, d.attachRest)
	}
	switch err := l.trouble(); {
	case known:
	case err != nil:
		e := api.Event{Kind: "link", Why: "attach", Detail: fmt.Sprintf("%s: %v", l.name, err)}
		d.log.ErrorContext(about(e), "cannot filter", "link", l.name, "err", err)
		d.event(e)
	default:
		e := api.Event{Kind: "link", Why: "attach", Detail: fmt.Sprintf("%s: %s (%s): %s", l.name, a.Mode, a.Hook, a.Reason)}
		d.log.InfoContext(about(e), "filter attached", "link", l.name, "mode", a.Mode, "hook", a.Hook, "why", a.Reason)
		d.event(e)
	}
}

// firstLook has the filter attached to the links as they are at the start. No router can be bound before it is.
func (d *daemon) firstLook() {
	byName := d.linksByName()
	d.changedLinks(byName)
	d.openLinks(d.routers, byName)
}

// awaitLinks waits until the filter sits on every link there is, and reviews all routers.
func (d *daemon) awaitLinks() {
	for _, l := range d.links {
		for l.pending {
			d.tookOn(<-d.attachments)
		}
	}
	d.reviewLinks()
}

// forget drops everything that was bound to the index a link used to have.
func (d *daemon) forget(l *link) {
	var there []*router
	for _, r := range d.routers {
		if r.bound != nil && r.bound.id().Link == l.index {
			d.raise(r, map[string]string{causeLink: fmt.Sprintf("interface %s is gone", l.name)})
			there = append(there, r)
		}
	}
	for _, r := range there {
		d.unbind(r)
		d.serveDue() // there may be thousands
	}
	if !l.pending {
		d.detach(l.name, l.index)
	}
	for vlan := range l.segments {
		d.removeSegment(l, vlan)
	}
	l.attached, l.pending = loader.Attachment{}, false
}

func (d *daemon) detach(name string, index int) {
	if err := d.filter.Detach(index); err != nil {
		d.log.Debug("detach", "link", name, "err", err)
	}
}

// segmentsOf makes the filter look at the VLANs of a link that our routers are on, before it sees the first frame.
func (d *daemon) segmentsOf(l *link) error {
	if d.conf == nil {
		return d.segment(l, 0)
	}
	for _, r := range d.routers {
		if r.iface == l.name {
			if err := d.segment(l, r.conf.VLAN); err != nil {
				return err
			}
		}
	}
	return nil
}

// segment makes the filter look at a VLAN of a link.
func (d *daemon) segment(l *link, vlan vrrp.VLAN) error {
	if l.segments[vlan] {
		return nil
	}
	s := loader.Segment{Link: l.index, VLAN: vlan, UnknownRate: defaultUnknownRate}
	if c := d.conf; c != nil {
		s.UnknownDrop, s.UnknownRate = c.Global.UnknownDrop, c.Global.UnknownRate
	}
	if err := d.filter.SetSegment(s); err != nil {
		return err
	}
	l.segments[vlan] = true
	return nil
}

// removeSegment makes the filter look away from a VLAN.
func (d *daemon) removeSegment(l *link, vlan vrrp.VLAN) {
	delete(l.segments, vlan)
	if err := d.filter.RemoveSegment(l.index, vlan); err != nil {
		d.log.Debug("remove segment", "link", l.name, "vlan", vlan.String(), "err", err)
	}
}

// defaultUnknownRate polices foreign adverts while observing, per second and link.
const defaultUnknownRate = 1000

// reviewRouter binds a router to its link as that is now, or says why it cannot run. Faults are raised before and
// lifted after the binding, so that a router that recovers finds everything in place.
func (d *daemon) reviewRouter(r *router, byName map[string]*host.Link, vips map[addressOn]bool) {
	l := d.links[r.iface]
	if l == nil {
		l = new(link) // it has none yet: see locate
	}
	if l.index != 0 {
		l.keep(d.segment(l, r.conf.VLAN))
	}
	vmac := d.ensureVMAC(r, byName)
	if vmac == vmacPending && r.bound != nil {
		delete(d.vmacs, r.vmac)
		return // somebody removed it; it is back in a moment, and then the router is looked at again
	}
	b, faults := build(r, byName, vips)
	if fault := l.fault(); fault != "" {
		put(&faults, causeFilter, fault)
	}
	if vmac != "" {
		put(&faults, causeVMAC, vmac)
	}
	d.raise(r, faults)
	if b != nil && faults[causeFilter] == "" && vmac == "" {
		g := &d.conf.Global
		b.host.GARPGap, b.host.GNAGap = cmp.Or(b.host.GARPGap, g.GARPInterval), cmp.Or(b.host.GNAGap, g.GNAInterval)
		if topic, err := d.bind(r, b); err != nil {
			put(&faults, topic, err.Error())
			d.raise(r, faults)
		} else {
			d.guard(r) // a reload may have changed it
		}
	}
	d.lift(r, faults, isLinkTopic)
}

// keep keeps the first error that stands against a link.
func (l *link) keep(err error) {
	if l.err == nil {
		l.err = err
	}
}

// trouble is what stands against a link.
func (l *link) trouble() error { return errors.Join(l.err, l.refused) }

// fault words what keeps the routers of a link from being filtered, or is empty.
func (l *link) fault() string {
	switch {
	case l.pending:
		return fmt.Sprintf("the filter is being attached to %s", l.name)
	case l.index != 0 && l.trouble() != nil:
		return l.trouble().Error()
	}
	return "" // a link that is not there is a fault of its own
}

// bind makes filter and host serve the router as b says. An error comes with the topic of its fault.
func (d *daemon) bind(r *router, b *binding) (topic string, err error) {
	if r.bound != nil && r.bound.equal(b) {
		r.bound.conf = b.conf
		return "", nil
	}
	if r.bound != nil && r.bound.id() != b.id() {
		// Its adverts come to another address: to filter and host that is another router.
		d.raise(r, map[string]string{causeSource: fmt.Sprintf("the source address is changing to %v", b.host.Source)})
		d.unbind(r)
	}
	if other := d.byID[b.id()]; other != nil && other != r {
		return causeBind, fmt.Errorf("%s is %s already: give one of the two another virtual_router_id or source", b.id(), other.conf.Name)
	}
	renumbered := r.bound == nil || r.bound.host.Source != b.host.Source
	if r.core.Role() == election.Backup {
		d.refresh(r) // the filter is about to forget whom it follows, and with it when that one was seen
	}
	if err := d.filter.SetRouter(b.rules()); err != nil {
		return causeFilter, err
	}
	if err := d.host.Bind(b.host); err != nil {
		return causeBind, errors.Join(err, d.unruled(r, b))
	}
	if r.bound == nil {
		r.counted = d.now()
	}
	r.bound, r.sender, r.stamp = b, d.host.Sender(b.id()), d.filter.Stamp(b.id())
	r.arrivals = &d.links[r.iface].arrivals
	if r.stamp != nil {
		r.margins.repeats = r.stamp.Repeats()
	}
	d.byID[b.id()] = r
	if renumbered {
		d.step(r, d.now(), election.Renumbered{Self: b.host.Source})
	}
	return "", nil
}

// unruled takes back what the filter was told of a router that the host would not have: what it takes nobody would hear.
func (d *daemon) unruled(r *router, b *binding) error {
	if r.bound == nil {
		return d.filter.RemoveRouter(b.id())
	}
	return d.filter.SetRouter(r.bound.rules())
}

// unbind ends what host and filter did for the router.
func (d *daemon) unbind(r *router) {
	id := r.bound.id()
	delete(d.byID, id)
	r.bound, r.sender, r.stamp, r.arrivals = nil, nil, nil, nil
	if err := d.host.Unbind(id); err != nil {
		d.log.Debug("unbind", "router", r.conf.Name, "err", err)
	}
	if err := d.filter.RemoveRouter(id); err != nil {
		d.log.Debug("remove router", "router", r.conf.Name, "err", err)
	}
}

// raise brings the faults of a router, by topic, that it does not have yet.
func (d *daemon) raise(r *router, faults map[string]string) {
	for _, topic := range sortedKeys(faults) {
		text, was := faults[topic], r.causes[topic]
		if text == "" || text == was {
			continue
		}
		put(&r.causes, topic, text)
		d.recordEvent(r, story.Event{Kind: kindOf(topic), Text: text, Fault: text})
		d.step(r, d.now(), election.Failed{Cause: text})
		if was != "" {
			d.step(r, d.now(), election.Cleared{Cause: was})
		}
	}
	d.settle()
}

// put writes into a map that is nil while it is empty: of thousands of routers hardly one has anything in it.
func put[T any](m *map[string]T, key string, value T) {
	if *m == nil {
		*m = make(map[string]T)
	}
	(*m)[key] = value
}

// drop deletes from such a map.
func drop(m *map[string]string, key string) {
	if delete(*m, key); len(*m) == 0 {
		*m = nil
	}
}

// lift ends the faults of a router, of the topics that are governed by the caller, that are not among those given.
func (d *daemon) lift(r *router, faults map[string]string, governed func(topic string) bool) {
	for _, topic := range sortedKeys(r.causes) {
		if governed(topic) && faults[topic] == "" {
			was := r.causes[topic]
			drop(&r.causes, topic)
			d.recordEvent(r, story.Event{Kind: kindOf(topic), Text: "the fault is gone: " + was, Fault: was, Lifted: true})
			d.step(r, d.now(), election.Cleared{Cause: was})
		}
	}
	d.settle()
}
