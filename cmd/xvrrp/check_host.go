package main

import (
	"fmt"
	"slices"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/script"
)

// hostProblems is what this host lacks of what a configuration wants: interfaces and scripts.
func (a *app) hostProblems(c *config.Config) []config.Problem {
	return append(a.linkProblems(c), a.scriptProblems(c)...)
}

// linkProblems lists interfaces that do not exist. With dynamic_interfaces they are expected to come later.
func (a *app) linkProblems(c *config.Config) []config.Problem {
	severity := config.Warning
	if c.Global.DynamicInterfaces {
		severity = config.Notice
	}
	var found []config.Problem
	for _, r := range c.Routers {
		if r.Interface != "" && !a.hasLink(r.Interface) {
			found = append(found, config.Problem{Pos: r.Pos, Severity: severity,
				Message: fmt.Sprintf("(%s) interface %s does not exist on this host", r.Name, r.Interface)})
		}
	}
	return found
}

// scriptProblems lists commands that cannot be run, or should not be as they are.
func (a *app) scriptProblems(c *config.Config) []config.Problem {
	policy := scriptPolicy(c.Global)
	var found []config.Problem
	for _, u := range commands(c) {
		_, warning, err := a.prepare(scriptSpec(u.command), policy)
		if err != nil {
			warning = err.Error()
		}
		if warning != "" {
			found = append(found, config.Problem{Pos: u.command.Pos, Severity: config.Warning, Message: u.use + ": " + warning})
		}
	}
	return found
}

func scriptPolicy(g config.Global) script.Policy {
	return script.Policy{User: g.ScriptUser, Group: g.ScriptGroup, Secure: g.ScriptSecurity,
		Symlinks: g.SymlinkPaths, Supplementary: g.Supplementary}
}

func scriptSpec(c *config.Command) script.Spec {
	return script.Spec{Argv: c.Argv, User: c.User, Group: c.Group}
}

// usedCommand is a command with what runs it.
type usedCommand struct {
	use     string
	command *config.Command // nil: none is configured
}

// commands lists every command of a configuration.
func commands(c *config.Config) []usedCommand {
	var all []usedCommand
	for i := range c.Trackers.Scripts {
		all = append(all, usedCommand{"vrrp_script " + c.Trackers.Scripts[i].Name, &c.Trackers.Scripts[i].Command})
	}
	for i := range c.Trackers.Checks {
		if check := &c.Trackers.Checks[i]; check.Kind == config.CheckMisc {
			all = append(all, usedCommand{"vrrp_check " + check.Name, &check.Command})
		}
	}
	for _, r := range c.Routers {
		all = append(all, namedUses(r.Name, *r.Notify)...)
	}
	for _, g := range c.SyncGroups {
		all = append(all, namedUses(g.Name, g.Notify)...)
	}
	if f := c.Global.FIFO; f != nil {
		all = append(all, usedCommand{"notify_fifo_script", f.Script})
	}
	if f := c.Global.RouterFIFO; f != nil {
		all = append(all, usedCommand{"vrrp_notify_fifo_script", f.Script})
	}
	all = append(all, usedCommand{"startup_script", c.Global.Startup.Command}, usedCommand{"shutdown_script", c.Global.Shutdown.Command})
	return slices.DeleteFunc(all, func(u usedCommand) bool { return u.command == nil })
}

// namedUses is notifyUses, each use with the name of the router or group.
func namedUses(name string, n config.Notify) []usedCommand {
	uses := notifyUses(n)
	for i := range uses {
		uses[i].use = "(" + name + ") " + uses[i].use
	}
	return uses
}

// notifyUses lists the commands of one router or group under their keywords, those that are not there as nil.
func notifyUses(n config.Notify) []usedCommand {
	return []usedCommand{
		{"notify_master", n.Master}, {"notify_backup", n.Backup}, {"notify_fault", n.Fault}, {"notify_stop", n.Stop},
		{"notify_deleted", n.Deleted}, {"notify", n.Any}, {"notify_master_rx_lower_pri", n.MasterRxLower},
	}
}
