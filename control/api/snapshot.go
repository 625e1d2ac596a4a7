// Package api is how a running daemon is asked: JSON types, an HTTP server on a unix socket and its client.
package api

import (
	"net/netip"
	"time"
)

// Schema names the shape of Snapshot; fields are only added within a version.
const Schema = "xvrrp.status/v1"

// Snapshot is everything a daemon knows. With many routers they may be some milliseconds apart.
type Snapshot struct {
	Schema  string     `json:"schema"`
	Version string     `json:"version"`
	PID     int        `json:"pid"`
	Started time.Time  `json:"started"`
	Now     time.Time  `json:"now"`
	Config  string     `json:"config"` // the file, or "" when flags or observation
	Links   []Link     `json:"links"`
	Routers []Router   `json:"routers"`
	Heard   []Sighting `json:"heard"` // adverts on the links that no router of ours took, by source and VRID
	Drops   []Drop     `json:"drops"`
	Timing  Timing     `json:"timing"`

	Scheduling string `json:"scheduling,omitempty"` // of the process: "real-time priority 10, memory locked"

	Groups   []Group   `json:"groups"`
	Trackers []Tracker `json:"trackers"`
	Missing  []string  `json:"missing,omitempty"` // static addresses, routes and rules that are not there

	Takeovers Takeovers `json:"takeovers"`
	Reloads   Reloads   `json:"reloads"`
	Resyncs   uint64    `json:"netlink_resyncs"` // how often all links and addresses had to be read again since events were lost
}

// Takeovers is how long they took.
type Takeovers struct {
	Detected  Histogram `json:"detected"`  // from a silent master's last sign of life to our decision
	Held      Histogram `json:"held"`      // from the decision until the addresses of a link are there
	Announced Histogram `json:"announced"` // from the decision until the first of them was announced
}

// Reloads counts readings of the configuration while the daemon runs.
type Reloads struct {
	Applied  uint64    `json:"applied"`
	Rejected uint64    `json:"rejected"` // the configuration in force stayed
	Last     time.Time `json:"last"`     // when the configuration in force was read
}

// Group is a sync group.
type Group struct {
	Name    string    `json:"name"`
	Role    string    `json:"role"`
	Since   time.Time `json:"since"`
	Members []string  `json:"members"`
}

// Tracker is something that is tracked: a script, file, process, link, BFD session or check.
type Tracker struct {
	Kind    string     `json:"kind"` // interface, script, file, process, bfd, check
	Name    string     `json:"name"`
	State   string     `json:"state"` // up, down, unknown
	Value   int        `json:"value,omitempty"`
	Detail  string     `json:"detail,omitempty"`
	Since   *time.Time `json:"since,omitempty"` // of the last change
	Routers []string   `json:"routers"`         // and groups that track it
}

// Link is an interface the filter sits on.
type Link struct {
	Name   string `json:"name"`
	Index  int    `json:"index"`
	Mode   string `json:"mode"`   // xdp, xdp-generic, tc, or "" while absent
	Hook   string `json:"hook"`   // native, generic, tcx, clsact
	Reason string `json:"reason"` // why this mode
	Up     bool   `json:"up"`
	Error  string `json:"error,omitempty"`

	Arrivals Histogram `json:"arrivals"` // gaps before the adverts that its backups took from the masters they followed
}

// Router is one virtual router.
type Router struct {
	Name           string    `json:"name"`
	Interface      string    `json:"interface"`
	VLAN           string    `json:"vlan,omitempty"`
	Family         string    `json:"family"` // ipv4, ipv6
	VRID           uint8     `json:"vrid"`
	Version        uint8     `json:"version"`
	Role           string    `json:"role"`  // init, backup, master, fault
	Why            string    `json:"why"`   // reason of the last change
	Since          time.Time `json:"since"` // of the last change
	Priority       uint8     `json:"priority"`
	Base           uint8     `json:"base_priority"`
	Source         string    `json:"source"` // of our adverts; "" while there is none
	Master         string    `json:"master"` // address, "" when unknown
	MasterPrio     uint8     `json:"master_priority"`
	Interval       float64   `json:"interval_seconds"`
	MasterInterval float64   `json:"master_interval_seconds"`
	Skew           float64   `json:"skew_seconds"`
	Down           float64   `json:"master_down_seconds"`
	LastHeard      *float64  `json:"last_heard_seconds,omitempty"` // ago
	Preempt        bool      `json:"preempt"`
	Accept         bool      `json:"accept"`
	Faults         []string  `json:"faults,omitempty"`
	Notes          []string  `json:"notes,omitempty"` // standing warnings: conflict, foreign list, ...
	Group          string    `json:"group,omitempty"` // sync group
	Peers          []string  `json:"unicast_peers,omitempty"`
	Tracks         []Track   `json:"tracks,omitempty"`
	VMAC           string    `json:"vmac,omitempty"` // name of its macvlan
	Routes         []string  `json:"virtual_routes,omitempty"`
	Rules          []string  `json:"virtual_rules,omitempty"`
	GARPDelay      float64   `json:"garp_delay_seconds"` // from the first burst of announcements to the second
	VIPs           []VIP     `json:"vips"`
	Margins        Margins   `json:"margins"`
	Stats          Stats     `json:"stats"`

	Failover    *Away `json:"failover,omitempty"`    // by hand: it gives way to every other
	Maintenance *Away `json:"maintenance,omitempty"` // it is out of service
}

// Track is what a tracker does to a router.
type Track struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Weight  int    `json:"weight"`
	Reverse bool   `json:"reverse,omitempty"`
	State   string `json:"state"`
}

// VIP is one virtual address and whether this host has it now.
type VIP struct {
	Address  netip.Prefix `json:"address"`
	Device   string       `json:"device"`
	Held     bool         `json:"held"`
	Excluded bool         `json:"excluded,omitempty"`
}

// Stats counts per router since its start.
type Stats struct {
	Since        time.Time         `json:"since"`            // when it was last bound to its link: verdicts are counted from then on
	Received     uint64            `json:"adverts_received"` // delivered and coalesced
	Sent         uint64            `json:"adverts_sent"`
	BecameMaster uint64            `json:"became_master"`
	LeftMaster   uint64            `json:"released_master"`
	ZeroReceived uint64            `json:"priority_zero_received"`
	ZeroSent     uint64            `json:"priority_zero_sent"`
	Rescued      uint64            `json:"takeovers_cancelled"` // deadlines of ours that the kernel's stamp disproved
	NewMaster    string            `json:"new_master_reason"`   // why it last became master; "" if it never did
	Transitions  []Transition      `json:"transitions"`
	Verdicts     map[string]uint64 `json:"verdicts"`
}

// Transition counts changes from one role to another for one reason.
type Transition struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Why   string `json:"why"`
	Count uint64 `json:"count"`
}

// Drop is one row of the drop table: how many frames of a link (and router) ended in a verdict that was not
// taken, and who sent the last sampled one.
type Drop struct {
	Interface string     `json:"interface"`
	Router    string     `json:"router,omitempty"` // name, when the frame reached one
	Verdict   string     `json:"verdict"`
	Action    string     `json:"action"` // pass or drop
	Frames    uint64     `json:"frames"`
	Meaning   string     `json:"meaning"`
	Detail    string     `json:"detail,omitempty"` // of the last sample: expected and seen value
	Source    string     `json:"source,omitempty"`
	MAC       string     `json:"mac,omitempty"`
	Last      *time.Time `json:"last,omitempty"`
	Sample    *Sighting  `json:"sample,omitempty"` // the sender of the last sampled one, and what it said
}

// Event is one entry of the event log.
type Event struct {
	Seq    uint64    `json:"seq"`
	Time   time.Time `json:"time"`
	Kind   string    `json:"kind"` // transition, note, link, conflict, daemon
	Router string    `json:"router,omitempty"`
	From   string    `json:"from,omitempty"`
	To     string    `json:"to,omitempty"`
	Why    string    `json:"why"`
	Detail string    `json:"detail,omitempty"`
}

// EventSchema names the shape of EventLine.
const EventSchema = "xvrrp.event/v1"

// EventLine is an event as it is written: in a line of its own.
type EventLine struct {
	Schema string `json:"schema"`
	Event
}

// Timing is how late the daemon's own adverts left: of those that were due at an instant, from then to when the kernel
// had taken them.
type Timing struct {
	Expiries      uint64          `json:"expiries"` // adverts
	WorstLateness float64         `json:"worst_lateness_seconds"`
	LastLateness  float64         `json:"last_lateness_seconds"`
	SumLateness   float64         `json:"sum_lateness_seconds"`
	Lateness      []LatenessClass `json:"lateness"` // by bound, ascending
}

// LatenessClass counts the adverts that were later than the class before allows, and no later than this one does.
type LatenessClass struct {
	UpTo    float64 `json:"up_to_seconds,omitempty"` // absent in the last class, which has no bound
	Adverts uint64  `json:"adverts"`
}
