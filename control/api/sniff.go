package api

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// Sniffer is what shows adverts as they are judged. It is not part of Viewer: what it shows can hold passwords.
type Sniffer interface {
	// Sniff makes ready to show adverts; run then shows them, one call after the other, until its context ends.
	Sniff(ctx context.Context, which SniffFilter) (run SniffRun, err error)
}

// SniffRun shows adverts until ctx ends.
type SniffRun func(ctx context.Context, to func(Sniffed)) error

// SniffFilter says which adverts to show; what is zero matches all.
type SniffFilter struct {
	Interface string
	Router    string
	VRID      uint8
	Frames    bool // with their bytes
	Secrets   bool // with passwords
}

// SniffedSchema names the shape of Sniffed.
const SniffedSchema = "xvrrp.sniffed/v1"

// Sniffed is one advert and what the filter made of it.
type Sniffed struct {
	Schema      string    `json:"schema"`
	Time        time.Time `json:"time"` // of the kernel's stamp
	Interface   string    `json:"interface"`
	VLAN        string    `json:"vlan,omitempty"`
	Family      string    `json:"family"`
	Router      string    `json:"router,omitempty"` // ours that it is for
	Source      string    `json:"source"`
	Destination string    `json:"destination"`
	MAC         string    `json:"mac"`
	TTL         uint8     `json:"ttl"`
	Verdict     string    `json:"verdict"`
	Action      string    `json:"action"` // take, pass or drop
	Why         string    `json:"why"`    // with expected and seen value, where there are such
	Bytes       int       `json:"bytes"`  // on the wire
	Advert      *Advert   `json:"advert,omitempty"`
	Frame       []byte    `json:"frame,omitempty"` // its first 512 bytes, if they were asked for
	Lost        uint64    `json:"lost,omitempty"`  // adverts not shown so far, because they came too fast or were read too slowly
}

// Advert is a message, decoded. Only what is whole is more than a guess.
type Advert struct {
	Version   uint8    `json:"version"`
	VRID      uint8    `json:"vrid"`
	Priority  uint8    `json:"priority"`
	Interval  float64  `json:"interval_seconds"`
	Addresses []string `json:"addresses"`
	Auth      string   `json:"auth"`               // as in Sighting
	Password  string   `json:"password,omitempty"` // if it was asked for
	Checksum  string   `json:"checksum"`           // as in Sighting
}

const (
	sniffedAhead = 256              // adverts that wait to be written; what comes beyond is lost
	readWithin   = 10 * time.Second // who does not read for so long is left
)

// Sniff yields adverts as they are judged until ctx ends, and ErrEnded when the daemon stops. Begun, unless it is nil, is
// called when the daemon has agreed to show them, before the first. An error is the last thing yielded.
func (c *Client) Sniff(ctx context.Context, which SniffFilter, begun func() error) iter.Seq2[Sniffed, error] {
	return lines[Sniffed](ctx, c, "/v1/sniff", which.query(), true, begun)
}

func (f SniffFilter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"iface": f.Interface, "router": f.Router} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.VRID != 0 {
		q.Set("vrid", strconv.Itoa(int(f.VRID)))
	}
	for name, on := range map[string]bool{"frames": f.Frames, "secrets": f.Secrets} {
		if on {
			q.Set(name, "1")
		}
	}
	return q
}

func sniffFilter(r *http.Request) (f SniffFilter, err error) {
	q := r.URL.Query()
	f = SniffFilter{Interface: q.Get("iface"), Router: q.Get("router"), Frames: isSet(r, "frames"), Secrets: isSet(r, "secrets")}
	if text := q.Get("vrid"); text != "" {
		n, err := strconv.ParseUint(text, 10, 8)
		if err != nil {
			return f, fmt.Errorf("vrid: %w", err)
		}
		f.VRID = uint8(n)
	}
	return f, nil
}

func (s *server) sniff(w http.ResponseWriter, r *http.Request) {
	which, err := sniffFilter(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	end, err := s.stay()
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	defer end()
	ready, cancel := context.WithTimeout(r.Context(), answerWithin)
	run, err := s.src.Sniff(ready, which)
	cancel()
	if err != nil {
		refuse(w, http.StatusConflict, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	if http.NewResponseController(w).Flush() == nil {
		s.show(w, r, run)
	}
}

// show writes adverts to one reader until he or the daemon leaves. They never wait for him: what he has no room for is
// lost, and what he gets next tells how many that were.
func (s *server) show(w http.ResponseWriter, r *http.Request, run SniffRun) {
	ctx, cancel := context.WithCancel(r.Context())
	adverts, ended := make(chan Sniffed, sniffedAhead), make(chan struct{})
	defer func() { cancel(); <-ended }()
	var lost atomic.Uint64
	go func() {
		defer close(ended)
		run(ctx, func(a Sniffed) { // an error ends the answer as the daemon's end does
			select {
			case adverts <- a:
			default:
				lost.Add(1)
			}
		})
	}()
	out, control := json.NewEncoder(w), http.NewResponseController(w)
	go func() {
		select {
		case <-s.leaving:
			control.SetWriteDeadline(time.Now()) // a reader who does not read holds nobody up
		case <-ended:
		}
	}()
	for {
		select {
		case a := <-adverts:
			a.Schema = SniffedSchema
			a.Lost += lost.Load()
			control.SetWriteDeadline(time.Now().Add(readWithin))
			if out.Encode(a) != nil || len(adverts) == 0 && control.Flush() != nil {
				return
			}
		case <-ended:
			return
		case <-s.leaving:
			return
		case <-ctx.Done():
			return
		}
	}
}
