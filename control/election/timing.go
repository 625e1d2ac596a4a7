package election

// Protocol time in one place, exact to the nanosecond. Nothing here reads a clock: instants are arguments.

import "time"

// skew is Skew_Time: the shorter the higher the priority, so that of several backups the best one is first.
// Version 2 counts in 256ths of a second (RFC 3768 6.1), version 3 in 256ths of the master's interval (RFC 9568
// 6.1). Nothing is rounded to centiseconds: at small intervals that would merge neighbouring priorities.
func (r *Router) skew(interval time.Duration) time.Duration { return r.skewOf(r.priority, interval) }

func (r *Router) skewOf(priority uint8, interval time.Duration) time.Duration {
	unit := interval
	if r.config.Version == 2 {
		unit = time.Second
	}
	return unit * time.Duration(256-int(priority)) / 256
}

// down is the time of silence after which a master counts as gone: Master_Down_Interval of RFC 3768 6.1,
// Active_Down_Interval of RFC 9568 6.1.
func (r *Router) down(interval time.Duration) time.Duration { return r.downOf(r.priority, interval) }

func (r *Router) downOf(priority uint8, interval time.Duration) time.Duration {
	return time.Duration(r.config.DownAdverts)*interval + r.skewOf(priority, interval)
}

// kept is the instant from which the next of a periodic action is counted, after one that was planned for one instant
// and carried out at another. The rhythm is kept unless a whole period was missed: then it starts over, instead of
// catching up in a burst.
func kept(planned, now, every time.Duration) time.Duration {
	if now-planned >= every {
		return now
	}
	return planned
}

// after is when the advert after one at an instant is due: an interval later, or as much sooner as brings it into the
// router's phase, though not by more than an eighth. So adverts are in phase after eight of them at most, and no gap is
// ever longer than the interval.
func (r *Router) after(at time.Duration) time.Duration {
	interval := r.config.Interval
	next := at + interval
	if r.phase == 0 {
		return next
	}
	beyond := (next - interval*time.Duration(r.phase)>>16) % interval
	return next - min(beyond, interval/8)
}
