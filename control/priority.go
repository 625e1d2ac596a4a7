package control

import (
	"context"
	"time"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/sched"
)

// How the kernel schedules us is asked for beside the loop: a process that is being started holds it up.

// overrunRest is how long real-time priority is given up after the kernel found a thread that does not pause.
const overrunRest = 10 * time.Second

// wishOf is what a configuration wants; without one, what holds by default.
func wishOf(c *config.Config) sched.Settings {
	s := config.DefaultScheduling
	if c != nil {
		s = c.Global.Scheduling
	}
	return sched.Settings{RealTime: s.RealTime, Nice: s.Nice, Limit: s.Limit, CPUs: s.CPUs}
}

// wishPriority asks for what the configuration in force wants. A wish that nobody has taken yet is replaced.
func (d *daemon) wishPriority() {
	select {
	case <-d.wishes:
	default:
	}
	d.wishes <- wishOf(d.conf)
}

// runPriority carries out the wishes until ctx ends. A thread that outruns the limit of real-time work makes the whole
// process ordinary for a while: it must not take the machine with it.
func (d *daemon) runPriority(ctx context.Context) error {
	var wish sched.Settings
	var rested <-chan time.Time
	for {
		select {
		case wish = <-d.wishes:
			d.prioritize(ctx, wish)
		case <-d.o.Overrun:
			d.log.Warn("real-time work without a pause: real-time priority is given up for a while",
				"limit", wish.Limit, "for", overrunRest, "remedy", "raise vrrp_rlimit_rttime if this is no defect")
			calm := wish
			calm.RealTime = 0
			d.prioritize(ctx, calm)
			rested = time.After(overrunRest)
		case <-rested:
			d.prioritize(ctx, wish)
		case <-ctx.Done():
			return nil
		}
	}
}

// prioritize puts a wish in force and tells what came of it.
func (d *daemon) prioritize(ctx context.Context, wish sched.Settings) {
	got := sched.Apply(wish)
	if got.Refused != nil {
		d.log.Warn("adverts may be late while this machine is busy", "scheduling", got.Text, "err", got.Refused)
	} else {
		d.log.Info("scheduling", "in force", got.Text)
	}
	_, _ = command(ctx, d, func() bool { d.scheduling = got.Text; return true }) // fails at the end of the daemon
}
