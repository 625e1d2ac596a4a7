package control

import (
	"fmt"
	"log/slog"
	"strconv"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/notify"
	"github.com/xvrrp/xvrrp/control/script"
)

// teller tells others about changes of state, without making the loop wait.
type teller interface {
	Notify(e notify.Event)
	Reconfigure(o notify.Options)
}

// announcements is what is told about a router or group, or several that are alike.
type announcements struct {
	commands   map[string]*script.Command // by state
	always     *script.Command            // notify: with four more arguments
	priorities bool                       // changes of priority, too
	mail       bool
	deleted    string // the state that is told when a reload removes it or starts it anew
}

// prepareAnnouncements makes a router's or group's notifications ready to be run. A script that cannot be run is
// left out and reported.
func prepareAnnouncements(c *config.Notify, g *config.Global, log *slog.Logger) *announcements {
	a := &announcements{priorities: c.PriorityChanges, mail: c.Mail, deleted: notify.Fault}
	if c.Deleted != nil || c.DeletedWithoutCommand {
		a.deleted = notify.Deleted
	}
	for state, cmd := range map[string]*config.Command{
		notify.Master: c.Master, notify.Backup: c.Backup, notify.Fault: c.Fault, notify.Stop: c.Stop,
		notify.Deleted: c.Deleted, notify.MasterRxLower: c.MasterRxLower,
	} {
		ready := prepare(cmd, g, log)
		if ready == nil {
			continue
		}
		if a.commands == nil {
			a.commands = make(map[string]*script.Command)
		}
		a.commands[state] = ready
	}
	a.always = prepare(c.Any, g, log)
	return a
}

// prepare makes a command ready to be run, nil if there is none or it cannot be run, which is reported.
func prepare(c *config.Command, g *config.Global, log *slog.Logger) *script.Command {
	if c == nil {
		return nil
	}
	ready, warning, err := script.Prepare(script.Spec{Argv: c.Argv, User: c.User, Group: c.Group}, policy(g))
	switch {
	case err != nil:
		log.Warn("a script is not run", "place", c.Pos.String(), "err", err)
		return nil
	case warning != "":
		log.Warn(warning, "place", c.Pos.String())
	}
	return ready
}

func policy(g *config.Global) script.Policy {
	return script.Policy{User: g.ScriptUser, Group: g.ScriptGroup, Secure: g.ScriptSecurity, Symlinks: g.SymlinkPaths,
		Supplementary: g.Supplementary}
}

// tell tells others that a router has come to a state.
func (d *daemon) tell(r *router, state string, priority uint8, why string) {
	d.tellAs(r.tells, notify.Event{Name: r.conf.Name, State: state, Priority: priority, Why: why})
}

// tellAs tells others of an event, in all ways that are wanted.
func (d *daemon) tellAs(a *announcements, e notify.Event) {
	e.FIFO = true
	switch e.State {
	case notify.Master, notify.Backup, notify.Fault, notify.Stop, notify.Deleted:
		e.Mail = a.mail
	}
	if c := a.commands[e.State]; c != nil {
		e.Commands = append(e.Commands, c)
	}
	if a.always != nil {
		kind := "INSTANCE"
		if e.Group {
			kind = "GROUP"
		}
		e.Commands = append(e.Commands, a.always.With(kind, e.Name, e.State, strconv.Itoa(int(e.Priority))))
	}
	d.teller.Notify(e)
}

// tellAll writes the states of all routers and groups to the pipes.
func (d *daemon) tellAll() {
	for _, r := range d.routers {
		if st := r.core.State(); st.Role != election.Init {
			d.teller.Notify(notify.Event{Name: r.conf.Name, State: stateOf(st.Role), Priority: st.Priority, FIFO: true})
		}
	}
	for _, g := range d.groups {
		if role := g.core.Role(); role != election.Init {
			d.teller.Notify(notify.Event{Group: true, Name: g.conf.Name, State: stateOf(role), FIFO: true})
		}
	}
}

// tellPriority tells a new priority to those who asked for it.
func (d *daemon) tellPriority(r *router, as standing) {
	if !r.tells.priorities {
		return
	}
	switch as.role {
	case election.Master:
		d.tell(r, notify.MasterPriority, as.priority, "")
	case election.Backup:
		d.tell(r, notify.BackupPriority, as.priority, "")
	}
}

// stateOf is the state that is told of a role; init is reached again by stopping alone.
func stateOf(r election.Role) string {
	return [...]string{election.Init: notify.Stop, election.Backup: notify.Backup, election.Master: notify.Master,
		election.Fault: notify.Fault}[r]
}

// notifyOptions translates where everything is told.
func notifyOptions(g *config.Global, log *slog.Logger) notify.Options {
	o := notify.Options{Log: log}
	for _, f := range []*config.FIFO{g.FIFO, g.RouterFIFO} {
		if f != nil {
			p := notify.Pipe{Path: f.Path, User: f.User, Group: f.Group, Reader: prepare(f.Script, g, log)}
			if p.User == "" {
				p.User, p.Group = g.ScriptUser, g.ScriptGroup
			}
			o.Pipes = append(o.Pipes, p)
		}
	}
	if m := &g.Mail; len(m.To) > 0 && m.Server != "" {
		o.Mail = &notify.Mail{RouterID: g.RouterID, From: m.From, To: m.To, Server: m.Server, ConnectTimeout: m.ConnectTimeout,
			Helo: m.Helo, NoFaults: m.NoFaults, Security: notify.Security(m.Security), User: m.User, Password: m.Password,
			Insecure: m.Insecure}
	}
	return o
}

// troubled keeps what could not be told where operators look.
func (d *daemon) troubled(t notify.Trouble) {
	d.event(api.Event{Kind: "notify", Router: t.Name, Why: "lost", Detail: t.What})
}

// reportTrouble logs what could not be told, and passes it to the loop. It never waits: what does not fit is in the
// log alone.
func reportTrouble(log *slog.Logger, troubles chan<- notify.Trouble) func(notify.Trouble) {
	return func(t notify.Trouble) {
		log.Warn(fmt.Sprintf("could not be told: %s", t.What), "router", t.Name)
		select {
		case troubles <- t:
		default:
		}
	}
}
