package api

import (
	"log/slog"
	"net/http"
	"time"
)

// pieceWithin is how long a reader over plain HTTP may leave a piece of what it is sent.
const pieceWithin = 10 * time.Second

// ReadOnly answers what a page for people asks, as Serve does, and nothing else: GET /v1/status, /v1/events,
// /v1/routers/{name}, /v1/routers/{name}/story, /v1/segments and /v1/conflicts.
func ReadOnly(view Viewer, log *slog.Logger) http.Handler {
	s := newServer(unchanging{Viewer: view}, nil, log)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", s.status)
	mux.HandleFunc("GET /v1/events", func(w http.ResponseWriter, r *http.Request) { s.events(lasting{w}, r) })
	mux.HandleFunc("GET /v1/routers/{name}", ofRouter(filled(view)))
	mux.HandleFunc("GET /v1/routers/{name}/story", bareStories(view))
	mux.HandleFunc("GET /v1/segments", s.segments)
	mux.HandleFunc("GET /v1/conflicts", s.conflicts)
	return contain(log, route(mux))
}

// unchanging is a source whose Changer is never asked.
type unchanging struct {
	Viewer
	Changer
	Sniffer
	Configured
}

// lasting is an answer that may go on for as long as it is read: where the server limits the time of an answer, each
// piece has its own.
type lasting struct{ http.ResponseWriter }

func (l lasting) Write(b []byte) (int, error) {
	http.NewResponseController(l.ResponseWriter).SetWriteDeadline(time.Now().Add(pieceWithin)) // an error: there is none to move
	return l.ResponseWriter.Write(b)
}

// Unwrap is how http.ResponseController finds Flush.
func (l lasting) Unwrap() http.ResponseWriter { return l.ResponseWriter }
