package host

import (
	"context"
	"slices"
	"time"
)

// crew does what may take time, one batch after the other: it is one goroutine for all links, because the kernel changes
// addresses and routes one at a time, whoever asks (the rtnl lock), and what already runs need not be woken.
type crew struct {
	desk   desk
	nl     *rtnl
	voice  *voice
	tables *tables

	state  map[job]progress // of those that do not rest
	busy   []job            // that have pressing work
	calm   []job            // that have work which waits while there is any that presses
	alarms map[job]time.Duration
}

// job is a part of the crew's work: routes and rules, or the addresses of one link.
type job interface {
	readMail()
	work() progress       // does one batch
	alarm() time.Duration // when a resting job has work again of its own accord
}

// progress is how a job goes on after a batch.
type progress uint8

const (
	resting progress = iota
	calm
	pressing
)

// openCrew takes its sockets in the calling thread's network namespace.
func openCrew() (*crew, error) {
	nl, err := openRTNL()
	if err != nil {
		return nil, err
	}
	voice, err := openVoice()
	if err != nil {
		nl.close()
		return nil, err
	}
	return &crew{nl: nl, voice: voice, state: make(map[job]progress), alarms: make(map[job]time.Duration)}, nil
}

func (c *crew) close() {
	c.nl.close()
	c.voice.socket.close()
}

// run works until ctx ends, then reads what the loop had wished by then and takes all that is held off the host.
func (c *crew) run(ctx context.Context, dismiss func() []*worker) {
	stop := context.AfterFunc(ctx, c.desk.latch.open)
	defer stop()
	for ctx.Err() == nil {
		c.readMail()
		c.wakeDue()
		if !c.turn() {
			c.desk.latch.wait(c.nextAlarm())
		}
	}
	for c.readMail() { // what is read may be passed on
	}
	c.tables.vacate()
	for _, w := range dismiss() {
		w.vacate()
	}
}

// readMail has those jobs read their mail that have any.
func (c *crew) readMail() (any bool) {
	mailed := c.desk.sort()
	for _, j := range mailed {
		j.readMail()
		c.press(j)
	}
	return len(mailed) > 0
}

// press puts a job among the busy ones.
func (c *crew) press(j job) {
	switch c.state[j] {
	case pressing:
		return
	case calm:
		c.calm = slices.DeleteFunc(c.calm, func(other job) bool { return other == j })
	}
	c.place(j, pressing)
}

// turn has the next job do a batch, and tells whether there was one.
func (c *crew) turn() bool {
	queue := &c.busy
	if len(c.busy) == 0 {
		queue = &c.calm
	}
	if len(*queue) == 0 {
		return false
	}
	j := (*queue)[0]
	*queue = (*queue)[1:]
	c.place(j, j.work())
	return true
}

// place puts a job that is in no queue where its progress belongs.
func (c *crew) place(j job, p progress) {
	c.state[j] = p
	delete(c.alarms, j)
	switch p {
	case pressing:
		c.busy = append(c.busy, j)
	case calm:
		c.calm = append(c.calm, j)
	case resting:
		delete(c.state, j)
		if at := j.alarm(); at != never {
			c.alarms[j] = at
		}
	}
}

// wakeDue presses the jobs whose alarm has come.
func (c *crew) wakeDue() {
	if len(c.alarms) == 0 {
		return
	}
	now := Now()
	for j, at := range c.alarms {
		if at <= now {
			c.press(j)
		}
	}
}

func (c *crew) nextAlarm() time.Duration {
	next := never
	for _, at := range c.alarms {
		next = min(next, at)
	}
	return next
}
