package election

// Sync groups (keepalived: vrrp_sync_group). A member takes part in its own election as ever, except that it may not
// take over by itself: a backup whose time is up says that it is ready and waits. The group looks at its members
// after every input and keeps them together; see unite.

import (
	"fmt"
	"slices"
	"time"
)

// Group is a sync group: routers that are master together or not at all. It counts how its members stand, so that one
// that is told something costs the same however many there are.
type Group struct {
	name    string
	members []*member
	counts  counts
	failing bool // some member's own causes of fault have come or gone since bar
	role    Role // as last reported
	actions []Action
}

// Action is an effect and whose it is. Router is nil where the effect is the group's own, which is a Changed.
type Action struct {
	Router *Router
	Effect Effect
}

// Step tells a member what happened and returns what all members do about it, in order: of a takeover the adverts of
// all before anything else. It takes the place of the members' own Step. The slice is valid until the next Step.
// Deadlines of other members move only with an action of theirs.
func (g *Group) Step(now time.Duration, router *Router, in Input) []Action {
	g.actions = g.actions[:0]
	m := router.member
	switch in.(type) {
	case Start:
		m.stopped = false
		g.review(m)
		g.bar(now) // so that it starts in fault if it has to
	case Stop:
		m.stopped = true
	}
	was := m.waits()
	if _, is := in.(HandOver); is {
		g.handOver(now, in)
	} else {
		g.tell(now, m, in)
	}
	g.unite(now, m)
	if was > 0 && m.waits() > was {
		g.sayWhatFor(m)
	}
	return g.actions
}

// Role is the group's: master if all members are, fault if one is, init until all have started, else backup. A member
// that was stopped does not count.
func (g *Group) Role() Role {
	for _, role := range [...]Role{Fault, Init, Backup, Master} {
		if g.counts.roles[role] > 0 {
			return role
		}
	}
	return Init
}

// unite makes the members one again after lead was told something: one in fault puts all in fault, one that is not
// master pulls all down to backup, and when all are ready all take over.
func (g *Group) unite(now time.Duration, lead *member) {
	g.bar(now)
	switch c := &g.counts; {
	case c.roles[Master] > 0:
		if c.roles[Master] < c.all {
			g.stepDown(now, lead)
		}
	case c.all > 0 && c.ready == c.all:
		lead = g.takeOver(now, lead)
	}
	g.report(lead)
}

// bar keeps every member in fault while another has a cause of its own.
func (g *Group) bar(now time.Duration) {
	if !g.failing {
		return
	}
	failed := g.first((*member).hasFailed)
	for _, m := range g.members {
		cause := ""
		switch {
		case failed == nil || m.stopped:
		case m != failed:
			cause = failed.fault
		default:
			if other := g.first(func(o *member) bool { return o != m && o.hasFailed() }); other != nil {
				cause = other.fault
			}
		}
		g.barBy(now, m, cause)
	}
	g.failing = false // what it has told them are no causes of their own
}

// barBy sets the cause of fault that a member has by another. The new one comes before the old one goes.
func (g *Group) barBy(now time.Duration, m *member, cause string) {
	was := m.Router.barred
	if cause == was {
		return
	}
	if cause != "" {
		m.Router.barred = cause
		g.tell(now, m, Failed{Cause: cause})
	}
	if was != "" {
		g.tell(now, m, Cleared{Cause: was})
	}
	m.Router.barred = cause
	g.review(m)
}

// stepDown pulls all masters down, because lead or somebody else is none.
func (g *Group) stepDown(now time.Duration, lead *member) {
	if lead.stopped || lead.isMaster() {
		lead = g.first((*member).isNotMaster)
	}
	in := pulled{detail: fmt.Sprintf("sync group %s: %s is in %v", g.name, lead.Name, lead.role())}
	for _, m := range g.members {
		if m.isMaster() {
			g.tell(now, m, in)
		}
	}
}

// handOver has all masters resign, each with a goodbye of its own, unless one owns its addresses.
func (g *Group) handOver(now time.Duration, in Input) {
	if g.first((*member).isOwner) != nil {
		return
	}
	for _, m := range g.members {
		g.tell(now, m, in)
	}
}

// takeOver makes all members master and returns the one they waited for: lead, or if that one made way by being
// stopped, the first.
func (g *Group) takeOver(now time.Duration, lead *member) *member {
	if lead.stopped {
		lead = g.first((*member).isAnybody)
	}
	detail := fmt.Sprintf("sync group %s: %s was the last to be ready", g.name, lead.Name)
	for _, m := range g.members {
		switch {
		case m.stopped:
		case m == lead:
			m.Router.Step(now, lifted{})
		default:
			m.Router.Step(now, lifted{detail: detail})
		}
		g.review(m)
	}
	before := slices.Clone(g.actions)
	g.actions = g.actions[:0]
	g.collect(isAdvertise)
	g.actions = append(g.actions, before...)
	g.collect(func(e Effect) bool { return !isAdvertise(e) })
	return lead
}

// collect adds what the members were last told to do, as far as it is wanted.
func (g *Group) collect(wanted func(Effect) bool) {
	for _, m := range g.members {
		for _, e := range m.Router.effects {
			if !m.stopped && wanted(e) {
				g.actions = append(g.actions, Action{m.Router, e})
			}
		}
	}
}

func isAdvertise(e Effect) bool {
	_, is := e.(Advertise)
	return is
}

// tell steps a member. A losing advert that a master hears concerns the others as well: whoever sent it may have won
// over the hosts and bridges on their side.
func (g *Group) tell(now time.Duration, m *member, in Input) {
	heardLower := false
	for _, e := range m.Router.Step(now, in) {
		g.actions = append(g.actions, Action{m.Router, e})
		if n, is := e.(Noted); is && n.Why == LowerIgnored && m.isMaster() {
			heardLower = true
		}
	}
	g.review(m)
	if !heardLower {
		return
	}
	for _, other := range g.members {
		if other != m {
			g.tell(now, other, contested{})
		}
	}
}

// report speaks of a change of the group's role, which lead brought about.
func (g *Group) report(lead *member) {
	from := g.role
	if g.role = g.Role(); g.role == from {
		return
	}
	c := Changed{From: from, To: g.role, Why: Grouped, Detail: lead.Name}
	for _, a := range g.actions {
		if its, is := a.Effect.(Changed); is && a.Router == lead.Router {
			c.Why, c.Detail = its.Why, lead.Name
			if its.Detail != "" {
				c.Detail += ": " + its.Detail
			}
		}
	}
	g.actions = append(g.actions, Action{Effect: c})
}

// sayWhatFor explains why a member still waits after another master-down.
func (g *Group) sayWhatFor(m *member) {
	other := g.first((*member).isNotReady)
	g.actions = append(g.actions, Action{m.Router, Noted{Why: Grouped,
		Detail: fmt.Sprintf("ready to be master, sync group %s waits for %s", g.name, other.Name)}})
}
