package control

import (
	"container/heap"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
)

// retryAfter is how long a failed effect rests before it is tried again.
const retryAfter = 5 * time.Second

// lead is how long before a deadline the loop asks to be woken: the kernel and the scheduler need about that long to
// run it. Who is early waits for the instant itself, which happens only when a master really is silent.
const lead = 200 * time.Microsecond

// patience bounds how long an expired deadline waits for adverts that the kernel has handed over already.
const patience = 50 * time.Millisecond

// deadlines is a heap of the routers that wait for an instant, earliest first.
type deadlines []*router

func (h deadlines) Len() int           { return len(h) }
func (h deadlines) Less(i, j int) bool { return h[i].due < h[j].due }
func (h deadlines) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heap, h[j].heap = i, j
}

// Push and Pop are heap.Interface.
func (h *deadlines) Push(x any) {
	r := x.(*router)
	r.heap = len(*h)
	*h = append(*h, r)
}

// Pop is heap.Interface.
func (h *deadlines) Pop() any {
	last := len(*h) - 1
	r := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	r.heap = -1
	return r
}

// reschedule puts a router where its deadline belongs.
func (d *daemon) reschedule(r *router) {
	at, _ := r.core.Deadline()
	r.due = min(at, r.retryAt)
	switch {
	case r.due == election.Never && r.heap >= 0:
		heap.Remove(&d.deadlines, r.heap)
	case r.due == election.Never:
	case r.heap >= 0:
		heap.Fix(&d.deadlines, r.heap)
	default:
		heap.Push(&d.deadlines, r)
	}
}

// cancel takes a router's deadline out.
func (d *daemon) cancel(r *router) {
	if r.heap >= 0 {
		heap.Remove(&d.deadlines, r.heap)
	}
}

// nextDeadline is when the loop wants to be woken.
func (d *daemon) nextDeadline() time.Duration {
	at := election.Never
	if len(d.deadlines) > 0 {
		at = d.deadlines[0].due - lead
	}
	if !d.started {
		at = min(at, d.startAt)
	}
	return min(at, d.nextDamped())
}

// expire honours the deadlines that have come, or will within the lead. Masters advertise first. A backup takes over
// only when neither the kernel's stamp nor an advert on its way to us says that its master lives: our own lateness is
// nobody's silence.
func (d *daemon) expire(now time.Duration) {
	if !d.started && now >= d.startAt {
		d.start()
	}
	if d.nextDamped() <= now {
		d.linksChanged()
	}
	var silent []*router
	for len(d.deadlines) > 0 && d.deadlines[0].due <= now+lead {
		r := d.deadlines[0]
		d.late(now - r.due)
		switch {
		case r.retryAt <= now+lead:
			d.retry(r, now)
		case r.core.State().Role != election.Backup:
			d.step(r, max(now, r.due), election.Tick{})
		case !d.refresh(r, now):
			heap.Remove(&d.deadlines, r.heap)
			if !r.silent { // else another member of its sync group has brought it back
				r.silent = true
				silent = append(silent, r)
			}
		}
	}
	d.hands.Flush()
	for _, r := range silent {
		d.doubt(r)
	}
}

// doubt waits for the deadline of a router whose master seems silent, looks once more, and honours it.
func (d *daemon) doubt(r *router) {
	r.silent = false
	if d.now() < r.due {
		d.hands.Flush()
		d.wait(r.due)
	}
	now := d.now()
	d.catchUp(now)
	if at, _ := r.core.Deadline(); at <= now && !d.refresh(r, now) {
		d.step(r, now, election.Tick{})
	}
	d.reschedule(r)
}

// refresh asks the kernel when the followed master last repeated itself. It reports whether that moved the deadline
// out of reach, in other words whether the master lives.
func (d *daemon) refresh(r *router, now time.Duration) bool {
	if r.bound == nil {
		return false
	}
	seen, st := d.filter.LastSeen(r.bound.id), r.core.State()
	if seen <= st.LastHeard {
		return false
	}
	overslept := now-r.due > st.MasterInterval
	d.step(r, seen, election.Refreshed{})
	if r.due <= now+lead {
		return false
	}
	if overslept {
		r.stats.Rescued++
	}
	return true
}

// catchUp handles the adverts that arrived before now but are still between the kernel and the loop.
func (d *daemon) catchUp(now time.Duration) {
	give := time.NewTimer(patience)
	defer give.Stop()
	for !d.filter.Drained() {
		select {
		case a := <-d.adverts:
			d.heard(a)
			if a.At >= now {
				return
			}
		case <-give.C:
			d.log.Warn("adverts are stuck between kernel and daemon", "waited", patience)
			return
		case <-time.After(100 * time.Microsecond):
			// The reader has the record but has not sent it yet.
		}
	}
}

// late keeps how late the loop itself was woken.
func (d *daemon) late(by time.Duration) {
	by = max(by, 0)
	d.timing.Expiries++
	d.timing.LastLateness = by.Seconds()
	d.timing.WorstLateness = max(d.timing.WorstLateness, by.Seconds())
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
