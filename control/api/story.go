package api

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// StorySchema names the shape of Stories.
const StorySchema = "xvrrp.story/v1"

// Stories is why a router changed its role the last few times, as far as that is remembered.
type Stories struct {
	Schema  string    `json:"schema"`
	Router  string    `json:"router"`
	Role    string    `json:"role"`
	Since   time.Time `json:"since"`
	Why     string    `json:"why"`
	Now     time.Time `json:"now"`
	Stories []Story   `json:"stories"` // oldest first
}

// Story is why a router changed its role once. It was written down when that happened.
type Story struct {
	Event   uint64       `json:"event"` // its number in the event log; 0 while that is not written
	Time    time.Time    `json:"time"`
	From    string       `json:"from"`
	To      string       `json:"to"`
	Cause   string       `json:"cause"` // master_silent, master_resigned, preemption, outranked, paused, link, tracker, ...
	Why     string       `json:"why"`   // the election's own reason, as in the event
	Summary string       `json:"summary"`
	Rule    string       `json:"rule"`
	Lines   []StoryLine  `json:"lines"` // in order of time
	Numbers StoryNumbers `json:"numbers"`
	Adverts []RawAdvert  `json:"adverts"` // the last that the kernel handed over before, oldest first
}

// StoryLine is one thing that happened.
type StoryLine struct {
	Time time.Time `json:"time"`
	Text string    `json:"text"`
}

// StoryNumbers are what a change of role was decided by; what played no part is 0.
type StoryNumbers struct {
	Silence  float64 `json:"silence_seconds"`         // since the followed master's last advert
	Interval float64 `json:"master_interval_seconds"` // of that master
	Down     float64 `json:"master_down_seconds"`     // how long silence is waited for
	Skew     float64 `json:"skew_seconds"`            // the part of it that depends on the priority
	Missing  int     `json:"missing_adverts"`         // that should have come in the silence
	Gap      float64 `json:"last_gap_seconds"`        // before the master's last advert
	Margin   float64 `json:"last_margin_seconds"`     // what of master_down that gap had left
	Late     float64 `json:"late_seconds"`            // this daemon, after the deadline
	Paused   float64 `json:"paused_seconds"`          // this daemon, when it did not run though it was due
}

// RawAdvert is an advert as it came.
type RawAdvert struct {
	Time        time.Time    `json:"time"`     // the kernel's stamp as time of day
	Stamp       int64        `json:"stamp_ns"` // the same as it is, of CLOCK_MONOTONIC
	Source      netip.Addr   `json:"source"`
	Destination netip.Addr   `json:"destination"`
	MAC         string       `json:"mac"`
	VLAN        string       `json:"vlan,omitempty"`
	TTL         uint8        `json:"ttl"` // or hop limit
	Version     uint8        `json:"version"`
	Priority    uint8        `json:"priority"`
	Interval    float64      `json:"interval_seconds"`
	Addresses   []netip.Addr `json:"addresses"`
	Message     []byte       `json:"message,omitempty"` // the VRRP message, with its password, if it was asked for
}

// Stories asks why a router changed its role; with frames also for the adverts' messages, which not everybody may see.
func (c *Client) Stories(ctx context.Context, router string, frames bool) (s Stories, err error) {
	q := url.Values{}
	if frames {
		q.Set("frames", "1")
	}
	err = c.fetch(ctx, routerPath(router)+"/story", q, StorySchema, &s.Schema, &s)
	return s, err
}

// stories answers with the adverts' messages if they are asked for.
func stories(view Viewer) http.HandlerFunc {
	bare, full := bareStories(view), ofRouter(view.Stories)
	return func(w http.ResponseWriter, r *http.Request) {
		if isSet(r, "frames") {
			full(w, r)
			return
		}
		bare(w, r)
	}
}

// bareStories answers without the adverts' messages.
func bareStories(view Viewer) http.HandlerFunc {
	return ofRouter(func(ctx context.Context, router string) (Stories, error) {
		s, err := view.Stories(ctx, router)
		for _, story := range s.Stories {
			for i := range story.Adverts {
				story.Adverts[i].Message = nil
			}
		}
		return s, err
	})
}
