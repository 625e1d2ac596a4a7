// What a router sends and takes: its adverts, packets to its addresses, and the announcements of those.

package config

import "github.com/xvrrp/xvrrp/control/vrrp"

// adverts is what is sent and taken.
func (c *checker) adverts(dr *draft) {
	dr.SkipCheckAddr = dr.skipAddrs.or(false)
	dr.PassAdverts = dr.passAdverts.or(false)
	dr.TakeChecksum = dr.take.or(vrrp.Either)
	dr.SendChecksum = vrrp.Pseudo
	if dr.asV2.or(false) {
		dr.SendChecksum = vrrp.Plain
	}
	dr.DownAdverts = dr.downAdverts.or(defaultDownAdverts)
	dr.LowerNoAdvert = dr.lowerNoAdvert.or(dr.Strict)
	dr.HigherSendAdvert = dr.higherAdvert.or(false)
	c.ownerIgnore(dr)
	dr.Mismatch = dr.mismatch.or(vrrp.DropDisjoint)
	if dr.Strict {
		c.strictAdverts(dr)
	}
}

// ownerIgnore: strict mode has the owner take no notice of others, and so has keepalived if it is switched off.
func (c *checker) ownerIgnore(dr *draft) {
	owner := dr.Priority == ownerPriority
	dr.OwnerIgnore = dr.ownerIgnore.or(dr.Strict) && owner
	if owner && dr.ownerIgnore.ok && !dr.ownerIgnore.v {
		c.warn(dr, dr.ownerIgnore.at, "remove the line", "owner_ignore_adverts off switches it on with priority 255, as in keepalived")
		dr.OwnerIgnore = true
	}
}

// strictAdverts undoes what departs from the RFC.
func (c *checker) strictAdverts(dr *draft) {
	if dr.DownAdverts != defaultDownAdverts {
		c.warn(dr, dr.downAdverts.at, "remove it, or strict mode", "strict mode wants down_timer_adverts 3, which is used")
		dr.DownAdverts = defaultDownAdverts
	}
	if !dr.LowerNoAdvert {
		c.warn(dr, dr.lowerNoAdvert.at, "remove it, or strict mode", "strict mode wants lower_prio_no_advert, which is used")
		dr.LowerNoAdvert = true
	}
	if dr.HigherSendAdvert {
		c.warn(dr, dr.higherAdvert.at, "remove it, or strict mode", "strict mode knows no higher_prio_send_advert; it is ignored")
		dr.HigherSendAdvert = false
	}
	policy, word := vrrp.AcceptMismatch, "accept"
	if dr.Version == 2 {
		policy, word = vrrp.DropMismatch, "drop"
	}
	if dr.mismatch.ok && dr.mismatch.v != policy {
		c.warn(dr, dr.mismatch.at, "remove it, or strict mode", "strict mode wants vrrp_address_mismatch "+word+", which is used")
	}
	dr.Mismatch = policy
}

// StrictRefuses is the message of the problem that stands where strict mode makes virtual addresses answer nobody.
const StrictRefuses = "strict mode: virtual addresses answer no ping and take no connection on a router that is not their owner"

// acceptance: who may talk to the virtual addresses (RFC 9568 6.1, Accept_Mode).
func (c *checker) acceptance(dr *draft) {
	owner := dr.Priority == ownerPriority
	dr.Accept = dr.accept.or(!dr.Strict || owner)
	switch {
	case dr.Strict && dr.accept.ok && dr.accept.v && dr.Version == 2 && !owner:
		c.warn(dr, dr.accept.at, "remove accept, or strict mode", "strict mode knows no accept in version 2; it is ignored")
		dr.Accept = false
	case owner && !dr.Accept:
		c.warn(dr, dr.accept.at, "remove no_accept", "the owner of the addresses always accepts; no_accept is ignored")
		dr.Accept = true
	}
	if dr.Strict && !dr.Accept && !dr.accept.ok && dr.strict.ok {
		c.report(Warning, dr.strict.at, "take strict mode out, or add accept in version 3", StrictRefuses)
	}
}

// announcements is the schedule of gratuitous ARP and unsolicited NA.
func (c *checker) announcements(dr *draft) {
	delay, repeat := defaultGARPDelay, defaultGARPRepeat
	if c.globals.minGARP.or(false) {
		delay, repeat = 0, 1
	}
	var g GARP
	g.Delay = dr.garpDelay.or(delay)
	g.Repeat = dr.garpRepeat.or(repeat)
	g.Refresh = dr.garpRefresh.or(0)
	g.RefreshRepeat = dr.garpRefreshRepeat.or(1)
	// The router's own garp_master_delay and garp_master_repeat say nothing about these.
	g.LowerDelay = dr.garpLowerDelay.or(c.globals.garpDelay.or(delay))
	g.LowerRepeat = dr.garpLowerRepeat.or(c.globals.garpRepeat.or(repeat))
	g.Gap, g.NAGap = dr.garpGap.v, dr.gnaGap.v
	g.Extra = dr.garpExtra.v
	if dr.Strict {
		if dr.garpLowerRepeat.ok && g.LowerRepeat > 0 {
			c.warn(dr, dr.garpLowerRepeat.at, "remove it, or strict mode", "strict mode knows no garp_lower_prio_repeat; it is ignored")
		}
		g.LowerRepeat = 0
	}
	dr.GARP = common(&c.garps, g)
}
