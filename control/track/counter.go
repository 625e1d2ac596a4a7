package track

// counter turns single successes and failures into up and down, exactly as keepalived counts the results of a
// vrrp_script.
type counter struct {
	rise, fall int
	n          int // up from rise on; a success then makes it rise+fall-1, and each failure takes one
	decided    bool
	up         bool
}

// newCounter returns a counter. Without initFail the first result decides alone; with it the standing is down until
// there have been rise successes in a row.
func newCounter(rise, fall int, initFail bool) *counter {
	c := &counter{rise: max(rise, 1), fall: max(fall, 1), decided: initFail}
	if !initFail {
		c.n = c.rise - 1
	}
	return c
}

// count counts a result and reports whether it decided or changed the standing.
func (c *counter) count(ok bool) (turned bool) {
	if ok {
		return c.success()
	}
	return c.failure()
}

func (c *counter) success() (turned bool) {
	if c.n < c.rise-1 {
		c.n++
		return false
	}
	turned = c.n < c.rise
	c.n, c.up, c.decided = c.rise+c.fall-1, true, true
	return turned
}

func (c *counter) failure() (turned bool) {
	if c.n > c.rise {
		c.n--
		return false
	}
	turned = c.n == c.rise || !c.decided
	c.n, c.up, c.decided = 0, false, true
	return turned
}
