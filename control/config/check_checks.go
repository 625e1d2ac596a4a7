// Health checks made whole.

package config

import "time"

// What holds where a checker gives nothing, as in keepalived.
const (
	defaultCheckInterval  = 60 * time.Second
	defaultCheckTimeout   = 5 * time.Second
	defaultCheckRetry     = 1 // none of MISC_CHECK
	defaultRetryDelay     = time.Second
	defaultHTTPRetryDelay = 3 * time.Second
)

// trackChecks are the health checks that can be made.
func (c *checker) trackChecks() []Check {
	var out []Check
	for _, k := range c.checks {
		if !c.checkable(k) {
			continue
		}
		c.checkDefaults(k)
		c.weights[trackerName{TrackCheck, k.Name}] = k.weight.v
		out = append(out, k.Check)
	}
	return out
}

// checkable says whether a check has what its kind cannot do without.
func (c *checker) checkable(k *checkDraft) bool {
	lacks := ""
	switch {
	case !k.kind.ok:
		lacks = "PING_CHECK, TCP_CHECK, HTTP_GET, SSL_GET or MISC_CHECK"
	case k.kind.v == CheckMisc && len(k.Command.Argv) == 0:
		lacks = "misc_path"
	case k.kind.v != CheckMisc && k.Host == "":
		lacks = "connect_ip"
	case k.kind.v == CheckTCP && !k.port.ok:
		lacks = "connect_port"
	}
	if lacks != "" {
		c.useless(k.at, "vrrp_check", k.Name, lacks)
		return false
	}
	for _, u := range k.urls {
		if u.broken {
			c.report(Warning, k.at, "correct its url", "vrrp_check %s cannot be made as it is written; it is removed", k.Name)
			return false
		}
	}
	return true
}

func (c *checker) checkDefaults(k *checkDraft) {
	k.Kind = k.kind.v
	k.Rise, k.Fall = k.rise.or(1), k.fall.or(1)
	k.Interval = k.interval.or(defaultCheckInterval)
	if !k.interval.ok {
		c.report(Notice, k.at, "give delay_loop in its checker", "vrrp_check %s has no delay_loop: it is made every %s seconds", k.Name, inSeconds(k.Interval))
	}
	retry, timeout, delay := defaultCheckRetry, defaultCheckTimeout, defaultRetryDelay
	switch k.Kind {
	case CheckMisc:
		retry, timeout = 0, k.Interval
	case CheckHTTP:
		delay = defaultHTTPRetryDelay
		c.webDefaults(k)
	case CheckTCP:
		k.Port = uint16(k.port.v)
	}
	k.Retry, k.Timeout, k.RetryDelay = k.retry.or(retry), k.timeout.or(timeout), k.retryDelay.or(delay)
}

// webDefaults are those of HTTP_GET and SSL_GET.
func (c *checker) webDefaults(k *checkDraft) {
	port := uint32(80)
	if k.TLS {
		port = 443
		k.Insecure = !k.verify.or(true)
	}
	k.Port = uint16(k.port.or(port))
	for _, u := range k.urls {
		k.URLs = append(k.URLs, u.URL)
	}
	if len(k.URLs) == 0 {
		k.URLs = []URL{{Path: "/"}}
	}
	if k.sni {
		k.SNI = or(k.VirtualHost, k.Host)
	}
}
