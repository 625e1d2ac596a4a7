package control

import (
	"fmt"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// What the filter cannot decide: signatures (auth_hmac). An advert is verified before the election hears of it.

// newVerifier is that of a router with auth_hmac, which goes on from the one it had; nil for any other router.
func newVerifier(h *vrrp.HMAC, peers int, had *vrrp.Verifier) *vrrp.Verifier {
	switch {
	case h == nil:
		return nil
	case had != nil:
		had.Reconfigure(h, peers)
		return had
	}
	return vrrp.NewVerifier(h, peers)
}

// verified reports whether an advert's signature holds. What is refused is counted and explained like what the
// filter refuses.
func (d *daemon) verified(r *router, a loader.Advert) bool {
	if r.verifier == nil {
		return true
	}
	v := r.verifier.Check(a.Message, a.Src, d.wall(a.At))
	if ahead, large := r.verifier.Skew(); large {
		d.noted(r, "clock", clockSkew(a, ahead))
	}
	if v == verdict.Delivered {
		return true
	}
	if r.refused == nil {
		r.refused = make(map[verdict.Verdict]uint64)
	}
	r.refused[v]++
	d.sampled(loader.Sample{Advert: a, Verdict: v})
	return false
}

// clockSkew words that a clock differs by more than half of what is allowed; how much changes with every advert.
func clockSkew(a loader.Advert, ahead time.Duration) string {
	way := "ahead of"
	if ahead < 0 {
		way = "behind"
	}
	return fmt.Sprintf("the clock of %v is %s ours by more than half of time_window; beyond all of it its adverts are refused",
		a.Src, way)
}

// countsOf is what became of a router's frames, as the filter has counted and by what was refused here.
func (d *daemon) countsOf(r *router) (counts []loader.Count) {
	if r.bound == nil {
		return nil
	}
	id := r.bound.id()
	counts = d.filter.CountsOf(id)
	for v, n := range r.refused {
		counts = append(counts, loader.Count{Link: id.Link, ID: id, Verdict: v, Frames: n})
	}
	return counts
}
