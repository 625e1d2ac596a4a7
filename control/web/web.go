// Package web is the page for people: a document with its scripts, embedded in the program, that shows what a daemon
// tells of itself. It knows nothing of its own about routers: the page asks the reading part of the API, which is served
// beside it. Nothing it shows comes from anywhere else, and nothing of it can change anything.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"

	"github.com/xvrrp/xvrrp/control/api"
)

//go:embed page
var embedded embed.FS

// policy lets the page load what lies beside it and ask the API, and nothing else: no other place, no script in the
// document, no frame around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// types are the media types of what is embedded. The system's own list may lack them.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// Handler serves the page at /, its parts below /assets/ and, for reading, the API below /v1/ (see api.ReadOnly).
func Handler(view api.Viewer, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/v1/", api.ReadOnly(view, log))
	for _, p := range parts() {
		mux.Handle("GET "+p.pattern, p)
	}
	return mux
}

// part is one embedded file.
type part struct {
	pattern string // of the path it is served at
	kind    string // media type
	tag     string // names the content, for browsers that have it already
	content []byte
}

// parts reads what is embedded.
func parts() (all []part) {
	err := fs.WalkDir(embedded, "page", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := embedded.ReadFile(name)
		sum := sha256.Sum256(content)
		p := part{pattern: strings.TrimPrefix(name, "page"), kind: types[path.Ext(name)], content: content,
			tag: `"` + hex.EncodeToString(sum[:8]) + `"`}
		if p.pattern == "/index.html" {
			p.pattern = "/{$}"
		}
		all = append(all, p)
		return err
	})
	if err != nil {
		panic(fmt.Sprintf("embedded page: %v", err)) // the compiler put it there
	}
	return all
}

// ServeHTTP sends the file. Browsers keep it and ask each time whether it is still the same, since the next version of
// the program has it at the same place.
func (p part) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", p.tag)
	if r.Header.Get("If-None-Match") == p.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", p.kind)
	h.Set("Content-Length", fmt.Sprint(len(p.content)))
	w.Write(p.content) // an error here is the client having left
}
