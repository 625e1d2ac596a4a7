// Authentication: passwords of version 2, HMACs of both. A router that is to authenticate and cannot does not run.

package config

import (
	"fmt"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

func (c *checker) authentication(dr *draft) {
	at := dr.authPass.at
	if dr.authType.ok {
		at = dr.authType.at
	}
	switch {
	case !dr.authType.ok && !dr.authPass.ok:
	case dr.hmac != nil:
		c.warn(dr, at, "remove one of the two, on all routers of the group", "authentication beside auth_hmac is ignored")
	case dr.Strict:
		c.warn(dr, at, "remove authentication", "strict mode knows no authentication; it is ignored")
	case dr.Version == 3:
		c.warn(dr, at, "remove authentication", "version 3 knows no authentication; it is ignored")
	case !dr.authType.ok:
		c.warn(dr, at, "write auth_type PASS", "auth_pass without auth_type is ignored")
	case !dr.authPass.ok || dr.authPass.v == "":
		c.warn(dr, at, "write auth_pass PASSWORD", "authentication has no password and is ignored")
	case dr.authType.v == "AH":
		c.fault(dr, at, "write auth_type PASS, or auth_hmac, on all routers of the group",
			"auth_type AH is not carried out, and peers that use it take no advert without it")
	default:
		dr.Auth.Type = vrrp.AuthPass
		if copy(dr.Auth.Data[:], dr.authPass.v) < len(dr.authPass.v) {
			c.warn(dr, dr.authPass.at, "use eight bytes or fewer on all routers", "the password is longer than 8 bytes; the first 8 are used")
		}
	}
}

// windowIntervals and leastWindow are the time_window that holds where none is given.
const (
	windowIntervals = 3
	leastWindow     = 5 * time.Second
)

// hmac settles the keys. keepalived would run without authentication where it lacks the active one; here the router
// does not run, for its peers would refuse its adverts and all would be master.
func (c *checker) hmac(dr *draft) {
	h := dr.hmac
	if h == nil {
		return
	}
	hint := "write key ID VALUE with 32 to 64 bytes, and active_key ID"
	switch {
	case !h.active.ok:
		c.fault(dr, h.at, hint, "auth_hmac has no active_key")
		return
	case h.keys[h.active.v] == nil:
		c.fault(dr, h.active.at, hint, fmt.Sprintf("the active_key of auth_hmac, %d, is not defined", h.active.v))
		return
	}
	dr.HMAC = &vrrp.HMAC{
		Keys: h.keys, Active: h.active.v, Monotonic: h.monotonic.or(false), Mode: h.mode.or(vrrp.HMACEnforce),
		Window: max(windowIntervals*dr.Interval, leastWindow),
	}
	if h.window.ok {
		dr.HMAC.Window = time.Duration(h.window.v) * time.Second
	}
	if dr.Strict && dr.HMAC.Mode != vrrp.HMACEnforce {
		c.warn(dr, h.mode.at, "remove mode, or strict mode", "strict mode wants auth_hmac in mode enforce, which is used")
		dr.HMAC.Mode = vrrp.HMACEnforce
	}
}
