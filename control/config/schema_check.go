package config

import "time"

// checkKeywords are those of vrrp_check: one checker, and what its results are worth.
var checkKeywords = []row{
	{name: "PING_CHECK", body: keywords(checkerKeywords, scheduleKeywords), enter: enterChecker(CheckPing, false), help: "up if the host answers an ICMP echo request"},
	{name: "TCP_CHECK", body: keywords(checkerKeywords, portKeywords, scheduleKeywords), enter: enterChecker(CheckTCP, false), help: "up if the port takes a connection"},
	{name: "HTTP_GET", body: keywords(checkerKeywords, portKeywords, httpKeywords, scheduleKeywords), enter: enterChecker(CheckHTTP, false),
		help: "up if every url answers as it should"},
	{name: "SSL_GET", body: keywords(checkerKeywords, portKeywords, httpKeywords, tlsKeywords, scheduleKeywords), enter: enterChecker(CheckHTTP, true),
		help: "the same over TLS"},
	{name: "MISC_CHECK", body: keywords(miscKeywords, scheduleKeywords), enter: enterChecker(CheckMisc, false), help: "up if a command exits with status 0"},
	{name: "weight", value: "-253-253 [reverse]", preset: "0", help: "change of priority; 0: a failure is a fault",
		set: weighs(maxWeight, func(s scope) *given[weight] { return &s.check.weight })},
	{name: "rise", value: "N", preset: "1", help: "successes in a row that count",
		set: count(func(s scope) *given[int] { return &s.check.rise })},
	{name: "fall", value: "N", preset: "1", help: "failures in a row that count",
		set: count(func(s scope) *given[int] { return &s.check.fall })},
	{name: "init_fail", help: "failed until it has succeeded; otherwise the first result decides",
		set: func(_ *decoder, _ *node, in scope) { in.check.InitFail = true }},
}

// scheduleKeywords are those of every checker.
var scheduleKeywords = []row{
	{name: "delay_loop", value: "SECONDS", preset: "60", help: "pause between checks",
		set: period(func(s scope) *given[time.Duration] { return &s.check.interval })},
	{name: "retry", value: "N", preset: "1; MISC_CHECK 0", help: "further tries before a failure counts",
		set: whole(0, 1000, func(s scope) *given[int] { return &s.check.retry })},
	{name: "delay_before_retry", value: "SECONDS", preset: "1; HTTP_GET and SSL_GET 3", help: "pause before such a try",
		set: seconds(0, maxTime, func(s scope) *given[time.Duration] { return &s.check.retryDelay })},
	{name: "warmup", value: "SECONDS", status: harmless, why: "first checks are spread within their first second in any case",
		help: "random pause before the first check"},
	{name: "alpha", value: "[on|off]", preset: "off", help: "the same as init_fail", set: alpha},
	{name: "log_all_failures", value: "[on|off]", status: harmless, why: "every change of a result is told with its cause", help: "log failures that are tried again"},
}

// checkerKeywords are those of checkers that speak to a host.
var checkerKeywords = []row{
	{name: "connect_ip", value: "ADDRESS", preset: "required", help: "address of the host, or its name, which is looked up at each check", set: checkHost},
	{name: "host", value: "ADDRESS", own: true, help: "the same", set: checkHost},
	{name: "connect_timeout", value: "SECONDS", preset: "5", help: "time allowed for a check",
		set: seconds(time.Millisecond, maxTime, func(s scope) *given[time.Duration] { return &s.check.timeout })},
	{name: "bindto", value: "ADDRESS", preset: "the kernel's choice", help: "source address of the check", set: bindTo},
	{name: "bind_if", value: "INTERFACE", status: refused, why: "the routing table decides; use bindto", help: "link the check leaves by"},
	{name: "bind_port", value: "PORT", status: refused, why: "a check that fails would leave the port in use for the next one", help: "source port of the check"},
	{name: "fwmark", value: "N", status: refused, why: "a check takes the way other connections take", help: "firewall mark of the check's packets"},
}

// portKeywords are those of checkers that speak to a port.
var portKeywords = []row{
	{name: "connect_port", value: "PORT", preset: "HTTP_GET 80, SSL_GET 443, TCP_CHECK: required", help: "port of the host",
		set: whole(1, 65535, func(s scope) *given[uint32] { return &s.check.port })},
}

// httpKeywords are those of HTTP_GET and SSL_GET.
var httpKeywords = []row{
	{name: "url", body: keywords(urlKeywords), enter: enterURL, preset: "path /", help: "something to get; there may be several, and all must be right"},
	{name: "virtualhost", value: "NAME", preset: "connect_ip", help: "Host header of requests whose url gives none",
		set: func(_ *decoder, n *node, in scope) { in.check.VirtualHost = n.words[1].s }},
	{name: "http_protocol", value: "1.0|1.0C|1.1", status: harmless, why: "servers take 1.1 for each of them; a connection is closed after its request",
		help: "version of HTTP"},
	{name: "fast_recovery", value: "[on|off]", status: harmless, why: "every check gets all urls", help: "check all urls at once after a failure"},
}

// tlsKeywords are those of SSL_GET alone.
var tlsKeywords = []row{
	{name: "enable_sni", help: "tell the server the virtualhost in the TLS handshake", set: func(_ *decoder, _ *node, in scope) { in.check.sni = true }},
	{name: "ssl_verify", value: "[on|off]", preset: "on", own: true,
		help: "check the server's certificate against its name and the host's authorities; keepalived never does",
		set:  boolean(func(s scope) *given[bool] { return &s.check.verify })},
}

// urlKeywords are those of url.
var urlKeywords = []row{
	{name: "path", value: "PATH", preset: "/", help: "path and query of the request", set: urlPath},
	{name: "status_code", value: "N[-M] ...", preset: "200-299", help: "status codes that are right, one by one or as ranges", set: statusCodes},
	{name: "digest", value: "MD5", help: "MD5 of the body, 32 hexadecimal digits", set: digest},
	{name: "regex", value: "EXPRESSION", help: "regular expression (RE2) the body must match", set: bodyRegex},
	{name: "regex_no_match", help: "the body must not match it", set: func(_ *decoder, _ *node, in scope) { in.url.RegexNot = true }},
	{name: "virtualhost", value: "NAME", preset: "the checker's", help: "Host header of the request",
		set: func(_ *decoder, n *node, in scope) { in.url.VirtualHost = n.words[1].s }},
	{name: "regex_options", value: "OPTION ...", status: refused, why: "write them into the expression: (?i) for caseless, (?s) for dotall, (?m) for multiline",
		help: "options of the expression"},
	{name: "regex_stack", value: "START MAX", status: harmless, why: "RE2 needs no stack", help: "memory for the expression"},
	{name: "regex_min_offset", value: "N", status: refused, why: "the whole body is searched", help: "where the search begins"},
	{name: "regex_max_offset", value: "N", status: refused, why: "the whole body is searched", help: "where the search ends"},
}

// miscKeywords are those of MISC_CHECK alone.
var miscKeywords = []row{
	{name: "misc_path", value: "COMMAND", preset: "required", shell: true, help: "the command, between double quotes if it has arguments",
		set: func(d *decoder, n *node, in scope) { d.onlyCommand(n, &in.check.Command) }},
	{name: "misc_timeout", value: "SECONDS", preset: "delay_loop", help: "time allowed for it",
		set: period(func(s scope) *given[time.Duration] { return &s.check.timeout })},
	{name: "user", value: "USER [[:] GROUP]", preset: "script_user", help: "who runs it",
		set: func(d *decoder, n *node, in scope) { d.user(n, 1, &in.check.Command.User, &in.check.Command.Group) }},
	{name: "misc_dynamic", status: refused, why: "a check is up or down; use a track_file for a changing priority", help: "weight by the exit status"},
}
