package story

import "github.com/xvrrp/xvrrp/control/election"

// rule is a rule of the protocol and where it is written: RFC 9568 for version 3, RFC 3768 for version 2.
type rule struct{ section, text string }

// rules are those of the protocol, by what the election says.
var rules = map[election.Reason]rule{
	election.Startup:   {"6.4.1", "a router that does not own the addresses starts as backup"},
	election.Shutdown:  {"6.4.2, 6.4.3", "a router that is shut down leaves; a master sends priority 0 first"},
	election.Ownership: {"6.4.1", "a router of priority 255 starts as master"},
	election.Silence:   {"6.4.2", "a backup that hears no master for the master-down interval becomes master"},
	election.Resigned:  {"6.4.2", "after an advert of priority 0 a backup waits for its skew alone"},
	election.Preempted: {"6.4.2", "a backup that preempts ignores adverts of lower priority, so that its time runs out"},
	election.Outranked: {"6.4.3", "a master that hears a higher priority becomes backup"},
	election.TieLost:   {"6.4.3", "of two masters of one priority the one with the lower address becomes backup"},
}

// local are rules of no RFC.
var local = map[election.Reason]string{
	election.Late:       "timer_expired_backup: a master that was silent for longer than the others wait does not come back by its next advert",
	election.Faulted:    "a router with a fault takes no part; a master sends priority 0 first",
	election.Recovered:  "a router whose last fault is gone starts over, as backup unless it has priority 255",
	election.HandedOver: "a master hands over by sending priority 0, and has priority 1 for a while",
	election.Grouped:    "vrrp_sync_group: all members are master, or none",
}

// rule says what was applied.
func (f *Facts) rule() string {
	why := f.Changed.Why
	if r, known := rules[why]; known {
		rfc := "RFC 9568 "
		if f.Version == 2 {
			rfc = "RFC 3768 "
		}
		return rfc + r.section + ": " + r.text
	}
	return local[why]
}
