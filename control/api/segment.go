package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// The schemas of what is told of segments.
const (
	SegmentsSchema  = "xvrrp.segments/v1"
	ConflictsSchema = "xvrrp.conflicts/v1"
)

// Segments is who uses which VRID where, as far as the daemon has heard or is configured.
type Segments struct {
	Schema   string    `json:"schema"`
	Now      time.Time `json:"now"`
	Segments []Segment `json:"segments"`
}

// Segment is a space of VRIDs: one family on one VLAN of a link.
type Segment struct {
	Interface string     `json:"interface"`
	VLAN      string     `json:"vlan,omitempty"`
	Family    string     `json:"family"`
	Listening float64    `json:"listening_seconds"`
	Heard     []Sighting `json:"heard"`      // by VRID, also those of our routers and of us
	Free      []int      `json:"free_vrids"` // neither configured here nor heard since the daemon listens
}

// Sighting is a sender of adverts for one VRID, with what became of them.
type Sighting struct {
	Interface string    `json:"interface"`
	VLAN      string    `json:"vlan,omitempty"`
	Family    string    `json:"family"`
	VRID      uint8     `json:"vrid"`
	Source    string    `json:"source"`
	MAC       string    `json:"mac"`
	Version   uint8     `json:"version"`
	Priority  uint8     `json:"priority"`
	Interval  float64   `json:"interval_seconds"`
	Addresses []string  `json:"addresses"`
	Checksum  string    `json:"checksum"`          // what it covers: message, pseudo-header; wrong; unknown of a message that is cut
	Auth      string    `json:"auth"`              // none, pass, ah, hmac, or the number of another type
	Verdict   string    `json:"verdict,omitempty"` // of the last; none of our own adverts
	Why       string    `json:"why,omitempty"`     // of Verdict, with the values expected and seen
	Samples   uint64    `json:"samples"`           // its adverts: of our routers and their peers all, of others those the daemon was handed
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	Present   bool      `json:"present"`          // it has not stopped: Last is less than three intervals ago, or 10 s
	Router    string    `json:"router,omitempty"` // ours with that VRID
	Self      bool      `json:"self,omitempty"`   // it is this host
	Role      string    `json:"role,omitempty"`   // of our router, where Self
}

// Conflicts is who troubles our routers on their VRIDs.
type Conflicts struct {
	Schema    string     `json:"schema"`
	Now       time.Time  `json:"now"`
	Routers   int        `json:"routers"` // that were looked at
	Conflicts []Conflict `json:"conflicts"`
	Peers     []Sighting `json:"peers"` // those who take part with our routers and trouble nobody
}

// The kinds of conflict.
const (
	OtherCluster = "other_cluster" // uses our VRID for other addresses
	Misfit       = "misfit"        // would take part, but its adverts are refused
	Intruder     = "intruder"      // valid, and unknown until it took over from a master that lived
	TwoMasters   = "two_masters"   // valid, and goes on beside the master
	Clone        = "clone"         // uses the address our adverts come from
	Loop         = "loop"          // our own adverts come back
)

// Conflict is one sender's trouble with one router of ours.
type Conflict struct {
	Router      string       `json:"router"`
	Role        string       `json:"role"` // of our router
	Kind        string       `json:"kind"`
	Summary     string       `json:"summary"`
	Sender      Sighting     `json:"sender"`
	MACKind     string       `json:"mac_kind,omitempty"` // what the address itself tells: virtual (of VRRP), local (administered)
	Why         string       `json:"why,omitempty"`      // its adverts were refused, with expected and seen value
	Differences []Difference `json:"differences"`
	Effect      string       `json:"effect"`              // what this router did
	FreeVRID    int          `json:"free_vrid,omitempty"` // one that could be taken instead; 0: none is needed, or none free
	Listening   float64      `json:"listening_seconds"`   // to the segment, which FreeVRID rests on
	Change      *Line        `json:"change,omitempty"`
	Advice      []string     `json:"advice"`
}

// Difference is a setting in which a sender is unlike our router, by its keyword in the configuration.
type Difference struct {
	Keyword string `json:"keyword"`
	Ours    string `json:"ours"`
	Theirs  string `json:"theirs"`
}

// Line is a line of the configuration to change.
type Line struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"` // absent for what was given at run time
	Text string `json:"text"`           // the new one, without indentation
}

// Segments returns who uses which VRID.
func (c *Client) Segments(ctx context.Context) (s Segments, err error) {
	err = c.value(ctx, "/v1/segments", nil, &s)
	return s, err
}

// Conflicts returns who troubles our routers, or one of them if it is named. Senders with one of the addresses in known
// are peers, if their adverts are valid.
func (c *Client) Conflicts(ctx context.Context, router string, known []string) (s Conflicts, err error) {
	q := url.Values{"peer": known}
	if router != "" {
		q.Set("router", router)
	}
	err = c.value(ctx, "/v1/conflicts", q, &s)
	return s, err
}

func (s *server) segments(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), answerWithin)
	defer cancel()
	v, err := s.src.Segments(ctx)
	tell(w, v, err)
}

func (s *server) conflicts(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), answerWithin)
	defer cancel()
	q := r.URL.Query()
	v, err := s.src.Conflicts(ctx, q.Get("router"), q["peer"])
	tell(w, v, err)
}
