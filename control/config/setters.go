// Setters of single keywords, whose values are judged in a way of their own.

package config

import (
	"math"
	"path"
	"strconv"
	"strings"
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

// onRouter is a keyword that stands alone.
func onRouter(set func(*Router)) setter {
	return func(_ *decoder, _ *node, in scope) { set(&in.router.Router) }
}

// globalFlag is a keyword that stands alone.
func globalFlag(f func(*globals) *bool) setter {
	return func(_ *decoder, _ *node, in scope) { *f(in.globals) = true }
}

// globalString is a keyword before a string. The last one counts.
func globalString(f func(*globals) *string) setter {
	return func(_ *decoder, n *node, in scope) { *f(in.globals) = n.words[1].s }
}

// globalPath is a keyword before the whole path of a file.
func globalPath(f func(*globals) *string) setter {
	return func(d *decoder, n *node, in scope) {
		if !path.IsAbs(n.words[1].s) {
			d.report(Warning, n.mark(1), "write the whole path", "%s wants an absolute path, not %q; line ignored", n.keyword(), n.words[1].s)
			return
		}
		*f(in.globals) = n.words[1].s
	}
}

// extraAnnounce reads "[all] SECONDS".
func extraAnnounce(f field[ExtraAnnounce]) setter {
	return func(d *decoder, n *node, in scope) {
		i := 1
		all := n.words[1].s == "all"
		if all && len(n.words) > 2 {
			i++
		}
		v, fault := integer(n.words[i].s, 0, 24*60*60)
		if fault != "" {
			d.report(Warning, n.mark(i), "", "%s %s; line ignored", n.keyword(), fault)
			return
		}
		put(d, n, i, f(in), ExtraAnnounce{Every: time.Duration(v) * time.Second, All: all && v > 0})
	}
}

// vmacPrefixBytes leaves room in the name of a link for a VRID and what tells two apart.
const vmacPrefixBytes = 8

func vmacPrefix(d *decoder, n *node, in scope) {
	name := n.words[1].s
	if !validLink(name) || len(name) > vmacPrefixBytes {
		d.report(Warning, n.mark(1), "shorten it", "vmac_prefix wants 1 to %d bytes that can begin the name of a link, not %q; line ignored", vmacPrefixBytes, name)
		return
	}
	in.globals.VMACPrefix = name
}

// umaskBits are the rights a umask can name.
var umaskBits = map[string]int{
	"IRUSR": 0o400, "IWUSR": 0o200, "IXUSR": 0o100,
	"IRGRP": 0o040, "IWGRP": 0o020, "IXGRP": 0o010,
	"IROTH": 0o004, "IWOTH": 0o002, "IXOTH": 0o001,
}

// umask is a number, with a leading 0 octal, or names of rights with a bar between them.
func umask(d *decoder, n *node, in scope) {
	var bits int
	for i := 1; i < len(n.words); i++ {
		for name := range strings.SplitSeq(n.words[i].s, "|") {
			v, err := strconv.ParseUint(name, 0, 16)
			bit, known := umaskBits[name]
			switch {
			case name == "":
			case known:
				bits |= bit
			case err != nil || v > 0o777 || i > 1:
				d.report(Warning, n.mark(i), "write an octal number such as 022, or IWGRP | IWOTH", "umask takes rights to 0777, not %q; line ignored", name)
				return
			default:
				bits = int(v)
			}
		}
	}
	put(d, n, 1, &in.globals.umask, bits)
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
			in.globals.Mail.To = append(in.globals.Mail.To, w.s)
		}
	}
}

func smtpServer(d *decoder, n *node, in scope) {
	in.globals.Mail.Server = n.words[1].s
	if len(n.words) < 3 {
		return
	}
	if _, fault := integer(n.words[2].s, 1, math.MaxUint16); fault != "" {
		d.report(Warning, n.mark(2), "", "the port of smtp_server %s; port 25 is used", fault)
		return
	}
	in.globals.Mail.Server = joinHostPort(n.words[1].s, n.words[2].s)
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

// firstVersion: the first line of a router counts.
func firstVersion(d *decoder, n *node, in scope) {
	v, fault := integer(n.words[1].s, 2, 3)
	first := &in.defaults.version
	switch {
	case fault != "":
		d.report(Warning, n.mark(1), "", "version %s; line ignored", fault)
	case first.ok && first.v != uint8(v):
		d.report(Warning, n.mark(1), "remove one of the two", "version is %d already at %s; this line is ignored", first.v, first.at.pos())
	default:
		put(d, n, 1, first, uint8(v))
	}
}

// priority out of range is 100.
func priority(d *decoder, n *node, in scope) {
	v, fault := integer(n.words[1].s, 1, 255)
	if fault != "" {
		d.report(Warning, n.mark(1), "write a number from 1 to 254; 255 is for the owner of the addresses", "priority %s; 100 is used", fault)
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
