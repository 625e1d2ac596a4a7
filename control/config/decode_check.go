// Health checks: vrrp_check and the checkers in it.

package config

import (
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// checkDraft is a vrrp_check as given.
type checkDraft struct {
	Check
	at                mark
	kind              given[CheckKind]
	weight            given[weight]
	rise, fall, retry given[int]
	interval, timeout given[time.Duration]
	retryDelay        given[time.Duration]
	port              given[uint32]
	verify            given[bool]
	sni               bool
	urls              []*urlDraft
}

// urlDraft is a url as given; broken says that it cannot be checked as it was meant.
type urlDraft struct {
	URL
	broken bool
}

func enterCheck(d *decoder, n *node, in scope) (scope, bool) {
	at, ok := d.unique(n)
	if ok {
		in.check = &checkDraft{at: at, Check: Check{Name: n.words[1].s, Pos: n.mark(0).pos()}}
		d.checks = append(d.checks, in.check)
	}
	return in, ok
}

// enterChecker begins the one checker of a vrrp_check.
func enterChecker(kind CheckKind, tls bool) enterer {
	return func(d *decoder, n *node, in scope) (scope, bool) {
		if first := in.check.kind; first.ok {
			d.report(Warning, n.mark(0), "make a vrrp_check of its own of it", "a vrrp_check holds one checker, and has one at %s; block skipped", first.at.pos())
			return in, false
		}
		in.check.kind = given[CheckKind]{kind, true, n.mark(0)}
		in.check.TLS = tls
		return in, true
	}
}

// checkHost is an address, or a name that is looked up at each check.
func checkHost(d *decoder, n *node, in scope) {
	host := n.words[1].s
	if a, err := netip.ParseAddr(host); err == nil && a.Zone() == "" {
		host = a.Unmap().String()
	} else if strings.ContainsAny(host, ":/ \t") || strings.Trim(host, ".0123456789") == "" {
		d.report(Warning, n.mark(1), "write an address or the name of a host", "%s wants a host, not %q; line ignored", n.keyword(), n.words[1].s)
		return
	}
	in.check.Host = host
}

func bindTo(d *decoder, n *node, in scope) {
	if a, ok := d.addr(n, 1, "line ignored"); ok {
		in.check.Bind = a
	}
}

func alpha(d *decoder, n *node, in scope) {
	if v, ok := d.truth(n); ok {
		in.check.InitFail = v
	}
}

func enterURL(d *decoder, _ *node, in scope) (scope, bool) {
	in.url = &urlDraft{URL: URL{Path: "/"}}
	in.check.urls = append(in.check.urls, in.url)
	return in, true
}

func urlPath(d *decoder, n *node, in scope) {
	if p := n.words[1].s; strings.HasPrefix(p, "/") && !strings.ContainsAny(p, " \t") {
		in.url.Path = p
		return
	}
	d.report(Warning, n.mark(1), "write a path that begins with /", "path wants a path, not %q; line ignored", n.words[1].s)
}

// statusCodes reads codes and ranges of them.
func statusCodes(d *decoder, n *node, in scope) {
	for i := 1; i < len(n.words); i++ {
		low, high, ranged := strings.Cut(n.words[i].s, "-")
		if !ranged {
			high = low
		}
		from, fault := integer(low, 100, 999)
		to, more := integer(high, 100, 999)
		switch {
		case fault != "" || more != "" || to < from:
			d.report(Warning, n.mark(i), "write 200 or 200-299", "status_code takes codes from 100 to 999 and ranges of them, not %q; ignored", n.words[i].s)
		default:
			in.url.Status = append(in.url.Status, StatusRange{int(from), int(to)})
		}
	}
}

// digest is the MD5 of a body. One that is mistyped would never match.
func digest(d *decoder, n *node, in scope) {
	sum := strings.ToLower(n.words[1].s)
	if len(sum) != 32 || strings.Trim(sum, "0123456789abcdef") != "" {
		d.report(Warning, n.mark(1), "write the 32 digits md5sum prints", "digest %q is no MD5", n.words[1].s)
		in.url.broken = true
		return
	}
	in.url.Digest = sum
}

func bodyRegex(d *decoder, n *node, in scope) {
	if _, err := regexp.Compile(n.words[1].s); err != nil {
		d.report(Warning, n.mark(1), "see golang.org/s/re2syntax", "regex: %v", err)
		in.url.broken = true
		return
	}
	in.url.Regex = n.words[1].s
}
