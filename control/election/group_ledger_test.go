package election

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// groupLedger follows the effects of a sync group from outside and says when they contradict each other, or the
// group is not one.
type groupLedger struct {
	group   *Group
	role    Role
	members []*memberLedger
}

type memberLedger struct {
	Member
	role    Role
	held    bool
	stopped bool
}

func newGroupLedger(members []Member) *groupLedger {
	l := &groupLedger{group: NewGroup("SG", members)}
	for _, m := range members {
		l.members = append(l.members, &memberLedger{Member: m})
	}
	return l
}

func (l *groupLedger) of(r *Router) *memberLedger {
	for _, m := range l.members {
		if m.Router == r {
			return m
		}
	}
	return nil
}

// step is Group.Step with every invariant checked.
func (l *groupLedger) step(now time.Duration, r *Router, in Input) ([]Action, error) {
	m := l.of(r)
	switch in.(type) {
	case Start:
		m.stopped = false
	case Stop:
		m.stopped = true
	}
	due, before, planned := deadlineOf(m), m.role, l.deadlines()
	actions := l.group.Step(now, r, in)
	if err := l.unasked(m, planned, actions); err != nil {
		return actions, err
	}
	if err := l.book(actions); err != nil {
		return actions, err
	}
	if err := l.whole(); err != nil {
		return actions, err
	}
	at := deadlineOf(m)
	if _, tick := in.(Tick); tick {
		switch {
		case at <= now:
			return actions, fmt.Errorf("after a tick at %v the deadline is %v", now, at)
		case now < due && len(actions) > 0:
			return actions, fmt.Errorf("a tick %v early does %d things to a %v", due-now, len(actions), before)
		}
	}
	return actions, nil
}

func deadlineOf(m *memberLedger) time.Duration {
	at, _ := m.Router.Deadline()
	return at
}

func (l *groupLedger) deadlines() (all []time.Duration) {
	for _, m := range l.members {
		all = append(all, deadlineOf(m))
	}
	return all
}

// unasked: the deadline of a member that was told nothing moves only with an action of its own.
func (l *groupLedger) unasked(told *memberLedger, planned []time.Duration, actions []Action) error {
	for i, m := range l.members {
		acts := slices.ContainsFunc(actions, func(a Action) bool { return a.Router == m.Router })
		if at := deadlineOf(m); m != told && at != planned[i] && !acts {
			return fmt.Errorf("the deadline of %s moves from %v to %v without an action", m.Name, planned[i], at)
		}
	}
	return nil
}

// book enters effects one by one.
func (l *groupLedger) book(actions []Action) error {
	acquired := 0
	for i, a := range actions {
		m := l.of(a.Router)
		switch e := a.Effect.(type) {
		case Changed:
			if err := l.bookChange(m, e); err != nil {
				return err
			}
		case Advertise:
			if e.Priority > 0 && acquired > 0 {
				return fmt.Errorf("action %d: %s advertises after %d members acquired", i, m.Name, acquired)
			}
			if e.Priority == 0 && m.role != Master {
				return fmt.Errorf("%s says goodbye in %v", m.Name, m.role)
			}
		case Acquire:
			acquired++
			if m.held {
				return fmt.Errorf("%s acquires what it holds", m.Name)
			}
			m.held = true
		case Release:
			if !m.held {
				return fmt.Errorf("%s releases what it does not hold", m.Name)
			}
			m.held = false
		case Announce:
			if !m.held {
				return fmt.Errorf("%s announces what it does not hold", m.Name)
			}
		}
	}
	return nil
}

func (l *groupLedger) bookChange(m *memberLedger, c Changed) error {
	role, name := &l.role, "the group"
	if m != nil {
		role, name = &m.role, m.Name
	}
	if c.From != *role || c.From == c.To || c.Why == "" {
		return fmt.Errorf("%s changes %v→%v for %q, was %v", name, c.From, c.To, c.Why, *role)
	}
	*role = c.To
	return nil
}

// whole: members are master together or not at all, in fault together or not at all; those that were stopped do not
// count, and one that has not started keeps the others from being master.
func (l *groupLedger) whole() error {
	count, seen := 0, [4]int{}
	for _, m := range l.members {
		at, _ := m.Router.Deadline()
		switch s := m.Router.State(); {
		case s.Role != m.role:
			return fmt.Errorf("%s is %v, reported was %v", m.Name, s.Role, m.role)
		case m.held != (m.role == Master):
			return fmt.Errorf("%s is %v, addresses held: %v", m.Name, m.role, m.held)
		case (at == Never) != (m.role == Init || m.role == Fault):
			return fmt.Errorf("%s is %v with deadline %v", m.Name, m.role, at)
		}
		if !m.stopped {
			count++
			seen[m.role]++
		}
	}
	want := Init
	switch {
	case seen[Fault] > 0:
		want = Fault
	case seen[Init] > 0:
	case seen[Backup] > 0:
		want = Backup
	case seen[Master] > 0:
		want = Master
	}
	switch {
	case seen[Master] > 0 && seen[Master] != count:
		return fmt.Errorf("split: %d of %d members are master", seen[Master], count)
	case seen[Fault] > 0 && seen[Fault]+seen[Init] != count:
		return fmt.Errorf("split: %d of %d members are in fault", seen[Fault], count)
	case l.role != want || l.group.Role() != want:
		return fmt.Errorf("the group is %v, reported was %v, want %v", l.group.Role(), l.role, want)
	}
	return nil
}

// groupAlphabet is what may happen to a member. The instants are relative to the last one.
var groupAlphabet = []struct {
	after time.Duration
	in    Input
}{
	{10 * time.Millisecond, Start{}},
	{10 * time.Millisecond, Stop{}},
	{300 * time.Millisecond, advertFrom("192.0.2.9", 150)},
	{300 * time.Millisecond, advertFrom("192.0.2.2", 50)},
	{300 * time.Millisecond, advertFrom("192.0.2.9", 0)},
	{600 * time.Millisecond, Refreshed{}},
	{onTime, Tick{}},
	{20 * time.Second, Tick{}},
	{10 * time.Millisecond, Weighed{Priority: 30}},
	{10 * time.Millisecond, Failed{Cause: "link"}},
	{10 * time.Millisecond, Failed{Cause: "address"}},
	{10 * time.Millisecond, Cleared{Cause: "link"}},
	{10 * time.Millisecond, Reconfigured{Config: reloaded}},
}

// groupStep is one thing that happens to the nth member; the number of the thing is its place in groupAlphabet.
type groupStep struct{ member, thing int }

// TestGroupStaysOne tries every sequence of things that may happen to two members up to a length, from several
// beginnings, and checks the invariants after each.
func TestGroupStaysOne(t *testing.T) {
	const start, higher, onTime, link = 0, 2, 6, 9
	started := []groupStep{{0, start}, {1, start}}
	beginnings := map[string][]groupStep{
		"init":      nil,
		"backup":    started,
		"one ready": append(started[:2:2], groupStep{1, higher}, groupStep{0, onTime}),
		"master":    append(started[:2:2], groupStep{0, onTime}, groupStep{1, onTime}),
		"fault":     append(started[:2:2], groupStep{0, link}),
	}
	base := Config{Version: 3, Priority: 100, Interval: time.Second, Preempt: true, LowerRepeat: 1}
	owner := base
	owner.Priority, owner.StartMaster = 255, true
	modest := base
	modest.Preempt, modest.TimerExpired = false, 254
	depth := 3
	if testing.Short() {
		depth = 2
	}
	for name, beginning := range beginnings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, configs := range [][]Config{{base, base}, {owner, owner}, {modest, owner}} {
				exploreGroup(t, configs, beginning, depth)
			}
		})
	}
}

// exploreGroup plays a path, then every path that continues it by up to depth steps.
func exploreGroup(t *testing.T, configs []Config, path []groupStep, depth int) {
	if err := playGroup(configs, path); err != nil {
		t.Fatalf("%v\nafter %v", err, path)
	}
	if depth == 0 {
		return
	}
	for m := range configs {
		for i := range groupAlphabet {
			exploreGroup(t, configs, append(path[:len(path):len(path)], groupStep{m, i}), depth-1)
		}
	}
}

func playGroup(configs []Config, path []groupStep) error {
	var members []Member
	for i, c := range configs {
		c.Self = address(4)
		members = append(members, Member{fmt.Sprintf("I%d", i+1), New(c)})
	}
	l := newGroupLedger(members)
	now := 10 * time.Second
	for _, s := range path {
		r, next := members[s.member].Router, groupAlphabet[s.thing]
		at := now + next.after
		if next.after == onTime {
			if at, _ = r.Deadline(); at == Never {
				at = now
			}
		}
		if _, err := l.step(at, r, next.in); err != nil {
			return err
		}
		now = max(now, at)
	}
	return nil
}
