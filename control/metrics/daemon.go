package metrics

import (
	"runtime"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// daemonFamilies tell of the daemon as a whole, of its links and of what it tracks.
func daemonFamilies() []family {
	return []family{
		{kind: gauge, name: "xvrrp_build_info", help: "1; what runs.", labels: []string{"version", "goversion"},
			read: func(s *api.Snapshot, put put) { put(1, s.Version, runtime.Version()) }},
		{kind: gauge, name: "xvrrp_start_time_seconds", help: "When the daemon started, in seconds since 1970.",
			read: func(s *api.Snapshot, put put) { put(unix(s.Started)) }},
		{kind: gauge, name: "xvrrp_scheduling_info", help: "1; how the kernel schedules the daemon.", labels: []string{"scheduling"},
			read: func(s *api.Snapshot, put put) { put(1, s.Scheduling) }},
		{kind: gauge, name: "xvrrp_config_last_success_timestamp_seconds",
			help: "When the configuration in force was read, in seconds since 1970.",
			read: func(s *api.Snapshot, put put) { put(unix(s.Reloads.Last)) }},
		{kind: counter, name: "xvrrp_reload_total", help: "Readings of the configuration while the daemon runs.", labels: []string{"result"},
			read: func(s *api.Snapshot, put put) {
				put(float64(s.Reloads.Applied), "applied")
				put(float64(s.Reloads.Rejected), "rejected")
			}},
		{kind: counter, name: "xvrrp_netlink_resync_total",
			help: "How often all links and addresses had to be read again because the kernel lost events.",
			read: func(s *api.Snapshot, put put) { put(float64(s.Resyncs)) }},
		{kind: histogram, name: "xvrrp_advert_send_lateness_seconds",
			help:   "How late adverts left, from the instant at which they were due.",
			spread: func(s *api.Snapshot, put func(api.Histogram, ...string)) { put(lateness(s.Timing)) }},
		{kind: histogram, name: "xvrrp_detect_seconds",
			help:   "Takeovers from a silent master: from its last sign of life to the decision.",
			spread: func(s *api.Snapshot, put func(api.Histogram, ...string)) { put(s.Takeovers.Detected) }},
		{kind: histogram, name: "xvrrp_takeover_seconds", labels: []string{"step"},
			help: "Takeovers: from the decision until the addresses of a link are there (held) and the first of them is announced (announced).",
			spread: func(s *api.Snapshot, put func(api.Histogram, ...string)) {
				put(s.Takeovers.Held, "held")
				put(s.Takeovers.Announced, "announced")
			}},
		{kind: gauge, name: "xvrrp_link_up", help: "1 while a link of our routers is up, else 0.", labels: []string{"interface"},
			read: func(s *api.Snapshot, put put) {
				for _, l := range s.Links {
					put(truth(l.Up), l.Name)
				}
			}},
		{kind: histogram, name: "xvrrp_advert_interarrival_seconds", labels: []string{"interface"},
			help: "Gaps before the adverts that backups took from the masters they followed, by the kernel's stamps.",
			spread: func(s *api.Snapshot, put func(api.Histogram, ...string)) {
				for i := range s.Links {
					put(s.Links[i].Arrivals, s.Links[i].Name)
				}
			}},
		{kind: gauge, name: "xvrrp_filter_attached", labels: []string{"interface", "mode", "hook"},
			help: "1 while the filter sits on a link, else 0; mode is xdp, xdp-generic or tc.",
			read: func(s *api.Snapshot, put put) {
				for _, l := range s.Links {
					put(truth(l.Mode != ""), l.Name, l.Mode, l.Hook)
				}
			}},
		{kind: counter, name: "xvrrp_frames_total", labels: []string{"interface", "router", "verdict", "action"},
			help: "VRRP frames by what became of them (verdicts.md); without router: of none of ours.", read: frames},
		{kind: counter, name: "xvrrp_ringbuf_dropped_total",
			help: "Adverts of our routers that the daemon did not see, since the ring was full; only their time was kept.",
			read: func(s *api.Snapshot, put put) { put(float64(lost(s))) }},
		{kind: counter, name: "xvrrp_foreign_adverts_total", labels: []string{"interface"},
			help: "Adverts of VRIDs that are not configured here.", read: foreign},
		{kind: gauge, name: "xvrrp_check_up", labels: []string{"check", "kind"},
			help: "1 while what is tracked (kind: script, file, process, check, bfd or interface) is up, 0 while it is down.",
			read: func(s *api.Snapshot, put put) {
				for _, t := range s.Trackers {
					if t.State != "unknown" {
						put(truth(t.State == "up"), t.Name, t.Kind)
					}
				}
			}},
		{kind: gauge, name: "xvrrp_group_state", labels: []string{"group", "state"},
			help: "1 for the state that a sync group is in, 0 for the others.",
			read: func(s *api.Snapshot, put put) {
				for _, g := range s.Groups {
					for _, role := range roles {
						put(truth(g.Role == role), g.Name, role)
					}
				}
			}},
		{kind: gauge, name: "xvrrp_static_missing", help: "Static addresses, routes and rules of the configuration that are not there.",
			read: func(s *api.Snapshot, put put) { put(float64(len(s.Missing))) }},
	}
}

// unix is a time as Prometheus tells it.
func unix(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }

func lateness(t api.Timing) api.Histogram {
	h := api.Histogram{Count: t.Expiries, Sum: t.SumLateness}
	for _, c := range t.Lateness {
		h.Classes = append(h.Classes, api.Class{UpTo: c.UpTo, Count: c.Adverts})
	}
	return h
}

// place is where frames that belong to no router of ours ended.
type place struct{ link, verdict string }

// strangers counts the frames of no router, by place.
func strangers(s *api.Snapshot) map[place]uint64 {
	counts := make(map[place]uint64)
	for _, d := range s.Drops {
		if d.Router == "" {
			counts[place{d.Interface, d.Verdict}] += d.Frames
		}
	}
	return counts
}

func frames(s *api.Snapshot, put put) {
	for i := range s.Routers {
		r := &s.Routers[i]

		for label, n := range r.Stats.Verdicts {
			put(float64(n), r.Interface, r.Name, label, action(label))
		}
	}
	for at, n := range strangers(s) {
		put(float64(n), at.link, "", at.verdict, action(at.verdict))
	}
}

// action is what happens to frames of a verdict, "" to those of one that this program does not know.
func action(label string) string {
	if v, known := verdict.Parse(label); known {
		return v.Action().String()
	}
	return ""
}

func lost(s *api.Snapshot) (n uint64) {
	for _, r := range s.Routers {
		n += r.Stats.Verdicts[verdict.Lost.String()]
	}
	return n
}

func foreign(s *api.Snapshot, put put) {
	counts := make(map[string]uint64)
	for _, l := range s.Links {
		counts[l.Name] = 0
	}
	for at, n := range strangers(s) {
		switch at.verdict {
		case verdict.Foreign.String(), verdict.UnknownVRID.String(), verdict.Flood.String():
			counts[at.link] += n
		}
	}
	for link, n := range counts {
		put(float64(n), link)
	}
}
