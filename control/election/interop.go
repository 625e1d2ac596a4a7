package election

// Two versions side by side (RFC 9568 8.4.2). Sending both is up to the caller; this is about hearing both.

import (
	"net/netip"
	"time"
)

// twin remembers who was last heard in version 3. Such a router's version 2 adverts are copies whose coarse
// interval must not be learned (RFC 9568 8.4.2).
type twin struct {
	src   netip.Addr
	until time.Duration // instant from which its version 3 counts as fallen silent
}

// admits reports whether an advert counts: every one of version 3, and of version 2 those whose sender is not
// known to speak version 3. fresh is how long one of version 3 speaks for its sender.
func (t *twin) admits(now time.Duration, h Heard, fresh time.Duration) bool {
	if h.Advert.Version == 2 {
		return h.Src != t.src || now >= t.until
	}
	t.src, t.until = h.Src, now+fresh
	return true
}

// refresh extends the memory when the kernel saw a repeat of src's last advert.
func (t *twin) refresh(now time.Duration, src netip.Addr, fresh time.Duration) {
	if src == t.src && now < t.until {
		t.until = now + fresh
	}
}
