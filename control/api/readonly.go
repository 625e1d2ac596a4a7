package api

import "net/http"

// ReadOnly answers what a page for people asks, as Serve does, and nothing else: GET /v1/status and GET /v1/events.
func ReadOnly(view Viewer) http.Handler {
	s := &server{src: unchanging{Viewer: view}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", s.status)
	mux.HandleFunc("GET /v1/events", s.events)
	return mux
}

// unchanging is a source whose Changer is never asked.
type unchanging struct {
	Viewer
	Changer
}
