// global_defs with its defaults, and what it says that leads nowhere.

package config

import "time"

// What holds where global_defs gives nothing.
const (
	defaultUnknownRate = 1000
	defaultSMTPTimeout = 30 * time.Second
	defaultHookTimeout = 10 * time.Second
	defaultVMACPrefix  = "vrrp"
	defaultLink        = "eth0" // of static addresses, as in keepalived
)

// global is global_defs with its defaults.
func (c *checker) global() Global {
	all := &c.globals
	g := all.Global
	g.GARPInterval = all.garpGap.or(0)
	g.GNAInterval = all.gnaGap.or(0)
	g.StartupDelay = all.startup.or(0)
	g.BootDelay = all.boot.or(0)
	g.UnknownRate = all.unknownRate.or(defaultUnknownRate)
	g.UnknownDrop = all.unknownDrop.or(false)
	g.LogUnknown = all.logUnknown.or(false)
	g.MetricsKeepalived = all.metricsKeepalived.or(false)
	g.SymlinkPaths = all.symlinks.or(false)
	g.FIFO = c.fifo(&all.pipe)
	g.RouterFIFO = c.fifo(&all.routerPipe)
	g.Startup.Timeout = orDuration(g.Startup.Timeout, defaultHookTimeout)
	g.Shutdown.Timeout = orDuration(g.Shutdown.Timeout, defaultHookTimeout)
	g.VMACPrefix = or(g.VMACPrefix, defaultVMACPrefix)
	g.UMask = all.umask.or(-1)
	g.Scheduling = c.scheduling()
	g.JSONVersion = all.jsonVersion.or(1)
	g.DataUseInstance = all.dataInstance.or(false)
	c.mail(&g.Mail)
	return g
}

func orDuration(d, other time.Duration) time.Duration {
	if d == 0 {
		return other
	}
	return d
}

// mail is how mail is sent.
func (c *checker) mail(m *Mail) {
	all := &c.globals
	m.ConnectTimeout = all.smtpTimeout.or(defaultSMTPTimeout)
	m.NoFaults = all.noFaults.or(false)
	m.Security = all.security.or(MailPlain)
	m.Insecure = !all.smtpVerify.or(true)
	if m.Password != "" && m.Security == MailPlain {
		c.report(Warning, all.password, "write smtp_tls starttls, or tls", "smtp_password without smtp_tls is sent in the clear")
	}
}

// fifo is a named pipe, nil if there is none.
func (c *checker) fifo(p *pipeDraft) *FIFO {
	if p.Path == "" {
		if p.script != nil {
			c.report(Warning, p.reader, "name the pipe, too", "a command is to read a pipe that is not given; it is not run")
		}
		return nil
	}
	f := p.FIFO
	f.Script = p.script
	return &f
}

// notifications is what a router or group tells, with what global_defs says where it says nothing itself.
func (c *checker) notifications(p *party) Notify {
	n := p.notify
	n.PriorityChanges = p.priorityChanges.inherit(c.globals.priorityChanges).or(false)
	n.Mail = p.mail.inherit(c.globals.alertVRRP).inherit(c.globals.alert).or(false)
	if n.Mail && (len(c.globals.Mail.To) == 0 || c.globals.Mail.Server == "") && !c.unmailed.ok {
		c.unmailed = p.mail.inherit(c.globals.alertVRRP).inherit(c.globals.alert)
		c.report(Notice, c.unmailed.at, "give notification_email and smtp_server in global_defs", "smtp_alert sends nothing: there is no smtp_server, or nobody to mail to")
	}
	return n
}
