package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// roles are the states a router can be waited for in.
var roles = []string{"init", "backup", "master", "fault"}

// askEvery is how often a waiting command asks again. Asking also finds a daemon that is only being started.
const askEvery = 50 * time.Millisecond

// answersWithin is how long a daemon that is well takes at most to answer. A question that is younger when the time to
// wait is over tells nothing.
const answersWithin = time.Second

// waitFor asks the daemon until the wanted routers have the wanted state. When time runs out it returns the last
// answer beside the error.
func waitFor(ctx context.Context, a *app, o statusOptions) (api.Snapshot, error) {
	role := strings.ToLower(o.wait)
	if !slices.Contains(roles, role) {
		return api.Snapshot{}, usagef("--wait %s: choose one of %s", o.wait, strings.Join(roles, ", "))
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	again := time.NewTicker(askEvery)
	defer again.Stop()
	var last api.Snapshot
	var lastErr error
	for first := true; ; first = false {
		asked := time.Now()
		s, err := a.client().Status(ctx)
		if first || ctx.Err() == nil || time.Since(asked) > answersWithin {
			last, lastErr = s, err
			if err == nil {
				lastErr = o.filter.pick(&last)
			}
		}
		switch {
		case lastErr == nil && allIn(last, role):
			return last, nil
		case lastErr != nil && !errors.Is(lastErr, api.ErrNoDaemon) && !errors.Is(lastErr, api.ErrBusy):
			return last, lastErr
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			if lastErr != nil {
				return last, lastErr
			}
			return last, exitWith(exitNotReached, missed(last, role, o.timeout))
		}
	}
}

// allIn reports whether there are routers and all have the role.
func allIn(s api.Snapshot, role string) bool {
	other := func(r api.Router) bool { return r.Role != role }
	return len(s.Routers) > 0 && !slices.ContainsFunc(s.Routers, other)
}

// missed says which routers do not have the role after all this time.
func missed(s api.Snapshot, role string, after time.Duration) error {
	if len(s.Routers) == 0 {
		return errors.New("the daemon only observes: it has no router to wait for")
	}
	var others []string
	for _, r := range s.Routers {
		if r.Role != role {
			others = append(others, fmt.Sprintf("%s is %s", r.Name, r.Role))
		}
	}
	return fmt.Errorf("not %s after %v: %s", role, after, strings.Join(others, ", "))
}
