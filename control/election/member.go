package election

// Who is in a sync group, and how each stands.

import (
	"fmt"
	"time"
)

// Member is a router and what to call it.
type Member struct {
	Name   string
	Router *Router
}

// member is a Member as its group sees it.
type member struct {
	Member
	stopped bool   // it does not count; one that was never started does, and keeps the others waiting
	fault   string // the cause of fault that the others have while this one is in fault
}

// NewGroup joins routers, in whatever role they are: the first Step makes them one.
func NewGroup(name string, members []Member) *Group {
	g := &Group{name: name}
	for _, m := range members {
		g.members = append(g.members, g.enrol(&member{}, m))
	}
	g.role = g.Role()
	return g
}

// Regroup changes the members. Who leaves keeps its role and, unless another group has it by now, is stepped by itself
// from then on. The slice is valid until the next Step.
func (g *Group) Regroup(now time.Duration, members []Member) []Action {
	g.actions = g.actions[:0]
	old := g.members
	g.members = nil
	var lead *member // somebody new, if there is one
	for _, as := range members {
		m := memberOf(old, as.Router)
		if m == nil {
			m = &member{}
			lead = m
		}
		g.members = append(g.members, g.enrol(m, as))
	}
	for _, m := range old {
		if memberOf(g.members, m.Router) == nil {
			g.release(now, m)
		}
	}
	if lead == nil {
		lead = g.first((*member).isAnybody)
	}
	if lead != nil {
		g.unite(now, lead)
	}
	return g.actions
}

// enrol makes m the member that as describes.
func (g *Group) enrol(m *member, as Member) *member {
	m.Member = as
	m.fault = fmt.Sprintf("sync group %s: %s is in fault", g.name, as.Name)
	m.Router.group = g
	return m
}

// release lets go of somebody who is no member any more.
func (g *Group) release(now time.Duration, m *member) {
	if m.Router.group != g {
		return // another group has it by now
	}
	m.Router.group = nil
	g.barBy(now, m, "")
}

func memberOf(members []*member, r *Router) *member {
	for _, m := range members {
		if m.Router == r {
			return m
		}
	}
	return nil
}

// first is the first member that is so, among those that count; nil for none.
func (g *Group) first(is func(*member) bool) *member {
	for _, m := range g.members {
		if !m.stopped && is(m) {
			return m
		}
	}
	return nil
}

func (m *member) role() Role { return m.Router.role.name() }

func (m *member) isAnybody() bool   { return true }
func (m *member) isMaster() bool    { return m.role() == Master }
func (m *member) isNotMaster() bool { return !m.isMaster() }
func (m *member) isNotReady() bool  { return !m.isReady() }

// isReady reports whether a member would be master if it were up to it.
func (m *member) isReady() bool { return m.waits() > 0 }

// waits is how often the time of a member was up for nothing.
func (m *member) waits() int {
	if b, is := m.Router.role.(*backup); is {
		return b.waits
	}
	return 0
}

// hasFailed reports whether a member has a cause of fault of its own.
func (m *member) hasFailed() bool {
	if m.Router.barred != "" {
		return len(m.Router.causes) > 1
	}
	return len(m.Router.causes) > 0
}
