package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// DetailSchema names the shape of Detail.
const DetailSchema = "xvrrp.router/v1"

// Detail is one router in full.
type Detail struct {
	Schema string    `json:"schema"`
	Now    time.Time `json:"now"`
	Router Router    `json:"router"`
	Link   Link      `json:"link"`
	Group  *Group    `json:"group,omitempty"` // its sync group

	Deadline      *Deadline     `json:"deadline,omitempty"` // what the router waits for; absent: nothing
	Announcements Announcements `json:"announcements"`
	PeersHeard    []Peer        `json:"peers_heard"` // by address
	Influences    []Influence   `json:"influences"`  // of what is tracked on its priority
	Scheduling    string        `json:"scheduling,omitempty"`
}

// Deadline is what a router waits for.
type Deadline struct {
	Time  time.Time `json:"time"`
	In    float64   `json:"in_seconds"`
	Timer string    `json:"timer"` // advert, announce, announce-refresh, announce-lower, master-down, skew, preempt
}

// Announcements are the gratuitous ARP and unsolicited NA of a router, in rounds over all its addresses.
type Announcements struct {
	Rounds uint64     `json:"rounds"` // since its start
	Last   *time.Time `json:"last,omitempty"`
	Next   *time.Time `json:"next,omitempty"` // planned
}

// Peer is another router that was heard on the same VRID, in valid adverts.
type Peer struct {
	Address   string       `json:"address"`
	MAC       string       `json:"mac"`
	Followed  bool         `json:"followed"` // it is the master that this router follows
	Version   uint8        `json:"version"`  // from here on as in its last advert that was new
	Priority  uint8        `json:"priority"`
	Interval  float64      `json:"interval_seconds"`
	Addresses []netip.Addr `json:"addresses"`
	Checksum  string       `json:"checksum"` // as in Sighting
	Auth      string       `json:"auth"`     // as in Sighting
	First     time.Time    `json:"first"`
	Last      time.Time    `json:"last"`
	Adverts   uint64       `json:"adverts"`
	Share     float64      `json:"share"`                    // of all adverts that were heard
	Margin    *float64     `json:"margin_seconds,omitempty"` // of silence left before it counts as gone; of who is followed
}

// Influence is what something tracked does to a router's priority now.
type Influence struct {
	Track
	Detail string `json:"detail,omitempty"` // of the tracker
	Points int    `json:"points"`           // added to the priority
	Fault  bool   `json:"fault"`            // it faults the router
}

// UnknownRouter says that a daemon has no router of this name.
type UnknownRouter struct {
	Name  string
	There []string // names of those it has
}

// mostNames is how many names an error lists.
const mostNames = 20

func (e *UnknownRouter) Error() string {
	switch n := len(e.There); {
	case n == 0:
		return fmt.Sprintf("no router is named %s: the daemon only observes", e.Name)
	case n > mostNames:
		return fmt.Sprintf("no router is named %s: there are %s and %d more", e.Name, strings.Join(e.There[:mostNames], ", "), n-mostNames)
	}
	return fmt.Sprintf("no router is named %s: there are %s", e.Name, strings.Join(e.There, ", "))
}

// Detail asks for one router in full.
func (c *Client) Detail(ctx context.Context, router string) (d Detail, err error) {
	err = c.fetch(ctx, routerPath(router), nil, DetailSchema, &d.Schema, &d)
	return d, err
}

// routerPath is the path of a router, whose name may be any word but a slash alone, which http.ServeMux takes for the end
// of a path. What a name of dots would mean in a path, its escaped form does not.
func routerPath(name string) string {
	escaped := url.PathEscape(name)
	if name == "." || name == ".." {
		escaped = strings.ReplaceAll(name, ".", "%2E")
	}
	return "/v1/routers/" + escaped
}

// fetch reads one JSON value of a schema.
func (c *Client) fetch(ctx context.Context, path string, q url.Values, schema string, is *string, into any) error {
	if err := c.value(ctx, path, q, into); err != nil {
		return err
	}
	if *is != schema {
		return fmt.Errorf("the daemon speaks %q, this xvrrp speaks %q: use the xvrrp that the daemon runs", *is, schema)
	}
	return nil
}

// ofRouter answers with what is asked of the router that the path names.
func ofRouter[T any](ask func(ctx context.Context, name string) (T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), answerWithin)
		defer cancel()
		v, err := ask(ctx, r.PathValue("name"))
		tell(w, v, err)
	}
}

// filled asks for the Detail of a router, with absent lists as in fillEmpty.
func filled(view Viewer) func(ctx context.Context, name string) (Detail, error) {
	return func(ctx context.Context, name string) (Detail, error) {
		d, err := view.Detail(ctx, name)
		fillRouter(&d.Router)
		d.Link.Arrivals.Classes = append([]Class{}, d.Link.Arrivals.Classes...)
		d.PeersHeard, d.Influences = append([]Peer{}, d.PeersHeard...), append([]Influence{}, d.Influences...)
		return d, err
	}
}

// tell answers a question with one JSON value.
func tell(w http.ResponseWriter, v any, err error) {
	unknown := (*UnknownRouter)(nil)
	switch {
	case errors.As(err, &unknown):
		refuse(w, http.StatusNotFound, err)
	case err != nil:
		refuse(w, http.StatusServiceUnavailable, fmt.Errorf("ask the daemon's loop: %w", err))
	default:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(v) // an error here is the client having left
	}
}
