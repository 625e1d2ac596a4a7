package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/election"
)

// What an operator wants of routers for a while, beside their configuration: that they give way to every other, or do
// not serve at all. It goes by the router's name, so that it holds whatever becomes of the router meanwhile.

// away is such a wish.
type away struct {
	by    string        // who asked, in words
	until time.Duration // instant; election.Never: until it is taken back
}

// aways are the wishes of one kind, by router.
type aways map[string]away

// everyRouter is the name under which a wish concerns all routers, also those to come.
const everyRouter = ""

// ends is when the first of the wishes ends by itself.
func (a aways) ends() time.Duration {
	first := election.Never
	for _, w := range a {
		first = min(first, w.until)
	}
	return first
}

// expire forgets the wishes that have ended, and names their routers.
func (a aways) expire(now time.Duration) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if a[name].until <= now {
			delete(a, name)
			names = append(names, name)
		}
	}
	return names
}

var (
	errStopping = errors.New("the daemon is stopping")
	errNoRouter = errors.New("the daemon only observes: it has no routers")
)

// called is the router of a name.
func (d *daemon) called(name string) (*router, error) {
	if i := slices.IndexFunc(d.routers, func(r *router) bool { return r.conf.Name == name }); i >= 0 {
		return d.routers[i], nil
	}
	unknown := &api.UnknownRouter{Name: name}
	for _, r := range d.routers {
		unknown.There = append(unknown.There, r.conf.Name)
	}
	return nil, unknown
}

// callAll are the routers of some names; without a name all of them.
func (d *daemon) callAll(names []string) ([]*router, error) {
	switch {
	case d.conf == nil:
		return nil, errNoRouter
	case d.leaving:
		return nil, errStopping
	case len(names) == 0:
		return d.routers, nil
	}
	var out []*router
	for _, name := range names {
		r, err := d.called(name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out, nil
}

// instant is when something ends that lasts for some time from now on; 0: it does not end by itself.
func (d *daemon) instant(lasts time.Duration) time.Duration {
	if lasts == 0 {
		return election.Never
	}
	return d.now() + lasts
}

// instantOf is when something ends by itself that does so at a time of day; nil: it does not.
func (d *daemon) instantOf(at *time.Time) time.Duration {
	if at == nil {
		return election.Never
	}
	return d.now() + time.Until(*at)
}

// wallOf is when something ends by itself, by the clock as it is set now; nil: it does not.
func (d *daemon) wallOf(until time.Duration) *time.Time {
	if until == election.Never {
		return nil
	}
	at := d.wall(until).Round(time.Millisecond)
	return &at
}

// phrase words a wish: "asked for by uid 0, until 2026-11-22T12:05:00Z".
func (d *daemon) phrase(w away) string {
	text := "asked for by " + w.by
	if at := d.wallOf(w.until); at != nil {
		text += ", until " + at.Format(time.RFC3339)
	}
	return text
}

// told reports what an operator did with a router.
func (d *daemon) told(r *router, verb, detail string) {
	at := time.Now()
	d.later(func() {
		d.logOf(r).Info(fmt.Sprintf("(%s) %s, %s", r.conf.Name, verb, detail))
		d.event(api.Event{Time: at, Kind: "daemon", Router: r.conf.Name, Why: verb, Detail: detail})
	})
}

// endAways ends the wishes whose time is up.
func (d *daemon) endAways(now time.Duration) {
	defer d.timeAways()
	for _, name := range d.failovers.expire(now) {
		if r, err := d.called(name); err == nil { // else it went meanwhile
			d.endFailover(r, "its time is up")
		}
	}
	if names := d.drained.expire(now); len(names) > 0 {
		d.serveAgain(d.routers, "its time is up")
	}
}

// timeAways notes when the first wish ends, which every turn of the loop asks. It follows each change of them.
func (d *daemon) timeAways() { d.awaysEnd = min(d.failovers.ends(), d.drained.ends()) }

// Announce has masters announce their addresses again. It is for other goroutines.
func (d *daemon) Announce(ctx context.Context, a api.Announcement) (api.Done, error) {
	return attempt(ctx, d, func() (api.Done, error) { return d.announce(a) })
}

func (d *daemon) announce(a api.Announcement) (api.Done, error) {
	done := api.Done{Schema: api.DoneSchema, Verb: "garp"}
	routers, err := d.callAll(a.Routers)
	if err != nil {
		return done, err
	}
	for _, r := range routers {
		switch {
		case r.isMaster():
			done.Routers = append(done.Routers, r.conf.Name)
		case len(a.Routers) > 0:
			return done, fmt.Errorf("%s is %v: only a master announces its addresses", r.conf.Name, r.core.Role())
		}
	}
	for _, r := range routers {
		if r.isMaster() {
			d.works.push(work{r, election.Announce{Repeat: max(r.conf.GARP.Repeat, 1)}})
			d.told(r, "garp", "asked for by "+a.By)
		}
	}
	return done, nil
}

// attempt has something done by the loop that may fail.
func attempt[T any](ctx context.Context, d *daemon, do func() (T, error)) (out T, err error) {
	_, lost := command(ctx, d, func() bool { out, err = do(); return true })
	return out, errors.Join(lost, err)
}
