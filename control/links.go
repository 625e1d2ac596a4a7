package control

import (
	"fmt"
	"strings"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/host"
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
)

// isRetried reports whether a cause goes away by trying again rather than by a change of links.
func isRetried(cause string) bool { return strings.HasPrefix(cause, causeAcquire+": ") }

// link is an interface that routers or observation want.
type link struct {
	name     string
	index    int // 0 while absent
	up       bool
	attached loader.Attachment
	err      error
	segments map[vrrp.VLAN]bool
}

// reviewLinks decides anew, from the links as they are now, where the filter sits, which routers can run and
// with which addresses. It is idempotent: what did not change is not touched.
func (d *daemon) reviewLinks() {
	now := d.host.Links()
	byName := make(map[string]*host.Link, len(now))
	for i := range now {
		byName[now[i].Name] = &now[i]
	}
	for _, name := range d.wantedLinks() {
		d.reviewLink(name, byName[name])
	}
	vips := d.virtualAddresses()
	for _, r := range d.routers {
		if r.conf.Fault == "" {
			d.reviewRouter(r, byName, vips)
		}
	}
}

// wantedLinks names the links of our routers, or those to observe, once each and in order.
func (d *daemon) wantedLinks() []string {
	names := d.o.Ifaces
	if d.o.Config != nil {
		names = nil
		for _, r := range d.routers {
			names = append(names, r.conf.Interface)
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

// reviewLink attaches the filter to a link that came and forgets one that went.
func (d *daemon) reviewLink(name string, is *host.Link) {
	l := d.links[name]
	if l == nil {
		l = &link{name: name}
		d.links[name] = l
	}
	index := 0
	if is != nil {
		index, l.up = is.Index, is.Up
	} else {
		l.up = false
	}
	if index == l.index && l.segments != nil {
		return
	}
	if l.index != 0 {
		d.forget(l)
	}
	l.segments = make(map[vrrp.VLAN]bool)
	if index == 0 {
		l.err = fmt.Errorf("interface %s does not exist", name)
		d.event(api.Event{Kind: "link", Why: "absent", Detail: l.err.Error()})
		return
	}
	l.index = index
	l.attached, l.err = d.filter.Attach(index, name, d.o.Attach)
	if l.err != nil {
		d.log.Error("cannot filter", "link", name, "err", l.err)
		d.event(api.Event{Kind: "link", Why: "attach", Detail: fmt.Sprintf("%s: %v", name, l.err)})
		return
	}
	d.log.Info("filter attached", "link", name, "mode", l.attached.Mode, "hook", l.attached.Hook, "why", l.attached.Reason)
	d.event(api.Event{Kind: "link", Why: "attach",
		Detail: fmt.Sprintf("%s: %s (%s): %s", name, l.attached.Mode, l.attached.Hook, l.attached.Reason)})
	if d.o.Config == nil {
		l.err = d.segment(l, 0)
	}
}

// forget drops everything that was bound to the index a link used to have.
func (d *daemon) forget(l *link) {
	for _, r := range d.routers {
		if r.bound != nil && r.bound.id.Link == l.index {
			d.setCause(r, causeLink, fmt.Sprintf("interface %s is gone", l.name))
			d.unbind(r)
		}
	}
	if err := d.filter.Detach(l.index); err != nil {
		d.log.Debug("detach", "link", l.name, "err", err)
	}
	l.index, l.attached = 0, loader.Attachment{}
}

// segment makes the filter look at a VLAN of a link.
func (d *daemon) segment(l *link, vlan vrrp.VLAN) error {
	if l.segments[vlan] {
		return nil
	}
	s := loader.Segment{Link: l.index, VLAN: vlan, UnknownRate: defaultUnknownRate}
	if c := d.o.Config; c != nil {
		s.UnknownDrop, s.UnknownRate = c.Global.UnknownDrop, c.Global.UnknownRate
	}
	if err := d.filter.SetSegment(s); err != nil {
		return err
	}
	l.segments[vlan] = true
	return nil
}

// defaultUnknownRate polices foreign adverts while observing, per second and link.
const defaultUnknownRate = 1000

// reviewRouter binds a router to its link as that is now, or says why it cannot run.
func (d *daemon) reviewRouter(r *router, byName map[string]*host.Link, vips map[addressOn]bool) {
	l := d.links[r.conf.Interface]
	b, fault := build(r.conf, byName, vips)
	for _, topic := range []string{causeLink, causeSource, causeAddress} {
		d.setCause(r, topic, fault[topic])
	}
	switch {
	case l.index == 0:
		return
	case l.err != nil:
		d.setCause(r, causeFilter, l.err.Error())
		return
	case b == nil:
		d.setCause(r, causeFilter, "")
		return // something is missing; keep the binding there was, if any
	}
	g := &d.o.Config.Global
	b.host.GARPGap, b.host.GNAGap = g.GARPInterval, g.GNAInterval
	d.bind(r, l, b)
}

// bind makes host and filter serve the router as b says.
func (d *daemon) bind(r *router, l *link, b *binding) {
	if r.bound != nil && r.bound.equal(b) {
		return
	}
	renumbered := r.bound == nil || r.bound.rules.Own != b.rules.Own
	if r.bound != nil && r.bound.id != b.id {
		d.unbind(r)
	}
	if err := d.segment(l, b.id.VLAN); err != nil {
		d.setCause(r, causeFilter, err.Error())
		return
	}
	if err := d.filter.SetRouter(b.rules); err != nil {
		d.setCause(r, causeFilter, err.Error())
		return
	}
	d.setCause(r, causeFilter, "")
	r.bound = b
	d.byID[b.id] = r
	r.log = d.log.With("link", l.name, "vlan", b.id.VLAN.String(), "vrid", int(b.id.VRID), "af", b.id.Family())
	if err := d.host.Bind(b.host); err != nil {
		d.setCause(r, causeBind, err.Error())
		return
	}
	d.setCause(r, causeBind, "")
	if renumbered {
		d.step(r, d.now(), election.Renumbered{Self: b.rules.Own})
	}
}

// unbind ends what host and filter did for the router.
func (d *daemon) unbind(r *router) {
	id := r.bound.id
	delete(d.byID, id)
	r.bound = nil
	if err := d.host.Unbind(id); err != nil {
		d.log.Debug("unbind", "router", r.conf.Name, "err", err)
	}
	if err := d.filter.RemoveRouter(id); err != nil {
		d.log.Debug("remove router", "router", r.conf.Name, "err", err)
	}
}

// setCause raises, rewords or (with no text) lifts the fault of one topic.
func (d *daemon) setCause(r *router, topic, text string) {
	was := r.causes[topic]
	if was == text {
		return
	}
	r.causes[topic] = text
	if text != "" {
		d.step(r, d.now(), election.Failed{Cause: text})
	}
	if was != "" {
		d.step(r, d.now(), election.Cleared{Cause: was})
	}
	d.settle()
}
