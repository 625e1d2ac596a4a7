// Package metrics tells Prometheus what a daemon knows. Everything is read off one snapshot: no counter is kept here, so
// that nothing is counted twice, and nothing costs anything while nobody asks.
package metrics

//go:generate go test -run ^TestReference$ . -update

import (
	"bytes"
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
	if p.text, err = render(&s, p.families); err != nil {
		return nil, err
	}
	time.AfterFunc(freshFor, p.forget) // with many routers it is megabytes
	return p.text, nil
}

func (p *page) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = nil
}

// render writes a snapshot in the text format of Prometheus, metric by metric: with thousands of routers each is some
// milliseconds of work and some megabytes, and after each it rests as long as it took. Adverts come first.
func render(s *api.Snapshot, families []family) ([]byte, error) {
	var text bytes.Buffer
	for i := range families {
		began := time.Now()
		if err := families[i].write(&text, s); err != nil {
			return nil, err
		}
		time.Sleep(time.Since(began))
	}
	return text.Bytes(), nil
}
