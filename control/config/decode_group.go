// Groups: of routers that change roles together, of routers that fault with static objects, of links that share a pace.

package config

import (
	"math"
	"time"
)

// groupDraft is a vrrp_sync_group as given.
type groupDraft struct {
	SyncGroup
	party
	at      mark
	members []given[string]
}

func enterGroup(d *decoder, n *node, in scope) (scope, bool) {
	at, ok := d.unique(n)
	if ok {
		in.group = &groupDraft{at: at, SyncGroup: SyncGroup{Name: n.words[1].s, Pos: n.mark(0).pos()}}
		in.party, in.names = &in.group.party, &in.group.members
		d.groups = append(d.groups, in.group)
	}
	return in, ok
}

// nameList reads a block of names, of which a line may hold several.
func nameList(d *decoder, n *node, in scope) {
	if len(*in.names) > 0 {
		d.report(Warning, n.mark(0), "write all names into one block", "%s is given already at %s; block skipped", n.keyword(), (*in.names)[0].at.pos())
		return
	}
	for _, line := range n.body {
		for i, w := range line.words {
			*in.names = append(*in.names, given[string]{w.s, true, line.mark(i)})
		}
	}
}

func globalTracking(d *decoder, n *node, in scope) {
	in.group.TrackWeights = true
	d.report(Notice, n.mark(0), "write track_ blocks into the group, or sync_group_tracking_weight", "global_tracking is an old keyword; it is taken as sync_group_tracking_weight")
}

// trackGroupDraft is a track_group as given.
type trackGroupDraft struct {
	name    string
	at      mark
	members []given[string]
}

func enterTrackGroup(d *decoder, n *node, in scope) (scope, bool) {
	at, ok := d.unique(n)
	if ok {
		g := &trackGroupDraft{name: n.words[1].s, at: at}
		in.names = &g.members
		d.trackGroups = append(d.trackGroups, g)
	}
	return in, ok
}

// paceDraft is a garp_group as given.
type paceDraft struct {
	at        mark
	garp, gna given[time.Duration]
	links     []given[string]
}

func enterPaceGroup(d *decoder, n *node, in scope) (scope, bool) {
	in.pace = &paceDraft{at: n.mark(0)}
	d.paces = append(d.paces, in.pace)
	return in, true
}

func paceInterface(d *decoder, n *node, in scope) { d.paceLink(n, 1, in) }

func paceInterfaces(d *decoder, n *node, in scope) {
	for _, line := range n.body {
		for i := range line.words {
			d.paceLink(line, i, in)
		}
	}
}

func (d *decoder) paceLink(n *node, i int, in scope) {
	name := n.words[i].s
	if !validLink(name) {
		d.report(Warning, n.mark(i), "see ip link", "%q is no name of a link; ignored", name)
		return
	}
	in.pace.links = append(in.pace.links, given[string]{name, true, n.mark(i)})
}

// maxLinkDelay is the longest pause of interface_up_down_delays.
const maxLinkDelay = math.MaxUint8 * time.Second

// linkDelays reads lines of "INTERFACE DOWN [UP]".
func linkDelays(d *decoder, n *node, _ scope) {
	for _, line := range n.body {
		if len(line.words) < 2 || len(line.words) > 3 || !validLink(line.words[0].s) {
			d.report(Warning, line.mark(0), "write INTERFACE DOWN [UP]", "an entry of %s is a link and one or two times; skipped", n.keyword())
			continue
		}
		delay := LinkDelay{Interface: line.words[0].s}
		good := true
		for i, to := range []*time.Duration{&delay.Down, &delay.Up}[:len(line.words)-1] {
			v, _, ok := parseSeconds(line.words[i+1].s)
			if !ok || v > maxLinkDelay {
				d.report(Warning, line.mark(i+1), "", "%q is no time from 0 to 255 seconds; entry skipped", line.words[i+1].s)
				good = false
				break
			}
			*to = v
		}
		if good {
			d.delays = append(d.delays, delay)
		}
	}
}
