package control

import (
	"fmt"
	"strings"

	"github.com/xvrrp/xvrrp/control/election"
)

// Keepalived's own words for what happens, which log alarms look for. What it only says with --log-detail is debug.

// phraseChange words what led to a change of role.
func (d *daemon) phraseChange(r *router, c election.Changed, as standing) {
	name := r.conf.Name
	switch c.Why {
	case election.Silence:
		d.logOf(r).Debug(fmt.Sprintf("(%s) Receive advertisement timeout", name))
	case election.Outranked:
		d.logOf(r).Info(fmt.Sprintf("(%s) Master received advert from %v with higher priority %d, ours %d",
			name, as.heard, as.theirs, as.priority))
	case election.TieLost:
		d.logOf(r).Info(fmt.Sprintf("(%s) Master received advert from %v with same priority %d but higher IP address than ours",
			name, as.heard, as.theirs))
	}
}

// phraseRole words the change itself.
func (r *router) phraseRole(c election.Changed) string {
	text := fmt.Sprintf("(%s) Entering %s STATE", r.conf.Name, strings.ToUpper(c.To.String()))
	if c.From == election.Init && c.To == election.Backup {
		text += " (init)"
	}
	return text
}

// phraseLower words that an advert of lower priority was heard.
func (as standing) phraseLower() string {
	if as.role == election.Master {
		return fmt.Sprintf("Received advert from %v with lower priority %d, ours %d, forcing new election",
			as.heard, as.theirs, as.priority)
	}
	return fmt.Sprintf("received lower priority (%d) advert from %v - discarding", as.theirs, as.heard)
}

// phraseForeignList words that an advert shares no address with the router.
func (r *router) phraseForeignList() string {
	return fmt.Sprintf("(%s) ip address associated with VRID %d not present in MASTER advert : %v",
		r.conf.Name, r.conf.VRID, r.conf.Addresses[0].Prefix.Addr())
}

// phraseEffect words what is done to the network.
func (d *daemon) phraseEffect(r *router, e election.Effect) {
	switch e.(type) {
	case election.Acquire:
		d.logOf(r).Debug(fmt.Sprintf("(%s) setting VIPs.", r.conf.Name))
	case election.Release:
		d.logOf(r).Debug(fmt.Sprintf("(%s) removing VIPs.", r.conf.Name))
	case election.Announce:
		for _, a := range r.bound.host.Addrs {
			d.logOf(r).Debug(fmt.Sprintf("(%s) Sending/queueing gratuitous ARPs on %s for %v", r.conf.Name, d.linkName(a.Link), a.Prefix.Addr()))
		}
	}
}
