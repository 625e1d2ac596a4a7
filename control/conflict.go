package control

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Who troubles our routers on their VRIDs, told from a survey: nothing here is run by the loop.

// Conflicts asks who troubles our routers, or the one that is named. It is for other goroutines.
func (d *daemon) Conflicts(ctx context.Context, router string, known []string) (api.Conflicts, error) {
	s, err := d.survey(ctx)
	if err != nil {
		return api.Conflicts{}, err
	}
	return s.conflicts(router, known)
}

// conflicts tells those of one router, or of all if none is named.
func (s *survey) conflicts(router string, known []string) (api.Conflicts, error) {
	out := api.Conflicts{Schema: api.ConflictsSchema, Now: s.wall, Conflicts: []api.Conflict{}, Peers: []api.Sighting{}}
	refused := make(map[vrrp.ID][]*heard)
	for i := range s.heard {
		if h := &s.heard[i]; h.Present && isTrouble(h.verdict) {
			refused[h.id] = append(refused[h.id], h)
		}
	}
	for i := range s.ours {
		o := &s.ours[i]
		if router != "" && o.conf.Name != router {
			continue
		}
		out.Routers++
		for _, h := range refused[o.id] {
			out.Conflicts = append(out.Conflicts, s.ofRefused(o, h))
		}
		for j := range o.senders {
			from := &o.senders[j]
			peer := s.peer(o, from)
			if !peer.Present {
				continue
			}
			kind := s.kindOfValid(o, from)
			if (kind == api.Intruder || kind == api.TwoMasters) && slices.Contains(known, peer.Source) || kind == "" {
				out.Peers = append(out.Peers, peer)
				continue
			}
			out.Conflicts = append(out.Conflicts, s.ofValid(o, from, peer, kind))
		}
	}
	if router != "" && out.Routers == 0 {
		return out, s.unknown(router)
	}
	slices.SortStableFunc(out.Conflicts, func(a, b api.Conflict) int {
		return cmp.Or(cmp.Compare(a.Router, b.Router), cmp.Compare(a.Sender.Source, b.Sender.Source))
	})
	return out, nil
}

// unknown says that no router has a name.
func (s *survey) unknown(name string) error {
	there := make([]string, len(s.ours))
	for i := range s.ours {
		there[i] = s.ours[i].conf.Name
	}
	return &api.UnknownRouter{Name: name, There: there}
}

// isTrouble reports whether a verdict on an advert for a router of ours means that its sender is at odds with us. What
// is merely too much is valid.
func isTrouble(v verdict.Verdict) bool { return v.Action() == verdict.Drop && v != verdict.Excess }

// ofRefused is the trouble with a sender whose adverts were refused.
func (s *survey) ofRefused(o *ours, h *heard) api.Conflict {
	c := s.begin(o, h.Sighting, kindOfRefused(o, h))
	c.MACKind, c.Why = kindOfMAC(h.mac), h.Why
	if h.verdict != verdict.SelfSource {
		c.Differences = differences(o, &h.Sighting, h.verdict)
	}
	c.Effect = o.standing("its adverts are dropped")
	s.advise(&c, o)
	return c
}

// ofValid is the trouble with a sender whose adverts are in order.
func (s *survey) ofValid(o *ours, from *sender, peer api.Sighting, kind string) api.Conflict {
	c := s.begin(o, peer, kind)
	c.MACKind = kindOfMAC(from.last.MAC)
	c.Differences = differences(o, &peer, verdict.Delivered)
	if o.follows(from) {
		c.Effect = fmt.Sprintf("its adverts are valid, and it won the election: this router yielded, and the addresses are with %v (priority %d, ours %d)",
			from.last.Src, peer.Priority, o.state.Priority)
	} else {
		c.Effect = o.standing(fmt.Sprintf("its adverts are valid, but lose the election (priority %d)", peer.Priority))
	}
	s.advise(&c, o)
	return c
}

func (s *survey) begin(o *ours, from api.Sighting, kind string) api.Conflict {
	from.Router = o.conf.Name
	return api.Conflict{Router: o.conf.Name, Role: o.state.Role.String(), Kind: kind, Sender: from,
		Summary: summaries[kind], Differences: []api.Difference{}, Advice: []string{},
		Listening: (s.now - s.in(o.space).since).Seconds()}
}

// summaries word the kinds of conflict.
var summaries = map[string]string{
	api.OtherCluster: "another cluster uses this VRID: none of its addresses is ours",
	api.Misfit:       "a router with addresses of ours is set up unlike this one, so that its adverts are refused; or somebody forges them",
	api.Intruder:     "a router that was never heard before took over from a master that was alive: a new peer, a misconfigured host or a rogue",
	api.TwoMasters:   "two routers are master at the same time: they do not hear each other, or one of them does not yield",
	api.Clone:        "another host sends adverts from our own address: a cloned host, or an address that was given out twice",
	api.Loop:         "our own adverts come back to us: something on the segment sends frames where they came from",
}

// kindOfRefused tells trouble by what was sent. Of a message that is damaged nothing is believed.
func kindOfRefused(o *ours, h *heard) string {
	switch {
	case h.verdict == verdict.SelfSource && h.mac == o.mac:
		return api.Loop
	case h.verdict == verdict.SelfSource:
		return api.Clone
	case h.isForeign(h.verdict, o.conf):
		return api.OtherCluster
	}
	return api.Misfit
}

// isForeign reports whether what a router refused by this verdict is another cluster's, whatever else is amiss with it.
func (s *sighting) isForeign(v verdict.Verdict, c *config.Router) bool {
	return v == verdict.Conflict || isTrouble(v) && v != verdict.SelfSource && s.Checksum != vrrp.ChecksumWrong &&
		disjoint(s.advert.Addrs, listed(c.Addresses))
}

// kindOfValid is empty for a sender that troubles nobody.
func (s *survey) kindOfValid(o *ours, from *sender) string {
	a, _ := vrrp.Parse(from.last.Message, from.last.Src, o.id.ListensOn())
	switch {
	case disjoint(a.Addrs, listed(o.conf.Addresses)):
		return api.OtherCluster
	case o.follows(from) && from.broke && !o.lists(from.last.Src):
		return api.Intruder
	case !o.follows(from) && s.persists(o, from, a.Interval):
		return api.TwoMasters
	}
	return ""
}

// lists reports whether an address is that of a peer the configuration knows.
func (o *ours) lists(src netip.Addr) bool {
	return slices.ContainsFunc(o.conf.Peers, func(p vrrp.Peer) bool { return p.Addr == src })
}

// persists reports whether a sender goes on although there is another master, which has been it for a while.
func (s *survey) persists(o *ours, from *sender, interval time.Duration) bool {
	hasMaster := o.state.Role == election.Master || o.state.Role == election.Backup && o.state.Master.IsValid()
	long := from.last.At-max(from.run, o.state.Since) >= 3*interval
	return hasMaster && long && s.now-from.last.At <= pause(interval)
}

// disjoint reports whether two lists have nothing in common. An empty one tells nothing.
func disjoint(a, b []netip.Addr) bool {
	return len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, func(addr netip.Addr) bool { return slices.Contains(b, addr) })
}

// standing words how a router goes on besides what it did.
func (o *ours) standing(did string) string {
	st := &o.state
	switch {
	case st.Role == election.Master:
		return fmt.Sprintf("%s: this router stays MASTER (priority %d)", did, st.Priority)
	case st.Role == election.Backup && st.Master.IsValid():
		return fmt.Sprintf("%s: this router stays BACKUP of %v (priority %d)", did, st.Master, st.MasterPriority)
	}
	return fmt.Sprintf("%s: this router is %s", did, strings.ToUpper(st.Role.String()))
}

// kindOfMAC is what an Ethernet address tells by itself.
func kindOfMAC(m [6]byte) string {
	switch {
	case m[0] == 0 && m[1] == 0 && m[2] == 0x5e && m[3] == 0 && (m[4] == 1 || m[4] == 2): // RFC 9568 7.3
		return "virtual"
	case m[0]&2 != 0:
		return "local"
	}
	return ""
}

// differences are the settings in which a sender is unlike our router, as far as its adverts show.
func differences(o *ours, h *api.Sighting, v verdict.Verdict) []api.Difference {
	c := o.conf
	out := []api.Difference{}
	add := func(keyword, own, theirs string) {
		if own != theirs {
			out = append(out, api.Difference{Keyword: keyword, Ours: own, Theirs: theirs})
		}
	}
	add("virtual_ipaddress", sorted(listed(c.Addresses)), sortedText(h.Addresses))
	add("version", fmt.Sprint(c.Version), fmt.Sprint(h.Version))
	add("advert_int", c.Interval.String(), interval(h.Interval).String())
	if h.Version == c.Version {
		own := vrrp.Advert{Auth: c.Auth}
		auth := own.AuthKind()
		if c.HMAC != nil {
			auth = "hmac"
		}
		add("authentication", auth, h.Auth)
		if h.Version == 3 && !c.V6 && h.Checksum != vrrp.ChecksumUnknown {
			form := vrrp.ChecksumMessage
			if c.SendChecksum == vrrp.Pseudo {
				form = vrrp.ChecksumPseudo
			}
			add("v3_checksum_as_v2", "checksum of "+form, "checksum of "+h.Checksum)
		}
	}
	switch v {
	case verdict.AuthData:
		add("auth_pass", "the configured password", "another one")
	case verdict.HMACKey, verdict.HMACInvalid:
		add("auth_hmac", "the configured keys", "another one")
	}
	add("priority", fmt.Sprint(o.state.Priority), fmt.Sprint(h.Priority))
	return out
}

func interval(seconds float64) time.Duration {
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
}

func sorted(addrs []netip.Addr) string {
	var out []string
	for _, a := range addrs {
		out = append(out, a.String())
	}
	return sortedText(out)
}

// sortedText is a list whose order does not matter.
func sortedText(list []string) string {
	list = slices.Sorted(slices.Values(list))
	return strings.Join(list, ", ")
}

// advise says what to do about a conflict.
func (s *survey) advise(c *api.Conflict, o *ours) {
	switch c.Kind {
	case api.OtherCluster:
		s.adviseVRID(c, o)
	case api.Misfit:
		c.Advice = append(c.Advice, fmt.Sprintf("make %s alike on both hosts; ours is set in %s of %s", atOdds(c), o.conf.Name, o.conf.Pos),
			"if no host of this cluster has that address and MAC, find the one that has and stop it")
	case api.Intruder:
		c.Advice = append(c.Advice, fmt.Sprintf("if it is a router of this cluster, all is well: xvrrp conflict --peer %s", c.Sender.Source),
			"else find the host with that MAC (look at the switch's address table) and stop it",
			"to let none but your own take part: auth_hmac with a key, or unicast_peer with a list of them")
	case api.TwoMasters:
		c.Advice = append(c.Advice, "see whether it hears this router: xvrrp drops there, or tcpdump ip proto 112; look for a firewall, IGMP snooping or one-way link between the two",
			"if it is no router of this cluster, find the host with that MAC and stop it")
	case api.Clone:
		c.Advice = append(c.Advice, fmt.Sprintf("give one of the two hosts another address than %s; until then they also take each other's traffic", c.Sender.Source))
	case api.Loop:
		c.Advice = append(c.Advice, "look for a loop, a mirrored port or a switch or bond that reflects frames; nothing is wrong with the configuration of this router")
	}
}

// atOdds lists the keywords of a conflict's differences that make a router refuse adverts.
func atOdds(c *api.Conflict) string {
	var keywords []string
	for _, d := range c.Differences {
		if d.Keyword != "priority" {
			keywords = append(keywords, d.Keyword)
		}
	}
	if len(keywords) == 0 {
		return "the settings"
	}
	return strings.Join(keywords, ", ")
}

// adviseVRID names a VRID that is free and the line that gives ours.
func (s *survey) adviseVRID(c *api.Conflict, o *ours) {
	c.FreeVRID = s.in(o.space).freeAfter(o.conf.VRID)
	if c.FreeVRID == 0 {
		c.Advice = append(c.Advice, "no VRID of this segment is free: put one of the clusters on another VLAN, or let it use unicast_peer")
		return
	}
	text := fmt.Sprintf("virtual_router_id %d", c.FreeVRID)
	at := o.conf.VRIDPos
	c.Change = &api.Line{File: at.File, Line: int(at.Line), Text: text}
	switch {
	case at.Line == 0:
		c.Advice = append(c.Advice, fmt.Sprintf("change it on every router of this cluster, here by: xvrrp router set %s '%s'", o.conf.Name, text))
	case s.flags:
		c.Change = &api.Line{File: "command line", Text: fmt.Sprintf("--vrid %d", c.FreeVRID)}
		c.Advice = append(c.Advice, "start every router of this cluster with it")
	default:
		c.Advice = append(c.Advice, "change it on every router of this cluster, then: xvrrp reload")
	}
	c.Advice = append(c.Advice, "or have the other cluster move away")
}
