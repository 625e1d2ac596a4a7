package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

func (s *server) failover(w http.ResponseWriter, r *http.Request) {
	f := Failover{Router: r.URL.Query().Get("name"), Cancel: isSet(r, "cancel"), By: caller(r)}
	lasts, err := duration(r)
	switch {
	case err != nil:
	case f.Router == "":
		err = errors.New("name the router: name=NAME")
	case !f.Cancel && lasts == 0:
		err = errors.New("say for how long: for=DURATION")
	}
	f.For = lasts
	finish(w, r, err, func(ctx context.Context) (Done, error) { return s.src.Failover(ctx, f) })
}

func (s *server) maintenance(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	m := Maintenance{On: q.Get("state") == "on", Routers: q["name"], Keep: isSet(r, "keep"), By: caller(r)}
	lasts, err := duration(r)
	if err == nil && !m.On && q.Get("state") != "off" {
		err = errors.New("say which: state=on or state=off")
	}
	m.For = lasts
	finish(w, r, err, func(ctx context.Context) (Done, error) { return s.src.Maintain(ctx, m) })
}

func (s *server) announce(w http.ResponseWriter, r *http.Request) {
	a := Announcement{Routers: r.URL.Query()["name"], By: caller(r)}
	finish(w, r, nil, func(ctx context.Context) (Done, error) { return s.src.Announce(ctx, a) })
}

// duration reads the time that a request may name; 0 if it names none.
func duration(r *http.Request) (time.Duration, error) {
	text := r.URL.Query().Get("for")
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		err = errors.New("not above zero")
	}
	if err != nil {
		return 0, fmt.Errorf("for=%s: %w", text, err)
	}
	return d, nil
}

// finish does what was asked, unless the request was wrong, and sends what came of it.
func finish(w http.ResponseWriter, r *http.Request, wrong error, do func(context.Context) (Done, error)) {
	if wrong != nil {
		refuse(w, http.StatusBadRequest, wrong)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), reloadWithin)
	defer cancel()
	done, err := do(ctx)
	if err != nil {
		refuse(w, http.StatusConflict, err)
		return
	}
	done.Routers = append([]string{}, done.Routers...)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(done) // an error here is the client having left
}
