package bed

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/xvrrp/xvrrp/control/api"
)

// Run starts xvrrp on the machine with its filter on one hook and returns at once; globals go into global_defs.
func (m *Machine) Run(hook string, globals []string, instances ...Instance) *Process {
	m.Site.T.Helper()
	return m.Spawn("--config", m.Configure(globals, instances...), "--attach", hook)
}

// Configure writes the file that Run reads, and returns its path.
func (m *Machine) Configure(globals []string, instances ...Instance) string {
	m.Site.T.Helper()
	var text strings.Builder
	text.WriteString("global_defs {\n    " + strings.Join(globals, "\n    ") + "\n}\n")
	for _, i := range instances {
		text.WriteString(i.Text())
	}
	return m.File("xvrrp.conf", text.String())
}

// Spawn starts xvrrp run with these arguments.
func (m *Machine) Spawn(args ...string) *Process {
	m.Site.T.Helper()
	return m.Start("xvrrp", append([]string{Program, "run", "--runtime-dir", m.Path("run")}, args...)...)
}

// Ask runs a command of the program against the machine's daemon, as an operator would, and returns its output.
func (m *Machine) Ask(args ...string) ([]byte, error) {
	out, err := exec.Command(Program, append(args, "--runtime-dir", m.Path("run"))...).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("xvrrp %s on %s: %w: %s", args[0], m.Name, err, exit.Stderr)
	}
	return out, err
}

// answer is Ask for output that is one JSON value.
func answer[T any](m *Machine, args ...string) (v T, err error) {
	out, err := m.Ask(append(args, "-o", "json")...)
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(out, &v)
}

// Snapshot is the state of the machine's daemon.
func (m *Machine) Snapshot() api.Snapshot {
	m.Site.T.Helper()
	s, err := answer[api.Snapshot](m, "status")
	if err != nil {
		m.Site.T.Fatal(err)
	}
	return s
}

// Router is the state of the machine's only router.
func (m *Machine) Router() api.Router {
	m.Site.T.Helper()
	s := m.Snapshot()
	if len(s.Routers) != 1 {
		m.Site.T.Fatalf("%d routers on %s, want 1", len(s.Routers), m.Name)
	}
	return s.Routers[0]
}

// RouterNamed is the state of one of several routers.
func (m *Machine) RouterNamed(name string) api.Router {
	m.Site.T.Helper()
	for _, r := range m.Snapshot().Routers {
		if r.Name == name {
			return r
		}
	}
	m.Site.T.Fatalf("no router %s on %s", name, m.Name)
	return api.Router{}
}

// Stories are why a router of the machine changed its role the last few times, at least once.
func (m *Machine) Stories(router string) []api.Story {
	m.Site.T.Helper()
	s, err := answer[api.Stories](m, "why", router, "--last", "4")
	if err != nil {
		m.Site.T.Fatal(err)
	}
	if len(s.Stories) == 0 {
		m.Site.T.Fatalf("%s does not remember why %s is %s", m.Name, router, s.Role)
	}
	return s.Stories
}

// AwaitStart waits until the machine's daemon takes part in the elections of all its routers.
func (m *Machine) AwaitStart() {
	m.Site.T.Helper()
	Until(m.Site.T, "a role of every router on "+m.Name, Patience, func() bool {
		if m.Running.Ended() {
			m.Site.T.Fatalf("%s ended", m.Running.name)
		}
		s, err := answer[api.Snapshot](m, "status")
		if err != nil || s.PID != m.Running.PID() {
			return false
		}
		for _, r := range s.Routers {
			if r.Role == "init" {
				return false
			}
		}
		return true
	})
}

// AwaitRole waits with the program's own means until a router has a role; it is given time to start, too.
func (m *Machine) AwaitRole(router, role string) {
	m.Site.T.Helper()
	if _, err := m.Ask("status", router, "--wait", role, "--timeout", Patience.String()); err != nil {
		m.Site.T.Fatal(err)
	}
}

// AwaitFollowing waits until the machine is backup and knows its master.
func (m *Machine) AwaitFollowing(master *Machine) {
	m.Site.T.Helper()
	m.AwaitRole(Only, "backup")
	Until(m.Site.T, fmt.Sprintf("%s following %s", m.Name, master.Name), Patience, func() bool {
		r := m.Router()
		return r.Role == "backup" && r.Master == master.V4.String()
	})
}

// Drops are the frames that were not taken, by verdict.
func (m *Machine) Drops() map[string]uint64 {
	m.Site.T.Helper()
	report, err := answer[struct{ Drops []api.Drop }](m, "drops")
	if err != nil {
		m.Site.T.Fatal(err)
	}
	frames := make(map[string]uint64)
	for _, d := range report.Drops {
		frames[d.Verdict] += d.Frames
	}
	return frames
}

// AwaitDrops waits until at least n frames have ended in a verdict.
func (m *Machine) AwaitDrops(verdict string, n uint64) {
	m.Site.T.Helper()
	Until(m.Site.T, fmt.Sprintf("%d frames in %s under %s", n, m.Name, verdict), Patience,
		func() bool { return m.Drops()[verdict] >= n })
}

// AwaitEvent waits for an event of a kind and a reason.
func (m *Machine) AwaitEvent(kind, why string) {
	m.Site.T.Helper()
	Until(m.Site.T, fmt.Sprintf("an event %s, %s on %s", kind, why, m.Name), Patience, func() bool {
		return slices.ContainsFunc(m.Events(0), func(e api.Event) bool { return e.Kind == kind && e.Why == why })
	})
}

// Events are those after the one of a number, oldest first.
func (m *Machine) Events(after uint64) (events []api.Event) {
	m.Site.T.Helper()
	out, err := m.Ask("events", "--since", strconv.FormatUint(after, 10), "-o", "json")
	if err != nil {
		m.Site.T.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		var e api.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			m.Site.T.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}
