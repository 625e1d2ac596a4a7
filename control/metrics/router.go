package metrics

import (
	"math"
	"strconv"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// roles are the states of a router, numbered as keepalived numbers them.
var roles = []string{"init", "backup", "master", "fault"}

// conflictFor is how long a conflict counts as one after its last sign. The filter samples one a second.
const conflictFor = time.Minute

// segment are the labels that tell which routers of other hosts are the same virtual router.
var segment = []string{"router", "interface", "vlan", "family", "vrid"}

func segmentOf(r *api.Router) []string {
	return []string{r.Name, r.Interface, r.VLAN, r.Family, strconv.Itoa(int(r.VRID))}
}

// perRouter is a metric with one value for each router.
func perRouter(kind kind, name, help string, value func(r *api.Router) float64) family {
	return family{kind: kind, name: name, help: help, labels: []string{"router"}, read: func(s *api.Snapshot, put put) {
		for i := range s.Routers {
			r := &s.Routers[i]

			put(value(r), r.Name)
		}
	}}
}

// routerFamilies tell of each router.
func routerFamilies() []family {
	return []family{
		{kind: gauge, name: "xvrrp_router_state", labels: append(segment[:len(segment):len(segment)], "state"),
			help: "1 for the state that a router is in (init, backup, master or fault), 0 for the others.",
			read: func(s *api.Snapshot, put put) {
				for i := range s.Routers {
					r := &s.Routers[i]

					labels := segmentOf(r)
					for _, role := range roles {
						put(truth(r.Role == role), append(labels[:len(labels):len(labels)], role)...)
					}
				}
			}},
		{kind: gauge, name: "xvrrp_router_info", labels: append(segment[:len(segment):len(segment)], "version", "group"),
			help: "1; what a router is: protocol version and sync group beside the segment.",
			read: func(s *api.Snapshot, put put) {
				for i := range s.Routers {
					r := &s.Routers[i]

					put(1, append(segmentOf(r), strconv.Itoa(int(r.Version)), r.Group)...)
				}
			}},
		perRouter(gauge, "xvrrp_router_priority", "Priority in force, with what is tracked.",
			func(r *api.Router) float64 { return float64(r.Priority) }),
		perRouter(gauge, "xvrrp_router_base_priority", "Priority as configured.",
			func(r *api.Router) float64 { return float64(r.Base) }),
		perRouter(gauge, "xvrrp_last_transition_timestamp_seconds", "When the router last changed its state, in seconds since 1970.",
			func(r *api.Router) float64 { return unix(r.Since) }),
		perRouter(gauge, "xvrrp_advert_interval_seconds", "Time between two adverts that the router goes by, which is its master's.",
			func(r *api.Router) float64 { return r.MasterInterval }),
		perRouter(gauge, "xvrrp_master_down_interval_seconds", "How long a master may be silent before the router takes over.",
			func(r *api.Router) float64 { return r.Down }),
		perRouter(counter, "xvrrp_adverts_received_total", "Valid adverts received.",
			func(r *api.Router) float64 { return float64(r.Stats.Received) }),
		perRouter(counter, "xvrrp_adverts_sent_total", "Adverts sent.",
			func(r *api.Router) float64 { return float64(r.Stats.Sent) }),
		perRouter(counter, "xvrrp_priority_zero_received_total", "Adverts received by which a master resigned.",
			func(r *api.Router) float64 { return float64(r.Stats.ZeroReceived) }),
		perRouter(counter, "xvrrp_priority_zero_sent_total", "Adverts sent by which the router resigned.",
			func(r *api.Router) float64 { return float64(r.Stats.ZeroSent) }),
		{kind: histogram, name: "xvrrp_advert_margin_ratio", labels: []string{"router"},
			help:   "Share of the master-down interval that was left when an advert of the followed master came; the sum is not kept.",
			spread: margins},
		perRouter(counter, "xvrrp_near_failovers_total",
			"Adverts of the followed master that came when less than one of its intervals was left.",
			func(r *api.Router) float64 { return float64(r.Margins.NearFailovers) }),
		perRouter(gauge, "xvrrp_advert_longest_gap_seconds", "Longest gap before an advert of a master that was followed.",
			func(r *api.Router) float64 { return r.Margins.LongestGap }),
		perRouter(counter, "xvrrp_takeovers_cancelled_total",
			"Deadlines that came late and were disproved: the master had been heard in time, the daemon was slow.",
			func(r *api.Router) float64 { return float64(r.Stats.Rescued) }),
		perRouter(gauge, "xvrrp_vips_configured", "Virtual addresses of the router.",
			func(r *api.Router) float64 { return float64(len(r.VIPs)) }),
		perRouter(gauge, "xvrrp_vips_held", "Virtual addresses of the router that are on this host.",
			func(r *api.Router) float64 { return float64(held(r)) }),
		{kind: counter, name: "xvrrp_transitions_total", labels: []string{"router", "from", "to", "reason"},
			help: "Changes of state by their reason.",
			read: func(s *api.Snapshot, put put) {
				for i := range s.Routers {
					r := &s.Routers[i]

					for _, t := range r.Stats.Transitions {
						put(float64(t.Count), r.Name, t.From, t.To, t.Why)
					}
				}
			}},
		{kind: gauge, name: "xvrrp_vrid_conflict", labels: segment,
			help: "1 while another cluster uses the router's VRID (an advert of it in the last minute), else 0.", read: conflicts},
	}
}

func held(r *api.Router) (n int) {
	for _, v := range r.VIPs {
		if v.Held {
			n++
		}
	}
	return n
}

func margins(s *api.Snapshot, put func(api.Histogram, ...string)) {
	for i := range s.Routers {
		r := &s.Routers[i]
		h := api.Histogram{Count: r.Margins.Adverts, Sum: math.NaN()}
		for _, c := range r.Margins.Classes {
			h.Classes = append(h.Classes, api.Class{UpTo: c.UpTo, Count: c.Adverts})
		}
		put(h, r.Name)
	}
}

func conflicts(s *api.Snapshot, put put) {
	seen := make(map[string]bool)
	for _, d := range s.Drops {
		if d.Verdict == verdict.Conflict.String() && d.Last != nil && s.Now.Sub(*d.Last) < conflictFor {
			seen[d.Router] = true
		}
	}
	for i := range s.Routers {
		r := &s.Routers[i]

		put(truth(seen[r.Name]), segmentOf(r)...)
	}
}
