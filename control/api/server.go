package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

// Source is what the server asks of the daemon. Its methods are called from the server's goroutines, so the
// daemon implements them as a question to its loop, which owns the state, sent with a channel for the answer:
//
//	func (d *Daemon) Events(ctx context.Context, since uint64) (api.Page, error) {
//		answer := make(chan api.Page, 1)
//		select {
//		case d.pages <- pageQuery{since, answer}: // the loop sends d.log.Since(since)
//			return <-answer, nil
//		case <-ctx.Done():
//			return api.Page{}, ctx.Err()
//		}
//	}
//
// What they return is the server's: the loop keeps no reference to slices and maps in it. They return an error
// when ctx ends before the loop has answered, so a loop that is gone blocks nobody.
type Source interface {
	Viewer
	Changer
	Sniffer
	Configured
}

// Viewer is what a daemon tells of itself.
type Viewer interface {
	Snapshot(ctx context.Context) (Snapshot, error)
	// Events is Log.Since, asked of the loop.
	Events(ctx context.Context, since uint64) (Page, error)
	// Detail is one router in full, Stories why it changed its role; an *UnknownRouter where there is none of the name.
	Detail(ctx context.Context, router string) (Detail, error)
	Stories(ctx context.Context, router string) (Stories, error)
	// Keepalived is the JSON that keepalived would write.
	Keepalived(ctx context.Context) ([]byte, error)
	// Overrides lists what Edit has changed and what of that is kept.
	Overrides(ctx context.Context) (Overrides, error)
	// Segments is who uses which VRID where.
	Segments(ctx context.Context) (Segments, error)
	// Conflicts is who troubles our routers, or the one that is named. Addresses in known are those of peers.
	Conflicts(ctx context.Context, router string, known []string) (Conflicts, error)
}

// Configured is what has a configuration.
type Configured interface {
	// ConfigText is the configuration in force in the syntax of the file, with secrets masked.
	ConfigText(ctx context.Context) (string, error)
	// Compare says what another configuration, in that syntax with nothing to be expanded, would change.
	Compare(ctx context.Context, text string) (Plan, error)
}

// Changer is what changes a daemon.
type Changer interface {
	// Reload reads the configuration anew and says what that changes; with dry it changes nothing.
	Reload(ctx context.Context, dry bool) (Plan, error)
	// Edit changes single routers.
	Edit(ctx context.Context, e Edit) (Plan, error)
	// Failover has a master hand over, or takes that back.
	Failover(ctx context.Context, f Failover) (Done, error)
	// Maintain takes routers out of service, or back into it.
	Maintain(ctx context.Context, m Maintenance) (Done, error)
	// Announce has masters announce their addresses again.
	Announce(ctx context.Context, a Announcement) (Done, error)
}

const (
	answerWithin  = 2 * time.Second        // the loop's answer to one question
	reloadWithin  = time.Minute            // reading a large configuration, and putting it in force
	partingWithin = 200 * time.Millisecond // the same, while the daemon leaves
	leaveWithin   = time.Second            // for followers that do not read
)

// Serve answers requests on l until ctx ends, and closes l:
//
//	GET /v1/status                  the Snapshot
//	GET /v1/routers/{name}          one router in full; the Detail
//	GET /v1/routers/{name}/story?frames=1
//	                                why it changed its role; the Stories, with frames including the adverts' messages
//	GET /v1/events?since=N&follow=1 events numbered above N, a JSON object per line; with follow the answer
//	                                stays open and goes on with what happens
//	GET /v1/keepalived              the state as keepalived's own JSON
//	POST /v1/reload?dry_run=1       reads the configuration anew; the Plan. With dry_run nothing is changed
//	POST /v1/routers                adds the routers whose blocks the body holds; the Plan
//	PATCH /v1/routers?name=A        puts the lines of the body into a router's block; the Plan
//	DELETE /v1/routers?name=A&name=B
//	                                removes routers; the Plan
//	POST /v1/routers/reset?name=A   takes back what the three above did, of the keywords in the body alone if there are
//	                                any; the Plan
//	GET /v1/overrides               the Overrides: what they did and was not taken back
//	GET /v1/config                  the configuration in force as text, with secrets masked
//	POST /v1/config/compare         what the configuration in the body would change; the Plan
//	POST /v1/failover?name=A&for=5m a master hands over, and its router gives way for that long; the Done. With
//	                                cancel=1 that is taken back
//	POST /v1/maintenance?state=on&name=A&name=B&for=1h&keep=1
//	                                takes routers, or without a name all, out of service, or with state=off back
//	                                into it; the Done
//	POST /v1/garp?name=A&name=B     masters, or without a name all of them, announce their addresses; the Done
//	GET /v1/segments                the Segments: who uses which VRID, and which are free
//	GET /v1/conflicts?router=A&peer=ADDRESS
//	                                the Conflicts: who troubles our routers; peers are known to be none
//	GET /v1/sniff?iface=A&router=B&vrid=N&frames=1&secrets=1
//	                                every advert as it is judged, a Sniffed per line, until one of the two leaves
//
// What changes routers takes dry_run=1, keep=1 (over a restart, too) and label=TEXT (how places in the body are shown).
//
// When ctx ends, followers still get the events they have not seen. A daemon that wants its last transitions
// seen therefore ends ctx after appending them, and lets its loop answer until Serve returns.
//
// Who could open the socket may ask, except for what can hold passwords: overrides, and what frames=1 or secrets=1 adds.
// That is for those who may change something; who they are, the Access of the listener says. An answer that is no
// good is an object with the field error, and 503 if it is worth trying again.
func Serve(ctx context.Context, l *Listener, src Source, log *slog.Logger) error {
	s := newServer(src, ctx.Done(), log)
	defer s.pictures.close()
	defer s.keepalives.close()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", s.status)
	mux.HandleFunc("GET /v1/events", s.events)
	mux.HandleFunc("GET /v1/routers/{name}", ofRouter(filled(src)))
	mux.HandleFunc("GET /v1/routers/{name}/story", stories(src))
	mux.HandleFunc("GET /v1/keepalived", s.keepalived)
	mux.HandleFunc("POST /v1/reload", s.reload)
	mux.HandleFunc("POST /v1/routers", s.edit(AddRouters))
	mux.HandleFunc("PATCH /v1/routers", s.edit(SetRouter))
	mux.HandleFunc("DELETE /v1/routers", s.edit(RemoveRouters))
	mux.HandleFunc("POST /v1/routers/reset", s.edit(ResetRouters))
	mux.HandleFunc("GET /v1/overrides", s.overrides)
	mux.HandleFunc("GET /v1/segments", s.segments)
	mux.HandleFunc("GET /v1/conflicts", s.conflicts)
	mux.HandleFunc("GET /v1/sniff", s.sniff)
	mux.HandleFunc("GET /v1/config", s.configText)
	mux.HandleFunc("POST /v1/config/compare", s.compare)
	mux.HandleFunc("POST /v1/failover", s.failover)
	mux.HandleFunc("POST /v1/maintenance", s.maintenance)
	mux.HandleFunc("POST /v1/garp", s.announce)
	h := &http.Server{Handler: contain(log, permit(l.access, route(mux))), ConnContext: withConn,
		ReadHeaderTimeout: headerWithin, IdleTimeout: idleWithin, MaxHeaderBytes: mostHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve the control socket: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
	defer cancel()
	if h.Shutdown(grace) != nil {
		h.Close()
	}
	<-ended
	return nil
}

type server struct {
	src        Source
	log        *slog.Logger
	leaving    <-chan struct{}
	pictures   gallery
	keepalives gallery       // as keepalived draws them
	streams    chan struct{} // holds one for each answer that stays open
}

// newServer serves src until leaving is closed.
func newServer(src Source, leaving <-chan struct{}, log *slog.Logger) *server {
	s := &server{src: src, log: log, leaving: leaving, streams: make(chan struct{}, mostStreams)}
	s.pictures.draw, s.keepalives.draw = s.drawing(s.snapshot), s.drawing(src.Keepalived)
	return s
}

// failure is the body of every answer that is not 200.
type failure struct {
	Error string `json:"error"`
}

func (s *server) status(w http.ResponseWriter, r *http.Request) { show(&s.pictures, w, r) }

func (s *server) keepalived(w http.ResponseWriter, r *http.Request) { show(&s.keepalives, w, r) }

// show answers with the next picture of a gallery.
func show(g *gallery, w http.ResponseWriter, r *http.Request) {
	p, leave, err := g.visit(r.Context())
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, fmt.Errorf("ask the daemon's loop: %w", err))
		return
	}
	defer leave()
	defer context.AfterFunc(p.shown, func() { hangUp(w, r) })()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(p.body)))
	w.Write(p.body) // an error here is the client having left
}

// drawing is how a picture of one kind is drawn: within a time, and without harm to the daemon.
func (s *server) drawing(draw func(ctx context.Context) ([]byte, error)) func(ctx context.Context) ([]byte, error) {
	return func(ctx context.Context) (body []byte, err error) {
		defer catch(s.log, "picture", &err)
		ctx, cancel := context.WithTimeout(ctx, answerWithin)
		defer cancel()
		return draw(ctx)
	}
}

// snapshot is the picture that those who ask for the status get.
func (s *server) snapshot(ctx context.Context) ([]byte, error) {
	snap, err := s.src.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	fillEmpty(&snap)
	body, err := json.Marshal(snap)
	return append(body, '\n'), err
}

func (s *server) reload(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), reloadWithin)
	defer cancel()
	plan, err := s.src.Reload(ctx, isSet(r, "dry_run"))
	answer(w, plan, err)
}

// answer sends a plan.
func answer(w http.ResponseWriter, plan Plan, err error) {
	if err != nil {
		refuse(w, http.StatusConflict, err)
		return
	}
	plan.Changes = append([]Change{}, plan.Changes...)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(plan)
}

// edit answers requests that change routers in one way.
func (s *server) edit(verb string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			refuse(w, http.StatusBadRequest, fmt.Errorf("read the request: %w", err))
			return
		}
		q := r.URL.Query()
		e := Edit{Verb: verb, Names: q["name"], Text: string(text), Label: q.Get("label"), Keep: isSet(r, "keep"), DryRun: isSet(r, "dry_run")}
		if e.Label == "" {
			e.Label = "request"
		}
		if verb != AddRouters && len(e.Names) == 0 {
			refuse(w, http.StatusBadRequest, errors.New("name the routers: name=NAME"))
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), reloadWithin)
		defer cancel()
		plan, err := s.src.Edit(ctx, e)
		answer(w, plan, err)
	}
}

func (s *server) overrides(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), reloadWithin)
	defer cancel()
	list, err := s.src.Overrides(ctx)
	if err != nil {
		refuse(w, http.StatusConflict, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(list)
}

// isSet reports a switch of the query that is neither absent nor 0.
func isSet(r *http.Request, name string) bool {
	v := r.URL.Query().Get(name)
	return v != "" && v != "0"
}

func (s *server) events(w http.ResponseWriter, r *http.Request) {
	since, err := number(r.URL.Query().Get("since"))
	if err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("since: %w", err))
		return
	}
	follow := isSet(r, "follow")
	if follow {
		end, err := s.stay()
		if err != nil {
			refuse(w, http.StatusServiceUnavailable, err)
			return
		}
		defer end()
	}
	page, err := s.page(r.Context(), since, answerWithin)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, fmt.Errorf("ask the daemon's loop: %w", err))
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	since, err = send(w, page, since)
	if err == nil && follow {
		s.follow(w, r, page.More, since)
	}
}

// stay admits an answer that stays open, unless there are too many. Its sender calls end.
func (s *server) stay() (end func(), err error) {
	select {
	case s.streams <- struct{}{}:
		return func() { <-s.streams }, nil
	default:
		return nil, fmt.Errorf("%d clients follow the daemon already: try again when one has left", mostStreams)
	}
}

// follow sends what happens after since until the client or the daemon leaves.
func (s *server) follow(w http.ResponseWriter, r *http.Request, more <-chan struct{}, since uint64) {
	for leaving := false; !leaving; {
		within := answerWithin
		select {
		case <-more:
		case <-s.leaving:
			leaving, within = true, partingWithin
		case <-r.Context().Done():
			return
		}
		page, err := s.page(r.Context(), since, within)
		if err != nil {
			return
		}
		if since, err = send(w, page, since); err != nil {
			return
		}
		more = page.More
	}
}

func (s *server) page(ctx context.Context, since uint64, within time.Duration) (Page, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return s.src.Events(ctx, since)
}

// send writes a page out and returns the number of the last event the client has now.
func send(w http.ResponseWriter, p Page, since uint64) (uint64, error) {
	out := json.NewEncoder(w)
	for _, e := range p.Events {
		if err := out.Encode(EventLine{EventSchema, e}); err != nil {
			return since, err
		}
		since = e.Seq
	}
	return since, http.NewResponseController(w).Flush()
}

func refuse(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(failure{err.Error()})
}

// number reads an optional decimal number.
func number(s string) (uint64, error) {
	if s == "" {
		return 0, nil
	}
	return strconv.ParseUint(s, 10, 64)
}

// fillEmpty makes absent lists appear in JSON as [] and absent maps as {}, so that readers can walk them unasked.
func fillEmpty(s *Snapshot) {
	s.Links = append([]Link{}, s.Links...)
	s.Routers = append([]Router{}, s.Routers...)
	s.Heard = append([]Sighting{}, s.Heard...)
	s.Drops = append([]Drop{}, s.Drops...)
	s.Groups = append([]Group{}, s.Groups...)
	s.Trackers = append([]Tracker{}, s.Trackers...)
	s.Timing.Lateness = append([]LatenessClass{}, s.Timing.Lateness...)
	for _, h := range []*Histogram{&s.Takeovers.Detected, &s.Takeovers.Held, &s.Takeovers.Announced} {
		h.Classes = append([]Class{}, h.Classes...)
	}
	for i := range s.Links {
		s.Links[i].Arrivals.Classes = append([]Class{}, s.Links[i].Arrivals.Classes...)
	}
	for i := range s.Routers {
		fillRouter(&s.Routers[i])
	}
	for i := range s.Heard {
		s.Heard[i].Addresses = append([]string{}, s.Heard[i].Addresses...)
	}
}

// fillRouter is fillEmpty for one router.
func fillRouter(r *Router) {
	r.Margins.Classes = append([]MarginClass{}, r.Margins.Classes...)
	r.VIPs = append([]VIP{}, r.VIPs...)
	r.Stats.Transitions = append([]Transition{}, r.Stats.Transitions...)
	if r.Stats.Verdicts == nil {
		r.Stats.Verdicts = map[string]uint64{}
	}
}
