package election

import "time"

// checks are the invariants of a network. Each router's own (addresses held exactly while master, acquire and
// release in turn, no deadline that outlives its role, ...) are checked by its ledger at every step.
//
//   - Never two masters that hear each other for longer than one interval: see rivals.
//   - A master exists within master-down once the network is whole: see vacancy.
//   - Nobody takes over earlier than master-down after the last advert that forbade it: see oracle.
//   - Adverts leave no further apart than one interval: see advertised.
//   - In the end all agree: see settled.
type checks struct {
	lost   [maxNodes][maxNodes]time.Duration // instant of the last frame lost on the way from, to
	vacant time.Duration                     // since when there is no master though the network is whole; Never if not
}

// disturbed notes a frame that was lost on its way.
func (c *checks) disturbed(w *world, from, to int) { c.lost[from][to] = w.now }

// always is called after every event.
func (c *checks) always(w *world) {
	masters := 0
	for _, n := range w.nodes {
		if n.is(Master) {
			masters++
		}
	}
	if masters > 1 {
		c.rivals(w)
	}
	c.vacancy(w, masters)
}

// rivals: of two masters the worse one yields to the next advert of the better one. That one comes within an
// interval, plus what the network and the two processes add, counted from the last thing that could keep it away:
// one of them having become master, been paused, got another priority or address, or a frame that was lost. What
// the worse one sends does not matter, and so the link back need not work.
func (c *checks) rivals(w *world) {
	for _, a := range w.nodes {
		for _, b := range w.nodes {
			if a == b || !a.is(Master) || !b.is(Master) || a.paused+b.paused > 0 || !beats(a, b) || !hearsAny(b, a) {
				continue
			}
			since := max(a.changed, b.changed, a.resumed, b.resumed, a.weighed, b.weighed, c.lost[a.id][b.id])
			if bound := a.config.Interval + w.delay + w.jitter + 2*w.lateness; w.now-since > bound {
				w.fail("routers %d and %d have both been master for %v, though %d hears %d and the interval is %v",
					a.id, b.id, w.now-since, b.id, a.id, a.config.Interval)
			}
		}
	}
}

// beats reports whether a's advert makes a master b yield (RFC 9568 6.4.3).
func beats(a, b *node) bool {
	p, q := a.router().priority, b.router().priority
	return p > q || p == q && b.router().self.Less(a.router().self)
}

// hearsAny reports whether a speaks a version that b's filter takes.
func hearsAny(b, a *node) bool {
	f := frame{version: a.config.Version, interval: a.config.Interval}
	if hears(b.config, f) {
		return true
	}
	f = frame{version: 2, interval: max(time.Second, a.config.Interval.Truncate(time.Second))}
	return a.config.Interop && hears(b.config, f)
}

// vacancy: in a whole network (no loss, no partition, nobody paused) without a master every backup's timer runs
// out within its master-down. Adverts of the last master may still be on their way at first.
func (c *checks) vacancy(w *world, masters int) {
	whole := w.trouble == 0 && (w.background == 0 || w.now >= w.calm)
	if masters > 0 || !whole {
		c.vacant = Never
		return
	}
	c.vacant = min(c.vacant, w.now)
	for _, n := range w.nodes {
		if !n.is(Backup) {
			continue
		}
		down := n.router().down(n.router().State().MasterInterval)
		since := max(c.vacant, n.changed, n.weighed)
		if w.now-since > down+2*(w.delay+w.jitter+w.lateness) {
			w.fail("there is no master, and router %d waits for %v with a master-down of %v", n.id, w.now-since, down)
		}
	}
}

// advertised: a master's adverts are no further apart than an interval, whatever it hears meanwhile.
func (c *checks) advertised(w *world, n *node, before Role, priority uint8) {
	last := max(n.sent, n.resumed, n.reloaded)
	n.sent = w.now
	if before == Master && priority > 0 && w.now-last > n.config.Interval+w.lateness {
		w.fail("router %d was silent for %v, its interval is %v", n.id, w.now-last, n.config.Interval)
	}
}

// settled: after the calm there is one master, nobody who preempts outranks it, and every backup knows it.
func (c *checks) settled(w *world) {
	var master *node
	for _, n := range w.nodes {
		if n.is(Master) && master != nil {
			w.fail("routers %d and %d are both master in the end", master.id, n.id)
		}
		if n.is(Master) {
			master = n
		}
	}
	if master == nil {
		w.fail("nobody is master in the end")
		return
	}
	for _, n := range w.nodes {
		if !n.is(Backup) {
			continue
		}
		if n.router().outranks(master.router().priority) {
			w.fail("router %d preempts and outranks master %d, but stays backup", n.id, master.id)
		}
		if s := n.router().State(); s.Master != master.router().self {
			w.fail("router %d follows %v, but %d is master", n.id, s.Master, master.id)
		}
	}
}

// oracle is a backup as the RFC writes it, fed with every advert at the instant it arrives at the kernel. Its
// process is never late and nothing is kept back from it. It knows neither preempt_delay nor which version 2
// adverts are copies to be ignored; there it expects whichever takeover is the earlier.
type oracle struct {
	started  time.Duration
	resigned bool
	interval time.Duration
}

func (o *oracle) arrived(n *node, f frame, now time.Duration) {
	r := n.router()
	switch {
	case f.src == r.self:
	case f.copied && n.config.Interop:
		o.perhaps(n, f, now)
	case f.priority == 0:
		o.started, o.resigned = now, true
	case f.priority >= r.priority || !n.config.Preempt && n.config.Priority != ownerPriority:
		*o = oracle{started: now, interval: f.interval}
	case n.config.PreemptDelay > 0:
		o.perhaps(n, f, now)
	}
}

// perhaps is for an advert of which the oracle cannot tell whether it counts.
func (o *oracle) perhaps(n *node, f frame, now time.Duration) {
	o.interval = min(o.interval, f.interval)
	goodbye := oracle{started: now, resigned: true, interval: o.interval}
	if f.priority == 0 && goodbye.due(n) < o.due(n) {
		*o = goodbye
	}
}

// changed: whoever enters backup, or hands over, waits from there on; whoever leaves it for master has waited long enough. A
// followed master that sinks below us leaves the instant of its last good advert to a guess, which is wrong by
// less than one of its intervals. A kernel that stamps what it hands over as well may hide somebody else's advert of
// the same moment behind one that in the end does not count; such networks are not held to the nanosecond.
func (o *oracle) changed(w *world, n *node, c Changed) {
	switch {
	case c.To == Backup && (c.From != Master || c.Why == HandedOver):
		*o = oracle{started: w.now, interval: n.config.Interval}
	case c.To == Master && c.From == Backup && !w.stampsAll:
		due := o.due(n)
		if c.Why == Preempted {
			due -= o.interval + w.delay + w.jitter
		}
		if w.now < due {
			w.fail("router %d takes over (%s) at %v, %v too early", n.id, c.Why, w.now, due-w.now)
		}
	}
}

// due is the end of Skew_Time or Master_Down_Interval.
func (o *oracle) due(n *node) time.Duration {
	unit := o.interval
	if n.config.Version == 2 {
		unit = time.Second
	}
	due := o.started + unit*time.Duration(256-int(n.router().priority))/256
	if o.resigned {
		return due
	}
	adverts := n.config.DownAdverts
	if adverts == 0 {
		adverts = 3
	}
	return due + time.Duration(adverts)*o.interval
}
