package control

import (
	"context"
	"errors"

	"github.com/xvrrp/xvrrp/control/api"
)

// Maintenance keeps routers in fault: masters resign, and nobody takes over here until it ends.

const causeMaintenance = "maintenance"

func isMaintenanceTopic(topic string) bool { return topic == causeMaintenance }

// errAllDrained says that a single router cannot be taken back into service.
var errAllDrained = errors.New("the whole daemon is in maintenance: end that with xvrrp maintenance off, without a router")

// Maintain takes routers out of service, or back into it. What is to be kept is written before it is in force. It is
// for other goroutines.
func (d *daemon) Maintain(ctx context.Context, m api.Maintenance) (api.Done, error) {
	if m.Keep && d.o.State == "" {
		return api.Done{}, ErrNotKept
	}
	release, err := d.alone(ctx)
	if err != nil {
		return api.Done{}, err
	}
	defer release()
	kept, err := attempt(ctx, d, func() (map[string]api.Away, error) { return d.keptAfterMaintenance(m) })
	if err != nil {
		return api.Done{}, err
	}
	if err := d.keepMaintenance(kept); err != nil {
		return api.Done{}, err
	}
	return attempt(ctx, d, func() (api.Done, error) { return d.maintain(m) })
}

// mayMaintain says what stands against maintenance, or returns the routers it concerns.
func (d *daemon) mayMaintain(m api.Maintenance) ([]*router, error) {
	routers, err := d.callAll(m.Routers)
	if _, all := d.drained[everyRouter]; err == nil && all && !m.On && len(m.Routers) > 0 {
		err = errAllDrained
	}
	return routers, err
}

// scope is the names under which maintenance is noted.
func scope(routers []string) []string {
	if len(routers) == 0 {
		return []string{everyRouter}
	}
	return routers
}

func (d *daemon) maintain(m api.Maintenance) (api.Done, error) {
	done := api.Done{Schema: api.DoneSchema, Verb: "maintenance", Kept: m.Keep}
	routers, err := d.mayMaintain(m)
	if err != nil {
		return done, err
	}
	defer d.timeAways()
	if !m.On {
		for _, name := range scope(m.Routers) {
			delete(d.drained, name)
		}
		if len(m.Routers) == 0 {
			clear(d.drained)
		}
		done.Routers = d.serveAgain(routers, "taken back by "+m.By)
		return done, nil
	}
	w := away{by: m.By, until: d.instant(m.For)}
	for _, name := range scope(m.Routers) {
		d.drained[name] = w
	}
	done.Until = d.wallOf(w.until)
	for _, r := range routers {
		d.told(r, "maintenance on", d.phrase(w))
		d.takeOut(r)
		d.serveDue() // there may be thousands
		done.Routers = append(done.Routers, r.conf.Name)
	}
	return done, nil
}

// maintenanceOf is the wish that takes a router out of service, if there is one.
func (d *daemon) maintenanceOf(r *router) (away, bool) {
	w, out := d.drained[r.conf.Name]
	if !out {
		w, out = d.drained[everyRouter]
	}
	return w, out
}

// takeOut takes a router out of service if that is wished, and reports whether it is.
func (d *daemon) takeOut(r *router) bool {
	w, out := d.maintenanceOf(r)
	if out {
		d.raise(r, map[string]string{causeMaintenance: "maintenance, " + d.phrase(w)})
	}
	return out
}

// serveAgain takes those of some routers back into service that are out of it and need not be, and names them.
func (d *daemon) serveAgain(routers []*router, why string) (names []string) {
	for _, r := range routers {
		if r.causes[causeMaintenance] == "" || d.takeOut(r) {
			continue
		}
		d.told(r, "maintenance off", why)
		d.lift(r, nil, isMaintenanceTopic)
		d.serveDue() // there may be thousands
		names = append(names, r.conf.Name)
	}
	return names
}
