package control

import (
	"context"
	"fmt"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/story"
)

// A failover by hand: the master resigns, and has priority 1 for a while. So it preempts nobody, but serves again if
// nobody else does. Members of a sync group go together.

// asidePriority is that of a router that gives way to every other.
const asidePriority = 1

// Failover has a master hand over, or takes that back. It is for other goroutines.
func (d *daemon) Failover(ctx context.Context, f api.Failover) (api.Done, error) {
	return attempt(ctx, d, func() (api.Done, error) {
		if f.Cancel {
			return d.cancelFailover(f)
		}
		return d.failover(f)
	})
}

func (d *daemon) failover(f api.Failover) (api.Done, error) {
	done := api.Done{Schema: api.DoneSchema, Verb: "failover"}
	routers, err := d.together(f.Router)
	if err != nil {
		return done, err
	}
	if err := d.mayHandOver(routers); err != nil {
		return done, err
	}
	w := away{by: f.By, until: d.instant(f.For)}
	for _, r := range routers {
		d.failovers[r.conf.Name] = w
		d.told(r, "failover", d.phrase(w))
		done.Routers = append(done.Routers, r.conf.Name)
	}
	done.Until = d.wallOf(w.until)
	d.timeAways()
	d.because(story.OfOperator, "xvrrp failover was "+d.phrase(w), func() {
		for _, r := range routers {
			d.weighFor(r, "failover")
		}
		d.step(routers[0], d.now(), election.HandOver{Detail: "asked for by " + w.by})
	})
	d.settle()
	return done, nil
}

// together are a router and the members of its sync group, if it is in one.
func (d *daemon) together(name string) ([]*router, error) {
	routers, err := d.callAll([]string{name})
	if err == nil && routers[0].group != nil {
		routers = routers[0].group.members
	}
	return routers, err
}

// mayHandOver says what stands against a failover of routers that go together. Of those that have given way already
// the time may be changed.
func (d *daemon) mayHandOver(routers []*router) error {
	for _, r := range routers {
		_, aside := d.failovers[r.conf.Name]
		switch role := r.core.Role(); {
		case r.conf.Priority == 255:
			return fmt.Errorf("%s owns its addresses (priority 255) and gives way to nobody: xvrrp maintenance takes it out of service", r.conf.Name)
		case role == election.Master, role == election.Backup && aside:
		case role == election.Backup && r.core.State().Master.IsValid():
			return fmt.Errorf("%s is backup here: run this on its master, %v", r.conf.Name, r.core.State().Master)
		default:
			return fmt.Errorf("%s is %v: only a master can hand over", r.conf.Name, role)
		}
	}
	return nil
}

func (d *daemon) cancelFailover(f api.Failover) (api.Done, error) {
	done := api.Done{Schema: api.DoneSchema, Verb: "failover"}
	routers, err := d.together(f.Router)
	if err != nil {
		return done, err
	}
	for _, r := range routers {
		if _, aside := d.failovers[r.conf.Name]; aside {
			delete(d.failovers, r.conf.Name)
			d.endFailover(r, "taken back by "+f.By)
			done.Routers = append(done.Routers, r.conf.Name)
		}
	}
	d.timeAways()
	if len(done.Routers) == 0 {
		return done, fmt.Errorf("%s has not handed over, or its time is up", f.Router)
	}
	return done, nil
}

// endFailover gives a router its priority back. Whether it preempts is a matter of its configuration.
func (d *daemon) endFailover(r *router, why string) {
	d.told(r, "failover ends", why)
	d.because(story.OfOperator, "xvrrp failover ended, "+why, func() { d.weighFor(r, "failover") })
}
