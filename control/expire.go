package control

import (
	"fmt"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/story"
)

// retryAfter is how long a failed effect rests before it is tried again.
const retryAfter = 5 * time.Second

// lead is how long before a deadline the loop asks to be woken: the kernel and the scheduler need about that long to
// run it. Who is early waits for the instant itself, which happens only when a master really is silent.
const lead = 200 * time.Microsecond

// patience bounds how long the deadlines that come together wait for adverts that the kernel has handed over already.
const patience = 50 * time.Millisecond

// reschedule puts a router where its deadline belongs.
func (d *daemon) reschedule(r *router) {
	at, _ := r.core.Deadline()
	d.deadlines.set(r, min(at, r.retryAt))
}

// nextDeadline is when the loop wants to be woken.
func (d *daemon) nextDeadline() time.Duration {
	at := d.deadlines.next()
	if at != election.Never {
		at -= lead
	}
	if !d.started {
		at = min(at, d.startAt)
	}
	if opens, closed := d.share.closed(d.now); closed {
		at = min(at, opens)
	}
	return min(at, d.nextDamped(), d.awaysEnd)
}

// arm sets the alarm, unless it is set already: most turns of the loop move no deadline.
func (d *daemon) arm() {
	if at := d.nextDeadline(); at != d.armed {
		d.alarm.Set(at)
		d.armed = at
	}
}

// expire honours what has come, or will within the lead.
func (d *daemon) expire(now time.Duration) {
	if !d.started && now >= d.startAt {
		d.start()
	}
	if d.nextDamped() <= now {
		d.linksChanged()
	}
	if d.awaysEnd <= now {
		d.endAways(now)
	}
	d.serve(now)
}

// serve honours the deadlines of routers. Masters advertise first. A backup takes over only when neither the kernel's
// stamp nor an advert on its way to us says that its master lives: our own lateness is nobody's silence.
func (d *daemon) serve(now time.Duration) {
	var silent []doubted
	for served := 0; d.deadlines.next() <= now+lead; served++ {
		if served%mostInBatch == 0 {
			fetch(d.deadlines.until(now+lead, 0, d.batch[:0]))
		}
		due, r := d.deadlines.entry(0)
		switch {
		case r.retryAt <= now+lead:
			d.retry(r, now)
		case r.core.Role() != election.Backup:
			d.tick(r, due, max(now, due))
		case d.refresh(r) && d.deadlines.of(r) > now+lead:
			d.spared(r, due, now)
		default:
			d.deadlines.remove(r)
			if !r.silent { // else another member of its sync group has brought it back
				r.silent = true
				silent = append(silent, doubted{r, due})
			}
		}
	}
	d.flush()
	left := patience
	for _, s := range silent {
		left = d.doubt(s.r, s.due, left)
	}
}

// fetch reads what it takes to serve routers. Of thousands none is in the processor's cache when its turn comes; it
// fetches several at once if nothing comes between.
func fetch(batch []*router) {
	for _, r := range batch {
		r.core.Deadline()
		switch {
		case r.core.Role() == election.Backup && r.stamp != nil:
			r.stamp.Repeats()
		case r.sender != nil:
			r.sender.Touch()
		}
	}
}

// doubted is a router whose master seems silent, and since when it may take over.
type doubted struct {
	r   *router
	due time.Duration
}

// tick honours a router's deadline.
func (d *daemon) tick(r *router, due, now time.Duration) {
	sent := r.stats.sent
	if priority, at, done := r.core.Beat(now); done {
		d.advertise(r, priority)
		d.deadlines.set(r, min(at, r.retryAt))
	} else {
		d.step(r, now, election.Tick{})
	}
	if r.stats.sent > sent {
		d.lateness.owe(due)
	}
	if d.queued >= mostInBatch {
		d.flush()
	}
}

// spared takes note that a router's master lives, as its deadline came. The others of its kind are looked at now, too.
func (d *daemon) spared(r *router, due, now time.Duration) {
	interval := r.core.State().MasterInterval
	if now-due > interval {
		r.stats.rescued++
		d.rescued(r, due, now)
	}
	d.sweep.begin(now+interval, d.deadlines.len())
}

// rescued tells of a deadline that came while this daemon did not run, and that the kernel's stamp disproved.
func (d *daemon) rescued(r *router, due, now time.Duration) {
	st := r.core.State()
	text := fmt.Sprintf("no takeover: the deadline was served %v late, but the kernel had seen %v until %v ago",
		(now - due).Round(100*time.Microsecond), st.Master, (now - st.LastHeard).Round(100*time.Microsecond))
	d.recordEvent(r, story.Event{Kind: story.OfRescue, Text: text})
	d.later(func() { d.event(api.Event{Kind: "rescue", Router: r.conf.Name, Why: "late", Detail: text}) })
}

// doubt waits for the deadline of a router whose master seems silent, looks once more, and honours it. It returns what is
// left of the patience.
func (d *daemon) doubt(r *router, due, patience time.Duration) (left time.Duration) {
	r.silent = false
	if d.now() < due {
		d.flush()
		if r.bound != nil {
			d.hands.Expect(r.bound.id())
		}
		d.await(due)
	}
	now := d.now()
	left = d.catchUp(now, patience)
	if at, _ := r.core.Deadline(); at <= now && !(d.refresh(r) && d.deadlines.of(r) > now) {
		d.missed(r, due, now)
	}
	d.reschedule(r)
	return left
}

// await lets the time until an instant within the lead pass, with work if there is any.
func (d *daemon) await(at time.Duration) {
	for d.now() < at && d.workOn() {
	}
	d.wait(at)
}

// refresh asks the kernel when the followed master last repeated itself, and moves the deadline by it. It reports
// whether there was news.
func (d *daemon) refresh(r *router) bool {
	if r.stamp == nil {
		return false
	}
	seen := r.stamp.Seen()
	if at, done := r.core.Refresh(seen); done {
		d.deadlines.set(r, min(at, r.retryAt))
		d.measure(r)
		return true
	}
	if seen <= r.core.State().LastHeard {
		return false
	}
	d.measure(r)
	d.step(r, seen, election.Refreshed{})
	return true
}

// catchUp handles the adverts that arrived before now but are still between the kernel and the loop. It returns what is
// left of the patience with which it waits for them.
func (d *daemon) catchUp(now, patience time.Duration) (left time.Duration) {
	if d.filter.Drained() {
		return patience
	}
	began := time.Now()
	give := time.NewTimer(patience)
	defer give.Stop()
	for !d.filter.Drained() {
		select {
		case a := <-d.adverts:
			d.heard(a)
			if a.At >= now {
				return max(0, patience-time.Since(began))
			}
		case <-give.C:
			d.hearWaiting()
			if patience > 0 {
				d.log.Warn("adverts are stuck between kernel and daemon", "waited", patience)
			}
			return 0
		case <-time.After(100 * time.Microsecond):
			// The reader has the record but has not sent it yet.
		}
	}
	return max(0, patience-time.Since(began))
}

// hearWaiting handles the adverts that have come as far as the loop.
func (d *daemon) hearWaiting() {
	for range len(d.adverts) {
		d.heard(<-d.adverts)
	}
}

// retry lifts the faults that came from failed effects; the router starts over.
func (d *daemon) retry(r *router, now time.Duration) {
	r.retryAt = election.Never
	for _, cause := range r.core.State().Causes {
		if isRetried(cause) {
			d.step(r, now, election.Cleared{Cause: cause})
		}
	}
	d.reschedule(r)
}
