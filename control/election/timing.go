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

// again is when a periodic action that was planned for one instant and carried out at another is next due. The
// rhythm is kept unless a whole period was missed: then it starts over, instead of catching up in a burst.
func again(planned, now, every time.Duration) time.Duration {
	if now-planned >= every {
		return now + every
	}
	return planned + every
}
