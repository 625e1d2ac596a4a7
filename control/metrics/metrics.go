// Package metrics tells Prometheus what a daemon knows. Everything is read off one snapshot: no counter is kept here, so
// that nothing is counted twice, and nothing costs anything while nobody asks.
package metrics

//go:generate go test -run ^TestReference$ . -update

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/common/expfmt"

	"github.com/xvrrp/xvrrp/control/api"
)

const (
	freshFor   = time.Second     // how long an answer serves: scrapers that ask together cost one picture
	drawWithin = 5 * time.Second // the daemon's snapshot
)

// Options say what is told.
type Options struct {
	Keepalived bool // beside xvrrp's own metrics those of keepalived-exporter, for dashboards and alerts that know these
}

// Handler answers scrapes with what view shows.
func Handler(view api.Viewer, o Options) http.Handler {
	return &page{view: view, families: families(o)}
}

// page is the text that scrapers get. It is rendered by one scraper at a time, and the others wait for it.
type page struct {
	view     api.Viewer
	families []family

	mu   sync.Mutex
	text []byte // nil: there is none that is fresh
	size int    // of the next text, probably
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := p.fresh(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", string(expfmt.NewFormat(expfmt.TypeTextPlain)))
	w.Write(text) // an error here is the scraper having left
}

// fresh is the page as it is, or was a moment ago.
func (p *page) fresh(ctx context.Context) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.text != nil {
		return p.text, nil
	}
	ctx, cancel := context.WithTimeout(ctx, drawWithin)
	defer cancel()
	s, err := p.view.Snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the daemon's loop: %w", err)
	}
	if p.text, err = render(&s, p.families, p.size); err != nil {
		return nil, err
	}
	p.size = len(p.text) + len(p.text)/8
	time.AfterFunc(freshFor, p.forget) // with many routers it is megabytes
	return p.text, nil
}

func (p *page) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = nil
}

// render writes a snapshot in the text format of Prometheus, into memory for so many bytes.
func render(s *api.Snapshot, families []family, size int) ([]byte, error) {
	out := slowly{text: make([]byte, 0, size), pace: &pace{time.Now()}}
	for i := range families {
		if err := families[i].write(&out, s); err != nil {
			return nil, err
		}
	}
	return out.text, nil
}

// spell is how long is worked before there is a rest. With thousands of routers a scrape is a fifth of a second of work, and
// every thread has the priority of the one that advertises: who works on does not let it in.
const spell = 500 * time.Microsecond

// pace rests as long as was worked.
type pace struct{ since time.Time }

func (p *pace) keep() {
	if took := time.Since(p.since); took > spell {
		time.Sleep(min(took, 10*spell)) // longer is who was kept from working
		p.since = time.Now()
	}
}

// slowly is the text, written at a pace.
type slowly struct {
	*pace
	text []byte
}

func (w *slowly) Write(b []byte) (int, error) {
	w.text = append(w.text, b...)
	w.keep()
	return len(b), nil
}
