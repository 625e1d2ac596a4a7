// Setters of single keywords, whose values are judged in a way of their own.

package config

import (
	"math"
	"time"
)

// announceGap is vrrp_garp_interval and vrrp_gna_interval: keepalived refuses the very default it documents.
func announceGap(f field[time.Duration]) setter {
	return func(d *decoder, n *node, in scope) {
		v, _, ok := parseSeconds(n.words[1].s)
		if ok && v == 0 {
			d.report(Warning, n.mark(1), "remove the line: no gap is the default",
				"%s %s is out of range (0.000001 to %s seconds); line ignored", n.keyword(), n.words[1].s, inSeconds(maxTime))
			return
		}
		if v, ok := d.seconds(n, time.Microsecond, maxTime); ok {
			if v >= time.Second {
				d.report(Notice, n.mark(1), "", "%s %s is very long: an address may be announced late", n.keyword(), n.words[1].s)
			}
			put(d, n, 1, f(in), v)
		}
	}
}

// nothing is for a keyword that has been carried out before decoding.
func nothing(*decoder, *node, scope) {}

// incompatible is a keyword without which this router and its peers would not take each other's adverts.
func incompatible(_ *decoder, n *node, in scope) {
	in.router.unsupported = append(in.router.unsupported, given[string]{n.keyword(), true, n.mark(0)})
}

func dynamicInterfaces(d *decoder, n *node, in scope) {
	in.globals.DynamicInterfaces = true
	if len(n.words) > 1 && n.words[1].s != "allow_if_changes" {
		d.report(Warning, n.mark(1), "", "dynamic_interfaces takes allow_if_changes, not %q; ignored", n.words[1].s)
	}
}

func notificationEmail(_ *decoder, n *node, in scope) {
	for _, line := range n.body {
		for _, w := range line.words {
			in.globals.NotificationEmail = append(in.globals.NotificationEmail, w.s)
		}
	}
}

func smtpServer(d *decoder, n *node, in scope) {
	in.globals.SMTPServer = n.words[1].s
	if len(n.words) < 3 {
		return
	}
	if _, fault := integer(n.words[2].s, 1, math.MaxUint16); fault != "" {
		d.report(Warning, n.mark(2), "", "the port of smtp_server %s; port 25 is used", fault)
		return
	}
	in.globals.SMTPServer = joinHostPort(n.words[1].s, n.words[2].s)
}

// state: anything but MASTER is BACKUP, and MASTER stays once it was given.
func state(d *decoder, n *node, in scope) {
	word := n.words[1].s
	if word != "MASTER" && word != "BACKUP" {
		d.report(Warning, n.mark(1), "write MASTER or BACKUP", "state takes MASTER or BACKUP, not %q; BACKUP is used", word)
		word = "BACKUP"
	}
	if s := &in.router.state; s.ok && s.v == "MASTER" && word == "BACKUP" {
		d.report(Warning, n.mark(1), "remove one of the two", "state is MASTER already at %s; this line is ignored", s.at.pos())
		return
	}
	in.router.state = given[string]{word, true, n.mark(1)}
}

// priority out of range is 100.
func priority(d *decoder, n *node, in scope) {
	v, fault := integer(n.words[1].s, 1, 255)
	if fault != "" {
		d.report(Warning, n.mark(1), "write a number from 1 to 254", "priority %s; 100 is used", fault)
		v = 100
	}
	put(d, n, 1, &in.router.priority, uint8(v))
}

// skipCheck is on whatever boolean follows.
func skipCheck(d *decoder, n *node, in scope) {
	v, ok := d.truth(n)
	if !ok {
		return
	}
	if !v {
		d.report(Warning, n.mark(1), "remove the line to have the list compared",
			"skip_check_adv_addr %s switches it on, as in keepalived", n.words[1].s)
	}
	put(d, n, 0, &in.defaults.skipAddrs, true)
}

func authType(d *decoder, n *node, in scope) {
	switch word := n.words[1].s; word {
	case "PASS", "AH":
		put(d, n, 1, &in.router.authType, word)
	default:
		d.report(Warning, n.mark(1), "write PASS", "auth_type takes PASS or AH, not %q; line ignored", word)
	}
}

func vlan(d *decoder, n *node, in scope) {
	tags, fault := parseVLAN(n.words[1].s)
	if fault != "" {
		d.report(Warning, n.mark(1), "write vlan VID or vlan SVID.CVID", "vlan %s; line ignored", fault)
		return
	}
	put(d, n, 1, &in.router.vlan, tags)
}
