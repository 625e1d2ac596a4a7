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
	stopped bool     // it does not count; one that was never started does, and keeps the others waiting
	fault   string   // the cause of fault that the others have while this one is in fault
	counted standing // as the group has counted it
}

// standing is what a group counts of a member.
type standing struct {
	counts, ready, failed bool
	role                  Role
}

// counts is how the members of a group stand, those that count.
type counts struct {
	all, ready int
	roles      [4]int
}

// add counts a member n times.
func (c *counts) add(s standing, n int) {
	if !s.counts {
		return
	}
	c.all += n
	c.roles[s.role] += n
	if s.ready {
		c.ready += n
	}
}

// review counts a member as it stands now. It follows whatever may have changed that.
func (g *Group) review(m *member) {
	is := standing{counts: !m.stopped, ready: m.isReady(), failed: m.hasFailed(), role: m.role()}
	g.recount(m, is)
}

func (g *Group) recount(m *member, is standing) {
	was := m.counted
	if is == was {
		return
	}
	g.counts.add(was, -1)
	g.counts.add(is, 1)
	m.counted = is
	if is.failed != was.failed || is.counts != was.counts {
		g.failing = true
	}
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
	stays := make(map[*member]bool, len(members))
	var lead *member // somebody new, if there is one
	for _, as := range members {
		m := as.Router.member
		if as.Router.group != g {
			m = &member{}
			lead = m
		}
		stays[m] = true
		g.members = append(g.members, g.enrol(m, as))
	}
	for _, m := range old {
		if !stays[m] {
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
	m.Router.group, m.Router.member = g, m
	g.failing = true // it may have another name
	g.review(m)
	return m
}

// release lets go of somebody who is no member any more.
func (g *Group) release(now time.Duration, m *member) {
	if m.Router.group == g { // else another group has it by now
		m.Router.group, m.Router.member = nil, nil
		g.barBy(now, m, "")
	}
	g.recount(m, standing{})
	g.failing = true
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
func (m *member) isOwner() bool     { return m.Router.owner() }
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
