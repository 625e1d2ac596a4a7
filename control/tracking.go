package control

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/story"
	"github.com/xvrrp/xvrrp/control/track"
)

// tracked is something that routers track, and what is known of it. It is shared by all of them.
type tracked struct {
	kind  config.TrackKind
	name  string
	known bool // a result has come
	last  track.Result
	since time.Duration      // instant of the last change
	users []*router          // that it weighs on, also by their group
	stop  context.CancelFunc // ends its tracker; nil for interfaces
	ended chan struct{}      // closed when its tracker has ended, be it of its own accord
}

// trackKey names something tracked.
func trackKey(k config.TrackKind, name string) string { return k.String() + " " + name }

// tracks are what weighs on a router: its own trackers and its group's.
func (r *router) tracks() []config.Track {
	if r.group == nil || len(r.group.conf.Tracks) == 0 {
		return r.conf.Tracks
	}
	return slices.Concat(r.conf.Tracks, r.group.conf.Tracks)
}

// enlist makes the daemon track what its routers want tracked. What is known of it stays.
func (d *daemon) enlist() {
	for _, w := range d.tracked {
		w.users = nil
	}
	d.track(d.routers)
}

// track adds routers to the users of what they track.
func (d *daemon) track(routers []*router) {
	for _, r := range routers {
		for _, t := range r.tracks() {
			key := trackKey(t.Kind, t.Name)
			w := d.tracked[key]
			if w == nil {
				w = &tracked{kind: t.Kind, name: t.Name, since: d.now()}
				d.tracked[key] = w
			}
			if n := len(w.users); n == 0 || w.users[n-1] != r { // it may track a thing twice
				w.users = append(w.users, r)
			}
		}
	}
}

// untrack takes routers from the users of what they track.
func (d *daemon) untrack(routers []*router) {
	for _, r := range routers {
		for _, t := range r.tracks() {
			if w := d.tracked[trackKey(t.Kind, t.Name)]; w != nil {
				w.users = slices.DeleteFunc(w.users, func(user *router) bool { return user == r })
			}
		}
	}
}

// unwatch ends the trackers of what nobody tracks any more.
func (d *daemon) unwatch() {
	for key, w := range d.tracked {
		if len(w.users) > 0 {
			continue
		}
		if w.stop != nil {
			w.stop()
		}
		delete(d.tracked, key)
	}
}

// watch starts the trackers that do not run yet.
func (d *daemon) watch() {
	for key, w := range d.tracked {
		if w.stop != nil || w.kind == config.TrackInterface {
			continue
		}
		def := definition{key: key, kind: w.kind, name: w.name, conf: d.conf, reload: d.started}
		trackerOf := d.trackers
		ctx, stop := context.WithCancel(d.tracking)
		ended := make(chan struct{})
		w.stop, w.ended = stop, ended
		d.watching.Go(func() {
			defer close(ended)
			if err := trackerOf(def).Run(ctx, d.results); err != nil && ctx.Err() == nil {
				select {
				case d.results <- track.Result{Key: key, Detail: err.Error()}:
				case <-ctx.Done():
				}
			}
		})
	}
}

// over reports whether a tracker has given up.
func (w *tracked) over() bool {
	select {
	case <-w.ended:
		return true
	default:
		return false
	}
}

// resulted takes note of what a tracker reports.
func (d *daemon) resulted(res track.Result) {
	w := d.tracked[res.Key]
	if w == nil {
		return // nobody tracks it any more
	}
	d.learn(w, res)
}

// learn puts a result in force for everybody who tracks it.
func (d *daemon) learn(w *tracked, res track.Result) {
	if w.known && w.last == res {
		return
	}
	if !w.known || w.last.Up != res.Up || w.last.Value != res.Value {
		w.since = d.now()
		d.event(api.Event{Kind: "track", Why: trackKey(w.kind, w.name), To: w.state(res.Up), Detail: res.Detail})
	}
	w.known, w.last = true, res
	words := w.words()
	for _, r := range w.users {
		d.because(story.OfTracker, words, func() { d.weigh(r) })
		d.serveDue() // there may be thousands
	}
	d.settle()
}

func (w *tracked) state(up bool) string {
	if up {
		return "up"
	}
	return "down"
}

// trackLinks reports the links that are tracked as they are now.
func (d *daemon) trackLinks(byName map[string]*host.Link) {
	for _, w := range d.tracked {
		if w.kind != config.TrackInterface {
			continue
		}
		res := track.Result{Up: true}
		switch l := byName[w.name]; {
		case l == nil:
			res = track.Result{Detail: "does not exist"}
		case !l.Up:
			res = track.Result{Detail: "is down"}
		}
		d.learn(w, res)
	}
}

// awaits reports whether a router must not start yet: something whose failure is a fault has no result.
func (d *daemon) awaits(r *router) bool {
	return slices.ContainsFunc(r.tracks(), func(t config.Track) bool {
		return t.Weight == 0 && !d.tracked[trackKey(t.Kind, t.Name)].known
	})
}

// weigh works out a router's priority and faults from what its trackers say, and starts it if that was what it
// waited for.
func (d *daemon) weigh(r *router) { d.weighFor(r, "tracking") }

// weighFor is weigh where something else has changed than what a tracker says.
func (d *daemon) weighFor(r *router, why string) {
	var all []election.Tracked
	for _, t := range r.tracks() {
		if w := d.tracked[trackKey(t.Kind, t.Name)]; w.known {
			all = append(all, w.tracked(t))
		}
	}
	priority, causes := election.Weigh(r.conf.Priority, all)
	faults := make(map[string]string)
	for _, c := range causes {
		faults[causeTrack+c] = c
	}
	d.raise(r, faults)
	if _, aside := d.failovers[r.conf.Name]; aside {
		priority = asidePriority
	}
	d.outweigh(r, priority, why)
	d.lift(r, faults, isTrackTopic)
	if d.started && !r.started && !d.awaits(r) {
		d.startRouter(r)
	}
}

// outweigh puts a priority in force.
func (d *daemon) outweigh(r *router, priority uint8, why string) {
	d.step(r, d.now(), election.Weighed{Priority: priority})
	was, is := r.weighed, r.core.State().Priority
	if is == was {
		return
	}
	r.weighed = is
	d.recordEvent(r, story.Event{Kind: cmp.Or(d.reason.Kind, story.OfTracker), Text: cmp.Or(d.reason.Text, why+" changed it"),
		Was: was, Now: is})
	as := r.standing()
	d.later(func() {
		d.logOf(r).Info(fmt.Sprintf("(%s) Changing effective priority from %d to %d", r.conf.Name, was, is))
		d.event(api.Event{Time: as.at, Kind: "priority", Router: r.conf.Name, Why: why, Detail: fmt.Sprintf("%d -> %d", was, is)})
		d.tellPriority(r, as)
	})
}

// words says how a tracker stands.
func (w *tracked) words() string {
	text := fmt.Sprintf("%s is %s", trackKey(w.kind, w.name), w.state(w.last.Up))
	if w.kind == config.TrackFile {
		text = fmt.Sprintf("file %s holds %d", w.name, w.last.Value)
	}
	if w.last.Detail != "" {
		text += " (" + w.last.Detail + ")"
	}
	return text
}

// cause words a tracker's standing as a cause of fault.
func (w *tracked) cause() string {
	if w.kind == config.TrackFile {
		return fmt.Sprintf("file %s: holds %d", w.name, w.last.Value)
	}
	detail := w.last.Detail
	if detail == "" {
		detail = "is " + w.state(w.last.Up)
	}
	return fmt.Sprintf("%s: %s", trackKey(w.kind, w.name), detail)
}

// standing is what is known of it: up, down or unknown.
func (w *tracked) standing() string {
	if !w.known {
		return "unknown"
	}
	return w.state(w.last.Up)
}

func (w *tracked) snapshot(d *daemon) api.Tracker {
	out := api.Tracker{Kind: w.kind.String(), Name: w.name, State: w.standing(), Routers: []string{}}
	if w.known {
		since := d.wall(w.since)
		out.Value, out.Detail, out.Since = w.last.Value, w.last.Detail, &since
	}
	for _, r := range w.users {
		out.Routers = append(out.Routers, r.conf.Name)
	}
	return out
}
