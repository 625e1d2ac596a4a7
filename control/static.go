package control

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/xvrrp/xvrrp/control/host"
)

const causeStatic = "static " // and the group: a fault of the routers of a track_group

func isStaticTopic(topic string) bool { return strings.HasPrefix(topic, causeStatic) }

// staticObject is a static address, route or rule as a member of a track_group.
type staticObject struct{ text, group string }

// keepStatic has the host keep what is static, as far as its links are there, and faults the routers of the
// track_groups in which something is missing.
func (d *daemon) keepStatic(links map[string]*host.Link) {
	if d.conf == nil {
		return
	}
	kept, objects, missing := d.resolveStatic(links)
	if !reflect.DeepEqual(kept, d.kept) {
		d.kept = kept
		d.host.Keep(kept)
	}
	for _, text := range d.host.Missing() {
		missing[text] = "cannot be added"
	}
	d.missing = missing
	d.faultGroups(objects, d.routers)
}

// resolveStatic finds the links of what is static; missing words what has none.
func (d *daemon) resolveStatic(links map[string]*host.Link) (kept host.Static, objects []staticObject, missing map[string]string) {
	missing = make(map[string]string)
	for _, a := range d.conf.Static.Addresses {
		text := a.Prefix.String()
		objects = append(objects, staticObject{text, a.Group})
		if l := links[a.Dev]; l != nil {
			kept.Addrs = append(kept.Addrs, hostAddress(a.Address, l.Index))
		} else {
			missing[text] = fmt.Sprintf("interface %s does not exist", a.Dev)
		}
	}
	for i := range d.conf.Static.Routes {
		r := &d.conf.Static.Routes[i]
		objects = append(objects, staticObject{r.Text, r.Group})
		if route, err := hostRoute(r, links); err != nil {
			missing[r.Text] = err.Error()
		} else {
			kept.Routes = append(kept.Routes, route)
		}
	}
	for i := range d.conf.Static.Rules {
		r := &d.conf.Static.Rules[i]
		objects = append(objects, staticObject{r.Text, r.Group})
		kept.Rules = append(kept.Rules, hostRule(r))
	}
	return kept, objects, missing
}

// faultGroups faults those of some routers whose track_group misses something, and clears the others.
func (d *daemon) faultGroups(objects []staticObject, routers []*router) {
	faults := make(map[string]map[string]string) // by router and topic
	for _, o := range objects {
		why := d.missing[o.text]
		if o.group == "" || why == "" {
			continue
		}
		for _, name := range d.conf.Static.Groups[o.group] {
			if faults[name] == nil {
				faults[name] = make(map[string]string)
			}
			faults[name][causeStatic+o.group] = fmt.Sprintf("track_group %s: %s: %s", o.group, o.text, why)
		}
	}
	for _, r := range routers {
		f := faults[r.conf.Name]
		if f != nil {
			d.raise(r, f)
		}
		if len(r.causes) > 0 {
			d.lift(r, f, isStaticTopic)
		}
	}
}

// missingStatic lists what is static and not there.
func (d *daemon) missingStatic() []string {
	var out []string
	for text, why := range d.missing {
		out = append(out, text+": "+why)
	}
	slices.Sort(out)
	return out
}
